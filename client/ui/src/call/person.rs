//! What can be done about one other person in a call: how loud they are heard, and whether.

use egui::{Align2, Id, Popup, PopupCloseBehavior, Rect, RectAlign, Sense, Ui, pos2, vec2};

use crate::action::UiAction;
use crate::cx::{Cx, t, tf};
use crate::icons;
use crate::paint::{self, Type};
use crate::state::UiState;
use crate::strings::Arg;
use crate::text::clean_name;
use crate::tokens as tok;
use crate::view::{PeerKey, PlateView};
use crate::widgets::{self, Steps};

/// Width of the menu, points.
const WIDTH: f32 = 276.0;
/// Volumes in percent.
const VOLUME: Steps = Steps {
    range: 0.0..=200.0,
    per_unit: 1.0,
    step: 5.0,
    home: 100.0,
};

/// The open menu of a person.
pub(crate) struct PersonMenu {
    peer: PeerKey,
    /// Where their plate was when it was opened: planets move, and what is being dragged must not.
    anchor: Rect,
}

impl PersonMenu {
    /// It is this person's.
    pub(super) fn is_of(&self, peer: PeerKey) -> bool {
        self.peer == peer
    }
}

/// Opens the menu of a person, or closes it.
pub(super) fn toggle(state: &mut UiState, peer: PeerKey, anchor: Rect) {
    let open = state.person.as_ref().is_some_and(|menu| menu.peer == peer);
    state.person = (!open).then_some(PersonMenu { peer, anchor });
}

/// Draws the open menu, right after the plate that it belongs to, so that the keyboard comes to it next.
pub(super) fn menu(ui: &Ui, cx: &mut Cx<'_>, state: &mut UiState, plate: &PlateView) {
    let Some(menu) = state.person.as_ref().filter(|menu| menu.peer == plate.peer) else {
        return;
    };
    let id = Id::new(("orrery", "person", plate.peer.0));
    let mut open = true;
    let mut quality = false;
    Popup::new(id, ui.ctx().clone(), menu.anchor, ui.layer_id())
        .open_bool(&mut open)
        .align(RectAlign::RIGHT)
        .align_alternatives(&[RectAlign::BOTTOM, RectAlign::TOP, RectAlign::LEFT])
        .gap(8.0)
        .frame(widgets::popup_frame())
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        // Its ground is no place for the keyboard to stop at.
        .sense(Sense::hover())
        .width(WIDTH)
        .show(|ui| {
            ui.spacing_mut().item_spacing = vec2(0.0, 2.0);
            ui.set_width(WIDTH);
            quality = content(ui, cx, plate);
        });
    if quality {
        state.quality.open_at(plate.peer);
    }
    if !open || quality {
        state.person = None;
    }
}

/// The lines of the menu; whether the quality panel is wanted.
fn content(ui: &mut Ui, cx: &mut Cx<'_>, plate: &PlateView) -> bool {
    let name = clean_name(&plate.name);
    let line = |ui: &mut Ui, height: f32| ui.allocate_exact_size(vec2(WIDTH, height), Sense::hover()).0;
    let head = line(ui, 32.0);
    let kind = Type::strong(tok::TYPE_NOTE, tok::TEXT);
    let at = pos2(head.left() + 10.0, head.center().y);
    paint::label(ui, at, Align2::LEFT_CENTER, &name, kind, WIDTH - 20.0);

    let rect = line(ui, 36.0);
    let icon = match (plate.silenced, plate.volume) {
        (true, _) | (_, 0) => icons::VOLUME_X,
        (_, 1..=66) => icons::VOLUME_1,
        _ => icons::VOLUME_2,
    };
    let color = if plate.silenced {
        tok::TEXT_FAINT
    } else {
        tok::TEXT_SOFT
    };
    let sign = pos2(rect.left() + 19.0, rect.center().y);
    paint::icon(ui.painter(), sign, icon, 17.0, color);
    let back = Rect::from_center_size(pos2(rect.right() - 18.0, rect.center().y), vec2(26.0, 26.0));
    let number = pos2(back.left() - 2.0, rect.center().y);
    let slider = Rect::from_min_max(
        pos2(rect.left() + 36.0, rect.top()),
        pos2(number.x - 48.0, rect.bottom()),
    );
    let label = tf("person-volume", &[("name", Arg::Text(&name))]);
    let moved = widgets::slider(
        ui,
        cx,
        "person.volume",
        slider,
        &label,
        f32::from(plate.volume),
        &VOLUME,
    );
    let mut percent = moved.map(|value| value.round() as u16);
    let shown = percent.unwrap_or(plate.volume);
    let kind = Type::regular(tok::TYPE_NOTE, color);
    let words = tf("percent", &[("value", Arg::Text(&shown.to_string()))]);
    paint::label(ui, number, Align2::RIGHT_CENTER, &words, kind, 48.0);
    if plate.volume != 100 {
        let label = t("person-reset");
        let sign = icons::ROTATE_CCW;
        if widgets::icon_button(ui, cx, "person.reset", back, sign, &label, tok::TEXT_SOFT).clicked() {
            percent = Some(100);
        }
    }
    if let Some(percent) = percent.filter(|percent| *percent != plate.volume) {
        cx.emit(UiAction::SetPeerVolume {
            peer: plate.peer,
            percent,
        });
    }

    let rect = line(ui, 40.0);
    let label = t("person-silence");
    let kind = Type::regular(tok::TYPE_NOTE, tok::TEXT);
    let at = pos2(rect.left() + 10.0, rect.center().y);
    paint::label(ui, at, Align2::LEFT_CENTER, &label, kind, WIDTH - 68.0);
    let place = Rect::from_center_size(pos2(rect.right() - 29.0, rect.center().y), vec2(38.0, 22.0));
    if widgets::toggle(ui, cx, "person.silence", place, &label, plate.silenced).clicked() {
        cx.emit(UiAction::SilencePeer {
            peer: plate.peer,
            silenced: !plate.silenced,
        });
    }
    let kind = Type::regular(tok::TYPE_TINY, tok::TEXT_SOFT).on(16.0);
    let galley = paint::paragraph(ui, &t("person-lead"), kind, WIDTH - 20.0);
    let rect = line(ui, galley.size().y + 8.0);
    paint::put(ui.painter(), rect.min + vec2(10.0, 0.0), Align2::LEFT_TOP, galley);
    let label = t("person-quality");
    let icon = Some(icons::ACTIVITY);
    widgets::menu_item(ui, cx, "person.quality", WIDTH, &label, icon, tok::TEXT).clicked()
}
