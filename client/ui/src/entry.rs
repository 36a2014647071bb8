//! One pass over the whole window.

use egui::{Context, Id, Key, LayerId, Modifiers, Rect, Ui, UiBuilder, vec2};

use crate::action::UiAction;
use crate::cx::Cx;
use crate::state::{FirstStartState, Shown, UiState, UnlockState};
use crate::tokens as t;
use crate::view::{HomeView, MainPane, RootView, ScreenView};
use crate::{call, home, overlay, start};

/// Draws one pass of the window and adds to `out` what the person did. May run several times a frame: what is done by
/// key or pointer is reported once, because egui hands its events to one pass only.
pub fn show(ctx: &Context, state: &mut UiState, view: &RootView<'_>, out: &mut Vec<UiAction>) {
    state.map.clear();
    state.fonts.poll(ctx);
    state.stage = None;
    state.call_hover = None;

    // Taken out so that panels can be handed the rest of the state beside them.
    let mut map = std::mem::take(&mut state.map);
    let mut fonts = std::mem::take(&mut state.fonts);
    let mut cx = Cx {
        view,
        out,
        map: &mut map,
        fonts: &mut fonts,
    };

    let window = ctx.content_rect();
    let builder = UiBuilder::new().layer_id(LayerId::background()).max_rect(window);
    let mut root = Ui::new(ctx.clone(), Id::new("orrery"), builder);
    root.spacing_mut().item_spacing = vec2(0.0, 0.0);

    remember_screen(ctx, state, view);
    shortcuts(ctx, state, &mut cx);
    let (opacity, drop) = entrance(ctx, state.shown.since, view.reduced_motion);
    root.set_opacity(opacity);
    let place = window.translate(vec2(0.0, drop));
    match view.screen {
        ScreenView::Starting => start::starting(&root, window),
        ScreenView::Profiles(profiles) => start::profiles(&mut root, &mut cx, place, profiles),
        ScreenView::FirstStart(form) => start::first_start(&mut root, &mut cx, place, &mut state.first_start, form),
        ScreenView::Unlock(form) => start::unlock(&mut root, &mut cx, place, &mut state.unlock, form),
        ScreenView::Home(view) => home::home(&mut root, &mut cx, window, state, view),
        ScreenView::Broken(broken) => start::broken(&mut root, &mut cx, place, broken),
    }
    overlay::toasts(ctx, &mut cx, window);
    if let ScreenView::Home(home) = view.screen {
        overlay::dialog(ctx, &mut cx, &mut state.dialog);
        overlay::palette(ctx, &mut cx, &mut state.palette, &mut state.quality, home);
    }
    if let Some(incoming) = view.incoming {
        overlay::incoming(ctx, &mut cx, window, incoming);
    }

    state.map = map;
    state.fonts = fonts;
}

/// Notes what is shown and since when; forgets passphrases as soon as their screen has gone.
fn remember_screen(ctx: &Context, state: &mut UiState, view: &RootView<'_>) {
    let now = ctx.input(|input| input.time);
    let screen = match view.screen {
        ScreenView::Starting => 1,
        ScreenView::Profiles(_) => 2,
        ScreenView::FirstStart(_) => 3,
        ScreenView::Unlock(_) => 4,
        ScreenView::Home(_) => 5,
        ScreenView::Broken(_) => 6,
    };
    if state.shown.screen != screen {
        state.shown = Shown {
            screen,
            since: now,
            pane: 0,
            pane_since: now,
        };
        // What can be undone in a field would bring back what was typed there before.
        ctx.data_mut(|data| data.remove_by_type::<egui::text_edit::TextEditState>());
        if screen != 3 {
            state.first_start = FirstStartState::default();
        }
        if screen != 4 {
            state.unlock = UnlockState::default();
        }
        if screen != 5 {
            state.settings.forget_devices();
            state.dialog = None;
            state.palette = None;
            state.talks.clear();
            state.talk_open = None;
            state.talk_last = None;
        }
    }
}

/// Opacity and downward offset of something that appeared at `since`.
pub(crate) fn entrance(ctx: &Context, since: f64, still: bool) -> (f32, f32) {
    if still {
        return (1.0, 0.0);
    }
    let age = (ctx.input(|input| input.time) - since).max(0.0) as f32;
    let share = (age / t::TIME_PANEL).min(1.0);
    if share < 1.0 {
        ctx.request_repaint();
    }
    // Fast at first, settling: no overshoot.
    let eased = 1.0 - (1.0 - share).powi(3);
    (eased, (1.0 - eased) * t::MOVE_PANEL)
}

/// Takes one key press with exactly these modifiers out of the input. Held keys that repeat count only if `repeats`.
pub(crate) fn take_key(ctx: &Context, modifiers: Modifiers, key: Key, repeats: bool) -> bool {
    ctx.input_mut(|input| {
        let mut hit = false;
        input.events.retain(|event| {
            let egui::Event::Key {
                key: pressed_key,
                pressed: true,
                modifiers: held,
                repeat,
                ..
            } = event
            else {
                return true;
            };
            if *pressed_key == key && held.matches_exact(modifiers) {
                hit |= repeats || !repeat;
                return false;
            }
            true
        });
        hit
    })
}

/// Whether somebody types into something.
pub(crate) fn typing(ctx: &Context) -> bool {
    ctx.text_edit_focused()
}

/// Takes Enter where it means "send the form": in a field, or with the keyboard nowhere. On a button it presses that.
pub(crate) fn take_submit(ctx: &Context) -> bool {
    let free = typing(ctx) || ctx.memory(|memory| memory.focused().is_none());
    free && take_key(ctx, Modifiers::NONE, Key::Enter, false)
}

fn shortcuts(ctx: &Context, state: &mut UiState, cx: &mut Cx<'_>) {
    let ScreenView::Home(home) = cx.view.screen else {
        state.talk_hands = call::TalkHands::default();
        return;
    };
    if state.settings.keys.waits() {
        state.settings.keys.take(ctx, cx, &home.keys);
        return;
    }
    call::own_keys(ctx, cx, &mut state.talk_hands, home);
    call::keys(ctx, cx, home);
    if state.dialog.is_some() {
        return;
    }
    if take_key(ctx, Modifiers::COMMAND, Key::K, false) {
        state.palette = if state.palette.is_some() {
            None
        } else {
            Some(overlay::Palette::default())
        };
    }
    if state.palette.is_some() {
        return;
    }
    if take_key(ctx, Modifiers::COMMAND, Key::Comma, false) {
        cx.emit(UiAction::OpenSettings);
    }
    if take_key(ctx, Modifiers::COMMAND, Key::L, false) {
        lock(cx, &mut state.dialog, home);
    }
    if take_key(ctx, Modifiers::COMMAND, Key::N, false) {
        cx.emit(UiAction::OpenAddContact);
    }
    for (key, step) in [(Key::ArrowUp, -1), (Key::ArrowDown, 1)] {
        if take_key(ctx, Modifiers::ALT, key, true)
            && let Some(channel) = neighbour(home, step)
        {
            cx.emit(UiAction::OpenChannel(channel));
        }
    }
    call::shortcuts(ctx, cx, &mut state.quality, home);
    let closes = matches!(
        home.main,
        MainPane::Settings(_) | MainPane::AddContact(_) | MainPane::Compare(_)
    );
    if closes && !egui::Popup::is_any_open(ctx) && !typing(ctx) && take_key(ctx, Modifiers::NONE, Key::Escape, false) {
        cx.emit(state.back_to_talk(home));
    }
}

/// Locks; asks first where that would leave a call.
pub(crate) fn lock(cx: &mut Cx<'_>, dialog: &mut Option<overlay::Dialog>, home: &HomeView) {
    let runs = |call: &crate::view::RunningCall| !matches!(call.phase, crate::view::CallPhase::Ended { .. });
    if home.call.as_ref().is_some_and(runs) {
        *dialog = Some(overlay::Dialog::Lock);
    } else {
        cx.emit(UiAction::Lock);
    }
}

/// The conversation before or after the open one in the list.
fn neighbour(home: &HomeView, step: i32) -> Option<crate::view::ChannelKey> {
    let open = match &home.main {
        MainPane::Conversation(talk) => home.contacts.iter().position(|row| row.channel == talk.channel),
        _ => None,
    };
    let count = home.contacts.len();
    let at = match (open, step < 0) {
        (None, _) => 0,
        (Some(at), true) => at.checked_sub(1)?,
        (Some(at), false) => at + 1,
    };
    (at < count)
        .then(|| home.contacts.get(at).map(|row| row.channel))
        .flatten()
}

/// A child of `ui` over exactly `rect`, clipped to it.
pub(crate) fn within(ui: &mut Ui, rect: Rect, salt: &str) -> Ui {
    let mut child = ui.new_child(UiBuilder::new().id_salt(salt).max_rect(rect));
    child.set_clip_rect(rect.intersect(ui.clip_rect()));
    child
}
