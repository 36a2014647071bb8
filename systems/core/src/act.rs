//! What a person wants, each to its noun.

use crate::{
    error::Result,
    io::{Act, Policy},
    turn::Turn,
};

impl Turn<'_> {
    pub(crate) fn act(&mut self, act: Act) -> Result<()> {
        match act {
            Act::SetName(name) => self.set_name(name),
            Act::SetServer(server) => self.set_server(server),
            Act::SetPolicy(policy) => self.set_policy(policy),
            Act::CreateInvite => self.create_invite(),
            Act::RevokeInvites => self.revoke_invites(),
            Act::AddContact(invite) => self.add_contact(invite),
            Act::AcceptRequest(peer) => self.accept_request(&peer),
            Act::DeclineRequest(peer) => self.decline_request(&peer),
            Act::CancelRequest(peer) => self.cancel_request(&peer),
            Act::RenameContact(peer, alias) => self.rename_contact(&peer, alias),
            Act::SetVerified(peer, verified) => self.set_verified(&peer, verified),
            Act::SetPeerVolume(peer, percent) => self.set_peer_volume(&peer, percent),
            Act::SilencePeer(peer, silenced) => self.silence_peer(&peer, silenced),
            Act::BlockContact(peer) => self.block_contact(&peer),
            Act::UnblockContact(peer) => self.unblock_contact(&peer),
            Act::RemoveContact(peer) => self.remove_contact(&peer),
            Act::OpenChannel(channel) => self.open_channel(channel),
            Act::CloseChannel(channel) => {
                self.close_channel(channel);
                Ok(())
            }
            Act::SendText {
                channel,
                text,
                reply_to,
            } => self.send_text(channel, text, reply_to),
            Act::EditText { channel, id, text } => self.edit_text(channel, id, text),
            Act::DeleteMessage { channel, id } => self.delete_text(channel, id),
            Act::React {
                channel,
                target,
                emoji,
                on,
            } => self.react(channel, target, emoji, on),
            Act::RetryMessage { channel, id } => self.retry_message(channel, id),
            Act::CancelMessage { channel, id } => self.cancel_message(channel, id),
            Act::SetTyping { channel, on } => self.set_typing(channel, on),
            Act::MarkRead { channel, up_to } => self.mark_read(channel, up_to),
            Act::SetDraft { channel, text } => self.set_draft(channel, text),
            Act::StartCall(peer) => self.start_call(&peer),
            Act::AcceptCall(call) => self.accept_call(call),
            Act::DeclineCall(call) => self.decline_call(call),
            Act::LeaveCall(call) => self.leave_call(call),
            Act::AddToCall(call, peer) => self.add_to_call(call, &peer),
            Act::SetMuted(on) => self.set_muted(on),
            Act::SetDeafened(on) => self.set_deafened(on),
            Act::Leave => self.leave(),
        }
    }

    fn set_policy(&mut self, policy: Policy) -> Result<()> {
        let before = std::mem::replace(&mut self.live.policy, policy);
        match (before.presence, policy.presence) {
            (true, false) => self.hide_presence(),
            (false, true) => self.announce_presence(),
            _ => Ok(()),
        }
    }

    /// The program ends: out of the call, receipts that are owed, goodbye.
    fn leave(&mut self) -> Result<()> {
        self.leave_any_call()?;
        self.flush_receipts()?;
        self.say_gone()?;
        self.live.open_channels.clear();
        let connected: Vec<_> = self.live.connections.keys().copied().collect();
        for peer in connected {
            self.drop_connection(&peer, true)?;
        }
        Ok(())
    }
}
