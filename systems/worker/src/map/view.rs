//! Rows and states on their way up.

use orrery_core::io::{CallState, Change, Link, ParticipantPhase as CorePhase, Phase};
use orrery_link::{
    CallPhase, CallView, ContactView, DirectState, Event, MessageView, ParticipantPhase, ParticipantView, SearchHit,
};
use orrery_protocol::record::{ContactRecord, MessageKind, MessageRecord};

/// A contact as it is shown.
pub(crate) fn contact(record: ContactRecord, here: bool, direct: Link) -> ContactView {
    ContactView {
        peer: record.peer,
        state: record.state,
        name: record.name,
        alias: record.alias,
        blocked: record.blocked,
        verified: record.verified,
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
pub(crate) fn message(record: MessageRecord) -> MessageView {
    MessageView {
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

/// What happened to a row, with the row.
pub(crate) fn changed(record: MessageRecord, change: Change) -> Event {
    let message = message(record);
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
            })
            .collect(),
        muted: state.muted,
        deafened: state.deafened,
    }
}

/// A hit of a search: the matches, which the store gives in its snippet, as ranges of the whole text.
pub(crate) fn hit(found: orrery_store::SearchHit) -> SearchHit {
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
        message: message(found.message),
        matches,
    }
}
