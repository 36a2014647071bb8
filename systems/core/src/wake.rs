//! Time: what has become due, and when the next thing will.

use crate::{error::Result, live::Live, turn::Turn};

impl Turn<'_> {
    /// Does what is due by now; cheap when nothing is.
    pub(crate) fn tick(&mut self) -> Result<()> {
        self.tick_tickets()?;
        self.tick_direct();
        self.tick_receipts()?;
        self.tick_typing();
        self.tick_presence()?;
        self.tick_connections()?;
        self.tick_call()?;
        if self.live.prekeys_at.is_some_and(|at| at <= self.mono_ms()) {
            self.look_after_prekeys(None)?;
        }
        self.live.looked_at = self.mono_ms();
        Ok(())
    }
}

impl Live {
    /// When something is due next, mono.
    pub(crate) fn next_wake(&self) -> Option<u64> {
        let lanes = self.lanes.values().filter_map(|lane| lane.next_due()).min();
        let receipts = self.receipts.values().map(|timer| timer.at).min();
        let in_call = |peer| {
            self.call
                .as_ref()
                .is_some_and(|call| call.joined().any(|member| member == peer))
        };
        let connections = self
            .connections
            .iter()
            .filter_map(|(peer, connection)| connection.due(in_call(peer)))
            .min();
        // An attempt whose time has passed was begun, or nobody wants it any more.
        let attempts = self
            .attempts
            .iter()
            .filter(|(peer, attempt)| attempt.retry_at > self.looked_at && !self.connections.contains_key(peer))
            .map(|(_, attempt)| attempt.retry_at)
            .min();
        let call = self.call.as_ref().and_then(|call| call.due());
        let tickets = self.tickets.values().map(|ticket| ticket.until).min();
        [
            lanes,
            tickets,
            receipts,
            self.typing.due(),
            self.presence.due(),
            connections,
            attempts,
            call,
            self.prekeys_at,
        ]
        .into_iter()
        .flatten()
        .min()
    }
}
