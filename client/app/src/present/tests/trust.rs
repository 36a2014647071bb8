//! Safety numbers, what protects the profile, and locking.

use orrery_ui::Setting;
use orrery_ui::view::{CompareView, Outcome, PeerKey, SecurityView, Work};

use super::*;

const KEY: PeerKey = PeerKey(RHEA.0);

impl Bed {
    fn compare(&self) -> &CompareView {
        let MainPane::Compare(view) = &self.home_view().main else {
            panic!("{:?}", self.home_view().main)
        };
        view
    }

    fn security(&self) -> &SecurityView {
        let MainPane::Settings(view) = &self.home_view().main else {
            panic!("{:?}", self.home_view().main)
        };
        &view.security
    }

    /// Answers the last command with a name.
    fn last(&mut self, action: UiAction, result: Result<(), Code>) -> Command {
        self.app.world_mut().resource_mut::<Actions>().0.push(action);
        self.app.update();
        let request = self.worker.try_command().expect("a command");
        let reference = request.reference.clone();
        self.tell([match result {
            Ok(()) => Event::Done {
                reference: reference.unwrap(),
            },
            Err(code) => Event::Failed { reference, code },
        }]);
        request.command
    }
}

#[test]
fn a_safety_number_is_shown_compared_and_marked() {
    let mut bed = Bed::home();
    assert_eq!(
        bed.act(UiAction::OpenCompare(KEY)),
        [Command::LoadSafetyNumber { peer: RHEA }]
    );
    assert_eq!(bed.compare().number, None);
    bed.tell([Event::SafetyNumberLoaded {
        reference: None,
        peer: RHEA,
        digits: "12345".repeat(12),
        code: "00ff".into(),
    }]);
    let number = bed.compare().number.clone().unwrap();
    assert_eq!((number.digits.len(), number.code.as_slice()), (60, &[0, 255][..]));
    let compare = || UiAction::CompareCode {
        peer: KEY,
        code: "1".into(),
    };
    bed.last(compare(), Err(Code::SafetyNumberDiffers));
    assert_eq!(bed.compare().outcome, Outcome::Differs);
    bed.last(compare(), Err(Code::BadSafetyNumber));
    assert!(matches!(&bed.compare().outcome, Outcome::Bad(error) if error.code == "bad_safety_number"));
    bed.last(compare(), Ok(()));
    assert_eq!(bed.compare().outcome, Outcome::Same);
    assert!(bed.toasts().is_empty(), "the pane itself says so");
    let marked = bed.last(UiAction::SetVerified { peer: KEY, on: true }, Ok(()));
    assert_eq!(
        marked,
        Command::SetVerified {
            peer: RHEA,
            verified: true
        }
    );
    bed.tell([Event::ContactChanged {
        contact: ContactView {
            verified: true,
            ..contact(RHEA, ContactState::Contact)
        },
    }]);
    assert!(bed.compare().verified && bed.home_view().contacts[0].verified);
    // Another person's page begins empty.
    bed.act(UiAction::OpenCompare(PeerKey([9; 32])));
    assert_eq!(
        (bed.compare().number.clone(), bed.compare().outcome.clone()),
        (None, Outcome::None)
    );
}

#[test]
fn a_recovery_phrase_is_shown_and_kept_only_with_the_passphrase() {
    let mut bed = Bed::home();
    bed.act(UiAction::OpenSettings);
    assert!(
        bed.act(UiAction::MakePhrase).is_empty(),
        "nothing is kept before it was written down"
    );
    let words = bed.security().words.clone().unwrap().0.clone();
    assert_eq!(words.len(), 12);
    let keep = || UiAction::KeepPhrase {
        passphrase: Passphrase::new("pass".into()),
    };
    bed.last(keep(), Err(Code::WrongPassphrase));
    assert!(matches!(&bed.security().failed, Some((Work::Phrase, error)) if error.code == "wrong_passphrase"));
    assert!(bed.security().words.is_some(), "the words stay for another try");
    let kept = bed.last(keep(), Ok(()));
    assert!(matches!(&kept, Command::SetRecoveryPhrase { phrase, passphrase }
            if phrase.reveal() == words.join(" ") && passphrase.reveal() == "pass"));
    assert_eq!(
        (bed.security().done, bed.security().words.clone()),
        (Some(Work::Phrase), None)
    );
    bed.act(UiAction::MakePhrase);
    bed.act(UiAction::DropPhrase);
    assert_eq!(bed.security().words, None);
}

#[test]
fn an_export_shows_how_far_it_is_and_where_it_went() {
    let mut bed = Bed::home();
    bed.act(UiAction::OpenSettings);
    let path = "/x/a.orrery";
    let sent = bed.act(UiAction::Export { path: path.into() });
    assert_eq!(sent, [Command::ExportProfile { path: path.into() }]);
    bed.tell([Event::TransferProgress {
        reference: None,
        done: 30,
        total: 120,
    }]);
    assert_eq!(
        (bed.security().work, bed.security().progress),
        (Some(Work::Export), Some(0.25))
    );
    bed.last(UiAction::Export { path: path.into() }, Err(Code::FileExists));
    assert!(matches!(&bed.security().failed, Some((Work::Export, error)) if error.code == "file_exists"));
    bed.last(UiAction::Export { path: path.into() }, Ok(()));
    assert_eq!(
        (bed.security().done, bed.security().exported.as_deref()),
        (Some(Work::Export), Some(path))
    );
}

#[test]
fn what_is_being_written_down_stays_whatever_else_gets_done() {
    let mut bed = Bed::home();
    bed.act(UiAction::OpenSettings);
    bed.act(UiAction::MakePhrase);
    let words = bed.security().words.clone();
    assert!(words.is_some());
    bed.last(
        UiAction::Export {
            path: "/x/a.orrery".into(),
        },
        Ok(()),
    );
    bed.last(UiAction::SetRemembered(true), Ok(()));
    assert_eq!(bed.security().words, words);
}

#[test]
fn a_comparison_says_nothing_of_whoever_is_looked_at_when_its_answer_comes() {
    let mut bed = Bed::home();
    let other = PeerId([77; 32]);
    bed.tell([Event::ContactChanged {
        contact: contact(other, ContactState::Contact),
    }]);
    bed.act(UiAction::OpenCompare(KEY));
    bed.app
        .world_mut()
        .resource_mut::<Actions>()
        .0
        .push(UiAction::CompareCode {
            peer: KEY,
            code: "1".into(),
        });
    bed.app.update();
    let request = bed.worker.try_command().expect("a comparison");
    bed.act(UiAction::OpenCompare(PeerKey(other.0)));
    bed.tell([Event::Done {
        reference: request.reference.unwrap(),
    }]);
    assert_eq!(bed.compare().peer, PeerKey(other.0));
    assert_eq!(bed.compare().outcome, Outcome::None);
}

#[test]
fn what_was_said_of_one_form_is_not_said_of_another() {
    let mut bed = Bed::new();
    bed.tell([Event::ProfileChanged { profile: LOCKED }]);
    bed.fail(
        UiAction::Unlock {
            passphrase: Passphrase::new("no".into()),
            remember: false,
        },
        Code::WrongPassphrase,
    );
    assert!(matches!(bed.screen(), ScreenView::Unlock(unlock) if unlock.error.is_some()));
    bed.act(UiAction::OtherForm);
    assert!(matches!(bed.screen(), ScreenView::Unlock(unlock) if unlock.error.is_none()));
}

#[test]
fn a_locked_profile_leaves_nothing_on_the_screen_and_in_the_entities() {
    let mut bed = Bed::home();
    bed.act(UiAction::OpenChannel(talk()));
    bed.load(Vec::new());
    assert_eq!(bed.act(UiAction::Lock), [Command::Lock {}]);
    bed.tell([Event::ProfileChanged {
        profile: ProfilePhase::Locked {
            remembered: false,
            recovery: true,
        },
    }]);
    let ScreenView::Unlock(unlock) = bed.screen() else {
        panic!("{:?}", bed.screen())
    };
    assert!(unlock.recovery && unlock.error.is_none());
    let world = bed.app.world_mut();
    let mut people = world.query::<&orrery_ecs::peer::Peer>();
    assert_eq!(people.iter(world).count(), 0);
    let mut channels = world.query::<&orrery_ecs::channel::Channel>();
    assert_eq!(channels.iter(world).count(), 0);
    // Words and a new passphrase go down, and the page stays what it is while the key is derived.
    let sent = bed.act(UiAction::Recover {
        phrase: Passphrase::new("twelve words".into()),
        passphrase: Passphrase::new("new".into()),
    });
    assert!(matches!(sent.as_slice(), [Command::Recover { phrase, passphrase }]
        if phrase.reveal() == "twelve words" && passphrase.reveal() == "new"));
    bed.tell([Event::ProfileChanged {
        profile: ProfilePhase::Opening,
    }]);
    assert!(matches!(bed.screen(), ScreenView::Unlock(unlock) if unlock.busy.is_some()));
    bed.tell([Event::ProfileChanged {
        profile: ProfilePhase::Open(profile()),
    }]);
    assert!(matches!(bed.home_view().main, MainPane::Empty));
}

#[test]
fn a_profile_that_the_keyring_keeps_opens_by_itself_once_and_waits_for_a_hand_after_locking() {
    let locked = |remembered| Event::ProfileChanged {
        profile: ProfilePhase::Locked {
            remembered,
            recovery: false,
        },
    };
    let mut bed = Bed::new();
    bed.tell([locked(true)]);
    bed.app.update();
    let asked = bed.worker.try_command().expect("the keyring is asked");
    assert_eq!(asked.command, Command::UnlockRemembered {});
    assert!(matches!(bed.screen(), ScreenView::Unlock(unlock) if unlock.busy.is_some() && unlock.remembered));
    // The keyring knows nothing of it: the page says so and asks for the passphrase.
    bed.tell([
        locked(false),
        Event::Failed {
            reference: asked.reference,
            code: Code::NotRemembered,
        },
    ]);
    assert!(matches!(bed.screen(), ScreenView::Unlock(unlock)
        if unlock.busy.is_none() && !unlock.remembered
            && unlock.error.as_ref().is_some_and(|error| error.code == "not_remembered")));
    assert_eq!(bed.commands(), []);

    let mut bed = Bed::home();
    bed.tell([locked(true)]);
    bed.app.update();
    assert_eq!(bed.commands(), [], "it was locked on purpose");
    assert_eq!(bed.act(UiAction::UnlockRemembered), [Command::UnlockRemembered {}]);
    let sent = bed.act(UiAction::Unlock {
        passphrase: Passphrase::new("pass".into()),
        remember: true,
    });
    assert!(
        matches!(sent.as_slice(), [Command::Unlock { passphrase, remember: true }] if passphrase.reveal() == "pass")
    );
}

#[test]
fn the_keyring_is_told_to_keep_the_key_or_to_forget_it_and_what_came_of_it_is_said() {
    let mut bed = Bed::home();
    bed.act(UiAction::OpenSettings);
    let failed = bed.last(UiAction::SetRemembered(true), Err(Code::KeyringUnavailable));
    assert_eq!(failed, Command::SetRemembered { on: true });
    assert!(matches!(&bed.security().failed, Some((Work::Remember, error)) if error.code == "keyring_unavailable"));
    bed.last(UiAction::SetRemembered(true), Ok(()));
    assert_eq!(bed.security().done, Some(Work::Remember));
}

#[test]
fn nobody_at_the_window_locks_it_after_the_minutes_that_were_set() {
    let mut bed = Bed::home();
    bed.act(UiAction::OpenSettings);
    let sent = bed.act(UiAction::Set(Setting::LockAfter(5)));
    assert!(matches!(sent.as_slice(), [Command::SetSettings { settings }] if settings.lock_after_min == 5));
    let mut open = profile();
    open.settings.lock_after_min = 5;
    bed.tell([Event::ProfileChanged {
        profile: ProfilePhase::Open(open),
    }]);
    bed.commands();
    // While a file is written nobody is locked out of it.
    bed.app.world_mut().resource_mut::<Desk>().secrets.work = Some(Work::Export);
    let long_ago = std::time::Instant::now().checked_sub(std::time::Duration::from_secs(301));
    bed.app.world_mut().resource_mut::<crate::decide::LastHand>().0 = long_ago.unwrap();
    bed.app.update();
    bed.app.update();
    assert_eq!(bed.commands(), []);
    bed.app.world_mut().resource_mut::<Desk>().secrets.work = None;
    let long_ago = std::time::Instant::now().checked_sub(std::time::Duration::from_secs(301));
    bed.app.world_mut().resource_mut::<crate::decide::LastHand>().0 = long_ago.unwrap();
    bed.app.update();
    bed.app.update();
    assert_eq!(bed.commands(), [Command::Lock {}]);
}
