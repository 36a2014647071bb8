//! Nothing chosen yet: an invitation.

use egui::{Align2, Rect, Ui, pos2, vec2};

use crate::action::UiAction;
use crate::cx::{Cx, t, tf};
use crate::home::Place;
use crate::icons;
use crate::paint::{self, Type};
use crate::strings::Arg;
use crate::text::clean_name;
use crate::tokens as tok;
use crate::view::HomeView;
use crate::widgets::{self, Kind};

/// Draws the empty pane.
pub(crate) fn empty(ui: &mut Ui, cx: &mut Cx<'_>, place: &Place, view: &HomeView) {
    paint::vertical_gradient(ui.painter(), place.rect, tok::TALK_TOP, tok::TALK_BOTTOM);
    let rect = place.rect.translate(vec2(0.0, place.drop));
    let width = (rect.width() - 48.0).min(420.0);
    let center = pos2(rect.center().x, rect.center().y - 20.0);
    orbits(ui, cx, center - vec2(0.0, 96.0), view);

    let alone = view.contacts.is_empty();
    let (title, lead) = if alone {
        ("empty-alone", "empty-alone-lead")
    } else {
        ("empty-title", "empty-lead")
    };
    let name = clean_name(&view.me.name);
    let words = tf(title, &[("name", Arg::Text(&name))]);
    paint::label(
        ui,
        center,
        Align2::CENTER_CENTER,
        &words,
        Type::strong(tok::TYPE_HEAD, tok::TEXT),
        rect.width() - 32.0,
    );
    let kind = Type::body(tok::TEXT_SOFT);
    let lead = paint::centered(ui, center + vec2(0.0, 26.0), &t(lead), kind, width);

    let button = Rect::from_center_size(pos2(center.x, lead.bottom() + 46.0), vec2(220.0, tok::BUTTON_HEIGHT));
    let kind = if alone { Kind::Primary } else { Kind::Quiet };
    let label = t("rail-add");
    if widgets::button(
        ui,
        cx,
        "empty.add_contact",
        button,
        &label,
        Some(icons::USER_PLUS),
        kind,
    )
    .clicked()
    {
        cx.emit(UiAction::OpenAddContact);
    }
    let hint = pos2(center.x, button.bottom() + 30.0);
    let kind = Type::regular(tok::TYPE_SMALL, tok::TEXT_FAINT);
    paint::label(
        ui,
        hint,
        Align2::CENTER_CENTER,
        &t("empty-palette"),
        kind,
        rect.width() - 32.0,
    );
}

/// One's own planet with two orbits: the program's sign, made of who uses it.
fn orbits(ui: &Ui, cx: &Cx<'_>, center: egui::Pos2, view: &HomeView) {
    let painter = ui.painter();
    for (rx, ry) in [(62.0, 24.0), (104.0, 42.0)] {
        let shape = egui::epaint::EllipseShape::stroke(center, vec2(rx, ry), (1.0, tok::LINE_STRONG));
        painter.add(shape);
    }
    paint::gradient_circle(painter, center, 62.0, tok::ION_GLOW, tok::CLEAR);
    let planet = Rect::from_center_size(center, vec2(60.0, 60.0));
    paint::planet(painter, planet, view.me.peer, cx.view.avatars);
    let spots = [vec2(96.0, 15.0), vec2(-58.0, -9.0), vec2(-70.0, 30.0)];
    for (contact, spot) in view.contacts.iter().zip(spots) {
        let small = Rect::from_center_size(center + spot, vec2(18.0, 18.0));
        paint::planet(painter, small, contact.peer, cx.view.avatars);
    }
}
