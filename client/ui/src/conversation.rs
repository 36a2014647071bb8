//! A conversation: header, history, typing line, composer, search.

mod composer;
mod emoji;
mod header;
mod history;
mod row;
mod search;
mod talk_state;

use egui::{Rect, Ui, pos2};

use crate::action::UiAction;
use crate::cx::Cx;
use crate::home::Place;
use crate::paint;
use crate::state::UiState;
use crate::tokens as tok;
use crate::view::{ConversationView, MainPane};

pub(crate) use talk_state::TalkState;

/// Draws a conversation in the main pane.
pub(crate) fn conversation(ui: &mut Ui, cx: &mut Cx<'_>, place: &Place, state: &mut UiState, view: &ConversationView) {
    if state.talk_open != Some(view.channel) {
        state.talk_open = Some(view.channel);
        state.talk_last = Some(view.channel);
        if let Some(talk) = state.talks.get_mut(&view.channel) {
            // Opened again: begin where reading goes on, and with the keyboard in the composer.
            talk.opened = false;
            talk.to_present = false;
            (talk.asked_older, talk.asked_newer) = (None, None);
            talk.composer.wants_focus = true;
        }
    }
    let UiState { talks, dialog, .. } = state;
    let talk = talks.entry(view.channel).or_default();
    talk.composer.take_draft(view);
    talk.composer.take_returned(view);

    let below = place.below();
    paint::vertical_gradient(ui.painter(), below, tok::TALK_TOP, tok::TALK_BOTTOM);
    header::header(ui, cx, place, talk, dialog, view);

    composer::shortcuts(ui.ctx(), talk);
    let composer = composer::composer(ui, cx, below, talk, view);
    let history = Rect::from_min_max(below.min, pos2(below.right(), composer.top()));
    let moved = history.translate(egui::vec2(0.0, place.drop));
    history::history(ui, cx, moved.intersect(history), talk, dialog, view);
    search::results(ui, cx, history, talk, view);
    emoji::picker(ui, cx, talk, view);
}

/// Gives the drafts of conversations that are no longer shown to the app at once.
pub(crate) fn leave_others(cx: &mut Cx<'_>, state: &mut UiState, main: &MainPane) {
    let shown = match main {
        MainPane::Conversation(talk) => Some(talk.channel),
        _ => None,
    };
    if shown.is_none() {
        state.talk_open = None;
    }
    for (channel, talk) in &mut state.talks {
        if Some(*channel) != shown
            && let Some(text) = talk.composer.take_unsaved()
        {
            cx.emit(UiAction::DraftChanged {
                channel: *channel,
                text,
            });
        }
    }
}
