//! Choosing one of several: segments in a row, a list that opens, and lines of menus.

use egui::{
    Align2, Color32, CornerRadius, Frame, Margin, Popup, PopupCloseBehavior, Rect, Response, Shadow, Stroke, Ui,
    WidgetInfo, WidgetType, pos2, vec2,
};

use super::{hover, press, press_as};
use crate::cx::Cx;
use crate::icons;
use crate::paint::{self, Type};
use crate::tokens as t;

/// One thing to choose.
pub(crate) struct Choice<'a> {
    /// Its name in the widget map, appended to the control's.
    pub name: &'a str,
    /// Words.
    pub label: &'a str,
}

/// The frame of every popup and menu.
pub(crate) fn popup_frame() -> Frame {
    Frame::new()
        .fill(t::GLASS_POPUP)
        .stroke(Stroke::new(1.0, t::LINE_STRONG))
        .corner_radius(CornerRadius::same(t::RADIUS))
        .inner_margin(Margin::same(6))
        .shadow(Shadow {
            offset: [0, 8],
            blur: 28,
            spread: 0,
            color: t::SHADOW,
        })
}

/// Segments in a row; gives the one that was pressed.
pub(crate) fn segmented(
    ui: &Ui,
    cx: &mut Cx<'_>,
    name: &str,
    rect: Rect,
    choices: &[Choice<'_>],
    chosen: usize,
) -> Option<usize> {
    let radius = t::RADIUS_SMALL + 2;
    paint::panel(ui.painter(), rect, radius, t::FIELD, t::LINE);
    let width = rect.width() / choices.len().max(1) as f32;
    let mut picked = None;
    for (at, choice) in choices.iter().enumerate() {
        let part = Rect::from_min_size(
            pos2(rect.left() + at as f32 * width, rect.top()),
            vec2(width, rect.height()),
        );
        let on = at == chosen;
        let response = press_as(ui, cx, &format!("{name}.{}", choice.name), part, |enabled| {
            WidgetInfo::selected(WidgetType::RadioButton, enabled, on, choice.label)
        });
        let warmth = hover(ui, cx, &response);
        let inner = part.shrink(3.0);
        if on {
            ui.painter()
                .rect_filled(inner, CornerRadius::same(t::RADIUS_SMALL), t::ROW_SELECTED);
        } else {
            let fill = t::ROW_HOVER.gamma_multiply(warmth);
            ui.painter()
                .rect_filled(inner, CornerRadius::same(t::RADIUS_SMALL), fill);
        }
        let color = if on { t::TEXT } else { t::TEXT_SOFT };
        paint::label(
            ui,
            part.center(),
            Align2::CENTER_CENTER,
            choice.label,
            Type::new(crate::fonts::Weight::Medium, t::TYPE_NOTE, color),
            width - 12.0,
        );
        if response.has_focus() {
            paint::focus_ring(ui.painter(), inner, t::RADIUS_SMALL);
        }
        if response.clicked() && !on {
            picked = Some(at);
        }
    }
    picked
}

/// A closed list that shows what is chosen and opens under the pointer; gives the one that was picked.
pub(crate) fn select(
    ui: &Ui,
    cx: &mut Cx<'_>,
    name: &str,
    rect: Rect,
    label: &str,
    choices: &[String],
    chosen: usize,
) -> Option<usize> {
    let shown = choices.get(chosen).map_or("", String::as_str);
    let response = press_as(ui, cx, name, rect, |enabled| {
        let mut info = WidgetInfo::labeled(WidgetType::ComboBox, enabled, label);
        info.current_text_value = Some(shown.to_owned());
        info
    });
    let warmth = hover(ui, cx, &response);
    let fill = t::FIELD.lerp_to_gamma(t::CONTROL_HOVER, warmth);
    paint::panel(ui.painter(), rect, t::RADIUS_SMALL + 2, fill, t::LINE_STRONG);
    paint::label(
        ui,
        pos2(rect.left() + 12.0, rect.center().y),
        Align2::LEFT_CENTER,
        shown,
        Type::regular(t::TYPE_NOTE, t::TEXT),
        rect.width() - 44.0,
    );
    paint::icon(
        ui.painter(),
        pos2(rect.right() - 18.0, rect.center().y),
        icons::CHEVRON_DOWN,
        15.0,
        t::TEXT_SOFT,
    );
    if response.has_focus() {
        paint::focus_ring(ui.painter(), rect, t::RADIUS_SMALL + 2);
    }
    let mut picked = None;
    Popup::from_toggle_button_response(&response)
        .frame(popup_frame())
        .close_behavior(PopupCloseBehavior::CloseOnClick)
        .width(rect.width() - 14.0)
        .show(|ui| {
            ui.spacing_mut().item_spacing = vec2(0.0, 2.0);
            egui::ScrollArea::vertical().max_height(280.0).show(ui, |ui| {
                for (at, choice) in choices.iter().enumerate() {
                    let icon = (at == chosen).then_some(icons::CHECK);
                    let name = format!("{name}.{at}");
                    if menu_item(ui, cx, &name, rect.width() - 14.0, choice, icon, t::TEXT).clicked() && at != chosen {
                        picked = Some(at);
                    }
                }
            });
        });
    picked
}

/// A line of a menu, in the flow of `ui`.
pub(crate) fn menu_item(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    name: &str,
    width: f32,
    label: &str,
    icon: Option<char>,
    color: Color32,
) -> Response {
    let (_, rect) = ui.allocate_space(vec2(width, 32.0));
    let response = press(ui, cx, name, rect, label);
    let warmth = hover(ui, cx, &response);
    ui.painter().rect_filled(
        rect,
        CornerRadius::same(t::RADIUS_SMALL),
        t::ROW_SELECTED.gamma_multiply(warmth),
    );
    if let Some(icon) = icon {
        paint::icon(
            ui.painter(),
            pos2(rect.left() + 18.0, rect.center().y),
            icon,
            16.0,
            color,
        );
    }
    paint::label(
        ui,
        pos2(rect.left() + 36.0, rect.center().y),
        Align2::LEFT_CENTER,
        label,
        Type::regular(t::TYPE_NOTE, color),
        rect.width() - 46.0,
    );
    if response.has_focus() {
        paint::focus_ring(ui.painter(), rect.shrink(2.0), t::RADIUS_SMALL);
    }
    response
}
