//! The layout of one message.

use std::sync::Arc;

use egui::text::{LayoutJob, TextWrapping};
use egui::{Color32, Galley, Rect, Stroke, Ui, pos2, vec2};

use super::{GUTTER, Standing, status_words};
use crate::cx::{Cx, t, tf};
use crate::icons;
use crate::paint::{self, Type};
use crate::strings::Arg;
use crate::text::{clean_name, clean_text, day_label, duration, links, one_line};
use crate::tokens as tok;
use crate::view::{Body, CallNote, Delivery, MessageView};

/// Room kept free after a text for the sign of its delivery.
const SIGN: f32 = 24.0;

/// A message laid out; places are relative to its row.
pub(super) struct Parts {
    pub height: f32,
    /// Where the row proper begins, below dividers.
    pub row_top: f32,
    /// Day pill: its text and its middle.
    pub day: Option<(Arc<Galley>, f32)>,
    /// Middle of the NEW line.
    pub new_y: Option<f32>,
    /// Top of the planet and the name.
    pub head_y: Option<f32>,
    pub quote: Option<(Arc<Galley>, f32)>,
    pub body_y: f32,
    pub body: BodyParts,
    pub edited: Option<(Arc<Galley>, f32)>,
    pub reactions: Vec<(Arc<Galley>, Rect)>,
    pub status: Option<(Arc<Galley>, f32)>,
}

/// The text of a message, or the line in place of it.
pub(super) struct BodyParts {
    pub galley: Arc<Galley>,
    pub icon: Option<(char, Color32)>,
    pub links: Vec<LinkParts>,
}

/// A link in a text.
pub(super) struct LinkParts {
    pub target: String,
    /// Its rectangles, one for each line it stands on, relative to the text.
    pub rects: Vec<Rect>,
}

impl Parts {
    pub(super) fn new(ui: &Ui, cx: &Cx<'_>, message: &MessageView, standing: Standing, column: f32) -> Self {
        let width = (column - GUTTER).max(40.0);
        let mut y = 0.0;
        let mut day = None;
        if standing.day {
            let label = day_label(cx.clock(), message.at_ms);
            let galley = paint::line(ui, &label, Type::regular(tok::TYPE_TINY, tok::TEXT_SOFT), column);
            day = Some((galley, y + 8.0 + 12.0));
            y += 44.0;
        }
        let mut new_y = None;
        if standing.new {
            new_y = Some(y + 16.0);
            y += 32.0;
        }
        let is_call = matches!(message.body, Body::Call(_));
        let mut head_y = None;
        let row_top;
        if standing.head && !is_call {
            y += 6.0;
            row_top = y;
            y += 2.0;
            head_y = Some(y);
            y += 22.0;
        } else {
            y += if is_call { 6.0 } else { 0.0 };
            row_top = y;
            y += 1.0;
        }
        let quote = message.reply.as_ref().map(|quoted| {
            let galley = quote_galley(ui, &quoted.author_name, quoted.text.as_deref(), width - 24.0);
            let at = y + 3.0;
            y += galley.size().y + 4.0 + 6.0;
            (galley, at)
        });
        let body_y = y;
        let body = BodyParts::new(ui, message, width);
        y += body.galley.size().y + 1.0;

        let mut edited = None;
        if message.edited && matches!(message.body, Body::Text(_)) {
            let kind = Type::regular(tok::TYPE_SMALL, tok::TEXT_FAINT).on(16.0);
            let galley = paint::line(ui, &t("message-edited"), kind, width);
            edited = Some((Arc::clone(&galley), y + 1.0));
            y += galley.size().y + 3.0;
        }
        let mut reactions = Vec::with_capacity(message.reactions.len());
        if !message.reactions.is_empty() {
            y += 4.0;
            let mut x = GUTTER;
            for reaction in &message.reactions {
                let kind = Type::regular(tok::TYPE_SMALL, tok::TEXT);
                let words = format!("{} {}", one_line(&reaction.emoji, 8), reaction.count);
                let galley = paint::line(ui, &words, kind, 80.0);
                let size = vec2(galley.size().x + 18.0, 24.0);
                if x > GUTTER && x + size.x > column {
                    x = GUTTER;
                    y += 28.0;
                }
                reactions.push((galley, Rect::from_min_size(pos2(x, y), size)));
                x += size.x + 6.0;
            }
            y += 26.0;
        }
        let status = status_words(message).map(|(words, color)| {
            let galley = paint::paragraph(ui, &words, Type::regular(tok::TYPE_SMALL, color).on(17.0), width);
            let at = y + 2.0;
            y += galley.size().y + 24.0;
            (galley, at)
        });
        y += 1.0;
        if let Some(head_y) = head_y {
            y = y.max(head_y + tok::PLANET_MESSAGE + 4.0);
        }
        Self {
            height: y.ceil(),
            row_top,
            day,
            new_y,
            head_y,
            quote,
            body_y,
            body,
            edited,
            reactions,
            status,
        }
    }
}

impl BodyParts {
    fn new(ui: &Ui, message: &MessageView, width: f32) -> Self {
        match &message.body {
            Body::Text(text) => {
                let room = if message.delivery.is_some() { SIGN } else { 0.0 };
                let color = if matches!(message.delivery, Some(Delivery::Sending)) {
                    tok::TEXT_SOFT
                } else {
                    tok::TEXT_BODY
                };
                text_body(ui, text, color, width - room)
            }
            Body::Deleted => {
                let kind = Type::body(tok::TEXT_FAINT);
                let galley = paint::line(ui, &t("message-deleted"), kind, width);
                Self {
                    galley,
                    icon: Some((icons::BAN, tok::TEXT_FAINT)),
                    links: Vec::new(),
                }
            }
            Body::Call(note) => {
                let (icon, words, color) = call_words(*note, message.mine);
                let galley = paint::line(ui, &words, Type::body(tok::TEXT_SOFT), width - 24.0);
                Self {
                    galley,
                    icon: Some((icon, color)),
                    links: Vec::new(),
                }
            }
        }
    }
}

/// Sign, words and colour of a call in the history.
pub(super) fn call_words(note: CallNote, mine: bool) -> (char, String, Color32) {
    let (icon, words, color) = match note {
        CallNote::Missed => (icons::PHONE_MISSED, t("note-missed").into_owned(), tok::GIANT),
        CallNote::NoAnswer => (icons::PHONE_MISSED, t("note-no-answer").into_owned(), tok::TEXT_SOFT),
        CallNote::Declined => (icons::PHONE_OFF, t("note-declined").into_owned(), tok::TEXT_SOFT),
        CallNote::Busy => (icons::PHONE_OFF, t("note-busy").into_owned(), tok::TEXT_SOFT),
        CallNote::Cancelled => (icons::PHONE_OFF, t("note-cancelled").into_owned(), tok::TEXT_SOFT),
        CallNote::Failed => (icons::PHONE_OFF, t("note-failed").into_owned(), tok::GIANT),
        CallNote::Held { seconds } => {
            let time = duration(i64::from(seconds));
            let icon = if mine {
                icons::PHONE_OUTGOING
            } else {
                icons::PHONE_INCOMING
            };
            (icon, tf("note-held", &[("time", Arg::Text(&time))]), tok::AURORA)
        }
    };
    (icon, words, color)
}

/// Lays a text out with its links marked.
fn text_body(ui: &Ui, text: &str, color: Color32, width: f32) -> BodyParts {
    let text = clean_text(text);
    let found = links(&text);
    let plain = Type::body(color).format();
    let mut marked = Type::body(tok::ION).format();
    marked.underline = Stroke::new(1.0, tok::ION.gamma_multiply(0.5));
    let mut job = LayoutJob {
        wrap: TextWrapping {
            max_width: width,
            ..Default::default()
        },
        ..Default::default()
    };
    let mut done = 0;
    for link in &found {
        job.append(text.get(done..link.range.start).unwrap_or_default(), 0.0, plain.clone());
        job.append(text.get(link.range.clone()).unwrap_or_default(), 0.0, marked.clone());
        done = link.range.end;
    }
    job.append(text.get(done..).unwrap_or_default(), 0.0, plain);
    let galley = ui.painter().layout_job(job);

    let links = found
        .into_iter()
        .map(|link| {
            let chars = |end: usize| text.get(..end).map_or(0, |part| part.chars().count());
            LinkParts {
                rects: span(&galley, chars(link.range.start), chars(link.range.end)),
                target: link.target,
            }
        })
        .collect();
    BodyParts {
        galley,
        icon: None,
        links,
    }
}

/// The rectangles that characters `from` up to `to` take, one for each line.
fn span(galley: &Galley, from: usize, to: usize) -> Vec<Rect> {
    let mut rects = Vec::new();
    let mut start = 0;
    for row in &galley.rows {
        let count = row.glyphs.len();
        let (first, last) = (from.max(start), to.min(start + count));
        if first < last {
            let left = row.glyphs.get(first - start).map_or(0.0, |glyph| glyph.pos.x);
            let right = row.glyphs.get(last - 1 - start).map_or(left, |glyph| glyph.max_x());
            rects.push(Rect::from_min_max(
                pos2(row.pos.x + left, row.rect().top()),
                pos2(row.pos.x + right, row.rect().bottom()),
            ));
        }
        start += count + usize::from(row.ends_with_newline);
    }
    rects
}

/// Name and first words of the message that is answered.
fn quote_galley(ui: &Ui, name: &str, text: Option<&str>, width: f32) -> Arc<Galley> {
    let words = text.map_or_else(|| t("quote-gone").into_owned(), |text| one_line(text, 140));
    let mut job = LayoutJob {
        wrap: TextWrapping {
            max_width: width,
            max_rows: 1,
            break_anywhere: true,
            overflow_character: Some('…'),
        },
        ..Default::default()
    };
    job.append(
        &clean_name(name),
        0.0,
        Type::strong(tok::TYPE_NOTE, tok::TEXT_SOFT).on(20.0).format(),
    );
    job.append(
        &words,
        8.0,
        Type::regular(tok::TYPE_NOTE, tok::TEXT_SOFT).on(20.0).format(),
    );
    ui.painter().layout_job(job)
}
