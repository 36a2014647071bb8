//! The call: header, name plates, controls. The planets themselves are drawn by the app behind the panels.

mod add_people;
mod controls;
mod hands;
mod person;
mod plates;
mod quality;

use egui::{Align2, Context, CornerRadius, Key, Modifiers, Rect, Ui, pos2, vec2};

use crate::action::UiAction;
use crate::cx::{Cx, keyed, t, tf};
use crate::entry::{take_key, typing};
use crate::home::Place;
use crate::icons;
use crate::paint::{self, Type};
use crate::state::{NotesRead, UiState};
use crate::strings::{self, Arg};
use crate::text::{clean_name, duration};
use crate::tokens as tok;
use crate::view::{CallPhase, CallView, EndReason, HomeView, Level, MainPane, PeerKey};
use crate::widgets::{self, Kind};

pub(crate) use hands::{TalkHands, own_keys};
pub(crate) use person::PersonMenu;
pub(crate) use quality::QualityState;

/// Keys that count wherever one is, even while writing or over a question: what is said and heard cannot wait.
pub(crate) fn keys(ctx: &Context, cx: &mut Cx<'_>, home: &HomeView) {
    let pressed = |key| take_key(ctx, Modifiers::COMMAND | Modifiers::SHIFT, key, false);
    if pressed(Key::M) {
        cx.emit(UiAction::SetMuted(!home.me.is_silent()));
    }
    if pressed(Key::D) {
        cx.emit(UiAction::SetDeafened(!home.me.deafened));
    }
    // Taken without a call too: to a field it would mean to delete a letter.
    if pressed(Key::H)
        && let Some(call) = &home.call
        && !matches!(call.phase, CallPhase::Ended { .. })
    {
        cx.emit(UiAction::LeaveCall(call.call));
    }
    if let Some(incoming) = cx.view.incoming {
        if pressed(Key::A) {
            cx.emit(UiAction::AcceptCall(incoming.call));
        } else if pressed(Key::R) {
            cx.emit(UiAction::DeclineCall(incoming.call));
        }
    }
}

/// Keys that count while a call is looked at and nothing is typed.
pub(crate) fn shortcuts(ctx: &Context, cx: &mut Cx<'_>, quality: &mut QualityState, home: &HomeView) {
    let MainPane::Call(call) = &home.main else { return };
    if typing(ctx) || matches!(call.phase, CallPhase::Ended { .. }) {
        return;
    }
    if take_key(ctx, Modifiers::NONE, Key::M, false) {
        cx.emit(UiAction::SetMuted(!call.is_silent()));
    }
    if take_key(ctx, Modifiers::NONE, Key::D, false) {
        cx.emit(UiAction::SetDeafened(!call.deafened));
    }
    if take_key(ctx, Modifiers::NONE, Key::Q, false) {
        quality.toggle();
    }
}

/// Draws the call in the main pane.
pub(crate) fn call(ui: &mut Ui, cx: &mut Cx<'_>, place: &Place, state: &mut UiState, view: &CallView) {
    let mut stage = place.below();
    header(ui, cx, place, &mut state.quality, view);
    if let CallPhase::Ended { reason, seconds } = &view.phase {
        state.stage = Some(stage);
        ended(ui, cx, stage, view, reason, *seconds);
        return;
    }
    // What has to be said and what is looked at take their room from the stage: they hide nobody.
    if state.quality.is_open() {
        let panel = quality::place(stage);
        if panel == stage {
            state.stage = Some(stage);
            quality::panel(ui, cx, panel, &mut state.quality);
            return;
        }
        stage.max.x = panel.left();
        quality::panel(ui, cx, panel, &mut state.quality);
    }
    stage.min.y = notes(ui, cx, stage, &mut state.notes_read, view);
    state.stage = Some(stage);
    state.call_hover = plates::plates(ui, cx, state, stage);
    controls::controls(ui, cx, stage, state, view);
}

/// Most names spelt out in the header.
const NAMES: usize = 4;

fn names(view: &CallView) -> String {
    let mut names = view
        .names
        .iter()
        .take(NAMES)
        .map(|name| clean_name(name))
        .collect::<Vec<_>>()
        .join(", ");
    if let Some(more) = view.names.len().checked_sub(NAMES).filter(|more| *more > 0) {
        let more = Arg::Number(i64::try_from(more).unwrap_or(i64::MAX));
        names = tf("call-and-more", &[("names", Arg::Text(&names)), ("count", more)]);
    }
    names
}

fn header(ui: &Ui, cx: &mut Cx<'_>, place: &Place, quality: &mut QualityState, view: &CallView) {
    let left = place.header(ui, cx);
    let bar = place.bar();
    let y = bar.center().y;
    let names = names(view);
    let with = if view.names.is_empty() {
        t("call-alone").into_owned()
    } else {
        tf("call-with", &[("names", Arg::Text(&names))])
    };
    let (title, second) = match &view.phase {
        CallPhase::RingingOut { .. } => (
            tf("call-ringing", &[("names", Arg::Text(&names))]),
            t("call-calling").into_owned(),
        ),
        CallPhase::Connecting => (with, t("call-connecting").into_owned()),
        CallPhase::Active { since_ms } => {
            let seconds = (cx.clock().now_ms - since_ms) / 1000;
            ui.ctx().request_repaint_after(std::time::Duration::from_millis(500));
            (with, duration(seconds))
        }
        CallPhase::Ended { .. } => (with, t("call-over").into_owned()),
    };
    // End-to-end encryption is always so; whether everybody was verified is what differs.
    let (words, color, icon) = if view.all_verified {
        (t("call-encrypted-verified"), tok::AURORA, icons::SHIELD_CHECK)
    } else {
        (t("call-encrypted"), tok::TEXT_SOFT, icons::SHIELD)
    };
    let mut right = bar.right() - 20.0;
    if !matches!(view.phase, CallPhase::Ended { .. }) {
        let button = Rect::from_center_size(pos2(bar.right() - 26.0, y), vec2(tok::ICON_BUTTON, tok::ICON_BUTTON));
        let label = keyed("quality-title", "press-quality");
        let color = if quality.is_open() { tok::ION } else { tok::TEXT_SOFT };
        if widgets::icon_button(ui, cx, "call.quality", button, icons::ACTIVITY, &label, color).clicked() {
            quality.toggle();
        }
        right = button.left() - 14.0;
    }
    let kind = Type::regular(tok::TYPE_SMALL, color);
    let galley = paint::line(ui, &words, kind, 240.0);
    let sign_end = right + 2.0;
    let roomy = bar.width() > 560.0;
    if roomy {
        let rect = paint::put(ui.painter(), pos2(right, y), Align2::RIGHT_CENTER, galley);
        right = rect.left();
    }
    paint::icon(ui.painter(), pos2(right - 12.0, y), icon, tok::ICON_SMALL, color);
    let sign = Rect::from_min_max(pos2(right - 22.0, y - 12.0), pos2(sign_end, y + 12.0));
    let tip = if view.all_verified {
        t("verified-tip")
    } else {
        t("call-encrypted-tip")
    };
    ui.interact(sign, crate::cx::named("call.encrypted"), egui::Sense::hover())
        .on_hover_text(tip.as_ref());
    right -= 34.0;

    let kind = Type::regular(tok::TYPE_SMALL, tok::TEXT_SOFT);
    let second = paint::line(ui, &second, kind, 120.0);
    let strong = Type::strong(tok::TYPE_TITLE, tok::TEXT);
    let room = right - left - second.size().x - 12.0;
    let drawn = paint::label(ui, pos2(left, y), Align2::LEFT_CENTER, &title, strong, room);
    cx.mark("call.title", drawn);
    paint::put(
        ui.painter(),
        pos2(drawn.right() + 12.0, y + 0.5),
        Align2::LEFT_CENTER,
        second,
    );
}

/// What needs saying during the call, below the header: trouble with sound, and once of each stranger that they see this
/// computer's address. Gives where the stage begins below it.
fn notes(ui: &mut Ui, cx: &mut Cx<'_>, stage: Rect, read: &mut NotesRead, view: &CallView) -> f32 {
    let width = (stage.width() - 32.0).min(500.0);
    let mut top = stage.top() + 14.0;
    let one = |ui: &mut Ui, top: f32, level: Level, words: &str, closes: bool| {
        let room = if closes { width - 84.0 } else { width - 56.0 };
        let galley = paint::paragraph(ui, words, Type::regular(tok::TYPE_NOTE, tok::TEXT).on(18.0), room);
        let rect = Rect::from_min_size(
            pos2(stage.center().x - width / 2.0, top),
            vec2(width, galley.size().y + 20.0),
        );
        let (color, icon) = if level == Level::Warn {
            (tok::SOLAR, icons::TRIANGLE_ALERT)
        } else {
            (tok::ION, icons::INFO)
        };
        paint::panel(ui.painter(), rect, tok::RADIUS, tok::GLASS_CARD, tok::LINE_STRONG);
        paint::icon(
            ui.painter(),
            pos2(rect.left() + 22.0, rect.center().y),
            icon,
            16.0,
            color,
        );
        paint::put(
            ui.painter(),
            pos2(rect.left() + 42.0, rect.center().y),
            Align2::LEFT_CENTER,
            galley,
        );
        rect
    };
    for error in &view.trouble {
        top = one(ui, top, Level::Warn, &strings::error(error), false).bottom() + 8.0;
    }
    if read.call != Some(view.call) {
        *read = NotesRead {
            call: Some(view.call),
            ..NotesRead::default()
        };
    }
    let unread = || view.strangers.iter().filter(|one| !read.peers.contains(&one.peer));
    if unread().next().is_some() {
        let names = unread().map(|one| clean_name(&one.name)).collect::<Vec<_>>().join(", ");
        let rect = one(
            ui,
            top,
            Level::Info,
            &tf("call-strangers", &[("names", Arg::Text(&names))]),
            true,
        );
        let close = Rect::from_center_size(pos2(rect.right() - 20.0, rect.center().y), vec2(26.0, 26.0));
        if widgets::icon_button(
            ui,
            cx,
            "call.note_close",
            close,
            icons::X,
            &t("dismiss"),
            tok::TEXT_SOFT,
        )
        .clicked()
        {
            read.peers.extend(view.strangers.iter().map(|one| one.peer));
        }
        top = rect.bottom() + 8.0;
    }
    let heard: Vec<(PeerKey, String)> = cx
        .view
        .plates
        .iter()
        .filter(|plate| plate.echo && !plate.me && !read.echoes.contains(&plate.peer))
        .map(|plate| (plate.peer, clean_name(&plate.name)))
        .collect();
    for (at, (peer, name)) in heard.into_iter().enumerate() {
        let words = tf("call-echo", &[("name", Arg::Text(&name))]);
        let rect = one(ui, top, Level::Info, &words, true);
        let close = Rect::from_center_size(pos2(rect.right() - 20.0, rect.center().y), vec2(26.0, 26.0));
        let (map, label) = (format!("call.echo_close.{at}"), t("dismiss"));
        if widgets::icon_button(ui, cx, &map, close, icons::X, &label, tok::TEXT_SOFT).clicked() {
            read.echoes.insert(peer);
        }
        top = rect.bottom() + 8.0;
    }
    if top > stage.top() + 14.0 { top } else { stage.top() }
}

/// The call is over: why, how long it was, and the way on.
fn ended(ui: &mut Ui, cx: &mut Cx<'_>, stage: Rect, view: &CallView, reason: &EndReason, seconds: u32) {
    let names = names(view);
    let named = |key: &str| tf(key, &[("name", Arg::Text(&names))]);
    let (title, lead) = match reason {
        EndReason::Left => (t("ended-left").into_owned(), String::new()),
        EndReason::TheyLeft => (named("ended-they-left"), String::new()),
        EndReason::Declined => (named("ended-declined"), String::new()),
        EndReason::Busy => (named("ended-busy"), t("ended-busy-lead").into_owned()),
        EndReason::NoAnswer => (named("ended-no-answer"), t("ended-no-answer-lead").into_owned()),
        EndReason::Cancelled => (t("ended-cancelled").into_owned(), String::new()),
        EndReason::Failed(error) => (t("ended-failed").into_owned(), strings::error(error)),
    };
    let lead = if seconds > 0 {
        tf("ended-length", &[("time", Arg::Text(&duration(i64::from(seconds))))])
    } else {
        lead
    };
    let width = 360.0_f32.min(stage.width() - 32.0);
    let kind = Type::body(tok::TEXT_SOFT);
    let lead_height = if lead.is_empty() {
        0.0
    } else {
        paint::paragraph(ui, &lead, kind, width - 56.0).size().y + 6.0
    };
    let title_kind = Type::strong(tok::TYPE_CARD, tok::TEXT).on(26.0);
    let title_height = paint::paragraph(ui, &title, title_kind, width - 56.0).size().y;
    let height = 28.0 + title_height + lead_height + 20.0 + tok::BUTTON_HEIGHT + 26.0;
    let rect = Rect::from_center_size(stage.center() - vec2(0.0, 20.0), vec2(width, height));
    ui.painter()
        .rect_filled(rect, CornerRadius::same(tok::RADIUS_LARGE), tok::GLASS_CARD);
    paint::panel(ui.painter(), rect, tok::RADIUS_LARGE, tok::CLEAR, tok::LINE_STRONG);
    let top = pos2(rect.center().x, rect.top() + 28.0);
    paint::centered(ui, top, &title, title_kind, width - 56.0);
    if !lead.is_empty() {
        paint::centered(ui, top + vec2(0.0, title_height + 6.0), &lead, kind, width - 56.0);
    }
    let buttons = Rect::from_min_max(
        pos2(rect.left() + 28.0, rect.bottom() - 26.0 - tok::BUTTON_HEIGHT),
        pos2(rect.right() - 28.0, rect.bottom() - 26.0),
    );
    let again = view
        .channel
        .filter(|_| !matches!(reason, EndReason::Left | EndReason::TheyLeft));
    let back = match again {
        Some(channel) => {
            let half = (buttons.width() - 10.0) / 2.0;
            let call = Rect::from_min_size(
                pos2(buttons.right() - half, buttons.top()),
                vec2(half, buttons.height()),
            );
            if widgets::button(
                ui,
                cx,
                "call.again",
                call,
                &t("call-again"),
                Some(icons::PHONE),
                Kind::Primary,
            )
            .clicked()
            {
                cx.emit(UiAction::StartCall(channel));
            }
            Rect::from_min_size(buttons.min, vec2(half, buttons.height()))
        }
        None => buttons,
    };
    if widgets::button(ui, cx, "call.close", back, &t("close"), None, Kind::Quiet).clicked() {
        cx.emit(UiAction::CloseCall(view.call));
    }
}
