//! What happened, and telling it.

use orrery_core::{Fact, Input, Output};
use orrery_link::{Code, Event, Notice, ProfilePhase, Reference, ServerPhase};
use tokio::task::JoinError;

use super::{Driver, Place, Report, Session, Tried, session::Surroundings};
use crate::{
    map::{self, view},
    profile::{self, Door},
    rtc::{PeerEvent, Transport},
    signaling::{DropResult, HomeEvent, HomeOrder, Outcome, Proof},
};

impl Driver {
    /// Tells an event, now or as soon as there is room.
    pub(super) fn tell(&mut self, event: Event) {
        self.backlog.push(&self.end, event);
    }

    pub(super) fn done(&mut self, reference: Option<Reference>) {
        if let Some(reference) = reference {
            self.tell(Event::Done { reference });
        }
    }

    pub(super) fn failed(&mut self, reference: Option<Reference>, code: Code) {
        self.tell(Event::Failed { reference, code });
    }

    pub(super) fn tell_profile(&mut self) {
        let profile = match &self.place {
            Place::Outside(door) => door.phase(&self.config.keyring),
            Place::Opening { .. } => ProfilePhase::Opening,
            Place::Inside(session) => ProfilePhase::Open(session.view()),
        };
        self.tell(Event::ProfileChanged { profile });
    }

    fn tell_server(&mut self, server: ServerPhase) {
        if let Place::Inside(session) = &mut self.place
            && session.server != server
        {
            session.server = server;
            self.tell(Event::ServerChanged { server });
        }
    }

    /// A passphrase was tried.
    pub(super) fn opened(&mut self, result: Result<Tried, JoinError>) {
        let reference = match &mut self.place {
            Place::Opening { reference, .. } => reference.take(),
            _ => None,
        };
        let (door, result) = result.unwrap_or_else(|_| (Door::Shut(Code::Internal), Err(Code::Internal)));
        self.jobs.opened();
        let mut opened = match result {
            Ok(opened) => opened,
            Err(code) => {
                self.place = Place::Outside(door);
                self.tell_profile();
                self.failed(reference, code);
                return;
            }
        };
        if let Some(check) = opened.check.take() {
            let reporter = self.reporter.clone();
            self.runtime.spawn_blocking(move || {
                if profile::is_damaged(check) {
                    // Closed when the worker ends.
                    let _ = reporter.blocking_send(Report::Damaged);
                }
            });
        }
        let mut outputs = std::mem::take(&mut opened.outputs);
        let (rolled_back, remember) = (opened.rolled_back, opened.remember);
        let around = Surroundings {
            config: &self.config,
            runtime: &self.runtime,
            dialer: &self.dialer,
            ear: self.sound.ear(),
            fanout: &self.fanout,
        };
        match Session::start(*opened, &around) {
            Some(session) => {
                self.sound.set_settings(&session.settings);
                self.place = Place::Inside(Box::new(session));
                self.tell_profile();
                self.tell(Event::ServerChanged {
                    server: ServerPhase::Connecting,
                });
                // The profile was told above.
                outputs.retain(|output| !matches!(output, Output::Fact(Fact::Profile { .. })));
                self.carry_out(outputs, None);
                self.tell_channels();
                if rolled_back {
                    self.tell(Event::Notice(Notice::RolledBack {}));
                }
                if remember {
                    self.remember_opened(reference);
                } else {
                    self.done(reference);
                }
            }
            None => {
                self.place = Place::Outside(Door::Shut(Code::DatabaseDamaged));
                self.tell_profile();
                self.failed(reference, Code::DatabaseDamaged);
            }
        }
    }

    /// Everything anew, for a window that lost something.
    pub(super) fn tell_everything(&mut self) {
        self.tell_profile();
        let Place::Inside(session) = &mut self.place else {
            return;
        };
        let server = session.server;
        let snapshot = session.engine.snapshot();
        self.tell(Event::ServerChanged { server });
        match snapshot {
            Ok(facts) => {
                for fact in facts {
                    // The profile was told above.
                    if !matches!(fact, Fact::Profile { .. }) {
                        self.fact(fact, None);
                    }
                }
            }
            Err(failure) => self.tell(Event::Notice(Notice::Problem { code: failure.code() })),
        }
        self.tell_channels();
    }

    /// Every conversation's line in the list.
    pub(super) fn tell_channels(&mut self) {
        let Place::Inside(session) = &mut self.place else {
            return;
        };
        let channels = session.engine.channels();
        match channels {
            Ok(channels) => {
                for channel in channels {
                    self.tell(Event::ChannelChanged { channel });
                }
            }
            Err(failure) => self.tell(Event::Notice(Notice::Problem { code: failure.code() })),
        }
    }

    pub(super) fn home_event(&mut self, event: HomeEvent) {
        let Place::Inside(session) = &mut self.place else {
            return;
        };
        match event {
            HomeEvent::Connecting => {
                if session.online {
                    // What the home server's connection died of, those to other servers may have, too.
                    session.drops.reconnect();
                }
                self.server_lost();
                self.tell_server(ServerPhase::Connecting);
            }
            HomeEvent::Challenge {
                host,
                nonce,
                time_ms,
                answer,
            } => {
                let core = session.engine.core();
                let proof = Proof {
                    peer: core.own(),
                    signature: core.sign_login(&host, &nonce, time_ms),
                };
                // The socket may have given up waiting.
                let _ = answer.send(proof);
            }
            HomeEvent::Online {
                time_ms,
                one_time_left,
                has_prekeys,
                stun_port,
            } => {
                session.online = true;
                session.learned_stun(stun_port);
                self.tell_server(ServerPhase::Online);
                self.feed(Input::ServerOnline {
                    one_time_left,
                    has_prekeys,
                    time_ms,
                });
            }
            HomeEvent::Offline { code, retry_ms } => {
                self.server_lost();
                // No wait is that short: it says that there is no next try.
                let retry_ms = retry_ms.unwrap_or(0);
                self.tell_server(ServerPhase::Offline { code, retry_ms });
            }
            HomeEvent::TokensStored => {
                let freed = session.barrier.answered();
                self.set_free(freed);
            }
            HomeEvent::PrekeysStored => self.feed(Input::PrekeysStored),
            HomeEvent::PrekeysLow { one_time_left } => self.feed(Input::PrekeysLow { one_time_left }),
            HomeEvent::Delivered { id, envelope } => self.feed(Input::Delivered { id, envelope }),
        }
    }

    fn server_lost(&mut self) {
        if let Place::Inside(session) = &mut self.place {
            let freed = session.barrier.lower();
            self.set_free(freed);
        }
        if let Place::Inside(session) = &mut self.place
            && std::mem::take(&mut session.online)
        {
            self.feed(Input::ServerOffline);
        }
    }

    pub(super) fn drop_result(&mut self, result: DropResult) {
        let ticket = result.ticket;
        self.feed(match result.outcome {
            Outcome::Deposited(result) => Input::Deposited { ticket, result },
            Outcome::Fetched(result) => Input::Fetched { ticket, result },
        });
    }

    pub(super) fn peer_event(&mut self, event: PeerEvent) {
        if let (PeerEvent::Broken { connection }, Place::Inside(session)) = (&event, &mut self.place) {
            session.peers.close(*connection);
            self.sound.remove_speaker(connection);
        }
        if let (PeerEvent::Interrupted { .. }, Place::Inside(session)) = (&event, &mut self.place) {
            session.home.order(HomeOrder::Doubt);
        }
        self.feed(match event {
            PeerEvent::Described { connection, sdp } => Input::Described { connection, sdp },
            PeerEvent::Gathered { connection, lines } => Input::Gathered { connection, lines },
            PeerEvent::Secured {
                connection,
                local,
                remote,
            } => Input::Secured {
                connection,
                local_fingerprint: local,
                remote_fingerprint: remote,
            },
            PeerEvent::Impostor { connection } => Input::Impostor { connection },
            PeerEvent::Open { connection } => Input::DirectOpen { connection },
            PeerEvent::Received { connection, message } => Input::DirectReceived { connection, message },
            PeerEvent::Interrupted { connection } => Input::Interrupted { connection },
            PeerEvent::Resumed { connection } => Input::Resumed { connection },
            PeerEvent::Gone { connection } => Input::Gone { connection },
            PeerEvent::Broken { connection } => Input::Broken { connection },
        });
    }

    /// Tells a fact; `reference` is the command's that led to it, for those events that answer it.
    pub(super) fn fact(&mut self, fact: Fact, reference: Option<&Reference>) {
        let event = match fact {
            Fact::Profile { .. } => {
                self.tell_profile();
                return;
            }
            Fact::Channel { channel } => {
                let Place::Inside(session) = &mut self.place else {
                    return;
                };
                match session.engine.channel(channel) {
                    Ok(Some(channel)) => Event::ChannelChanged { channel },
                    Ok(None) => return,
                    Err(failure) => Event::Notice(Notice::Problem { code: failure.code() }),
                }
            }
            Fact::Contact {
                record,
                here,
                direct,
                sending,
            } => {
                self.sound.set_peer_volume(&record);
                Event::ContactChanged {
                    contact: view::contact(*record, here, direct, sending),
                }
            }
            Fact::RequestReceived { peer, name } => Event::RequestReceived { peer, name },
            Fact::RequestAccepted { peer } => Event::RequestAccepted { peer },
            Fact::ContactRemoved { peer } => Event::ContactRemoved { peer },
            Fact::Invited(invite) => {
                let (reference, link) = (reference.cloned(), invite.to_string());
                self.tell_once_known(Event::InviteCreated { reference, link });
                return;
            }
            Fact::Message { record, change } => {
                let Place::Inside(session) = &self.place else {
                    return;
                };
                view::changed(*record, change, session.engine.store().history())
            }
            Fact::MessageRemoved { channel, message } => Event::MessageRemoved { channel, message },
            Fact::Typing { channel, peer, on } => Event::TypingChanged { channel, peer, on },
            Fact::Call(state) => Event::CallChanged {
                call: view::call(*state),
            },
            Fact::CallEnded {
                call,
                channel,
                outcome,
                duration_ms,
            } => Event::CallEnded {
                call,
                channel,
                outcome,
                duration_ms,
            },
            Fact::PeerLeft { call, peer } => Event::PeerLeft { call, peer },
            Fact::AddressesShown { call, peers } => Event::Notice(Notice::AddressesShown { call, peers }),
            Fact::ClockSkew { seconds } => Event::Notice(Notice::ClockSkew { seconds }),
            Fact::SessionHealed { peer } => Event::Notice(Notice::SessionHealed { peer }),
            Fact::BindingFailed { peer } => Event::Notice(Notice::BindingFailed { peer }),
            Fact::VersionMismatch { peer } => Event::Notice(Notice::VersionMismatch { peer }),
            Fact::RequestFailed { peer, reason } => Event::Notice(Notice::RequestFailed {
                peer,
                code: map::of_refusal(reason),
            }),
            // The enum may grow; a fact without an arm here is one that the link has no word for.
            _ => return,
        };
        self.tell(event);
    }
}
