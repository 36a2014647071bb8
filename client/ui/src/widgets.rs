//! Widgets in our look. Each takes the rectangle it fills; each named one is entered in the widget map and has a label
//! for screen readers; each can be reached and pressed with the keyboard and shows a ring when it has it.

mod button;
mod field;
mod key_field;
mod range;
mod select;
mod toggle;

use egui::{Id, Rect, Response, Sense, Ui, WidgetInfo, WidgetType};

use crate::cx::{Cx, named};

pub(crate) use button::{Kind, button, icon_button, link_button, round_button};
pub(crate) use field::{Field, field};
pub(crate) use key_field::{KeyPress, caps, key_field};
pub(crate) use range::{METER_FLOOR, Steps, gate_meter, meter, progress, slider};
pub(crate) use select::{Choice, menu_item, popup_frame, segmented, select};
pub(crate) use toggle::toggle;

/// What a widget is called: its name in the widget map, and the id by which egui knows it from pass to pass.
#[derive(Clone, Copy)]
pub(crate) struct Name<'a> {
    map: &'a str,
    id: Id,
}

impl<'a> Name<'a> {
    /// Of a widget of something in a list. In the map its place names it; to egui it is that of the thing itself, so that
    /// the keyboard and a press under way stay with the thing when the list moves.
    pub(crate) fn of(map: &'a str, id: Id) -> Self {
        Self { map, id }
    }
}

impl<'a> From<&'a str> for Name<'a> {
    fn from(map: &'a str) -> Self {
        Self { map, id: named(map) }
    }
}

impl<'a> From<&'a String> for Name<'a> {
    fn from(map: &'a String) -> Self {
        Self::from(map.as_str())
    }
}

/// Makes a named rectangle pressable.
pub(crate) fn press<'a>(ui: &Ui, cx: &mut Cx<'_>, name: impl Into<Name<'a>>, rect: Rect, label: &str) -> Response {
    press_as(ui, cx, name, rect, |enabled| {
        WidgetInfo::labeled(WidgetType::Button, enabled, label)
    })
}

/// Makes a named rectangle pressable, told to screen readers as something else than a button.
pub(crate) fn press_as<'a>(
    ui: &Ui,
    cx: &mut Cx<'_>,
    name: impl Into<Name<'a>>,
    rect: Rect,
    info: impl Fn(bool) -> WidgetInfo,
) -> Response {
    let name = name.into();
    cx.mark(name.map, rect);
    let response = ui.interact(rect, name.id, Sense::click());
    response.widget_info(|| info(ui.is_enabled()));
    if response.has_focus() {
        ui.scroll_to_rect(rect, None);
    }
    response
}

/// How far the pointer's presence has faded in, 0 to 1.
pub(crate) fn hover(ui: &Ui, cx: &Cx<'_>, response: &Response) -> f32 {
    let on = response.hovered() && ui.is_enabled();
    if cx.still() {
        return if on { 1.0 } else { 0.0 };
    }
    ui.ctx()
        .animate_bool_with_time(response.id.with("hover"), on, crate::tokens::TIME_CONTROL)
}
