//! A ringing call, over any screen.

use egui::{Align2, Area, Context, CornerRadius, Order, Rect, Stroke, Ui, pos2, vec2};

use crate::action::UiAction;
use crate::cx::{Cx, keyed, named, t, tf};
use crate::icons;
use crate::paint::{self, Type};
use crate::strings::Arg;
use crate::text::clean_name;
use crate::tokens as tok;
use crate::view::IncomingCallView;
use crate::widgets;

/// Draws the card of a ringing call. It never takes the keyboard: who is writing goes on writing.
pub(crate) fn incoming(ctx: &Context, cx: &mut Cx<'_>, window: Rect, view: &IncomingCallView) {
    let width = 340.0_f32.min(window.width() - 24.0);
    let name = clean_name(&view.name);
    let notes = notes(view);
    let id = named("incoming");
    Area::new(id)
        .order(Order::Tooltip)
        .fixed_pos(window.min)
        .fade_in(false)
        .show(ctx, |ui| {
            let galleys: Vec<_> = notes
                .iter()
                .map(|note| {
                    paint::paragraph(
                        ui,
                        note,
                        Type::regular(tok::TYPE_SMALL, tok::TEXT_SOFT).on(17.0),
                        width - 56.0,
                    )
                })
                .collect();
            let notes_height: f32 = galleys.iter().map(|galley| galley.size().y + 6.0).sum();
            let height = 292.0 + notes_height;
            let top = (window.top() + window.height() * 0.12)
                .max(window.top() + 12.0)
                .min(window.bottom() - height - 12.0);
            let rect = Rect::from_min_size(
                pos2(window.center().x - width / 2.0, top.max(window.top() + 4.0)),
                vec2(width, height),
            );
            ui.set_min_size(rect.max - window.min);
            // Under the card nothing can be pressed through it.
            ui.interact(
                rect,
                id.with("ground"),
                egui::Sense::CLICK | egui::Sense::DRAG | egui::Sense::HOVER,
            );
            let shadow = egui::Shadow {
                offset: [0, 14],
                blur: 48,
                spread: 4,
                color: tok::SHADOW,
            };
            ui.painter().add(egui::Shape::Rect(
                shadow.as_shape(rect, CornerRadius::same(tok::RADIUS_LARGE)),
            ));
            paint::panel(
                ui.painter(),
                rect,
                tok::RADIUS_LARGE,
                tok::GLASS_POPUP,
                tok::LINE_STRONG,
            );
            cx.mark("incoming", rect);

            let center = pos2(rect.center().x, rect.top() + 80.0);
            rings(ui, cx, center, view);
            let planet = Rect::from_center_size(center, vec2(tok::PLANET_RING, tok::PLANET_RING));
            paint::planet(ui.painter(), planet, view.from, cx.view.avatars);
            if view.verified {
                paint::verified_badge(ui.painter(), planet);
            }
            cx.fonts.note(&name);

            let y = rect.top() + 152.0;
            let strong = Type::strong(tok::TYPE_CARD, tok::TEXT);
            paint::label(
                ui,
                pos2(center.x, y),
                Align2::CENTER_CENTER,
                &name,
                strong,
                width - 40.0,
            );
            let (words, color, icon) = if view.verified {
                (t("incoming-verified"), tok::AURORA, icons::SHIELD_CHECK)
            } else {
                (t("incoming-unverified"), tok::TEXT_SOFT, icons::SHIELD)
            };
            let galley = paint::line(ui, &words, Type::regular(tok::TYPE_SMALL, color), width - 60.0);
            let left = center.x - (galley.size().x + 20.0) / 2.0;
            paint::icon(ui.painter(), pos2(left + 7.0, y + 24.0), icon, tok::ICON_SMALL, color);
            paint::put(ui.painter(), pos2(left + 20.0, y + 24.0), Align2::LEFT_CENTER, galley);

            let mut y = y + 44.0;
            for galley in galleys {
                y += paint::put(ui.painter(), pos2(center.x, y), Align2::CENTER_TOP, galley).height() + 6.0;
            }
            let y = rect.bottom() - 60.0;
            let decline = Rect::from_center_size(pos2(center.x - 62.0, y), vec2(56.0, 56.0));
            let accept = Rect::from_center_size(pos2(center.x + 62.0, y), vec2(56.0, 56.0));
            let no = t("incoming-decline");
            let yes = t("incoming-accept");
            let (no_keyed, yes_keyed) = (
                keyed("incoming-decline", "press-decline"),
                keyed("incoming-accept", "press-accept"),
            );
            let fill = tok::GIANT_DEEP;
            if widgets::round_button(
                ui,
                cx,
                "call.decline",
                decline,
                icons::PHONE_OFF,
                &no_keyed,
                fill,
                tok::TEXT_ON_ACCENT,
            )
            .clicked()
            {
                cx.emit(UiAction::DeclineCall(view.call));
            }
            if widgets::round_button(
                ui,
                cx,
                "call.accept",
                accept,
                icons::PHONE,
                &yes_keyed,
                tok::AURORA,
                tok::VOID,
            )
            .clicked()
            {
                cx.emit(UiAction::AcceptCall(view.call));
            }
            let kind = Type::regular(tok::TYPE_TINY, tok::TEXT_SOFT);
            let under = |rect: Rect| pos2(rect.center().x, rect.bottom() + 14.0);
            paint::label(ui, under(decline), Align2::CENTER_CENTER, &no, kind, 110.0);
            paint::label(ui, under(accept), Align2::CENTER_CENTER, &yes, kind, 110.0);
        });
    ctx.move_to_top(egui::LayerId::new(Order::Tooltip, id));
}

/// Rings that go out from the planet; two still ones where nothing is to move.
fn rings(ui: &Ui, cx: &Cx<'_>, center: egui::Pos2, view: &IncomingCallView) {
    let radius = tok::PLANET_RING / 2.0;
    paint::gradient_circle(
        ui.painter(),
        center,
        radius * 1.75,
        tok::SOLAR.gamma_multiply(0.22),
        tok::CLEAR,
    );
    let age = (cx.clock().now_ms - view.since_ms).max(0) as f32 / 1000.0;
    for ring in [0.0, 0.5_f32] {
        let share = if cx.still() {
            0.3 + ring * 0.6
        } else {
            (age / 2.4 + ring).fract()
        };
        let color = tok::SOLAR.gamma_multiply((1.0 - share) * 0.55);
        ui.painter()
            .circle_stroke(center, radius + 4.0 + share * 26.0, Stroke::new(1.5, color));
    }
    if !cx.still() {
        ui.ctx().request_repaint_after(std::time::Duration::from_millis(33));
    }
}

/// What needs to be known before answering.
fn notes(view: &IncomingCallView) -> Vec<String> {
    let join = |names: &[String]| names.iter().map(|name| clean_name(name)).collect::<Vec<_>>().join(", ");
    let mut notes = Vec::new();
    if let Some(who) = &view.namesake {
        notes.push(tf("incoming-namesake", &[("id", Arg::Text(&who.id))]));
    }
    if !view.others.is_empty() {
        notes.push(tf("incoming-others", &[("names", Arg::Text(&join(&view.others)))]));
    }
    if !view.strangers.is_empty() {
        notes.push(tf(
            "incoming-strangers",
            &[("names", Arg::Text(&join(&view.strangers)))],
        ));
    }
    notes
}
