//! A hand for the gallery: some states are reached only by what a person does, and are shown as they come out of that.

use bevy::prelude::*;
use bevy_egui::egui::{self, Event, PointerButton};
use bevy_egui::input::EguiInputEvent;
use orrery_ui::UiState;

/// What a person does on a screen.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    /// Clicks on a named widget.
    Press(&'static str),
    /// Writes where the caret is.
    Write(&'static str),
    /// Takes the pointer away, so that nothing is lit by it.
    Leave,
}

impl Act {
    /// The events of it; `None` while its widget is not on the screen.
    pub(super) fn events(self, panels: &UiState) -> Option<Vec<Event>> {
        Some(match self {
            Self::Press(name) => {
                let pos = panels.widgets().get(name)?.center();
                let button = |pressed| Event::PointerButton {
                    pos,
                    button: PointerButton::Primary,
                    pressed,
                    modifiers: egui::Modifiers::NONE,
                };
                vec![Event::PointerMoved(pos), button(true), button(false)]
            }
            Self::Write(text) => vec![Event::Text(text.into())],
            Self::Leave => vec![Event::PointerGone],
        })
    }
}

/// Hands events to the window's egui.
pub(super) fn send(events: Vec<Event>, context: Entity, input: &mut MessageWriter<EguiInputEvent>) {
    input.write_batch(events.into_iter().map(|event| EguiInputEvent { context, event }));
}
