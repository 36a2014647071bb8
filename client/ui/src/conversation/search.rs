//! What was found in a conversation.

use egui::text::LayoutJob;
use egui::{Align2, CornerRadius, Rect, ScrollArea, Sense, Ui, pos2, vec2};

use super::TalkState;
use super::header::close_search;
use crate::action::UiAction;
use crate::cx::{Cx, t, tf};
use crate::paint::{self, Type};
use crate::strings::Arg;
use crate::text::{clean_name, full_time};
use crate::tokens as tok;
use crate::view::{ConversationView, SearchHit, SearchView};
use crate::widgets::Name;
use crate::{icons, widgets};

/// Draws the results over the right side of the history.
pub(super) fn results(ui: &mut Ui, cx: &mut Cx<'_>, history: Rect, talk: &mut TalkState, view: &ConversationView) {
    let Some(search) = &view.search else { return };
    let width = 360.0_f32.min(history.width() - 16.0);
    let rect = Rect::from_min_max(
        pos2(history.right() - width - 8.0, history.top() + 8.0),
        pos2(history.right() - 8.0, history.bottom() - 4.0),
    );
    // What lies under the results is not to be pressed through them.
    ui.interact(
        rect,
        crate::cx::named("search.ground"),
        Sense::CLICK | Sense::DRAG | Sense::HOVER,
    );
    let shadow = egui::Shadow {
        offset: [0, 8],
        blur: 28,
        spread: 0,
        color: tok::SHADOW,
    };
    ui.painter().add(egui::Shape::Rect(
        shadow.as_shape(rect, CornerRadius::same(tok::RADIUS)),
    ));
    paint::panel(ui.painter(), rect, tok::RADIUS, tok::GLASS_POPUP, tok::LINE_STRONG);

    let head = Rect::from_min_size(rect.min, vec2(rect.width(), 44.0));
    let words = headline(search);
    let kind = Type::strong(tok::TYPE_NOTE, tok::TEXT);
    paint::label(
        ui,
        pos2(head.left() + 16.0, head.center().y),
        Align2::LEFT_CENTER,
        &words,
        kind,
        head.width() - 64.0,
    );
    let close = Rect::from_center_size(pos2(head.right() - 24.0, head.center().y), vec2(28.0, 28.0));
    if widgets::icon_button(ui, cx, "search.close", close, icons::X, &t("close"), tok::TEXT_SOFT).clicked() {
        close_search(cx, talk, view);
    }
    ui.painter()
        .hline(head.x_range().shrink(1.0), head.bottom(), (1.0, tok::LINE));

    let list = Rect::from_min_max(pos2(rect.left(), head.bottom() + 1.0), rect.max - vec2(0.0, 4.0));
    let mut child = crate::entry::within(ui, list, "search");
    ScrollArea::vertical()
        .id_salt("search")
        .auto_shrink(false)
        .show(&mut child, |ui| {
            ui.spacing_mut().item_spacing = vec2(0.0, 2.0);
            ui.add_space(6.0);
            for (at, hit) in search.hits.iter().enumerate() {
                result(ui, cx, at, hit);
            }
            if search.more {
                let row = ui
                    .allocate_exact_size(vec2(ui.available_width(), 34.0), Sense::hover())
                    .0;
                let kind = Type::regular(tok::TYPE_SMALL, tok::TEXT_SOFT);
                paint::label(
                    ui,
                    row.center(),
                    Align2::CENTER_CENTER,
                    &t("search-more"),
                    kind,
                    row.width() - 32.0,
                );
            }
        });
    if search.hits.is_empty() && !search.busy {
        let kind = Type::regular(tok::TYPE_NOTE, tok::TEXT_SOFT).on(19.0);
        paint::centered(
            ui,
            pos2(list.center().x, list.top() + 28.0),
            &t("search-none-lead"),
            kind,
            list.width() - 60.0,
        );
    }
}

fn headline(search: &SearchView) -> String {
    let query = crate::text::one_line(&search.query, 40);
    if search.busy {
        return t("search-busy").into_owned();
    }
    match i64::try_from(search.hits.len()).unwrap_or(i64::MAX) {
        0 => tf("search-none", &[("query", Arg::Text(&query))]),
        count => tf(
            "search-found",
            &[("count", Arg::Number(count)), ("query", Arg::Text(&query))],
        ),
    }
}

fn result(ui: &mut Ui, cx: &mut Cx<'_>, at: usize, hit: &SearchHit) {
    let width = ui.available_width();
    let text_width = width - 16.0 - 28.0 - 12.0 - 28.0;
    let mut job = marked(&hit.text, hit);
    job.wrap.max_width = text_width;
    job.wrap.max_rows = 3;
    job.wrap.overflow_character = Some('…');
    let galley = ui.painter().layout_job(job);
    let row = ui
        .allocate_exact_size(vec2(width, galley.size().y + 40.0), Sense::hover())
        .0;
    let rect = row.shrink2(vec2(6.0, 0.0));
    let name = clean_name(&hit.author_name);
    let response = widgets::press(
        ui,
        cx,
        Name::of(
            &format!("search.hit.{at}"),
            crate::cx::named("search.hit").with(hit.key),
        ),
        rect,
        &format!("{name}: {}", hit.text),
    );
    let warmth = widgets::hover(ui, cx, &response);
    ui.painter().rect_filled(
        rect,
        CornerRadius::same(tok::RADIUS_SMALL),
        tok::ROW_SELECTED.gamma_multiply(warmth),
    );
    let planet = Rect::from_min_size(rect.min + vec2(10.0, 10.0), vec2(28.0, 28.0));
    paint::planet(ui.painter(), planet, hit.author, cx.view.avatars);
    let left = planet.right() + 12.0;
    let strong = Type::strong(tok::TYPE_NOTE, tok::TEXT);
    let drawn = paint::label(
        ui,
        pos2(left, rect.top() + 18.0),
        Align2::LEFT_CENTER,
        &name,
        strong,
        text_width - 90.0,
    );
    let kind = Type::regular(tok::TYPE_TINY, tok::TEXT_FAINT);
    let when = full_time(cx.clock(), hit.at_ms);
    let room = rect.right() - drawn.right() - 16.0;
    paint::label(
        ui,
        pos2(drawn.right() + 8.0, rect.top() + 18.5),
        Align2::LEFT_CENTER,
        &when,
        kind,
        room,
    );
    paint::put(ui.painter(), pos2(left, rect.top() + 29.0), Align2::LEFT_TOP, galley);
    if response.has_focus() {
        paint::focus_ring(ui.painter(), rect.shrink(2.0), tok::RADIUS_SMALL);
    }
    if response.clicked() {
        cx.emit(UiAction::JumpTo {
            channel: hit.channel,
            message: hit.key,
        });
    }
}

/// The text with what was looked for marked. Marks that do not fit the text are left out.
fn marked(text: &str, hit: &SearchHit) -> LayoutJob {
    let plain = Type::regular(tok::TYPE_NOTE, tok::TEXT_SOFT).on(18.0).format();
    let mut lit = Type::strong(tok::TYPE_NOTE, tok::TEXT).on(18.0).format();
    lit.background = tok::MARK;
    let mut job = LayoutJob::default();
    let mut done = 0;
    for mark in &hit.marks {
        let (Some(before), Some(inside)) = (text.get(done..mark.start), text.get(mark.clone())) else {
            continue;
        };
        job.append(&flat(before), 0.0, plain.clone());
        job.append(&flat(inside), 0.0, lit.clone());
        done = mark.end;
    }
    job.append(&flat(text.get(done..).unwrap_or_default()), 0.0, plain);
    job
}

/// Cleaned, with line breaks as spaces.
fn flat(text: &str) -> String {
    crate::text::clean_text(text).replace('\n', " ")
}
