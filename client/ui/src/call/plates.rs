//! Name plates under the planets.

use egui::{
    Align2, Color32, CornerRadius, Id, Rect, Response, Sense, Stroke, StrokeKind, Ui, WidgetInfo, WidgetType, pos2,
    vec2,
};

use super::person;
use crate::cx::{Cx, t, tf};
use crate::icons;
use crate::layout::plate_size;
use crate::paint::{self, Type};
use crate::state::UiState;
use crate::strings::Arg;
use crate::text::clean_name;
use crate::tokens as tok;
use crate::view::{PeerKey, PlateStatus, PlateView};

/// Where a plate begins below its planet's middle, in radii. As in the layout.
const PLATE_AT: f32 = 1.42;

/// Draws all plates, and the menu of the person that has one open; gives whose planet or plate is under the pointer.
pub(super) fn plates(ui: &Ui, cx: &mut Cx<'_>, state: &mut UiState, stage: Rect) -> Option<PeerKey> {
    let view = cx.view;
    let most = plate_size(stage, view.plates.len());
    let mut hovered = None;
    for (at, plate) in view.plates.iter().enumerate() {
        let (response, rect) = one(ui, cx, at, plate, most);
        if response.hovered() {
            hovered = Some(plate.peer);
        }
        if plate.me {
            continue;
        }
        if response.clicked() || response.secondary_clicked() {
            person::toggle(state, plate.peer, rect);
        }
        person::menu(ui, cx, state, plate);
    }
    // Who has left has nothing to be set.
    let here = |menu: &person::PersonMenu| view.plates.iter().any(|plate| menu.is_of(plate.peer));
    state.person = state.person.take().filter(here);
    hovered
}

/// The second line of a plate and its colour. What is set here comes before what is measured: it explains the silence.
fn status(plate: &PlateView) -> Option<(String, Color32)> {
    if plate.silenced {
        return Some((t("plate-silenced").into_owned(), tok::TEXT_SOFT));
    }
    if plate.echo && !plate.muted {
        return Some((t("plate-echo").into_owned(), tok::SOLAR));
    }
    if plate.speaking && !plate.muted {
        return Some((t("plate-speaking").into_owned(), tok::SOLAR));
    }
    if plate.deafened {
        return Some((t("plate-deafened").into_owned(), tok::TEXT_SOFT));
    }
    if plate.muted {
        return Some((t("plate-muted").into_owned(), tok::TEXT_SOFT));
    }
    let number = |value: u32| value.to_string();
    match plate.status {
        PlateStatus::None => None,
        PlateStatus::Ringing => Some((t("plate-ringing").into_owned(), tok::TEXT_SOFT)),
        PlateStatus::Connecting => Some((t("plate-connecting").into_owned(), tok::TEXT_SOFT)),
        PlateStatus::Lost => Some((t("plate-lost").into_owned(), tok::SOLAR)),
        PlateStatus::Direct { rtt_ms } => Some((
            tf("plate-direct", &[("ms", Arg::Text(&number(rtt_ms)))]),
            tok::TEXT_SOFT,
        )),
        PlateStatus::BadLink { rtt_ms, loss_percent } => Some((
            tf(
                "plate-bad",
                &[
                    ("ms", Arg::Text(&number(rtt_ms))),
                    ("loss", Arg::Text(&number(u32::from(loss_percent)))),
                ],
            ),
            tok::SOLAR,
        )),
    }
}

/// How loud somebody is heard, where that was changed here.
fn volume(plate: &PlateView) -> Option<String> {
    let value = plate.volume.to_string();
    let changed = plate.volume != 100 && !plate.silenced && !plate.me;
    changed.then(|| tf("percent", &[("value", Arg::Text(&value))]))
}

/// The second line of somebody whose name is not enough begins with the id.
fn told_apart(plate: &PlateView, status: Option<(String, Color32)>) -> Option<(String, Color32)> {
    let Some(who) = &plate.namesake else { return status };
    Some(match status {
        Some((words, color)) => {
            let both = [("id", Arg::Text(&who.id)), ("words", Arg::Text(&words))];
            (tf("plate-namesake", &both), color)
        }
        None => (who.id.clone(), tok::TEXT_SOFT),
    })
}

fn one(ui: &Ui, cx: &mut Cx<'_>, at: usize, plate: &PlateView, most: egui::Vec2) -> (Response, Rect) {
    let name = if plate.me {
        t("plate-you").into_owned()
    } else {
        clean_name(&plate.name)
    };
    cx.fonts.note(&name);
    let sign = if plate.deafened {
        Some(icons::HEADPHONE_OFF)
    } else if plate.muted {
        Some(icons::MIC_OFF)
    } else {
        None
    };
    let volume = volume(plate);
    let loudness = match (plate.silenced && !plate.me, plate.volume) {
        (true, _) => Some(icons::VOLUME_X),
        (false, 0) if volume.is_some() => Some(icons::VOLUME_X),
        (false, 1..100) if volume.is_some() => Some(icons::VOLUME_1),
        (false, _) => volume.as_ref().map(|_| icons::VOLUME_2),
    };
    let doubtful = plate.namesake.as_ref().is_some_and(|who| who.doubtful);
    let signs = [
        doubtful.then_some((icons::TRIANGLE_ALERT, tok::SOLAR)),
        sign.map(|sign| (sign, tok::GIANT)),
        loudness.map(|sign| (sign, if plate.silenced { tok::GIANT } else { tok::ION })),
    ];
    let mut status = status(plate);
    if let Some(volume) = volume {
        let words = match &status {
            Some((words, _)) => tf(
                "plate-volume",
                &[("words", Arg::Text(words)), ("volume", Arg::Text(&volume))],
            ),
            None => volume,
        };
        status = Some((words, status.map_or(tok::TEXT_SOFT, |(_, color)| color)));
    }
    let status = told_apart(plate, status);
    let sign_room = 17.0 * signs.iter().flatten().count() as f32;
    let room = most.x - 20.0;
    let title = paint::line(
        ui,
        &name,
        Type::strong(tok::TYPE_NOTE, tok::TEXT).on(20.0),
        room - sign_room,
    );
    let line = status
        .as_ref()
        .map(|(words, color)| paint::line(ui, words, Type::regular(tok::TYPE_TINY, *color).on(18.0), room));
    let width = (title.size().x + sign_room).max(line.as_ref().map_or(0.0, |line| line.size().x)) + 20.0;
    let height = if line.is_some() { 45.0 } else { 26.0 };
    let top = plate.center.y + plate.radius * PLATE_AT;
    let rect = Rect::from_min_size(
        pos2((plate.center.x - width / 2.0).round(), top.round()),
        vec2(width, height),
    );
    paint::panel(ui.painter(), rect, tok::RADIUS_PLATE, tok::GLASS_PLATE, tok::LINE);

    let left = rect.center().x - (title.size().x + sign_room) / 2.0;
    let y = rect.top() + 13.0;
    for (at, (sign, color)) in signs.into_iter().flatten().enumerate() {
        let middle = pos2(left + 6.5 + 17.0 * at as f32, y);
        paint::icon(ui.painter(), middle, sign, 13.0, color);
    }
    paint::put(ui.painter(), pos2(left + sign_room, y), Align2::LEFT_CENTER, title);
    if let Some(line) = line {
        paint::put(
            ui.painter(),
            pos2(rect.center().x, rect.top() + 32.5),
            Align2::CENTER_CENTER,
            line,
        );
    }

    let body = Rect::from_center_size(plate.center, vec2(2.0, 2.0) * plate.radius).union(rect);
    let mut label = match &status {
        Some((words, _)) => format!("{name}, {words}"),
        None => name,
    };
    if plate.verified {
        label = format!("{label}, {}", t("verified"));
    }
    let map_name = if plate.me {
        "call.plate.me".to_owned()
    } else {
        format!("call.plate.{at}")
    };
    cx.mark(&map_name, rect);
    // Known by the person: who leaves does not hand the keyboard to the next one on the list.
    let id = Id::new(("orrery", "plate", plate.peer.0));
    let (sense, kind) = if plate.me {
        (Sense::focusable_noninteractive() | Sense::hover(), WidgetType::Label)
    } else {
        (Sense::click(), WidgetType::Button)
    };
    let response = ui.interact(body, id, sense);
    response.widget_info(|| WidgetInfo::labeled(kind, true, &label));
    if !plate.me && response.hovered() {
        ui.ctx().set_cursor_icon(egui::CursorIcon::PointingHand);
        ui.painter().rect_stroke(
            rect,
            CornerRadius::same(tok::RADIUS_PLATE),
            Stroke::new(1.0, tok::LINE_STRONG),
            StrokeKind::Inside,
        );
    }
    if response.has_focus() {
        paint::focus_ring(ui.painter(), rect, tok::RADIUS_PLATE);
    }
    if plate.verified {
        let planet = Rect::from_center_size(plate.center, vec2(2.0, 2.0) * plate.radius);
        let badge = paint::verified_badge(ui.painter(), planet);
        ui.interact(badge, response.id.with("verified"), Sense::hover())
            .on_hover_text(t("verified-tip").as_ref());
    }
    (response, rect)
}
