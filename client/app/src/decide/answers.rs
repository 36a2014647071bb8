//! What came of the commands.

use bevy::prelude::*;
use orrery_ecs::link::{Answer, RESYNC};
use orrery_link::Code;
use orrery_ui::view::Notice;

use crate::desk::{Asked, Desk, error};

pub(super) fn hear(mut commands: Commands, mut answers: MessageReader<Answer>, mut desk: ResMut<Desk>) {
    for answer in answers.read() {
        if let Some((RESYNC, _)) = answer.reference.split_once(':') {
            // Events were lost. What was asked before would have been answered by now.
            let lost = desk.bypass_change_detection().asked_before(&answer.reference);
            commands.queue(move |world: &mut World| super::lost::settle(world, lost));
            continue;
        }
        let Some(asked) = desk.bypass_change_detection().answered(&answer.reference) else {
            // Without a name of ours it was the entities' own; a page that did not come they tell themselves.
            if let Err(code) = answer.result
                && !matches!(code, Code::NoSuchMessage | Code::NoSuchChannel)
            {
                tracing::warn!(?code, "not done");
            }
            continue;
        };
        desk.settle(&asked, answer.result.is_ok());
        match answer.result {
            Ok(()) => done(&mut desk, asked),
            Err(code) => failed(&mut desk, asked, code),
        }
    }
}

fn done(desk: &mut Desk, asked: Asked) {
    match asked {
        Asked::Request(name) => desk.toast(Notice::RequestSent { name }, None, None),
        Asked::Setting => desk.toast(Notice::Saved, None, None),
        Asked::Devices => super::settings::list_later(desk),
        Asked::Compare(peer) => super::security::compared(desk, peer, Ok(())),
        Asked::Secret(work) => super::security::answered(desk, work, Ok(())),
        _ => {}
    }
}

fn failed(desk: &mut Desk, asked: Asked, code: Code) {
    tracing::info!(?code, "not done");
    match asked {
        Asked::Open => {
            desk.busy = None;
            desk.error = Some(error(code));
        }
        Asked::Search => {
            desk.search = desk.search.take().map(|(query, _)| (query, false));
            desk.complain(error(code));
        }
        Asked::StartCall => {
            desk.calling = false;
            desk.complain(error(code));
        }
        // The pane says by itself that there is no link yet.
        Asked::Invite => {}
        Asked::Request(_)
        | Asked::Setting
        | Asked::Settings
        | Asked::Muted(_)
        | Asked::Deafened(_)
        | Asked::Heard(_)
        | Asked::Text(_)
        | Asked::Plain => desk.complain(error(code)),
        Asked::Devices => super::settings::list_later(desk),
        Asked::Compare(peer) => super::security::compared(desk, peer, Err(code)),
        Asked::Secret(work) => super::security::answered(desk, work, Err(code)),
        Asked::Quiet => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_passphrase_is_said_on_its_screen_and_frees_the_form() {
        let mut desk = Desk::default();
        desk.busy = Some(orrery_ui::view::Busy::DerivingKey);
        failed(&mut desk, Asked::Open, Code::WrongPassphrase);
        assert_eq!(desk.busy, None);
        assert_eq!(
            desk.error.as_ref().map(|error| error.code.as_str()),
            Some("wrong_passphrase")
        );
        assert_eq!(desk.toasts().count(), 0);
    }
}
