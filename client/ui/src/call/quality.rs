//! The quality panel: how well oneself and the others hear each other, in words first and in figures behind them.

use std::collections::HashSet;

use egui::{Align2, Color32, CornerRadius, Id, Rect, ScrollArea, Sense, Ui, pos2, vec2};

use crate::cx::{Cx, t, tf};
use crate::icons;
use crate::paint::{self, Type};
use crate::strings::Arg;
use crate::text::clean_name;
use crate::tokens as tok;
use crate::view::{CodecView, DeafPair, LinkPhase, LinkView, PeerKey, Route, Trouble, Verdict};
use crate::widgets::{self, Name};

/// Width of the panel, points.
const WIDTH: f32 = 348.0;
/// A stage narrower than this is given to the panel whole.
const STAGE_LEAST: f32 = 360.0;
/// With so many people or fewer all figures are shown from the start.
const OPEN_UP_TO: usize = 3;
/// Height of a person's line.
const LINE: f32 = 46.0;
/// Height of a figure's line.
const FIGURE: f32 = 21.0;

/// What the panel remembers.
#[derive(Default)]
pub(crate) struct QualityState {
    open: bool,
    /// People whose figures are shown although they would not be, or the other way round.
    turned: HashSet<PeerKey>,
    /// Whose figures are scrolled to in the next pass.
    towards: Option<PeerKey>,
}

impl QualityState {
    /// Opens the panel, or closes it.
    pub(crate) fn toggle(&mut self) {
        self.open = !self.open;
    }

    /// Opens the panel.
    pub(crate) fn open(&mut self) {
        self.open = true;
    }

    /// It is open.
    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    /// Opens it where somebody's figures are.
    pub(super) fn open_at(&mut self, peer: PeerKey) {
        self.open = true;
        self.towards = Some(peer);
    }
}

/// The part of a stage that the open panel takes, at its right.
pub(super) fn place(stage: Rect) -> Rect {
    if stage.width() - WIDTH < STAGE_LEAST {
        return stage;
    }
    Rect::from_min_max(pos2(stage.right() - WIDTH, stage.top()), stage.max)
}

/// Draws the panel.
pub(super) fn panel(ui: &mut Ui, cx: &mut Cx<'_>, rect: Rect, state: &mut QualityState) {
    ui.painter().rect_filled(rect, CornerRadius::ZERO, tok::GLASS_CARD);
    ui.painter().vline(rect.left() + 0.5, rect.y_range(), (1.0, tok::LINE));
    let head = Rect::from_min_size(rect.min, vec2(rect.width(), 48.0));
    cx.mark("quality", rect);
    let title = pos2(head.left() + 20.0, head.center().y);
    let kind = Type::strong(tok::TYPE_TITLE, tok::TEXT);
    paint::label(
        ui,
        title,
        Align2::LEFT_CENTER,
        &t("quality-title"),
        kind,
        head.width() - 80.0,
    );
    let close = Rect::from_center_size(pos2(head.right() - 26.0, head.center().y), vec2(28.0, 28.0));
    let label = t("close");
    if widgets::icon_button(ui, cx, "quality.close", close, icons::X, &label, tok::TEXT_SOFT).clicked() {
        state.open = false;
    }
    let body = Rect::from_min_max(pos2(rect.left(), head.bottom()), rect.max);
    let mut child = crate::entry::within(ui, body, "quality");
    ScrollArea::vertical()
        .id_salt("quality")
        .auto_shrink(false)
        .show(&mut child, |ui| {
            ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
            let quality = cx.view.quality;
            own(ui, quality.own);
            if quality.links.is_empty() {
                words(ui, &t("quality-nobody"), tok::TEXT_SOFT);
            }
            for pair in &quality.deaf {
                words(ui, &deaf(pair), tok::SOLAR);
                ui.add_space(8.0);
            }
            let shows = quality.links.len() <= OPEN_UP_TO;
            for (at, link) in quality.links.iter().enumerate() {
                person(ui, cx, state, at, link, shows);
            }
            ui.add_space(16.0);
        });
}

/// Who does not hear whom.
fn deaf(pair: &DeafPair) -> String {
    let (hearer, speaker) = (clean_name(&pair.hearer), clean_name(&pair.speaker));
    let key = if pair.both { "quality-deaf-both" } else { "quality-deaf" };
    tf(key, &[("name", Arg::Text(&hearer)), ("other", Arg::Text(&speaker))])
}

/// What one sends oneself.
fn own(ui: &mut Ui, codec: CodecView) {
    let text = if codec.frame_ms == 0 {
        t("quality-own-none").into_owned()
    } else {
        let mut text = tf(
            "quality-own",
            &[
                ("ms", Arg::Text(&codec.frame_ms.to_string())),
                ("rate", Arg::Text(&(codec.bitrate / 1000).to_string())),
            ],
        );
        if codec.fec {
            text.push(' ');
            text.push_str(&t("quality-own-fec"));
        }
        if codec.dred_ms > 0 {
            let ms = codec.dred_ms.to_string();
            text.push(' ');
            text.push_str(&tf("quality-own-dred", &[("ms", Arg::Text(&ms))]));
        }
        text
    };
    words(ui, &text, tok::TEXT_SOFT);
    ui.add_space(8.0);
}

fn words(ui: &mut Ui, text: &str, color: Color32) {
    let width = ui.available_width();
    let kind = Type::regular(tok::TYPE_SMALL, color).on(17.0);
    let galley = paint::paragraph(ui, text, kind, width - 40.0);
    let rect = ui
        .allocate_exact_size(vec2(width, galley.size().y + 4.0), Sense::hover())
        .0;
    paint::put(ui.painter(), rect.min + vec2(20.0, 0.0), Align2::LEFT_TOP, galley);
}

/// The word of a verdict, its colour and its sign: never the colour alone.
fn look(verdict: Verdict) -> (&'static str, Color32, char) {
    match verdict {
        Verdict::Waiting => ("quality-waiting", tok::TEXT_SOFT, icons::HOURGLASS),
        Verdict::Good => ("quality-good", tok::AURORA, icons::CIRCLE_CHECK),
        Verdict::Uneven => ("quality-uneven", tok::SOLAR, icons::TRIANGLE_ALERT),
        Verdict::Bad => ("quality-bad", tok::GIANT, icons::CIRCLE_ALERT),
    }
}

/// What a person can do, or why nothing needs doing.
fn advice(link: &LinkView, trouble: Trouble) -> String {
    let name = clean_name(&link.name);
    let key = match (trouble, link.phase) {
        (Trouble::Waiting, LinkPhase::Ringing) => "trouble-ringing",
        (Trouble::Waiting, _) => "trouble-connecting",
        (Trouble::Lost, _) => "trouble-lost",
        (Trouble::LossBoth, _) => "trouble-loss-both",
        (Trouble::LossIn, _) => "trouble-loss-in",
        (Trouble::LossOut, _) => "trouble-loss-out",
        (Trouble::Jitter, _) => "trouble-jitter",
        (Trouble::Slow, _) if link.route == Route::Relayed => "trouble-slow-relayed",
        (Trouble::Slow, _) => "trouble-slow",
        (Trouble::None, _) => "trouble-none",
    };
    tf(key, &[("name", Arg::Text(&name))])
}

fn person(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut QualityState, at: usize, link: &LinkView, shows: bool) {
    let (verdict, trouble) = link.judge();
    let (word, color, sign) = look(verdict);
    let width = ui.available_width();
    ui.add_space(4.0);
    let rect = ui
        .allocate_exact_size(vec2(width, LINE), Sense::hover())
        .0
        .shrink2(vec2(8.0, 1.0));
    let name = clean_name(&link.name);
    cx.fonts.note(&name);
    let map = format!("quality.{at}");
    let id = Id::new(("orrery", "quality", link.peer.0));
    let label = format!("{name}: {}", t(word));
    let open = shows != state.turned.contains(&link.peer);
    let response = widgets::press_as(ui, cx, Name::of(&map, id), rect, |enabled| {
        egui::WidgetInfo::selected(egui::WidgetType::CollapsingHeader, enabled, open, &label)
    });
    let warmth = widgets::hover(ui, cx, &response);
    let fill = tok::ROW_HOVER.gamma_multiply(warmth);
    ui.painter()
        .rect_filled(rect, CornerRadius::same(tok::RADIUS_SMALL), fill);
    let planet = Rect::from_center_size(pos2(rect.left() + 26.0, rect.center().y), vec2(28.0, 28.0));
    paint::planet(ui.painter(), planet, link.peer, cx.view.avatars);
    let chevron = if open {
        icons::CHEVRON_DOWN
    } else {
        icons::CHEVRON_RIGHT
    };
    let turn = pos2(rect.right() - 16.0, rect.center().y);
    paint::icon(ui.painter(), turn, chevron, 14.0, tok::TEXT_SOFT);
    let kind = Type::regular(tok::TYPE_SMALL, color);
    let end = pos2(turn.x - 14.0, rect.center().y);
    let drawn = paint::label(ui, end, Align2::RIGHT_CENTER, &t(word), kind, 110.0);
    paint::icon(
        ui.painter(),
        pos2(drawn.left() - 12.0, end.y),
        sign,
        tok::ICON_SMALL,
        color,
    );
    let left = planet.right() + 12.0;
    let kind = Type::strong(tok::TYPE_NOTE, tok::TEXT);
    let mut room = drawn.left() - 26.0 - left;
    if link.namesake.is_some() {
        room -= 76.0;
    }
    let drawn = paint::label(ui, pos2(left, end.y), Align2::LEFT_CENTER, &name, kind, room);
    if let Some(who) = &link.namesake {
        paint::namesake(ui, pos2(drawn.right() + 8.0, end.y), who);
    }
    if response.has_focus() {
        paint::focus_ring(ui.painter(), rect.shrink(2.0), tok::RADIUS_SMALL);
    }
    if response.clicked() && !state.turned.remove(&link.peer) {
        state.turned.insert(link.peer);
    }
    if state.towards == Some(link.peer) {
        state.towards = None;
        if !open && !state.turned.remove(&link.peer) {
            state.turned.insert(link.peer);
        }
        ui.scroll_to_rect(rect, Some(egui::Align::TOP));
    }
    if verdict != Verdict::Good || open {
        words(ui, &advice(link, trouble), tok::TEXT_BODY);
    }
    if link.echo {
        words(ui, &tf("call-echo", &[("name", Arg::Text(&name))]), tok::TEXT_BODY);
    }
    if open && link.phase == LinkPhase::Up {
        figures(ui, cx, &map, link);
    }
    ui.add_space(6.0);
    let rect = ui.allocate_exact_size(vec2(width, 1.0), Sense::hover()).0;
    let line = rect.shrink2(vec2(20.0, 0.0));
    ui.painter().hline(line.x_range(), line.center().y, (1.0, tok::LINE));
}

/// A share in words of the panel: whole percents from ten on, tenths below.
fn percent(share: f32) -> String {
    let value = share.clamp(0.0, 1.0) * 100.0;
    let text = if value < 0.05 {
        "0".to_owned()
    } else if value < 9.95 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    };
    tf("percent", &[("value", Arg::Text(&text))])
}

fn figures(ui: &mut Ui, cx: &mut Cx<'_>, map: &str, link: &LinkView) {
    ui.add_space(4.0);
    let known = |value: u32| {
        if value == 0 {
            t("quality-unknown").into_owned()
        } else {
            tf("milliseconds", &[("ms", Arg::Text(&value.to_string()))])
        }
    };
    let always = |value: u32| tf("milliseconds", &[("ms", Arg::Text(&value.to_string()))]);
    let name = clean_name(&link.name);
    let route = match link.route {
        Route::Unknown => "route-unknown",
        Route::Local => "route-local",
        Route::Direct => "route-direct",
        Route::Relayed => "route-relayed",
    };
    let lines: [(&str, &str, String); 9] = [
        ("figure-route", "figure-route-tip", t(route).into_owned()),
        ("figure-rtt", "figure-rtt-tip", known(link.rtt_ms)),
        ("figure-loss-in", "figure-loss-in-tip", percent(link.loss_in)),
        ("figure-loss-out", "figure-loss-out-tip", percent(link.loss_out)),
        ("figure-recovered", "figure-recovered-tip", percent(link.recovered)),
        ("figure-concealed", "figure-concealed-tip", percent(link.concealed)),
        ("figure-jitter", "figure-jitter-tip", always(link.jitter_ms)),
        ("figure-buffer", "figure-buffer-tip", always(link.buffer_ms)),
        ("figure-frame", "figure-frame-tip", known(link.frame_ms)),
    ];
    let width = ui.available_width();
    for (at, (words, tip, value)) in lines.into_iter().enumerate() {
        let rect = ui.allocate_exact_size(vec2(width, FIGURE), Sense::hover()).0;
        let left = pos2(rect.left() + 20.0, rect.center().y);
        let right = pos2(rect.right() - 20.0, rect.center().y);
        let kind = Type::regular(tok::TYPE_SMALL, tok::TEXT);
        let drawn = paint::label(ui, right, Align2::RIGHT_CENTER, &value, kind, width * 0.55);
        let kind = Type::regular(tok::TYPE_SMALL, tok::TEXT_SOFT);
        let what = tf(words, &[("name", Arg::Text(&name))]);
        paint::label(ui, left, Align2::LEFT_CENTER, &what, kind, drawn.left() - left.x - 10.0);
        let id = Id::new(("orrery", "figure", link.peer.0, words));
        let line = rect.shrink2(vec2(16.0, 0.0));
        // Reached by the keyboard too: a screen reader reads each with what it means.
        let response = ui.interact(line, id, Sense::focusable_noninteractive() | Sense::hover());
        let tip = tf(tip, &[("name", Arg::Text(&name))]);
        let label = format!("{what}: {value}. {tip}");
        response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Label, true, &label));
        if response.has_focus() {
            ui.scroll_to_rect(line, None);
            paint::focus_ring(ui.painter(), line.shrink(2.0), tok::RADIUS_SMALL);
        }
        response.on_hover_text(tip);
        cx.mark(&format!("{map}.figure.{at}"), line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_said_in_tenths_where_that_is_much_and_in_whole_percents_else() {
        assert_eq!(percent(0.0), "0 %");
        assert_eq!(percent(0.004), "0.4 %");
        assert_eq!(percent(0.0996), "10 %");
        assert_eq!(percent(0.304), "30 %");
        assert_eq!(percent(7.0), "100 %");
    }

    #[test]
    fn the_panel_leaves_the_stage_room_for_planets_or_takes_it_whole() {
        let wide = Rect::from_min_size(pos2(322.0, 56.0), vec2(958.0, 664.0));
        let panel = place(wide);
        assert_eq!((panel.width(), panel.right()), (WIDTH, wide.right()));
        let narrow = Rect::from_min_size(pos2(0.0, 56.0), vec2(500.0, 600.0));
        assert_eq!(place(narrow), narrow);
    }
}
