//! A hand for the gallery: some states are reached only by what a person does, and are shown as they come out of that.

use bevy::prelude::*;
use bevy_egui::egui::{self, Event, PointerButton};
use bevy_egui::input::EguiInputEvent;
use orrery_ui::UiState;

/// A place on the page of the main pane, at every size.
const PAGE: egui::Pos2 = egui::pos2(700.0, 400.0);

/// What a person does on a screen.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    /// Clicks on a named widget.
    Press(&'static str),
    /// Writes where the caret is.
    Write(&'static str),
    /// Turns the wheel by so many points over the page; towards the foot of a page is less than zero.
    Scroll(f32),
    /// Presses a key.
    Key(egui::Key),
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
            Self::Scroll(points) => vec![
                Event::PointerMoved(PAGE),
                Event::MouseWheel {
                    unit: egui::MouseWheelUnit::Point,
                    delta: egui::vec2(0.0, points),
                    phase: egui::TouchPhase::Move,
                    modifiers: egui::Modifiers::NONE,
                },
            ],
            Self::Key(key) => [true, false]
                .map(|pressed| Event::Key {
                    key,
                    physical_key: None,
                    pressed,
                    repeat: false,
                    modifiers: egui::Modifiers::NONE,
                })
                .into(),
            Self::Leave => vec![Event::PointerGone],
        })
    }
}

/// Hands events to the window's egui.
pub(super) fn send(events: Vec<Event>, context: Entity, input: &mut MessageWriter<EguiInputEvent>) {
    input.write_batch(events.into_iter().map(|event| EguiInputEvent { context, event }));
}
