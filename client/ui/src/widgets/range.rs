//! Things with a length: sliders, level meters, progress.

use std::ops::RangeInclusive;

use egui::{Color32, Id, Key, Rect, Sense, Ui, WidgetInfo, pos2, vec2};

use super::Name;
use crate::cx::{Cx, named};
use crate::paint;
use crate::tokens as t;

/// Where a slider may stand.
pub(crate) struct Steps {
    /// From, to.
    pub range: RangeInclusive<f32>,
    /// It stands only where this many of it are a whole number: 100 for hundredths.
    pub per_unit: f32,
    /// How far an arrow key moves it.
    pub step: f32,
    /// Where it belongs if nobody moved it: marked, pulls a little, and a double click or Backspace goes there.
    pub home: f32,
}

impl Steps {
    /// Gains, 0 to 2, as they come at 1.
    pub(crate) const fn gain() -> Self {
        Self {
            range: 0.0..=2.0,
            per_unit: 100.0,
            step: 0.1,
            home: 1.0,
        }
    }

    fn share(&self, value: f32) -> f32 {
        let (low, high) = (*self.range.start(), *self.range.end());
        ((value - low) / (high - low)).clamp(0.0, 1.0)
    }

    /// The value at a share of the way, on the grid, drawn to its home where it is near.
    fn at(&self, share: f32) -> f32 {
        let (low, high) = (*self.range.start(), *self.range.end());
        let picked = self.on_grid(low + share * (high - low));
        if (picked - self.home).abs() < (high - low) * 0.0125 {
            self.home
        } else {
            picked
        }
    }

    fn on_grid(&self, value: f32) -> f32 {
        let (low, high) = (*self.range.start(), *self.range.end());
        ((value * self.per_unit).round() / self.per_unit).clamp(low, high)
    }
}

/// A slider; gives the new value when it was moved. Arrow keys move it by a step.
pub(crate) fn slider<'a>(
    ui: &Ui,
    cx: &mut Cx<'_>,
    name: impl Into<Name<'a>>,
    rect: Rect,
    label: &str,
    value: f32,
    steps: &Steps,
) -> Option<f32> {
    let name = name.into();
    cx.mark(name.map, rect);
    let response = ui.interact(rect, name.id, Sense::click_and_drag());
    let mut new = None;
    let (left, right) = (rect.left() + 8.0, rect.right() - 8.0);
    if (response.dragged() || response.clicked())
        && let Some(at) = response.interact_pointer_pos()
    {
        new = Some(steps.at(((at.x - left) / (right - left).max(1.0)).clamp(0.0, 1.0)));
    }
    let mut back = response.double_clicked();
    if response.has_focus() {
        ui.scroll_to_rect(rect, None);
        let moved = arrows(ui, response.id);
        if moved != 0.0 {
            new = Some(steps.on_grid(value + moved * steps.step));
        }
        back |= ui.input(|input| input.key_pressed(Key::Backspace) || input.key_pressed(Key::Delete));
    }
    if back {
        new = Some(steps.home);
    }
    let new = new.filter(|new| (new - value).abs() > f32::EPSILON);
    let shown = new.unwrap_or(value);
    response.widget_info(|| WidgetInfo::slider(ui.is_enabled(), f64::from(shown), label));

    let painter = ui.painter();
    let middle = rect.center().y;
    let track = Rect::from_min_max(pos2(left, middle - 2.0), pos2(right, middle + 2.0));
    painter.rect_filled(track, 2.0, t::TRACK);
    let x = egui::lerp(left..=right, steps.share(shown));
    painter.rect_filled(Rect::from_min_max(track.min, pos2(x, track.max.y)), 2.0, t::ION);
    let mark = egui::lerp(left..=right, steps.share(steps.home));
    painter.vline(mark, middle + 6.0..=middle + 10.0, (1.0, t::LINE_STRONG));
    let radius = if response.hovered() || response.dragged() {
        8.0
    } else {
        7.0
    };
    painter.circle_filled(pos2(x, middle), radius, t::TEXT);
    if response.has_focus() {
        paint::focus_ring(painter, Rect::from_center_size(pos2(x, middle), vec2(14.0, 14.0)), 7);
    }
    new
}

/// Keeps the arrow keys with a widget that has the keyboard; how far they were pressed to the right in this pass.
fn arrows(ui: &Ui, id: Id) -> f32 {
    ui.memory_mut(|memory| {
        let filter = egui::EventFilter {
            horizontal_arrows: true,
            ..Default::default()
        };
        memory.set_focus_lock_filter(id, filter);
    });
    ui.input(|input| {
        f32::from(u8::from(input.key_pressed(Key::ArrowRight))) - f32::from(u8::from(input.key_pressed(Key::ArrowLeft)))
    })
}

/// Quietest loudness that a meter shows, dBFS; the loudest is 0.
pub(crate) const METER_FLOOR: f32 = -60.0;

/// A loudness in dBFS on the scale of meters, 0 to 1.
fn share_of_db(db: f32) -> f32 {
    (1.0 - db / METER_FLOOR).clamp(0.0, 1.0)
}

/// And back, in whole decibels.
fn db_of_share(share: f32) -> f32 {
    ((1.0 - share.clamp(0.0, 1.0)) * METER_FLOOR).round()
}

/// A level meter with the mark at which the gate opens. `fixed` is where a person set it, in dBFS; without it the mark
/// follows the room (`meters.gate`). Gives the new threshold when the mark was moved: by a drag, a click, or arrow keys by
/// a decibel.
pub(crate) fn gate_meter(
    ui: &Ui,
    cx: &mut Cx<'_>,
    name: &str,
    rect: Rect,
    label: &str,
    fixed: Option<f32>,
) -> Option<f32> {
    let meters = cx.view.meters;
    cx.mark(name, rect);
    let response = ui.interact(rect, named(name), Sense::click_and_drag());
    let share = fixed.map_or(meters.gate, share_of_db);
    let mut new = None;
    if (response.dragged() || response.clicked())
        && let Some(at) = response.interact_pointer_pos()
    {
        new = Some(db_of_share((at.x - rect.left()) / rect.width().max(1.0)));
    }
    if response.has_focus() {
        ui.scroll_to_rect(rect, None);
        let moved = arrows(ui, response.id);
        if moved != 0.0 {
            new = Some((db_of_share(share) + moved).clamp(METER_FLOOR, 0.0));
        }
    }
    let new = new.filter(|new| fixed.is_none_or(|fixed| (new - fixed).abs() > f32::EPSILON));
    let shown = new.map_or(share, share_of_db);
    response.widget_info(|| WidgetInfo::slider(ui.is_enabled(), f64::from(db_of_share(shown)), label));

    let bars = Rect::from_min_max(
        pos2(rect.left(), rect.center().y - 7.0),
        pos2(rect.right(), rect.center().y + 7.0),
    );
    meter(ui, bars, meters.mic, meters.mic_open);
    let by_hand = fixed.is_some() || new.is_some();
    if by_hand || shown > 0.0 {
        let painter = ui.painter();
        let x = egui::lerp(rect.left()..=rect.right(), shown).round();
        let bright = response.hovered() || response.dragged() || response.has_focus();
        let color = match (by_hand, bright) {
            (_, true) => t::TEXT,
            (true, false) => t::ION,
            (false, false) => t::TEXT_SOFT,
        };
        // Dark around it, so that it stands off lit bars.
        let line = Rect::from_center_size(pos2(x, rect.center().y), vec2(2.0, rect.height() - 4.0));
        painter.rect_filled(line.expand(1.5), 2.0, t::VOID);
        painter.rect_filled(line, 1.0, color);
        let grip = Rect::from_center_size(pos2(x, line.top() + 1.0), vec2(10.0, 6.0));
        if by_hand {
            painter.rect_filled(grip, 3.0, color);
        } else {
            painter.rect_stroke(grip, 3.0, (1.5, color), egui::StrokeKind::Inside);
        }
        if response.has_focus() {
            paint::focus_ring(painter, line.expand2(vec2(4.0, 0.0)), 4);
        }
    }
    new
}

/// How many of `count` bars a level lights. Levels are even in decibels already, as loudness is heard: half is half.
fn lit_bars(level: f32, count: f32) -> f32 {
    (level.clamp(0.0, 1.0) * count).round()
}

/// A level meter: `level` 0 to 1 in little bars, solar while `open` (it would be sent).
pub(crate) fn meter(ui: &Ui, rect: Rect, level: f32, open: bool) {
    let painter = ui.painter();
    let count = ((rect.width() + 3.0) / 7.0).floor().max(1.0);
    let lit = lit_bars(level, count);
    let mut at = 0.0;
    while at < count {
        let left = rect.left() + at * 7.0;
        let bar = Rect::from_min_max(pos2(left, rect.top()), pos2(left + 4.0, rect.bottom()));
        let color = match (at < lit, at / count > 0.92) {
            (false, _) => t::TRACK,
            (true, true) => t::GIANT,
            (true, false) if open => t::SOLAR,
            (true, false) => t::AURORA,
        };
        painter.rect_filled(bar, 2.0, color);
        at += 1.0;
    }
}

/// A thin bar filled to `share`.
pub(crate) fn progress(ui: &Ui, rect: Rect, share: f32, color: Color32) {
    let painter = ui.painter();
    painter.rect_filled(rect, 2.0, t::TRACK);
    if share > 0.0 {
        let filled = Rect::from_min_size(rect.min, vec2(rect.width() * share.min(1.0), rect.height()));
        painter.rect_filled(filled, 2.0, color);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_stands_where_its_loudness_is_and_is_read_in_whole_decibels() {
        assert_eq!(share_of_db(-60.0), 0.0);
        assert_eq!(share_of_db(-30.0), 0.5);
        assert_eq!(share_of_db(0.0), 1.0);
        for db in [-60.0, -43.0, -12.0, 0.0] {
            assert_eq!(db_of_share(share_of_db(db)), db);
        }
        assert_eq!(db_of_share(0.501), -30.0);
    }

    #[test]
    fn a_slider_stands_on_its_grid_and_is_drawn_to_where_it_belongs() {
        let hold = Steps {
            range: 50.0..=2000.0,
            per_unit: 0.1,
            step: 50.0,
            home: 250.0,
        };
        assert_eq!(hold.at(0.0), 50.0);
        assert_eq!(hold.at(1.0), 2000.0);
        assert_eq!(hold.at(0.5), 1030.0);
        assert_eq!(hold.at(hold.share(265.0)), 250.0);
        assert_eq!(Steps::gain().at(0.51), 1.0);
        assert_eq!(Steps::gain().at(0.6), 1.2);
    }

    #[test]
    fn half_of_the_way_from_silence_to_full_scale_lights_half_of_the_bars() {
        assert_eq!(lit_bars(0.0, 20.0), 0.0);
        assert_eq!(lit_bars(0.25, 20.0), 5.0);
        assert_eq!(lit_bars(0.5, 20.0), 10.0);
        assert_eq!(lit_bars(7.0, 20.0), 20.0);
    }
}
