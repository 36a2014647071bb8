//! Safety numbers, and what protects the profile: passphrases, the recovery phrase, a copy in one file, locking.

use std::time::{Duration, Instant};

use bevy::input::{
    keyboard::KeyboardInput,
    mouse::{MouseButtonInput, MouseWheel},
};
use bevy::prelude::*;
use orrery_ecs::derive::CurrentCall;
use orrery_ecs::profile::{Profile, SafetyNumber};
use orrery_link::{Code, Command, Passphrase};
use orrery_protocol::PeerId;
use orrery_ui::UiAction;
use orrery_ui::view::{Outcome, Work};

use super::{panes, send};
use crate::desk::{Asked, Desk, Pane, error};
use crate::redraw::Wishes;

pub(super) fn act(world: &mut World, action: UiAction) {
    match action {
        UiAction::OpenCompare(key) => {
            let peer = PeerId(key.0);
            orrery_ecs::channel::close(world);
            panes::show(world, Pane::Compare(peer));
            world.resource_mut::<Desk>().outcome = Outcome::None;
            world.resource_mut::<SafetyNumber>().0 = None;
            send(world, Command::LoadSafetyNumber { peer }, Asked::Plain);
        }
        UiAction::CompareCode { peer, code } => {
            world.resource_mut::<Desk>().outcome = Outcome::None;
            let peer = PeerId(peer.0);
            send(world, Command::CompareSafetyNumber { peer, code }, Asked::Compare(peer));
        }
        UiAction::SetVerified { peer, on } => {
            let peer = PeerId(peer.0);
            send(world, Command::SetVerified { peer, verified: on }, Asked::Plain);
        }
        UiAction::Lock => {
            keep_drafts(world);
            send(world, Command::Lock {}, Asked::Plain);
        }
        UiAction::ChangePassphrase { old, new } => {
            let command = Command::ChangePassphrase {
                old: Passphrase::new(old.expose().to_owned()),
                new: Passphrase::new(new.expose().to_owned()),
            };
            begin(world, Work::Passphrase, command);
        }
        UiAction::MakePhrase => {
            let words = orrery_worker::new_recovery_phrase();
            let mut desk = world.resource_mut::<Desk>();
            (desk.secrets.done, desk.secrets.failed) = (None, None);
            desk.secrets.words = words;
        }
        UiAction::DropPhrase => world.resource_mut::<Desk>().secrets.words = None,
        UiAction::KeepPhrase { passphrase } => {
            let Some(words) = world.resource::<Desk>().secrets.words.clone() else {
                return;
            };
            let command = Command::SetRecoveryPhrase {
                passphrase: Passphrase::new(passphrase.expose().to_owned()),
                phrase: Passphrase::new(words.as_str().to_owned()),
            };
            begin(world, Work::Phrase, command);
        }
        UiAction::RemovePhrase { passphrase } => {
            let passphrase = Passphrase::new(passphrase.expose().to_owned());
            begin(world, Work::NoPhrase, Command::RemoveRecoveryPhrase { passphrase });
        }
        UiAction::SetRemembered(on) => begin(world, Work::Remember, Command::SetRemembered { on }),
        UiAction::Export { path } => {
            world.resource_mut::<Desk>().secrets.file = Some(path.clone());
            begin(world, Work::Export, Command::ExportProfile { path });
        }
        _ => {}
    }
}

/// What was typed a moment ago is not lost by locking.
fn keep_drafts(world: &mut World) {
    let drafts = world.resource_mut::<crate::present::Panels>().0.take_drafts();
    for (channel, text) in drafts {
        let channel = orrery_protocol::ChannelId(channel.0);
        send(world, Command::SetDraft { channel, text }, Asked::Quiet);
    }
}

fn begin(world: &mut World, work: Work, command: Command) {
    let mut desk = world.resource_mut::<Desk>();
    (desk.secrets.work, desk.secrets.done, desk.secrets.failed) = (Some(work), None, None);
    send(world, command, Asked::Secret(work));
}

/// One of these things is done, or not.
pub(super) fn answered(desk: &mut Desk, work: Work, result: Result<(), Code>) {
    let secrets = &mut desk.secrets;
    secrets.work = None;
    match result {
        Ok(()) => {
            secrets.done = Some(work);
            // Its fields are emptied. What is being written down meanwhile stays.
            secrets.count += 1;
            if work == Work::Phrase {
                secrets.words = None;
            }
        }
        Err(code) => secrets.failed = Some((work, error(code))),
    }
}

/// A comparison was answered. What came of one that is no longer looked at must not stand beside another person.
pub(super) fn compared(desk: &mut Desk, peer: PeerId, result: Result<(), Code>) {
    if desk.pane != Pane::Compare(peer) {
        return;
    }
    desk.outcome = match result {
        Ok(()) => Outcome::Same,
        Err(Code::SafetyNumberDiffers) => Outcome::Differs,
        Err(code) => Outcome::Bad(error(code)),
    };
}

/// When a hand was last on the window.
#[derive(Resource, Debug)]
pub(crate) struct LastHand(pub(crate) Instant);

impl Default for LastHand {
    fn default() -> Self {
        Self(Instant::now())
    }
}

/// Whether it is time to lock; otherwise how long it still takes.
fn due(idle: Duration, after_min: u32) -> Result<(), Duration> {
    let after = Duration::from_secs(u64::from(after_min) * 60);
    match after.checked_sub(idle) {
        Some(left) if !left.is_zero() => Err(left),
        _ => Ok(()),
    }
}

/// Locks the profile that nobody has touched for as long as the person has set, outside calls and while nothing is worked at.
#[expect(clippy::too_many_arguments, reason = "everything that a hand does")]
pub(super) fn lock_when_idle(
    mut commands: Commands,
    mut last: ResMut<LastHand>,
    mut keys: MessageReader<KeyboardInput>,
    mut buttons: MessageReader<MouseButtonInput>,
    mut wheel: MessageReader<MouseWheel>,
    mut pointer: MessageReader<bevy::window::CursorMoved>,
    profile: Res<Profile>,
    mut typed: MessageReader<bevy::window::Ime>,
    mut touches: MessageReader<bevy::input::touch::TouchInput>,
    call: Res<CurrentCall>,
    desk: Res<Desk>,
    wishes: Res<Wishes>,
) {
    let hands = keys.read().count() + typed.read().count() + touches.read().count();
    let touched = hands + buttons.read().count() + wheel.read().count() + pointer.read().count() > 0;
    // A file that is being written would be left unfinished.
    let busy = call.own.is_some() || call.incoming.is_some() || desk.secrets.work.is_some();
    let minutes = profile.open().map_or(0, |open| open.settings.lock_after_min);
    if touched || minutes == 0 || busy {
        last.0 = Instant::now();
        if touched || minutes == 0 {
            return;
        }
    }
    match due(last.0.elapsed(), minutes) {
        Ok(()) => {
            last.0 = Instant::now();
            commands.queue(|world: &mut World| {
                keep_drafts(world);
                send(world, Command::Lock {}, Asked::Quiet);
            });
        }
        // A window that sleeps wakes up for it.
        Err(left) => wishes.note(left),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_time_to_lock_after_so_many_minutes_and_not_before() {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        assert_eq!(due(minutes(4), 5), Err(minutes(1)));
        assert_eq!(due(minutes(5), 5), Ok(()));
        assert_eq!(due(minutes(600), 5), Ok(()));
    }
}
