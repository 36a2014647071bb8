//! Commands that read the history.

use orrery_core::{Act, Input};
use orrery_link::{Code, Event, Reference};
use orrery_protocol::{ChannelId, MessageRef, record::OrderKey};
use orrery_store::{History, Page, Search, StoreError};

use super::{Driver, Place};
use crate::map::{self, view};

/// The most rows one command gets.
const MAX_LIMIT: u32 = 200;

/// The part of a history that is asked for.
pub(super) struct Wanted {
    pub(super) before: Option<OrderKey>,
    pub(super) after: Option<OrderKey>,
    pub(super) around: Option<OrderKey>,
}

fn clamped(limit: u32) -> usize {
    usize::try_from(limit.clamp(1, MAX_LIMIT)).unwrap_or(1)
}

impl Driver {
    pub(super) fn load_history(
        &mut self,
        channel: ChannelId,
        wanted: Wanted,
        limit: u32,
        reference: Option<Reference>,
    ) {
        let limit = clamped(limit);
        self.load(channel, reference, |history| {
            if let Some(place) = wanted.around {
                return Ok(Some(history.around_place(&channel, place, limit)?));
            }
            Ok(Some(match (wanted.before, wanted.after) {
                (Some(place), None) => history.before(&channel, place, limit)?,
                (None, Some(place)) => history.after(&channel, place, limit)?,
                (None, None) => history.newest(&channel, limit)?,
                // Everything between two places, as far as the limit goes.
                (Some(end), Some(place)) => {
                    let mut page = history.after(&channel, place, limit)?;
                    let within = page.messages.partition_point(|message| message.order() < end);
                    page.later |= within < page.messages.len();
                    page.messages.truncate(within);
                    page
                }
            }))
        });
    }

    pub(super) fn load_around(
        &mut self,
        channel: ChannelId,
        target: MessageRef,
        limit: u32,
        reference: Option<Reference>,
    ) {
        self.load(channel, reference, |history| {
            let page = history.around(&target, clamped(limit))?;
            Ok(page.filter(|page| page.messages.iter().all(|message| message.channel == channel)))
        });
    }

    fn load(
        &mut self,
        channel: ChannelId,
        reference: Option<Reference>,
        read: impl FnOnce(History<'_>) -> Result<Option<Page>, StoreError>,
    ) {
        let Place::Inside(session) = &self.place else {
            self.failed(reference, Code::Locked);
            return;
        };
        let history = session.engine.store().history();
        match read(history) {
            Ok(Some(page)) => {
                let messages = page.messages.into_iter();
                let messages = messages.map(|record| view::message(record, history)).collect();
                self.tell(Event::HistoryLoaded {
                    reference: reference.clone(),
                    channel,
                    messages,
                    has_older: page.earlier,
                    has_newer: page.later,
                });
                self.done(reference);
            }
            Ok(None) => self.failed(reference, Code::NoSuchMessage),
            Err(error) => self.failed(reference, map::of_store(&error)),
        }
    }

    pub(super) fn search(
        &mut self,
        query: String,
        channel: Option<ChannelId>,
        limit: u32,
        reference: Option<Reference>,
    ) {
        let Place::Inside(session) = &self.place else {
            self.failed(reference, Code::Locked);
            return;
        };
        let limit = clamped(limit);
        // One more than wanted says whether there are more.
        let found = session.engine.store().history().search(&Search {
            text: &query,
            channel,
            before: None,
            limit: limit + 1,
        });
        match found {
            Ok(mut hits) => {
                let more = hits.len() > limit;
                hits.truncate(limit);
                let history = session.engine.store().history();
                let hits = hits.into_iter().map(|hit| view::hit(hit, history)).collect();
                self.tell(Event::SearchFound {
                    reference: reference.clone(),
                    query,
                    hits,
                    more,
                });
                self.done(reference);
            }
            Err(error) => self.failed(reference, map::of_store(&error)),
        }
    }

    pub(super) fn mark_read(&mut self, channel: ChannelId, up_to: OrderKey, reference: Option<Reference>) {
        let now = self.clock.now();
        let Place::Inside(session) = &mut self.place else {
            self.failed(reference, Code::Locked);
            return;
        };
        match session.engine.feed(Input::Act(Act::MarkRead { channel, up_to }), now) {
            Ok(outputs) => {
                // Missed calls have no place in the other side's count: the store keeps how far they were seen.
                let seen = session.engine.store_mut().mark_seen(&channel, up_to);
                self.carry_out(outputs, None);
                match seen {
                    Ok(true) => self.fact(orrery_core::Fact::Channel { channel }, None),
                    Ok(false) => {}
                    Err(error) => tracing::warn!(%error, "what was seen could not be noted"),
                }
                self.done(reference);
            }
            Err(failure) => self.failed(reference, failure.code()),
        }
    }
}
