//! The rail at the left: people, the running call, adding someone, settings. Spaces will stand between.

use egui::{Align2, Color32, CornerRadius, Rect, Ui, pos2, vec2};

use crate::action::UiAction;
use crate::cx::{Cx, keyed, t};
use crate::paint::{self, Type};
use crate::state::UiState;
use crate::tokens as tok;
use crate::view::{CallPhase, HomeView, MainPane};
use crate::{icons, widgets};

/// How a rail button stands.
#[derive(Clone, Copy, PartialEq)]
enum Look {
    Plain,
    Chosen,
    Dashed,
    Call,
}

/// Draws the rail.
pub(crate) fn rail(ui: &Ui, cx: &mut Cx<'_>, rect: Rect, state: &UiState, view: &HomeView) {
    ui.painter().rect_filled(rect, CornerRadius::ZERO, tok::GLASS);
    let slot = |at: f32| {
        let size = vec2(tok::RAIL_BUTTON, tok::RAIL_BUTTON);
        Rect::from_min_size(
            pos2(rect.center().x - size.x / 2.0, rect.top() + 14.0 + at * 50.0),
            size,
        )
    };
    let people_chosen = matches!(
        view.main,
        MainPane::Empty | MainPane::Conversation(_) | MainPane::Compare(_)
    );
    let look = if people_chosen { Look::Chosen } else { Look::Plain };
    let button = slot(0.0);
    if tool(ui, cx, "rail.people", button, icons::USERS, &t("rail-people"), look) && !people_chosen {
        cx.emit(state.back_to_talk(view));
    }
    badge(ui, button, view.unread);

    let mut at = 1.0;
    if let Some(call) = &view.call
        && !matches!(call.phase, CallPhase::Ended { .. })
    {
        let shown = matches!(view.main, MainPane::Call(_));
        let look = if shown { Look::Chosen } else { Look::Call };
        if tool(ui, cx, "rail.call", slot(at), icons::PHONE_CALL, &t("rail-call"), look) && !shown {
            cx.emit(UiAction::OpenCall);
        }
        at += 1.0;
    }
    let adding = matches!(view.main, MainPane::AddContact(_));
    let look = if adding { Look::Chosen } else { Look::Dashed };
    let button = slot(at);
    if tool(
        ui,
        cx,
        "home.add_contact",
        button,
        icons::PLUS,
        &keyed("rail-add", "press-add"),
        look,
    ) && !adding
    {
        cx.emit(UiAction::OpenAddContact);
    }
    badge(ui, button, u32::try_from(view.requests_in.len()).unwrap_or(u32::MAX));

    let settings = matches!(view.main, MainPane::Settings(_));
    let look = if settings { Look::Chosen } else { Look::Plain };
    let foot = Rect::from_center_size(
        pos2(rect.center().x, rect.bottom() - 14.0 - tok::RAIL_BUTTON / 2.0),
        vec2(tok::RAIL_BUTTON, tok::RAIL_BUTTON),
    );
    if tool(
        ui,
        cx,
        "home.settings",
        foot,
        icons::SETTINGS,
        &keyed("rail-settings", "press-settings"),
        look,
    ) && !settings
    {
        cx.emit(UiAction::OpenSettings);
    }
}

fn tool(ui: &Ui, cx: &mut Cx<'_>, name: &str, rect: Rect, icon: char, label: &str, look: Look) -> bool {
    let response = widgets::press(ui, cx, name, rect, label);
    let warmth = widgets::hover(ui, cx, &response);
    let painter = ui.painter();
    let radius = tok::RADIUS_RAIL;
    let mut color: Color32 = tok::TEXT_SOFT.lerp_to_gamma(tok::TEXT, warmth);
    match look {
        Look::Chosen => {
            paint::gradient_rect(
                painter,
                rect,
                f32::from(radius),
                tok::RAIL_FROM,
                tok::RAIL_TO,
                vec2(0.34, 0.94),
            );
            let mark = Rect::from_min_size(pos2(rect.left() - 12.0, rect.center().y - 10.0), vec2(3.0, 20.0));
            painter.rect_filled(mark, 1.5, tok::TEXT);
            color = tok::TEXT_ON_ACCENT;
        }
        Look::Plain => {
            let fill = tok::GLASS_RAISED.lerp_to_gamma(tok::ROW_SELECTED, warmth);
            paint::panel(painter, rect, radius, fill, tok::LINE);
        }
        Look::Dashed => {
            painter.rect_filled(
                rect,
                CornerRadius::same(radius),
                tok::GLASS_RAISED.lerp_to_gamma(tok::ROW_SELECTED, warmth),
            );
            dashed(ui, rect, f32::from(radius));
        }
        Look::Call => {
            paint::panel(
                painter,
                rect,
                radius,
                tok::GOOD_GROUND,
                tok::AURORA.gamma_multiply(0.45),
            );
            color = tok::AURORA;
        }
    }
    paint::icon(painter, rect.center(), icon, 18.0, color);
    if response.has_focus() {
        paint::focus_ring(painter, rect, radius);
    }
    let clicked = response.clicked();
    response.on_hover_text(label);
    clicked
}

/// A dashed line around a button with round corners.
fn dashed(ui: &Ui, rect: Rect, radius: f32) {
    let rect = rect.shrink(0.5);
    let inner = rect.shrink(radius);
    let mut path = Vec::new();
    let corners = [
        (inner.right_bottom(), 0.0),
        (inner.left_bottom(), 0.25),
        (inner.left_top(), 0.5),
        (inner.right_top(), 0.75),
    ];
    for (center, start) in corners {
        for step in 0..=6_u8 {
            let turn = start + 0.25 * f32::from(step) / 6.0;
            path.push(center + egui::Vec2::angled(turn * std::f32::consts::TAU) * radius);
        }
    }
    path.extend(path.first().copied());
    ui.painter()
        .extend(egui::Shape::dashed_line(&path, (1.0, tok::LINE_STRONG), 3.0, 3.0));
}

/// A count at the right upper corner of a button.
fn badge(ui: &Ui, button: Rect, count: u32) {
    if count == 0 {
        return;
    }
    let text = if count > 99 {
        "99+".to_owned()
    } else {
        count.to_string()
    };
    let galley = paint::line(ui, &text, Type::strong(tok::TYPE_MARK, tok::TEXT_ON_ACCENT), 40.0);
    let size = vec2((galley.size().x + 8.0).max(16.0), 16.0);
    let center = pos2(button.right() + 4.0 - size.x / 2.0, button.top() + 4.0);
    let rect = Rect::from_center_size(center, size);
    ui.painter()
        .rect_filled(rect.expand(2.0), tok::RADIUS_MARK + 2, tok::DOT_RING);
    ui.painter().rect_filled(rect, tok::RADIUS_MARK, tok::GIANT_DEEP);
    paint::put(ui.painter(), rect.center(), Align2::CENTER_CENTER, galley);
}
