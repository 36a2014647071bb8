//! Own contacts who can be added to the call.

use egui::{Align2, CornerRadius, Rect, ScrollArea, Sense, Ui, pos2, vec2};

use crate::action::UiAction;
use crate::cx::{Cx, t};
use crate::paint::{self, Type};
use crate::text::clean_name;
use crate::tokens as tok;
use crate::view::CallView;
use crate::widgets::{self, Field};

/// The filter is drawn when the list is longer than this.
const FILTER_FROM: usize = 6;

/// The list, in a popup.
pub(super) fn list(ui: &mut Ui, cx: &mut Cx<'_>, filter: &mut String, view: &CallView) {
    ui.spacing_mut().item_spacing = vec2(0.0, 2.0);
    ui.set_width(260.0);
    let head = ui.allocate_exact_size(vec2(260.0, 30.0), Sense::hover()).0;
    let at = pos2(head.left() + 10.0, head.center().y);
    paint::label(
        ui,
        at,
        Align2::LEFT_CENTER,
        &t("call-add"),
        Type::strong(tok::TYPE_NOTE, tok::TEXT),
        240.0,
    );
    if view.addable.len() > FILTER_FROM {
        let rect = ui
            .allocate_exact_size(vec2(260.0, 36.0), Sense::hover())
            .0
            .shrink2(vec2(4.0, 2.0));
        let hint = t("call-add-filter");
        widgets::field(ui, cx, &Field::new("call.add_filter", rect, &hint), filter);
    }
    let wanted = filter.trim().to_lowercase();
    ScrollArea::vertical().max_height(264.0).show(ui, |ui| {
        for (at, pick) in view.addable.iter().enumerate() {
            let name = clean_name(&pick.name);
            if !wanted.is_empty() && !name.to_lowercase().contains(&wanted) {
                continue;
            }
            let rect = ui.allocate_exact_size(vec2(260.0, 42.0), Sense::hover()).0;
            let response = widgets::press(ui, cx, &format!("call.add.{at}"), rect, &name);
            let warmth = widgets::hover(ui, cx, &response);
            let radius = CornerRadius::same(tok::RADIUS_SMALL);
            ui.painter()
                .rect_filled(rect, radius, tok::ROW_SELECTED.gamma_multiply(warmth));
            let planet = Rect::from_center_size(pos2(rect.left() + 24.0, rect.center().y), vec2(28.0, 28.0));
            paint::planet(ui.painter(), planet, pick.peer, cx.view.avatars);
            paint::presence_dot(ui.painter(), planet, pick.presence);
            let at = pos2(planet.right() + 10.0, rect.center().y);
            let kind = Type::regular(tok::TYPE_BODY, tok::TEXT);
            let room = if pick.namesake.is_some() { 110.0 } else { 190.0 };
            let drawn = paint::label(ui, at, Align2::LEFT_CENTER, &name, kind, room);
            if let Some(who) = &pick.namesake {
                paint::namesake(ui, pos2(drawn.right() + 8.0, at.y), who);
            }
            if response.has_focus() {
                paint::focus_ring(ui.painter(), rect.shrink(2.0), tok::RADIUS_SMALL);
            }
            if response.clicked() {
                cx.emit(UiAction::AddToCall {
                    call: view.call,
                    peer: pick.peer,
                });
                ui.close();
            }
        }
    });
}
