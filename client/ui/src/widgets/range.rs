//! Things with a length: sliders, level meters, progress.

use egui::{Color32, Key, Rect, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::cx::{Cx, named};
use crate::paint;
use crate::tokens as t;

/// A slider over `range`; gives the new value when it was moved. Arrow keys move it by a twentieth.
pub(crate) fn slider(
    ui: &Ui,
    cx: &mut Cx<'_>,
    name: &str,
    rect: Rect,
    label: &str,
    value: f32,
    range: std::ops::RangeInclusive<f32>,
) -> Option<f32> {
    cx.mark(name, rect);
    let response = ui.interact(rect, named(name), Sense::click_and_drag());
    let (low, high) = (*range.start(), *range.end());
    let mut new = None;
    let (left, right) = (rect.left() + 8.0, rect.right() - 8.0);
    if (response.dragged() || response.clicked())
        && let Some(at) = response.interact_pointer_pos()
    {
        let share = ((at.x - left) / (right - left).max(1.0)).clamp(0.0, 1.0);
        // Whole percents, and a little pull towards "as it comes".
        let picked = ((low + share * (high - low)) * 100.0).round() / 100.0;
        new = Some(if (picked - 1.0).abs() < 0.025 { 1.0 } else { picked });
    }
    if response.has_focus() {
        ui.memory_mut(|memory| {
            let filter = egui::EventFilter {
                horizontal_arrows: true,
                ..Default::default()
            };
            memory.set_focus_lock_filter(response.id, filter);
        });
        let step = (high - low) / 20.0;
        let moved = ui.input(|input| {
            f32::from(u8::from(input.key_pressed(Key::ArrowRight)))
                - f32::from(u8::from(input.key_pressed(Key::ArrowLeft)))
        });
        if moved != 0.0 {
            new = Some((value + moved * step).clamp(low, high));
        }
    }
    let new = new.filter(|new| (new - value).abs() > f32::EPSILON);
    let shown = new.unwrap_or(value);
    response.widget_info(|| WidgetInfo::slider(ui.is_enabled(), f64::from(shown), label));

    let share = ((shown - low) / (high - low)).clamp(0.0, 1.0);
    let painter = ui.painter();
    let middle = rect.center().y;
    let track = Rect::from_min_max(pos2(left, middle - 2.0), pos2(right, middle + 2.0));
    painter.rect_filled(track, 2.0, t::TRACK);
    let x = egui::lerp(left..=right, share);
    painter.rect_filled(Rect::from_min_max(track.min, pos2(x, track.max.y)), 2.0, t::ION);
    // Where the sound is left as it comes.
    if range.contains(&1.0) && high > 1.0 {
        let mark = egui::lerp(left..=right, (1.0 - low) / (high - low));
        painter.vline(mark, middle + 6.0..=middle + 10.0, (1.0, t::LINE_STRONG));
    }
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
    fn half_of_the_way_from_silence_to_full_scale_lights_half_of_the_bars() {
        assert_eq!(lit_bars(0.0, 20.0), 0.0);
        assert_eq!(lit_bars(0.25, 20.0), 5.0);
        assert_eq!(lit_bars(0.5, 20.0), 10.0);
        assert_eq!(lit_bars(7.0, 20.0), 20.0);
    }
}
