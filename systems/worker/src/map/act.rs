//! Commands on their way down.

use orrery_core::{Act, Policy, io::Direct};
use orrery_link::{Code, Command, DirectPolicy, Passphrase, Settings};
use orrery_protocol::{ChannelId, MessageRef, PeerId, invite::Invite, record::OrderKey};

use crate::signaling::ServerAddress;

/// Where a command goes.
#[derive(Debug)]
pub(crate) enum Route {
    /// To the core of an open profile.
    Core(Act),
    /// The worker does it itself.
    Own(Own),
    /// Nowhere: it cannot be right.
    Bad(Code),
}

/// What the worker does itself.
#[derive(Debug)]
pub(crate) enum Own {
    CreateProfile {
        name: String,
        passphrase: Passphrase,
        server: Option<String>,
    },
    Unlock {
        passphrase: Passphrase,
        remember: bool,
    },
    UnlockRemembered,
    SetRemembered(bool),
    Recover {
        phrase: Passphrase,
        passphrase: Passphrase,
    },
    Lock,
    ChangePassphrase {
        old: Passphrase,
        new: Passphrase,
    },
    SetRecoveryPhrase {
        passphrase: Passphrase,
        phrase: Passphrase,
    },
    RemoveRecoveryPhrase {
        passphrase: Passphrase,
    },
    ExportProfile {
        path: String,
    },
    RestoreProfile {
        path: String,
        secret: Passphrase,
    },
    LoadSafetyNumber(PeerId),
    CompareSafetyNumber {
        peer: PeerId,
        code: String,
    },
    SetSettings(Settings),
    MarkRead {
        channel: ChannelId,
        up_to: OrderKey,
    },
    LoadHistory {
        channel: ChannelId,
        before: Option<OrderKey>,
        after: Option<OrderKey>,
        around: Option<OrderKey>,
        limit: u32,
    },
    LoadAround {
        channel: ChannelId,
        target: MessageRef,
        limit: u32,
    },
    Search {
        query: String,
        channel: Option<ChannelId>,
        limit: u32,
    },
    ListDevices,
    HoldTalkKey(bool),
    PlacePeer {
        peer: PeerId,
        place: i8,
    },
    TestMicrophone {
        on: bool,
        hear: bool,
    },
    PlayTestTone,
    Reconnect,
    Resync,
    Shutdown,
}

/// Says where a command goes, and refuses what needs no more than a look.
pub(crate) fn route(command: Command) -> Route {
    let act = match command {
        Command::CreateProfile {
            name,
            passphrase,
            server,
        } => {
            return Route::Own(Own::CreateProfile {
                name,
                passphrase,
                server,
            });
        }
        Command::Unlock { passphrase, remember } => return Route::Own(Own::Unlock { passphrase, remember }),
        Command::UnlockRemembered {} => return Route::Own(Own::UnlockRemembered),
        Command::SetRemembered { on } => return Route::Own(Own::SetRemembered(on)),
        Command::Recover { phrase, passphrase } => return Route::Own(Own::Recover { phrase, passphrase }),
        Command::Lock {} => return Route::Own(Own::Lock),
        Command::ChangePassphrase { old, new } => return Route::Own(Own::ChangePassphrase { old, new }),
        Command::SetRecoveryPhrase { passphrase, phrase } => {
            return Route::Own(Own::SetRecoveryPhrase { passphrase, phrase });
        }
        Command::RemoveRecoveryPhrase { passphrase } => return Route::Own(Own::RemoveRecoveryPhrase { passphrase }),
        Command::ExportProfile { path } => return Route::Own(Own::ExportProfile { path }),
        Command::RestoreProfile { path, secret } => return Route::Own(Own::RestoreProfile { path, secret }),
        Command::LoadSafetyNumber { peer } => return Route::Own(Own::LoadSafetyNumber(peer)),
        Command::CompareSafetyNumber { peer, code } => return Route::Own(Own::CompareSafetyNumber { peer, code }),
        Command::SetSettings { settings } => return Route::Own(Own::SetSettings(settings.clamped())),
        Command::MarkRead { channel, up_to } => return Route::Own(Own::MarkRead { channel, up_to }),
        Command::LoadHistory {
            channel,
            before,
            after,
            around,
            limit,
        } => {
            return Route::Own(Own::LoadHistory {
                channel,
                before,
                after,
                around,
                limit,
            });
        }
        Command::LoadAround { channel, target, limit } => {
            return Route::Own(Own::LoadAround { channel, target, limit });
        }
        Command::Search { query, channel, limit } => return Route::Own(Own::Search { query, channel, limit }),
        Command::ListDevices {} => return Route::Own(Own::ListDevices),
        Command::PlacePeer { peer, place } => return Route::Own(Own::PlacePeer { peer, place }),
        Command::HoldTalkKey { held } => return Route::Own(Own::HoldTalkKey(held)),
        Command::TestMicrophone { on, hear } => return Route::Own(Own::TestMicrophone { on, hear }),
        Command::PlayTestTone {} => return Route::Own(Own::PlayTestTone),
        Command::Reconnect {} => return Route::Own(Own::Reconnect),
        Command::Resync {} => return Route::Own(Own::Resync),
        Command::Shutdown {} => return Route::Own(Own::Shutdown),

        Command::SetName { name } => Act::SetName(name),
        Command::SetServer { server } => match ServerAddress::parse(&server) {
            Ok(_) => Act::SetServer(server.trim().to_owned()),
            Err(_) => return Route::Bad(Code::BadServer),
        },
        Command::CreateInvite {} => Act::CreateInvite,
        Command::RevokeInvites {} => Act::RevokeInvites,
        Command::AddContact { link } => match link.parse::<Invite>() {
            Ok(invite) => Act::AddContact(invite),
            Err(_) => return Route::Bad(Code::BadLink),
        },
        Command::AcceptRequest { peer } => Act::AcceptRequest(peer),
        Command::DeclineRequest { peer } => Act::DeclineRequest(peer),
        Command::CancelRequest { peer } => Act::CancelRequest(peer),
        Command::RenameContact { peer, alias } => Act::RenameContact(peer, alias),
        Command::SetVerified { peer, verified } => Act::SetVerified(peer, verified),
        Command::SetPeerVolume { peer, percent } => Act::SetPeerVolume(peer, percent),
        Command::SilencePeer { peer, silenced } => Act::SilencePeer(peer, silenced),
        Command::BlockContact { peer } => Act::BlockContact(peer),
        Command::UnblockContact { peer } => Act::UnblockContact(peer),
        Command::RemoveContact { peer } => Act::RemoveContact(peer),
        Command::OpenChannel { channel } => Act::OpenChannel(channel),
        Command::CloseChannel { channel } => Act::CloseChannel(channel),
        Command::SendText {
            channel,
            text,
            reply_to,
        } => Act::SendText {
            channel,
            text,
            reply_to,
        },
        Command::EditText { channel, id, text } => Act::EditText { channel, id, text },
        Command::DeleteMessage { channel, id } => Act::DeleteMessage { channel, id },
        Command::React {
            channel,
            target,
            emoji,
            on,
        } => Act::React {
            channel,
            target,
            emoji,
            on,
        },
        Command::RetryMessage { channel, id } => Act::RetryMessage { channel, id },
        Command::CancelMessage { channel, id } => Act::CancelMessage { channel, id },
        Command::SetTyping { channel, on } => Act::SetTyping { channel, on },
        Command::SetDraft { channel, text } => Act::SetDraft { channel, text },
        Command::StartCall { peer } => Act::StartCall(peer),
        Command::AcceptCall { call } => Act::AcceptCall(call),
        Command::DeclineCall { call } => Act::DeclineCall(call),
        Command::LeaveCall { call } => Act::LeaveCall(call),
        Command::AddToCall { call, peer } => Act::AddToCall(call, peer),
        Command::SetMuted { muted } => Act::SetMuted(muted),
        Command::SetDeafened { deafened } => Act::SetDeafened(deafened),
        // The enum may grow; a command without an arm here is one this worker does not know.
        _ => return Route::Bad(Code::BadCommand),
    };
    Route::Core(act)
}

/// Whether a person waits for the server when this is done: then a socket that waits for its next try tries now.
pub(crate) fn wants_server(act: &Act) -> bool {
    matches!(
        act,
        Act::AddContact(_)
            | Act::AcceptRequest(_)
            | Act::SendText { .. }
            | Act::RetryMessage { .. }
            | Act::StartCall(_)
            | Act::AcceptCall(_)
            | Act::OpenChannel(_)
    )
}

/// The part of the settings that the core obeys.
pub(crate) fn policy(settings: &Settings) -> Policy {
    Policy {
        direct: match settings.direct {
            DirectPolicy::Calls => Direct::Calls,
            DirectPolicy::Conversations => Direct::Conversations,
            DirectPolicy::Contacts => Direct::Contacts,
        },
        read_receipts: settings.read_receipts,
        typing: settings.typing,
        presence: settings.presence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_only_a_look_is_refused_before_anything_is_touched() {
        let link = |text: &str| route(Command::AddContact { link: text.into() });
        assert!(matches!(link("hello"), Route::Bad(Code::BadLink)));
        assert!(matches!(link("orrery:abc?via=ws://a&t=x"), Route::Bad(Code::BadLink)));
        let server = |text: &str| route(Command::SetServer { server: text.into() });
        assert!(matches!(server("http://a"), Route::Bad(Code::BadServer)));
        assert!(matches!(server(" wss://a:1 "), Route::Core(Act::SetServer(text)) if text == "wss://a:1"));
    }

    #[test]
    fn settings_are_within_their_ranges_before_anybody_obeys_them() {
        let settings = Settings {
            input_volume: 9.0,
            output_volume: f32::NAN,
            ..Settings::default()
        };
        let Route::Own(Own::SetSettings(kept)) = route(Command::SetSettings { settings }) else {
            panic!("own")
        };
        assert_eq!((kept.input_volume, kept.output_volume), (2.0, 1.0));
    }

    #[test]
    fn a_person_who_waits_for_the_server_does_not_wait_for_the_back_off() {
        assert!(wants_server(&Act::StartCall(PeerId([1; 32]))));
        assert!(!wants_server(&Act::SetMuted(true)));
    }
}
