//! When the window is drawn: as often as something moves, and not once more.
//!
//! | | GPU | no GPU |
//! |---|---|---|
//! | focused | 60 a second | in a call 12, else when something happens (≤ 15) |
//! | focused, reduced motion | in a call 30, else when something happens | the same as without |
//! | unfocused, in a call, or while something moves (a ringing call) | 10 | 10 |
//! | unfocused | when something happens | when something happens |
//! | hidden | never | never |
//!
//! "Something happens" is input, a fact from the worker (its waker sends the window a wake-up), or somebody wishing for a
//! frame through [`Wishes`]: egui for a fade or a caret, the scene for a picture that is still to be drawn. In the background
//! nobody watches seconds being counted: wishes for later are not heard there.
//!
//! The waits are few and fixed on purpose: the window loop draws an extra frame at each change of its mode.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bevy::ecs::message::Messages;
use bevy::prelude::*;
use bevy::window::{PrimaryWindow, RequestRedraw, WindowEvent, WindowOccluded};
use bevy::winit::{UpdateMode, WinitSettings};
use bevy_egui::input::WindowToEguiContextMap;
use bevy_egui::{EguiContext, EguiInput, EguiPreUpdateSet, PrimaryEguiContext, egui};

use crate::cosmos::SceneInput;
use crate::quality::Quality;

/// Time between frames when everything moves.
const SMOOTH: Duration = Duration::from_micros(16_667);
/// The same in a call under reduced motion: only voices move.
const CALM: Duration = Duration::from_micros(33_333);
/// The least time between any two frames without a GPU.
const SOFTWARE: Duration = Duration::from_micros(66_667);
/// In a call without a GPU: what is left of the processor belongs to the sound.
const SOFTWARE_CALL: Duration = Duration::from_millis(80);
/// The most that is drawn in the background: in a call, and while something moves.
const BACKGROUND: Duration = Duration::from_millis(100);
/// Somebody wishes for a frame soon, but not at once (a tooltip, a caret).
const SOON: Duration = Duration::from_millis(500);
/// Wishes up to here are served at the pace of motion.
const AT_ONCE: Duration = Duration::from_millis(100);
/// Wishes up to here are served after [`SOON`]; later ones wait for the idle frame.
const LATEST_SOON: Duration = Duration::from_millis(1500);
/// When nothing moves: a frame now and then keeps relative times ("12 m") true.
const IDLE: Duration = Duration::from_secs(30);
/// A window that nobody sees looks up this often, without drawing, in case a message was lost.
const ASLEEP: Duration = Duration::from_secs(600);

/// When somebody wishes for the next frame. Forgotten with each frame: who still wishes, says so again.
#[derive(Resource, Clone, Debug, Default)]
pub struct Wishes(Arc<Mutex<Option<Duration>>>);

impl Wishes {
    /// A frame is wished for after `delay`. The earliest wish counts.
    pub fn note(&self, delay: Duration) {
        if let Ok(mut wish) = self.0.lock() {
            *wish = Some(wish.map_or(delay, |other| other.min(delay)));
        }
    }

    fn take(&self) -> Option<Duration> {
        self.0.lock().ok()?.take()
    }
}

/// What the policy depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Situation {
    quality: Quality,
    focused: bool,
    hidden: bool,
    in_call: bool,
    reduced_motion: bool,
    wish: Option<Duration>,
    /// Input came in with this frame.
    input: bool,
}

/// How long to wait for the next frame, and whether events bring it earlier.
fn policy(s: Situation) -> (Duration, bool) {
    if s.hidden {
        return (ASLEEP, true);
    }
    // Without a GPU a stream of events must not become a stream of frames.
    let pressed = s.input && s.quality == Quality::Low;
    let at_once = s.wish.is_some_and(|wish| wish <= AT_ONCE);
    if !s.focused {
        return if s.in_call || at_once || pressed {
            (BACKGROUND, false)
        } else {
            (IDLE, true)
        };
    }
    // While frames come by themselves, events wait for the next one: it is never far.
    match (s.quality, s.in_call) {
        (Quality::Low, true) => (SOFTWARE_CALL, false),
        (Quality::Low, false) if at_once || pressed => (SOFTWARE, false),
        (Quality::High, true) if s.reduced_motion => (CALM, false),
        (Quality::High, _) if at_once || !s.reduced_motion => (SMOOTH, false),
        _ if s.wish.is_some_and(|wish| wish <= LATEST_SOON) => (SOON, true),
        _ => (IDLE, true),
    }
}

/// The time until the next frame, as it was last ordered.
#[derive(Resource, Clone, Copy, Debug, Default)]
pub(crate) struct Pace(Duration);

impl Pace {
    #[cfg(test)]
    pub(crate) fn smooth() -> Self {
        Self(SMOOTH)
    }

    /// Frames follow each other as fast as anything here is ever drawn.
    pub(crate) fn is_smooth(self) -> bool {
        self.0 == SMOOTH
    }
}

/// Nobody can see the window: it is covered, minimised, or on another workspace.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hidden(pub(crate) bool);

fn notice_occlusion(
    mut occluded: MessageReader<WindowOccluded>,
    mut hidden: ResMut<Hidden>,
    mut cameras: Query<&mut Camera, With<PrimaryEguiContext>>,
) {
    for message in occluded.read() {
        hidden.set_if_neq(Hidden(message.occluded));
        for mut camera in &mut cameras {
            camera.is_active = !message.occluded;
        }
    }
}

/// egui's wishes go to [`Wishes`] only. The callback that `bevy_egui` puts in would wake the loop past every pace.
fn redirect_egui(mut contexts: Query<&mut EguiContext, Added<EguiContext>>, wishes: Res<Wishes>) {
    for mut context in &mut contexts {
        let wishes = wishes.clone();
        context
            .get_mut()
            .set_request_repaint_callback(move |info| wishes.note(info.delay));
    }
}

/// `bevy_egui` tells egui the modifiers in every frame, and to egui any event is a reason for one more frame. Said once
/// they mean the same.
fn drop_echoes(mut inputs: Query<(&mut EguiInput, &mut Told)>) {
    for (mut input, mut told) in &mut inputs {
        input.events.retain(|event| match event {
            egui::Event::ModifiersChanged(now) => std::mem::replace(&mut told.0, *now) != *now,
            _ => true,
        });
    }
}

/// The modifiers that egui was told last.
#[derive(Component, Clone, Copy, Debug, Default)]
struct Told(egui::Modifiers);

#[expect(clippy::too_many_arguments, reason = "the policy looks at everything")]
fn set_policy(
    quality: Res<Quality>,
    hidden: Res<Hidden>,
    scene: Res<SceneInput>,
    wishes: Res<Wishes>,
    window: Query<&Window, With<PrimaryWindow>>,
    mut requests: ResMut<Messages<RequestRedraw>>,
    mut events: MessageReader<WindowEvent>,
    mut settings: ResMut<WinitSettings>,
    mut pace: ResMut<Pace>,
) {
    // `bevy_egui` asks for the very next frame even where egui wished for a later one; wishes say it better.
    requests.clear();
    let Ok(window) = window.single() else { return };
    let input = events.read().count() > 0;
    let (wait, react) = policy(Situation {
        quality: *quality,
        focused: window.focused,
        hidden: hidden.0,
        in_call: scene.call.is_some(),
        reduced_motion: scene.reduced_motion,
        wish: wishes.take(),
        input,
    });
    pace.0 = wait;
    let mode = UpdateMode::Reactive {
        wait,
        react_to_device_events: false,
        react_to_user_events: react,
        react_to_window_events: react,
    };
    if settings.focused_mode != mode || settings.unfocused_mode != mode {
        settings.focused_mode = mode;
        settings.unfocused_mode = mode;
    }
}

/// Adds the policy. After `EguiPlugin`.
pub(crate) fn plugin(app: &mut App) {
    app.init_resource::<Hidden>()
        .init_resource::<Wishes>()
        .init_resource::<Pace>()
        .insert_resource(WinitSettings::desktop_app())
        .register_required_components::<EguiInput, Told>()
        .add_systems(
            PreUpdate,
            (
                notice_occlusion,
                redirect_egui.after(WindowToEguiContextMap::on_egui_context_added_system),
                drop_echoes
                    .after(EguiPreUpdateSet::ProcessInput)
                    .before(EguiPreUpdateSet::BeginPass),
            ),
        )
        .add_systems(Last, set_policy);
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: Situation = Situation {
        quality: Quality::High,
        focused: true,
        hidden: false,
        in_call: false,
        reduced_motion: false,
        wish: None,
        input: false,
    };

    #[test]
    fn a_hidden_window_wakes_for_events_only() {
        for in_call in [false, true] {
            let s = Situation {
                hidden: true,
                in_call,
                wish: Some(Duration::ZERO),
                input: true,
                ..BASE
            };
            assert_eq!(policy(s), (ASLEEP, true));
        }
    }

    #[test]
    fn without_a_gpu_no_stream_of_events_or_wishes_makes_frames_faster_than_the_cap() {
        for in_call in [false, true] {
            for focused in [false, true] {
                for (input, wish) in [
                    (true, None),
                    (false, Some(Duration::ZERO)),
                    (true, Some(Duration::ZERO)),
                ] {
                    let s = Situation {
                        quality: Quality::Low,
                        in_call,
                        input,
                        wish,
                        focused,
                        ..BASE
                    };
                    let (wait, react) = policy(s);
                    assert!(wait >= SOFTWARE && !react, "{s:?}");
                }
            }
        }
    }

    #[test]
    fn an_idle_window_waits_for_events_only() {
        let low = policy(Situation {
            quality: Quality::Low,
            ..BASE
        });
        let still = policy(Situation {
            reduced_motion: true,
            ..BASE
        });
        let background = policy(Situation { focused: false, ..BASE });
        assert_eq!([low, still, background], [(IDLE, true); 3]);
    }

    #[test]
    fn in_the_background_a_call_has_ten_frames_a_second() {
        for quality in [Quality::Low, Quality::High] {
            let s = Situation {
                quality,
                focused: false,
                in_call: true,
                ..BASE
            };
            assert_eq!(policy(s), (BACKGROUND, false));
        }
    }

    #[test]
    fn in_the_background_a_countdown_draws_nothing_and_what_moves_ten_frames_a_second() {
        for quality in [Quality::Low, Quality::High] {
            for reduced_motion in [false, true] {
                let s = Situation {
                    quality,
                    reduced_motion,
                    focused: false,
                    ..BASE
                };
                let wishing = |ms| {
                    policy(Situation {
                        wish: Some(Duration::from_millis(ms)),
                        ..s
                    })
                };
                // A ringing card, a fade, a microphone test.
                for ms in [0, 16, 33, 100] {
                    assert_eq!(wishing(ms), (BACKGROUND, false), "{ms} {s:?}");
                }
                // The next try in so many seconds, a toast that goes, a tooltip.
                for ms in [101, 480, 500, 1500, 60_000] {
                    assert_eq!(wishing(ms), (IDLE, true), "{ms} {s:?}");
                }
            }
        }
    }

    #[test]
    fn nothing_makes_the_background_faster_than_ten_frames_a_second() {
        let wishes = [None, Some(Duration::ZERO), Some(Duration::from_millis(500))];
        for quality in [Quality::Low, Quality::High] {
            for (in_call, input) in [(false, false), (false, true), (true, false), (true, true)] {
                for wish in wishes {
                    let s = Situation {
                        quality,
                        in_call,
                        input,
                        wish,
                        focused: false,
                        ..BASE
                    };
                    assert!(policy(s).0 >= BACKGROUND, "{s:?}");
                }
            }
        }
    }

    #[test]
    fn in_front_a_countdown_is_seen_to_count() {
        let s = Situation {
            reduced_motion: true,
            wish: Some(Duration::from_millis(500)),
            ..BASE
        };
        assert_eq!(policy(s), (SOON, true));
        let ringing = Situation {
            wish: Some(Duration::from_millis(33)),
            ..s
        };
        assert_eq!(policy(ringing), (SMOOTH, false));
    }

    #[test]
    fn a_blinking_caret_costs_two_frames_a_second() {
        let s = Situation {
            quality: Quality::Low,
            wish: Some(Duration::from_millis(480)),
            ..BASE
        };
        assert_eq!(policy(s), (SOON, true));
    }

    #[test]
    fn the_earliest_wish_counts_and_is_forgotten_once_taken() {
        let wishes = Wishes::default();
        wishes.note(Duration::from_secs(2));
        wishes.note(Duration::from_millis(5));
        wishes.note(Duration::from_secs(1));
        assert_eq!(wishes.take(), Some(Duration::from_millis(5)));
        assert_eq!(wishes.take(), None);
    }
}
