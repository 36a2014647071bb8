//! From what a person did to what is to be done: commands for the worker, and changes of the window's own state.

mod answers;
mod calls;
mod entrance;
mod happened;
mod lost;
mod panes;
mod people;
mod security;
mod settings;
mod voice;
mod writing;

use bevy::prelude::*;
use bevy_egui::{EguiContext, EguiPostUpdateSet, PrimaryEguiContext};
use orrery_ecs::link::Outbox;
use orrery_ecs::{AppSystems, LinkSystems};
use orrery_link::Command;
use orrery_ui::UiAction;

#[cfg(test)]
pub(crate) use security::LastHand;

use crate::desk::{Asked, Desk};
use crate::likeness::{self, Likeness};
use crate::present::Actions;

/// Sends a command and remembers what for.
pub(crate) fn send(world: &mut World, command: Command, asked: Asked) {
    let reference = world.resource_mut::<Outbox>().send(command);
    if asked == Asked::Quiet && reference.is_some() {
        return;
    }
    world.resource_mut::<Desk>().ask(reference, asked);
}

/// Carries out what was done in this frame.
fn decide(world: &mut World) {
    if world.resource::<Actions>().0.is_empty() {
        return;
    }
    let actions = std::mem::take(&mut world.resource_mut::<Actions>().0);
    for action in actions {
        tracing::debug!(?action, "done");
        carry_out(world, action);
    }
}

fn carry_out(world: &mut World, action: UiAction) {
    use UiAction as A;
    match action {
        A::CreateProfile { .. }
        | A::Unlock { .. }
        | A::UnlockRemembered
        | A::Recover { .. }
        | A::Restore { .. }
        | A::ChooseProfile(_)
        | A::NewProfile
        | A::OtherForm
        | A::BackToProfiles => entrance::act(world, action),
        A::OpenCompare(_)
        | A::CompareCode { .. }
        | A::SetVerified { .. }
        | A::Lock
        | A::ChangePassphrase { .. }
        | A::MakePhrase
        | A::DropPhrase
        | A::KeepPhrase { .. }
        | A::RemovePhrase { .. }
        | A::SetRemembered(_)
        | A::Export { .. } => security::act(world, action),
        A::Quit => {
            world.write_message(AppExit::Success);
        }
        A::OpenChannel(_) | A::CloseMain | A::OpenSettings | A::OpenAddContact | A::OpenCall => {
            panes::act(world, action);
        }
        A::DismissToast(id) => world.resource_mut::<Desk>().dismiss(id),
        A::OpenLogFolder | A::OpenProfileFolder => settings::open_folder(world, &action),
        A::OpenLink(link) => with_egui(world, |ctx| ctx.open_url(bevy_egui::egui::OpenUrl::new_tab(link))),
        A::Copied => world
            .resource_mut::<Desk>()
            .toast(orrery_ui::view::Notice::Copied, None, None),
        A::LinkEdited(_)
        | A::SendRequest { .. }
        | A::NewLink
        | A::CancelRequest(_)
        | A::AcceptRequest(_)
        | A::DeclineRequest(_)
        | A::AcceptWelcome
        | A::DismissWelcome
        | A::RenameContact { .. }
        | A::BlockContact(_)
        | A::UnblockContact(_)
        | A::RemoveContact(_)
        | A::CopyPeerId(_) => people::act(world, action),
        A::SendText { .. }
        | A::EditText { .. }
        | A::DeleteMessage { .. }
        | A::React { .. }
        | A::RetryMessage { .. }
        | A::CancelMessage { .. }
        | A::DraftChanged { .. }
        | A::Typing(_)
        | A::LoadOlder(_)
        | A::LoadNewer(_)
        | A::JumpToPresent(_)
        | A::JumpTo { .. }
        | A::MarkRead { .. }
        | A::Search { .. }
        | A::CloseSearch(_) => writing::act(world, action),
        A::StartCall(_)
        | A::AcceptCall(_)
        | A::DeclineCall(_)
        | A::LeaveCall(_)
        | A::CloseCall(_)
        | A::AddToCall { .. }
        | A::SetMuted(_)
        | A::SetDeafened(_) => calls::act(world, action),
        A::HoldTalkKey(_) | A::SetPeerVolume { .. } | A::SilencePeer { .. } => voice::act(world, action),
        A::Set(_) | A::MicTest { .. } | A::TestTone | A::WatchDevices(_) | A::DismissBanner(_) => {
            settings::act(world, action);
        }
        A::RetryConnection => send(world, Command::Reconnect {}, Asked::Plain),
        // An action of a later version of the panels: nothing here knows how to do it.
        _ => tracing::error!(?action, "nobody carries this out"),
    }
}

/// Something egui's own output does: the clipboard, opening an address.
pub(crate) fn with_egui(world: &mut World, act: impl FnOnce(&bevy_egui::egui::Context)) {
    let mut contexts = world.query_filtered::<&mut EguiContext, With<PrimaryEguiContext>>();
    if let Ok(mut context) = contexts.single_mut(world) {
        let ctx = context.get_mut();
        act(ctx);
        // It goes out with the next pass.
        ctx.request_repaint();
    }
}

/// Adds the decisions.
pub(crate) fn plugin(app: &mut App) {
    // The window's input adds these too; without a window nobody has a hand on it.
    app.add_message::<bevy::input::keyboard::KeyboardInput>()
        .add_message::<bevy::input::mouse::MouseButtonInput>()
        .add_message::<bevy::input::mouse::MouseWheel>()
        .add_message::<bevy::window::CursorMoved>()
        .add_message::<bevy::window::Ime>()
        .add_message::<bevy::input::touch::TouchInput>()
        .init_resource::<crate::present::Panels>()
        .init_resource::<security::LastHand>()
        .init_resource::<Likeness>()
        .add_plugins(crate::keys::state);
    app.configure_sets(
        PostUpdate,
        (AppSystems::Decide, LinkSystems::Flush)
            .chain()
            .after(EguiPostUpdateSet::EndPass),
    )
    .add_systems(
        Update,
        (
            answers::hear,
            likeness::follow.before(happened::hear),
            happened::hear,
            calls::follow,
            entrance::follow,
            entrance::remembered,
            panes::follow,
            writing::follow,
            people::follow,
            writing::give_back.after(answers::hear),
            settings::follow,
            voice::follow,
            voice::places,
            security::lock_when_idle,
        ),
    )
    .add_systems(PostUpdate, decide.in_set(AppSystems::Decide));
}
