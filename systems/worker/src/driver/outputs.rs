//! Carrying out what the core wants, in its order.

use std::collections::VecDeque;

use orrery_core::Output;
use orrery_link::{Event, Reference};

use super::{Driver, Place, barrier::Held};
use crate::{
    rtc::Transport,
    signaling::{HomeOrder, drops::Task},
};

impl Driver {
    /// Carries out outputs whose transaction has been committed. `reference` is the command's that led to them.
    pub(super) fn carry_out(&mut self, outputs: Vec<Output>, reference: Option<&Reference>) {
        for output in outputs {
            self.carry_out_one(output, reference);
        }
    }

    /// Lets go what waited for the server to know our tokens.
    pub(super) fn set_free(&mut self, freed: VecDeque<Held>) {
        for held in freed {
            match held {
                Held::Deposit { via, ticket, task } => {
                    if let Place::Inside(session) = &mut self.place {
                        session.drops.start(&via, ticket, task);
                    }
                }
                Held::Event(event) => self.tell(*event),
            }
        }
    }

    /// Tells an event as soon as the server knows our tokens.
    pub(super) fn tell_once_known(&mut self, event: Event) {
        match &mut self.place {
            Place::Inside(session) if session.barrier.is_up() => session.barrier.hold(Held::Event(Box::new(event))),
            _ => self.tell(event),
        }
    }

    fn carry_out_one(&mut self, output: Output, reference: Option<&Reference>) {
        let Place::Inside(session) = &mut self.place else {
            return;
        };
        match output {
            Output::Deposit {
                ticket,
                to,
                via,
                token,
                envelope,
                keep,
            } => {
                let task = Task::Deposit {
                    to,
                    token,
                    envelope,
                    keep,
                };
                if session.barrier.is_up() {
                    session.barrier.hold(Held::Deposit { via, ticket, task });
                } else {
                    session.drops.start(&via, ticket, task);
                }
            }
            Output::Fetch {
                ticket,
                peer,
                via,
                token,
            } => {
                session.drops.start(&via, ticket, Task::Fetch { peer, token });
            }
            Output::Ack(ids) => session.home.order(HomeOrder::Ack(ids)),
            Output::PublishPrekeys {
                signed,
                kem,
                one_time,
                replace,
            } => {
                session.home.order(HomeOrder::Publish {
                    signed,
                    kem,
                    one_time,
                    replace,
                });
            }
            Output::SetTokens {
                delivery,
                revoked,
                requests,
                calls,
            } => {
                if session.online {
                    session.barrier.raise();
                }
                session.home.order(HomeOrder::SetTokens {
                    delivery,
                    revoked,
                    requests,
                    calls,
                });
            }
            Output::MoveTo { server } => session.move_to(&server),
            Output::MakeOffer { connection, renews, .. } => {
                if let Some(old) = renews {
                    session.peers.renew(connection, old);
                }
                session.peers.offer(connection);
            }
            Output::MakeAnswer {
                connection,
                sdp,
                renews,
                ..
            } => {
                if let Some(old) = renews {
                    session.peers.renew(connection, old);
                }
                session.peers.answer(connection, sdp);
            }
            Output::TakeAnswer { connection, sdp } => session.peers.take_answer(connection, sdp),
            Output::AddCandidates { connection, lines } => session.peers.add_candidates(connection, lines),
            Output::Disconnect { connection } => {
                session.peers.close(connection);
                self.sound.remove_speaker(&connection);
            }
            Output::SendDirect { connection, message } => session.peers.send(connection, message),
            Output::StartSound { connection, peer } => {
                let speaker = self.sound.add_speaker(connection, peer);
                session.peers.start_sound(connection, speaker);
            }
            Output::MoveSound { from, to, .. } => {
                session.peers.move_sound(from, to);
                self.sound.move_speaker(&from, to);
            }
            Output::StopSound { connection, .. } => {
                session.peers.stop_sound(connection);
                self.sound.remove_speaker(&connection);
            }
            Output::Controls {
                in_call,
                muted,
                deafened,
            } => self.sound.set_controls(in_call, muted, deafened),
            Output::Ring(ring) => self.sound.ring(ring),
            Output::Cue(cue) => self.sound.cue(cue),
            Output::Fact(fact) => self.fact(fact, reference),
            // The enum may grow; an output without an arm here would be a promise not kept.
            _ => tracing::error!("the core wants something that this worker cannot do"),
        }
    }
}
