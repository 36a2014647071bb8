//! What is told of what happens elsewhere: toasts, notifications, the window's title.

use std::sync::mpsc::Receiver;

use orrery_ui::Setting;

use crate::notify::Note;

use super::*;

impl Bed {
    /// What the desktop is told from now on.
    fn listen(&mut self) -> Receiver<Note> {
        let (notifier, heard) = Notifier::heard();
        self.app.insert_resource(notifier);
        heard
    }
}

fn came(seq: u64, text: &str) -> Event {
    Event::MessageReceived {
        message: message(RHEA, seq, text),
    }
}

fn rang(id: u8) -> Event {
    Event::MessageReceived {
        message: Message {
            id: MessageId([id; 16]),
            content: MessageKind::Call {
                outcome: CallOutcome::Missed,
                duration_ms: 0,
            },
            ..message(RHEA, 1, "")
        },
    }
}

/// Names of those whose missed calls the desktop was told.
fn missed(heard: &Receiver<Note>) -> usize {
    let title = strings::notice(&Notice::MissedCall { name: "Rhea".into() }).0;
    let is = |note: &Note| matches!(note, Note::Plain { title: told, .. } if *told == title);
    heard.try_iter().filter(is).count()
}

#[test]
fn a_message_elsewhere_is_told_and_one_on_screen_is_not() {
    let mut bed = Bed::home();
    bed.look(true);
    bed.tell([came(1, "hello")]);
    assert!(matches!(&bed.toasts()[..], [Notice::Message { text, .. }] if text == "hello"));
    bed.act(UiAction::OpenChannel(talk()));
    bed.load(Vec::new());
    bed.tell([came(2, "again")]);
    assert_eq!(bed.toasts().len(), 1);
}

#[test]
fn many_messages_of_one_conversation_are_told_as_one() {
    let mut bed = Bed::home();
    let heard = bed.listen();
    bed.tell((1..=11).map(|seq| came(seq, "x")));
    let counts: Vec<u32> = heard
        .try_iter()
        .map(|note| match note {
            Note::Texts(texts) => texts.count,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(counts.iter().sum::<u32>(), 11);
    assert!(counts.len() <= 2, "one for each frame that brought some: {counts:?}");
    bed.tell([came(12, "x")]);
    let name = "Rhea".to_owned();
    assert_eq!(bed.toasts(), [Notice::Messages { name, count: 12 }]);
}

#[test]
fn the_desktop_is_told_no_text_once_that_is_switched_off() {
    let mut bed = Bed::home();
    let heard = bed.listen();
    let told = |heard: &Receiver<Note>| match heard.try_recv() {
        Ok(Note::Texts(texts)) => texts.notice(),
        other => panic!("{other:?}"),
    };
    bed.tell([came(1, "hello")]);
    assert!(matches!(told(&heard), Notice::Message { text, .. } if text == "hello"));
    bed.act(UiAction::Set(Setting::NotificationText(false)));
    bed.tell([came(2, "secret")]);
    let (name, count) = ("Rhea".to_owned(), 1);
    assert_eq!(told(&heard), Notice::Messages { name, count });
    bed.act(UiAction::OpenSettings);
    assert!(matches!(&bed.home_view().main, MainPane::Settings(view) if !view.notification_text));
}

#[test]
fn a_call_missed_while_nothing_ran_is_told() {
    let mut bed = Bed::home();
    let heard = bed.listen();
    bed.tell([rang(7)]);
    assert_eq!(missed(&heard), 1);
    assert!(matches!(&bed.toasts()[..], [Notice::MissedCall { name }] if name == "Rhea"));
}

#[test]
fn a_call_missed_while_it_rang_here_is_told_once() {
    let mut bed = Bed::home();
    let heard = bed.listen();
    bed.tell([Event::CallChanged {
        call: running(Stage::Incoming),
    }]);
    bed.tell([
        Event::CallEnded {
            call: CallId([9; 16]),
            channel: RHEA.into(),
            outcome: CallOutcome::Missed,
            duration_ms: 0,
        },
        rang(9),
    ]);
    assert_eq!(missed(&heard), 1);
    assert_eq!(bed.toasts().len(), 1);
    bed.tell([rang(10)]);
    assert_eq!(missed(&heard), 1, "that was another one");
}

#[test]
fn the_title_of_the_window_says_how_much_waits() {
    let mut bed = Bed::home();
    bed.look(false);
    let title = |bed: &mut Bed| {
        let world = bed.app.world_mut();
        let mut windows = world.query_filtered::<&Window, With<PrimaryWindow>>();
        windows.single(world).unwrap().title.clone()
    };
    bed.tell([line(3, None, None, "")]);
    assert_eq!(title(&mut bed), "(3) Orrery");
    assert_eq!(bed.home_view().unread, 3);
    bed.tell([Event::ContactChanged {
        contact: ContactView {
            blocked: true,
            ..contact(RHEA, ContactState::Contact)
        },
    }]);
    assert_eq!(title(&mut bed), "Orrery");
    assert_eq!(bed.home_view().unread, 0, "who is blocked asks for no attention");
}
