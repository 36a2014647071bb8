//! What is taken where the chosen device is missing: a list in order, best first.

use egui::{Align2, Id, Rect, Sense, Ui, pos2, vec2};

use super::rows::row;
use crate::action::{Setting, UiAction};
use crate::cx::{Cx, t, tf};
use crate::icons;
use crate::paint::{self, Type};
use crate::strings::Arg;
use crate::text::one_line;
use crate::tokens as tok;
use crate::view::{DeviceView, RankedView};
use crate::widgets::{self, Name};

/// Most devices in the list, as the worker keeps them.
const MOST: usize = 16;

/// Draws the list of `name`: each device with ways up, down and out, and one more to add below.
pub(super) fn ranked(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    name: &str,
    list: &[RankedView],
    devices: &[DeviceView],
    set: fn(Vec<String>) -> Setting,
) {
    let left: Vec<&DeviceView> = devices
        .iter()
        .filter(|device| !list.iter().any(|ranked| ranked.id == device.id))
        .collect();
    let adds = !left.is_empty() && list.len() < MOST;
    let (title, lead) = (t("ranked-title"), t("ranked-lead"));
    let place = row(
        ui,
        &title,
        &lead,
        vec2(if adds { 300.0 } else { 0.0 }, if adds { 34.0 } else { 0.0 }),
    );
    let ids = || list.iter().map(|ranked| ranked.id.clone()).collect::<Vec<_>>();
    if adds {
        // The first line asks; picking any other adds.
        let mut choices = vec![t("ranked-add").into_owned()];
        choices.extend(left.iter().map(|device| one_line(&device.name, 60)));
        let picked = widgets::select(ui, cx, &format!("{name}.add"), place, &title, &choices, 0);
        if let Some(device) = picked.and_then(|at| left.get(at.checked_sub(1)?)) {
            let mut ids = ids();
            ids.push(device.id.clone());
            cx.emit(UiAction::Set(set(ids)));
        }
    }
    let mut moved: Option<(usize, Option<usize>)> = None;
    for (at, ranked) in list.iter().enumerate() {
        let rect = ui
            .allocate_exact_size(vec2(ui.available_width(), 38.0), Sense::hover())
            .0;
        let back = rect.shrink2(vec2(0.0, 2.0));
        paint::panel(ui.painter(), back, tok::RADIUS_SMALL + 2, tok::FIELD, tok::LINE);
        let kind = Type::strong(tok::TYPE_SMALL, tok::TEXT_SOFT);
        let number = (at + 1).to_string();
        let middle = pos2(back.left() + 18.0, back.center().y);
        paint::label(ui, middle, Align2::CENTER_CENTER, &number, kind, 24.0);
        let device = one_line(&ranked.name, 80);
        cx.fonts.note(&device);
        let label = |key: &str| tf(key, &[("name", Arg::Text(&device))]);
        let mut right = back.right() - 20.0;
        let mut button = |ui: &Ui, cx: &mut Cx<'_>, what: &str, icon, words: &str, on: bool| {
            let rect = Rect::from_center_size(pos2(right, back.center().y), vec2(26.0, 26.0));
            right -= 30.0;
            if !on {
                return false;
            }
            let map = format!("{name}.{at}.{what}");
            // Known by the device: a press under way and the keyboard go with it when the list moves.
            let id = Id::new(("orrery", name, what, &ranked.id));
            widgets::icon_button(ui, cx, Name::of(&map, id), rect, icon, &label(words), tok::TEXT_SOFT).clicked()
        };
        if button(ui, cx, "out", icons::X, "ranked-out", true) {
            moved = Some((at, None));
        }
        if button(ui, cx, "down", icons::ARROW_DOWN, "ranked-down", at + 1 < list.len()) {
            moved = Some((at, Some(at + 1)));
        }
        if button(ui, cx, "up", icons::ARROW_UP, "ranked-up", at > 0) {
            moved = at.checked_sub(1).map(|to| (at, Some(to)));
        }
        let mut end = right + 10.0;
        if !ranked.here {
            let kind = Type::regular(tok::TYPE_SMALL, tok::TEXT_FAINT);
            let gone = pos2(end, back.center().y);
            end = paint::label(ui, gone, Align2::RIGHT_CENTER, &t("ranked-gone"), kind, 120.0).left() - 10.0;
        }
        let color = if ranked.here { tok::TEXT } else { tok::TEXT_SOFT };
        let from = pos2(back.left() + 36.0, back.center().y);
        let kind = Type::regular(tok::TYPE_NOTE, color);
        paint::label(ui, from, Align2::LEFT_CENTER, &device, kind, end - from.x);
    }
    if !list.is_empty() {
        ui.add_space(12.0);
    }
    if let Some((at, to)) = moved {
        let mut ids = ids();
        match to {
            Some(to) => ids.swap(at, to),
            None => {
                ids.remove(at);
            }
        }
        cx.emit(UiAction::Set(set(ids)));
    }
}
