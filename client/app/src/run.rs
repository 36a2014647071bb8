//! The whole program, from the command line to the last line of the log.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use bevy::prelude::*;
use bevy::window::{PrimaryWindow, WindowCloseRequested};
use orrery_link::Command;
use orrery_protocol::ChannelId;
use orrery_ui::view::ChannelKey;

use crate::cli::Args;
use crate::desk::Desk;
use crate::display::{self, EXIT_NO_DISPLAY, EXIT_NO_WINDOW};
use crate::keys::trigger::{self, Sent, Trigger};
use crate::log::LogFile;
use crate::notify::Notifier;
use crate::prefs::{Kept, Preferences};
use crate::profiles::Profiles;
use crate::session::{self, Session};
use crate::{decide, event_log, frame_log, gallery, keys, present, widget_file, window};

/// Exit code of `orrery --trigger` when a window is there and the trigger means nothing to it now.
const EXIT_NO_MEANING: u8 = 5;

/// The profile named on the command line.
#[derive(Resource, Clone, Debug)]
struct Named(Option<std::path::PathBuf>);

/// Runs the window until it is closed.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    if let Some(trigger) = args.trigger {
        return tell(trigger, args.profile.as_deref());
    }
    if !display::is_there() {
        eprintln!(
            "orrery: there is no display here. A window needs X11 or Wayland (DISPLAY or WAYLAND_DISPLAY).\n\
             Without one, `orrery-headless` does the same behind a console, and `./dev demo` shows both."
        );
        return ExitCode::from(EXIT_NO_DISPLAY);
    }
    let log = LogFile::start();
    // The window and graphics libraries have no other way of saying that they cannot start.
    match catch_unwind(AssertUnwindSafe(|| start(args, log))) {
        Ok(code) => code,
        Err(_) => {
            eprintln!("orrery: the window could not be kept open; what is written above says why.");
            ExitCode::from(EXIT_NO_WINDOW)
        }
    }
}

/// Tells the window that is open.
fn tell(trigger: Trigger, profile: Option<&std::path::Path>) -> ExitCode {
    match trigger::send(trigger, profile) {
        Sent::Taken => ExitCode::SUCCESS,
        Sent::Meaningless => {
            eprintln!(
                "orrery: {trigger} means nothing now: no call runs, or its mode is not push to talk or push to mute."
            );
            ExitCode::from(EXIT_NO_MEANING)
        }
        Sent::Nobody => {
            eprintln!("orrery: no window with an open profile was found.");
            ExitCode::FAILURE
        }
    }
}

fn start(args: &Args, log: LogFile) -> ExitCode {
    // The window is there before the profile is chosen: without one named, the last used one's size is the likeliest.
    let last = || {
        let profiles = Profiles::of_this_person().filter(|_| args.shots.is_none());
        profiles.and_then(|profiles| profiles.last_used())
    };
    let kept = args
        .profile
        .clone()
        .or_else(last)
        .and_then(|folder| Preferences::read(&folder).size);
    let size = args.size.or(kept).unwrap_or(window::DEFAULT_SIZE);
    let mut app = window::app(args, size);
    app.add_plugins((frame_log::plugin(args), widget_file::plugin(args)));
    if args.shots.is_some() {
        app.add_plugins(gallery::plugin(args));
    } else {
        session::prepare(&mut app, Session::new(args, Some(log)));
        app.insert_resource(Named(args.profile.clone()))
            .init_resource::<Asked>()
            .insert_resource(Notifier::start())
            .add_plugins((
                present::plugin,
                decide::plugin,
                keys::plugin,
                session::plugin,
                event_log::plugin(args),
            ))
            .add_systems(PostStartup, (listen, begin))
            .add_systems(Last, (close, keep_size));
    }
    let exit = app.run();
    // The app is gone with its world by now: `Last` has shut the worker down.
    match exit {
        AppExit::Success => ExitCode::SUCCESS,
        AppExit::Error(code) => ExitCode::from(code.get()),
    }
}

/// Somebody outside asks the program to end: Ctrl+C in a terminal, a session that closes.
#[derive(Resource, Clone, Debug, Default)]
struct Asked(std::sync::Arc<std::sync::atomic::AtomicBool>);

/// Listens for such wishes. A second one of its kind does not wait for the first to be carried out; of another kind it is the same
/// wish by another way (Ctrl+C reaches `./dev run` too, which then ends what it started).
#[cfg(unix)]
fn listen(asked: Res<Asked>, proxy: Res<bevy::winit::EventLoopProxyWrapper>) {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use std::sync::atomic::Ordering;
    let (asked, proxy) = (asked.0.clone(), (**proxy).clone());
    let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM]) else {
        tracing::warn!("signals cannot be listened to; they end the program at once");
        return;
    };
    let thread = std::thread::Builder::new()
        .name("orrery-signals".into())
        .spawn(move || {
            let mut first = None;
            for signal in signals.forever() {
                if *first.get_or_insert(signal) == signal && asked.swap(true, Ordering::AcqRel) {
                    std::process::exit(128 + signal);
                }
                // Fails when the loop has ended already, and then there is nothing left to wake.
                let _ = proxy.send_event(bevy::winit::WinitUserEvent::WakeUp);
            }
        });
    if let Err(error) = thread {
        tracing::warn!(%error, "no thread for signals");
    }
}

/// Elsewhere the system closes the window itself.
#[cfg(not(unix))]
fn listen() {}

fn begin(world: &mut World) {
    let named = world.resource::<Named>().0.clone();
    session::begin(world, named);
}

/// Closing the window, Ctrl+C and Quit all end here: the profile is closed before the program goes.
fn close(world: &mut World, mut closing: Local<bool>) {
    let asked = !world.resource::<Messages<WindowCloseRequested>>().is_empty();
    let quits = !world.resource::<Messages<AppExit>>().is_empty();
    let asked = asked || world.resource::<Asked>().0.load(std::sync::atomic::Ordering::Acquire);
    if *closing || !(asked || quits) {
        return;
    }
    *closing = true;
    // Out of sight at once; what is left to do takes a moment.
    let mut windows = world.query_filtered::<&mut Window, With<PrimaryWindow>>();
    if let Ok(mut window) = windows.single_mut(world) {
        window.visible = false;
    }
    let mut last = drafts(world);
    last.extend(settings(world));
    session::shut_down(world, last, window::SHUTDOWN_DEADLINE);
    if asked && !quits {
        world.write_message(AppExit::Success);
    }
}

/// What was typed in the last moment is kept with the rest.
fn drafts(world: &mut World) -> Vec<Command> {
    let drafts = world.resource_mut::<present::Panels>().0.take_drafts().into_iter();
    let keep = |(channel, text): (ChannelKey, String)| Command::SetDraft {
        channel: ChannelId(channel.0),
        text,
    };
    drafts.map(keep).collect()
}

/// The same of a slider that was let go of just now.
fn settings(world: &World) -> Option<Command> {
    let desk = world.resource::<Desk>();
    let settings = desk.settings.clone().filter(|_| desk.settings_at.is_some())?;
    Some(Command::SetSettings { settings })
}

/// The size of the window is kept once it has been still for a moment.
fn keep_size(
    window: Query<&Window, With<PrimaryWindow>>,
    time: Res<Time<Real>>,
    mut last: Local<Option<((u32, u32), f64)>>,
    mut kept: ResMut<Kept>,
) {
    let Ok(window) = window.single() else { return };
    let size = (window.width().round() as u32, window.height().round() as u32);
    let now = time.elapsed_secs_f64();
    match &*last {
        Some((seen, since)) if *seen == size => {
            if now - since > 1.0 && kept.get().size != Some(size) {
                kept.bypass_change_detection().change(|prefs| prefs.size = Some(size));
            }
        }
        _ => *last = Some((size, now)),
    }
}
