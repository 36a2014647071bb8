//! Commands, each answered exactly once when it has a reference.

use orrery_core::{Act, Input};
use orrery_link::{Code, Event, Reference, Request, Settings};

use super::{Driver, Flow, Place, reads::Wanted};
use crate::{
    keyring::Memory,
    map::{Own, Route, act, route},
    profile::{self, Door, Key},
    signaling::HomeOrder,
};

impl Driver {
    pub(super) fn command(&mut self, request: Request) -> Flow {
        let Request { reference, command } = request;
        match route(command) {
            Route::Core(act) => self.act(act, reference),
            Route::Own(Own::Shutdown) => {
                self.done(reference);
                return Flow::Stop;
            }
            Route::Own(Own::Lock) => return Flow::Lock(reference),
            Route::Own(own) => self.own(own, reference),
            Route::Bad(code) => self.failed(reference, code),
        }
        Flow::On
    }

    fn act(&mut self, act: Act, reference: Option<Reference>) {
        let now = self.clock.now();
        let Place::Inside(session) = &mut self.place else {
            self.failed(reference, Code::Locked);
            return;
        };
        if act::wants_server(&act) && !session.online {
            session.home.order(HomeOrder::Nudge);
        }
        // A link may wait for a server that does not know its token yet, and comes before its `done`.
        let invites = matches!(act, Act::CreateInvite);
        match session.engine.feed(Input::Act(act), now) {
            Ok(outputs) => {
                let before = session.barrier.unanswered();
                self.carry_out(outputs, reference.as_ref());
                // What changed our tokens is done when the server knows them.
                let changed = matches!(&self.place, Place::Inside(session) if session.barrier.unanswered() > before);
                match reference {
                    Some(reference) if changed || invites => self.tell_once_known(Event::Done { reference }),
                    reference => self.done(reference),
                }
            }
            Err(failure) => self.failed(reference, failure.code()),
        }
    }

    fn own(&mut self, own: Own, reference: Option<Reference>) {
        match own {
            Own::CreateProfile {
                name,
                passphrase,
                server,
            } => {
                let server = server.unwrap_or_else(|| self.config.default_server.clone());
                match Key::create(&name, &server, self.config.argon, passphrase) {
                    Ok(key) => self.open(key, reference),
                    Err(code) => self.failed(reference, code),
                }
            }
            Own::Unlock { passphrase, remember } => {
                let key = Key::Unlock {
                    server: self.config.default_server.clone(),
                    passphrase,
                    remember,
                };
                self.open(key, reference);
            }
            Own::UnlockRemembered => {
                let server = self.config.default_server.clone();
                self.open(Key::Remembered { server }, reference);
            }
            Own::SetRemembered(on) => self.set_remembered(on, reference),
            Own::Recover { phrase, passphrase } => match profile::read_phrase(&phrase) {
                Ok(phrase) => {
                    let key = Key::Recover {
                        server: self.config.default_server.clone(),
                        phrase,
                        params: self.config.argon,
                        passphrase,
                    };
                    self.open(key, reference);
                }
                Err(code) => self.failed(reference, code),
            },
            Own::RestoreProfile { path, secret } => self.restore(&path, secret, reference),
            Own::ExportProfile { path } => self.export(&path, reference),
            Own::ChangePassphrase { old, new } => self.change_passphrase(old, new, reference),
            Own::SetRecoveryPhrase { passphrase, phrase } => self.set_recovery(passphrase, Some(&phrase), reference),
            Own::RemoveRecoveryPhrase { passphrase } => self.set_recovery(passphrase, None, reference),
            Own::LoadSafetyNumber(peer) => self.load_safety_number(peer, reference),
            Own::CompareSafetyNumber { peer, code } => self.compare_safety_number(peer, &code, reference),
            Own::SetSettings(settings) => self.set_settings(settings, reference),
            Own::MarkRead { channel, up_to } => self.mark_read(channel, up_to, reference),
            Own::LoadHistory {
                channel,
                before,
                after,
                around,
                limit,
            } => {
                let wanted = Wanted { before, after, around };
                self.load_history(channel, wanted, limit, reference);
            }
            Own::LoadAround { channel, target, limit } => self.load_around(channel, target, limit, reference),
            Own::Search { query, channel, limit } => self.search(query, channel, limit, reference),
            // Answered when the list is there.
            Own::ListDevices => self.list_devices(reference, true),
            // Of a call, and there is none without a profile.
            Own::PlacePeer { .. } | Own::HoldTalkKey(_) if !matches!(self.place, Place::Inside(_)) => {
                self.failed(reference, Code::Locked);
            }
            Own::PlacePeer { peer, place } => {
                self.sound.place_peer(peer, place);
                self.done(reference);
            }
            Own::HoldTalkKey(held) => {
                self.sound.hold_talk_key(held);
                self.done(reference);
            }
            Own::TestMicrophone { on, hear } => {
                self.sound.set_test(on, hear);
                // What was lively comes to rest with one last look.
                self.was_lively = true;
                self.done(reference);
            }
            Own::PlayTestTone => {
                self.sound.test_tone();
                self.done(reference);
            }
            Own::Reconnect => self.reconnect(reference),
            Own::Resync => {
                self.tell_everything();
                self.done(reference);
            }
            // Taken care of by whoever can end the loop.
            Own::Shutdown | Own::Lock => {}
        }
    }

    pub(super) fn open(&mut self, mut key: Key, reference: Option<Reference>) {
        // Somebody else may have let go of the folder, or made room on the disk, since it was looked at.
        if let Place::Outside(Door::Shut(_)) = &self.place {
            self.place = Place::Outside(Door::open(&self.config.folder));
        }
        let refusal = match (&self.place, &key) {
            (Place::Opening { .. }, _) => Some(Code::ProfileInUse),
            (Place::Inside(_), key) if key.makes() => Some(Code::ProfileExists),
            (Place::Inside(_), _) => Some(Code::ProfileInUse),
            (Place::Outside(door), key) => match (door.phase(&self.config.keyring), key) {
                (orrery_link::ProfilePhase::Unusable { code }, _) => Some(code),
                (orrery_link::ProfilePhase::Empty, key) if !key.makes() => Some(Code::NoProfile),
                (orrery_link::ProfilePhase::Locked { .. }, key) if key.makes() => Some(Code::ProfileExists),
                _ => None,
            },
        };
        if let Some(code) = refusal {
            self.failed(reference, code);
            return;
        }
        let door = std::mem::replace(&mut self.place, Place::Outside(Door::Shut(Code::Internal)));
        let Place::Outside(Door::Ready(folder)) = door else {
            // Both other places were refused above.
            self.place = door;
            self.failed(reference, Code::Internal);
            return;
        };
        let now = self.clock.now();
        let memory = Memory::new(&self.config.folder, &self.config.keyring);
        let task = self.runtime.spawn_blocking(move || {
            let opened = profile::open(&folder, &mut key, &memory, now).map(Box::new);
            (Door::Ready(folder), opened)
        });
        self.place = Place::Opening { task, reference };
        self.tell_profile();
    }

    fn reconnect(&mut self, reference: Option<Reference>) {
        let Place::Inside(session) = &mut self.place else {
            self.failed(reference, Code::Locked);
            return;
        };
        if !session.online {
            session.reconnect(true);
        }
        self.done(reference);
    }

    fn set_settings(&mut self, settings: Settings, reference: Option<Reference>) {
        let now = self.clock.now();
        let Place::Inside(session) = &mut self.place else {
            self.failed(reference, Code::Locked);
            return;
        };
        let input = Input::Act(Act::SetPolicy(act::policy(&settings)));
        match session
            .engine
            .feed_with(input, now, |archive| profile::save_settings(archive, &settings))
        {
            Ok(outputs) => {
                session.settings = settings;
                self.sound.set_settings(&session.settings);
                let profile = orrery_link::ProfilePhase::Open(session.view());
                self.tell(Event::ProfileChanged { profile });
                self.carry_out(outputs, reference.as_ref());
                self.done(reference);
            }
            Err(failure) => self.failed(reference, failure.code()),
        }
    }
}
