//! Rows and states on their way up.

use orrery_core::io::{CallState, Change, Link, ParticipantPhase as CorePhase, Phase};
use orrery_link::{
    CallPhase, CallView, ContactView, DirectState, Event, MessageView, ParticipantPhase, ParticipantView, SearchHit,
};
use orrery_protocol::{
    ChannelId, MessageRef,
    record::{ContactRecord, ContactState, MessageKind, MessageRecord},
};
use orrery_store::History;

/// Characters of a message that those which answer it bring along.
const QUOTED_CHARS: usize = 160;

/// A contact as it is shown.
pub(crate) fn contact(record: ContactRecord, here: bool, direct: Link, sending: bool) -> ContactView {
    let asks = matches!(
        record.state,
        ContactState::RequestedByUs | ContactState::RequestedByThem
    );
    ContactView {
        // The row may be older: that of an earlier acquaintance.
        asked_ms: if asks { record.last_activity_ms } else { 0 },
        sending,
        peer: record.peer,
        state: record.state,
        name: record.name,
        alias: record.alias,
        blocked: record.blocked,
        verified: record.verified,
        volume: record.volume,
        silenced: record.silenced,
        via: record.via,
        here,
        last_seen_ms: record.last_seen_ms,
        direct: match direct {
            Link::None => DirectState::None,
            Link::Connecting => DirectState::Connecting,
            Link::Connected => DirectState::Connected,
        },
    }
}

/// A row of a conversation as it is shown.
pub(crate) fn message(record: MessageRecord, history: History<'_>) -> MessageView {
    MessageView {
        quoted: record
            .reply_to
            .and_then(|reference| quoted(&reference, record.channel, history)),
        channel: record.channel,
        author: record.author,
        id: record.id,
        order: record.order(),
        sent_ms: record.sent_ms,
        content: record.kind,
        reply_to: record.reply_to,
        edited: record.edited,
        deleted: record.deleted,
        delivery: record.delivery,
        reactions: record.reactions,
    }
}

/// The beginning of a message that is answered.
fn quoted(reference: &MessageRef, channel: ChannelId, history: History<'_>) -> Option<String> {
    let found = history.message(reference).unwrap_or_else(|error| {
        // The answer can be read without it.
        tracing::warn!(%error, "what a message answers could not be read");
        None
    });
    // What somebody else was told is not to be read here, whatever an answer refers to.
    match found.filter(|found| found.channel == channel && !found.deleted)?.kind {
        MessageKind::Text { text } => Some(text.chars().take(QUOTED_CHARS).collect()),
        MessageKind::Call { .. } => None,
    }
}

/// What happened to a row, with the row.
pub(crate) fn changed(record: MessageRecord, change: Change, history: History<'_>) -> Event {
    let message = message(record, history);
    match change {
        Change::Received => Event::MessageReceived { message },
        Change::Sent => Event::MessageSent { message },
        Change::Changed => Event::MessageChanged { message },
    }
}

/// A call as it is shown.
pub(crate) fn call(state: CallState) -> CallView {
    CallView {
        call: state.call,
        channel: state.channel,
        caller: state.caller,
        phase: match state.phase {
            Phase::Incoming => CallPhase::Incoming,
            Phase::Outgoing => CallPhase::Outgoing,
            Phase::Active => CallPhase::Active,
        },
        active_since_ms: state.active_since_ms,
        participants: state
            .participants
            .into_iter()
            .map(|participant| ParticipantView {
                peer: participant.peer,
                name: participant.name,
                phase: match participant.phase {
                    CorePhase::Ringing => ParticipantPhase::Ringing,
                    CorePhase::Connecting => ParticipantPhase::Connecting,
                    CorePhase::Connected => ParticipantPhase::Connected,
                    CorePhase::Lost => ParticipantPhase::Lost,
                },
                muted: participant.muted,
                deafened: participant.deafened,
                contact: participant.contact,
                misses: participant.misses,
            })
            .collect(),
        muted: state.muted,
        deafened: state.deafened,
    }
}

/// A hit of a search: the matches, which the store gives in its snippet, as ranges of the whole text.
pub(crate) fn hit(found: orrery_store::SearchHit, history: History<'_>) -> SearchHit {
    let matches = match &found.message.kind {
        MessageKind::Text { text } => {
            let left_out = if found.snippet.starts_with('…') && !text.starts_with('…') {
                '…'.len_utf8()
            } else {
                0
            };
            let shown = found.snippet.get(left_out..).unwrap_or_default();
            let shown = if text.ends_with('…') {
                shown
            } else {
                shown.trim_end_matches('…')
            };
            // The snippet is the text with each control character as a space: of the same length, byte for byte.
            let plain: String = text
                .chars()
                .map(|c| if c.is_ascii_control() { ' ' } else { c })
                .collect();
            plain.find(shown).map_or_else(Vec::new, |offset| {
                found
                    .highlights
                    .iter()
                    .filter_map(|range| Some((range.start.checked_sub(left_out)?, range.end.checked_sub(left_out)?)))
                    .map(|(start, end)| (start + offset, end + offset))
                    .filter(|(start, end)| text.get(*start..*end).is_some())
                    .collect()
            })
        }
        MessageKind::Call { .. } => Vec::new(),
    };
    SearchHit {
        message: message(found.message, history),
        matches,
    }
}
