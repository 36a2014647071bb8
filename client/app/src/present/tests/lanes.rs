//! Both lanes at their worst: events that were lost because nobody took them, commands that still wait at the end.

use std::time::{Duration, Instant};

use orrery_ecs::link::Outbox;
use orrery_link::lane::COMMAND_CAPACITY;
use orrery_ui::Setting;

use super::*;

fn send(text: &str) -> UiAction {
    UiAction::SendText {
        channel: talk(),
        text: text.into(),
        reply_to: None,
    }
}

fn search() -> UiAction {
    UiAction::Search {
        channel: talk(),
        query: "telescope".into(),
    }
}

fn talking(messages: Vec<Message>) -> Bed {
    let mut bed = Bed::home();
    bed.act(UiAction::OpenChannel(talk()));
    bed.load(messages);
    bed
}

/// Events are lost, and every answer with them; the worker tells everything anew: these messages where a page is asked
/// for, and this.
fn resync(bed: &mut Bed, messages: &[Message], told: Vec<Event>) {
    bed.tell([Event::Resync]);
    let mut events = vec![Event::ContactChanged {
        contact: contact(RHEA, ContactState::Contact),
    }];
    events.extend(told);
    while let Some(Request { reference, command }) = bed.worker.try_command() {
        match command {
            Command::LoadHistory { channel, .. } => events.push(Event::HistoryLoaded {
                reference,
                channel,
                messages: messages.to_vec(),
                has_older: false,
                has_newer: false,
            }),
            Command::Resync {} => events.push(Event::Done {
                reference: reference.expect("a name"),
            }),
            _ => {}
        }
    }
    bed.tell(events);
}

fn returned(bed: &Bed) -> Vec<&str> {
    bed.talk_view().returned.iter().map(|text| text.text.as_str()).collect()
}

#[test]
fn a_text_whose_answer_was_lost_comes_back_unless_it_stands_there() {
    let mut bed = talking(Vec::new());
    for text in ["yes", "yes", "kept", "lost", "yes"] {
        bed.act(send(text));
    }
    let there = [
        message(ME, 1, "yes"),
        message(ME, 2, "kept"),
        message(RHEA, 3, "lost"),
        message(ME, 4, "yes"),
    ];
    resync(&mut bed, &there, Vec::new());
    assert_eq!(
        returned(&bed),
        ["yes", "lost"],
        "each message stands for one, and hers for none"
    );
    assert!(matches!(&bed.toasts()[..], [Notice::Error(_)]));
}

#[test]
fn a_change_whose_answer_was_lost_comes_back_unless_it_is_shown() {
    let (first, second) = (message(ME, 1, "first"), message(ME, 2, "second"));
    let mut bed = talking(vec![first.clone(), second.clone()]);
    for (of, text) in [(&first, "one"), (&second, "half"), (&second, "two")] {
        bed.act(UiAction::EditText {
            channel: talk(),
            message: conversation_key(of.reference()),
            text: text.into(),
        });
    }
    resync(&mut bed, &[first.clone(), message(ME, 2, "two")], Vec::new());
    assert_eq!(returned(&bed), ["one"]);
    let edits = bed.talk_view().returned[0].edits;
    assert_eq!(edits, Some(conversation_key(first.reference())));
}

#[test]
fn of_a_conversation_that_is_not_open_the_last_line_is_looked_at() {
    for (last, lost) in [("written", false), ("something else", true)] {
        let mut bed = talking(Vec::new());
        bed.act(send("written"));
        bed.act(UiAction::OpenSettings);
        let line = line(0, None, Some(message(ME, 1, last)), "");
        resync(&mut bed, &[], vec![line]);
        let draft = Command::SetDraft {
            channel: RHEA.into(),
            text: "written".into(),
        };
        assert_eq!(bed.commands().contains(&draft), lost, "{last}");
    }
}

#[test]
fn what_is_asked_after_events_were_lost_is_still_answered() {
    let mut bed = talking(Vec::new());
    bed.tell([Event::Resync]);
    let mut reload = None;
    while let Some(request) = bed.worker.try_command() {
        if request.command == (Command::Resync {}) {
            reload = request.reference;
        }
    }
    bed.app.world_mut().resource_mut::<Actions>().0.push(send("later"));
    bed.app.update();
    let reference = bed.worker.try_command().unwrap().reference;
    bed.tell([Event::Done {
        reference: reload.expect("everything is asked for anew"),
    }]);
    assert!(returned(&bed).is_empty());
    bed.tell([Event::Failed {
        reference,
        code: Code::DiskFull,
    }]);
    assert_eq!(returned(&bed), ["later"]);
}

#[test]
fn a_search_whose_findings_were_lost_is_made_once_more() {
    let mut bed = talking(Vec::new());
    bed.act(search());
    resync(&mut bed, &[], Vec::new());
    let sent = bed.commands();
    assert!(
        matches!(&sent[..], [Command::Search { query, .. }] if query == "telescope"),
        "{sent:?}"
    );
    bed.tell([Event::SearchFound {
        reference: None,
        query: "telescope".into(),
        hits: Vec::new(),
        more: false,
    }]);
    assert!(!bed.talk_view().search.as_ref().unwrap().busy);
}

#[test]
fn settings_and_a_form_wait_no_longer_for_answers_that_were_lost() {
    let mut bed = Bed::home();
    bed.act(UiAction::OpenSettings);
    let typing = |bed: &Bed| match &bed.home_view().main {
        MainPane::Settings(view) => view.typing,
        other => panic!("{other:?}"),
    };
    bed.act(UiAction::Set(Setting::Typing(false)));
    assert!(!typing(&bed), "shown at once");
    resync(&mut bed, &[], Vec::new());
    assert!(typing(&bed), "the worker has not kept it");

    let mut bed = Bed::new();
    let locked = || Event::ProfileChanged { profile: super::LOCKED };
    bed.tell([locked()]);
    bed.act(UiAction::Unlock {
        passphrase: Passphrase::new("seven quiet moons".into()),
        remember: false,
    });
    resync(&mut bed, &[], vec![locked()]);
    assert!(matches!(bed.screen(), ScreenView::Unlock(unlock) if unlock.busy.is_none()));
}

#[test]
fn a_call_whose_answer_was_lost_is_awaited_only_where_there_is_one() {
    let calling = |bed: &Bed| bed.app.world().resource::<Desk>().calling;
    let mut bed = talking(Vec::new());
    bed.act(UiAction::StartCall(talk()));
    assert!(calling(&bed));
    resync(&mut bed, &[], Vec::new());
    assert!(!calling(&bed));
    assert!(matches!(bed.home_view().main, MainPane::Conversation(_)));

    bed.act(UiAction::StartCall(talk()));
    let call = running(Stage::Outgoing);
    resync(&mut bed, &[], vec![Event::CallChanged { call }]);
    assert!(matches!(bed.home_view().main, MainPane::Call(_)));
}

#[test]
fn a_link_that_was_lost_is_asked_for_again_while_its_pane_is_open() {
    let mut bed = Bed::home();
    bed.act(UiAction::OpenAddContact);
    resync(&mut bed, &[], Vec::new());
    assert_eq!(bed.commands(), [Command::CreateInvite {}]);
}

#[test]
fn what_still_waits_goes_out_before_the_end_and_in_order() {
    let Bed { mut app, worker, .. } = Bed::home();
    let set = |text: String| Command::SetDraft {
        channel: RHEA.into(),
        text,
    };
    let total = COMMAND_CAPACITY + 10;
    for n in 0..total {
        app.world_mut().resource_mut::<Outbox>().send(set(n.to_string()));
    }
    app.update();
    assert!(!app.world().resource::<Outbox>().is_empty(), "the lane is full");
    let read = move || {
        let mut seen = Vec::new();
        let until = Instant::now() + Duration::from_secs(20);
        while seen.last() != Some(&Command::Shutdown {}) && Instant::now() < until {
            match worker.try_command() {
                Some(request) => seen.push(request.command),
                None => std::thread::sleep(Duration::from_millis(1)),
            }
        }
        seen
    };
    let reader = std::thread::Builder::new().name("worker".into()).spawn(read).unwrap();
    let last = set("typed last".into());
    crate::session::shut_down(app.world_mut(), vec![last.clone()], Duration::from_secs(20));
    let seen = reader.join().unwrap();
    let mut expected: Vec<Command> = (0..total).map(|n| set(n.to_string())).collect();
    expected.extend([last, Command::Shutdown {}]);
    assert_eq!(seen, expected);
}
