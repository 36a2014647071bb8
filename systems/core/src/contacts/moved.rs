//! Moving to another home server: theirs, and ours.

use orrery_protocol::{PeerId, record::ContactState};

use crate::{
    error::Result,
    inbox::Path,
    profile::{read_value, write_value},
    turn::Turn,
};

/// Those whom we had asked when we moved, until they are asked from the new home server.
const ASK_ANEW: &str = "ask_anew";

impl Turn<'_> {
    /// A contact's mailbox is at another server now. What the old one took and nobody receipted may lie there for good:
    /// it goes to the new one too, and who has it already says so again.
    pub(super) fn has_moved(&mut self, peer: &PeerId) -> Result<()> {
        if !self.is_contact(peer)? {
            return Ok(());
        }
        self.requeue(peer, true)?;
        // Receipts and introductions are no rows any more once they are taken.
        let owed = self.edit_contact(peer, |row| {
            row.profile_due = true;
            row.their_seq > 0
        })?;
        if owed == Some(true) {
            self.receipt_due(peer, Path::Server)?;
        }
        if self.live.online {
            self.tell_profile()?;
        }
        Ok(())
    }

    /// We move: whoever was asked and has not answered knows only the old mailbox. Durable, since the new server may be
    /// reached in a later run.
    pub(crate) fn ask_anew_later(&mut self) -> Result<()> {
        let rows = self.archive.contacts()?.into_iter();
        let asked: Vec<PeerId> = rows
            .filter(|row| row.state == ContactState::RequestedByUs)
            .map(|row| row.peer)
            .collect();
        write_value(self.archive, ASK_ANEW, &asked)
    }

    /// Asks from the new home server. Only once that knows us: the answer may come at once.
    pub(crate) fn ask_anew(&mut self) -> Result<()> {
        let asked: Vec<PeerId> = read_value(self.archive, ASK_ANEW)?.unwrap_or_default();
        if asked.is_empty() {
            return Ok(());
        }
        write_value(self.archive, ASK_ANEW, &Vec::<PeerId>::new())?;
        for peer in asked {
            let state = self.contact(&peer)?.map(|row| row.state);
            if state != Some(ContactState::RequestedByUs) {
                // Answered or taken back meanwhile.
                continue;
            }
            self.drop_requests(&peer)?;
            // The request says all that a profile would.
            self.edit_contact(&peer, |row| row.profile_due = false)?;
            self.post_request(&peer)?;
        }
        Ok(())
    }
}
