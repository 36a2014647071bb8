//! Finding messages by what a person types.

use orrery_protocol::{ChannelId, MessageId, record::MessageKind};
use orrery_store::{Search, SearchHit, Store};
use proptest::prelude::*;

use crate::support::{THEM, US, channel, id, new_store, text, words, write};

fn find_in(store: &Store, typed: &str, channel: Option<ChannelId>) -> Vec<SearchHit> {
    let search = Search {
        text: typed,
        channel,
        before: None,
        limit: 50,
    };
    store.history().search(&search).unwrap()
}

fn find(store: &Store, words: &str) -> Vec<MessageId> {
    find_in(store, words, None).iter().map(|hit| hit.message.id).collect()
}

fn with(texts: &[&str]) -> (tempfile::TempDir, Store) {
    let (dir, mut store) = new_store();
    write(&mut store, |archive| {
        for (number, words) in (1..).zip(texts) {
            archive.put_message(&text(THEM, number, words)).unwrap();
        }
    });
    (dir, store)
}

#[test]
fn words_are_found_by_their_beginning_in_any_case_and_without_accents() {
    let (_dir, store) = with(&[
        "Über den Wolken",
        "a quiet orbit",
        "Orbital café",
        "日本語のテキスト",
        "الكواكب",
    ]);
    assert_eq!(find(&store, "orb"), [id(3), id(2)]);
    assert_eq!(find(&store, "ORBIT quiet"), [id(2)]);
    assert_eq!(find(&store, "cafe"), [id(3)]);
    assert_eq!(find(&store, "uber wolk"), [id(1)]);
    assert_eq!(find(&store, "o"), [id(3), id(2)]);
    assert_eq!(find(&store, "日本"), [id(4)]);
    assert_eq!(find(&store, "الكو"), [id(5)]);
    assert_eq!(find(&store, "rbit"), []);
    assert_eq!(find(&store, "quiet wolken"), []);
}

#[test]
fn a_hit_says_where_its_words_stand() {
    let (_dir, store) = with(&["line one\nand the orbits of Orion, in orbit"]);
    let hits = find_in(&store, "orbit ori", None);
    let shown: Vec<&str> = hits[0]
        .highlights
        .iter()
        .map(|range| &hits[0].snippet[range.clone()])
        .collect();
    assert_eq!(shown, ["orbits", "Orion", "orbit"]);
    assert!(hits[0].snippet.starts_with("line one and the"));
    let matches = hits[0]
        .matches
        .iter()
        .map(|range| &words(&hits[0].message)[range.clone()]);
    assert_eq!(matches.collect::<Vec<_>>(), ["orbits", "Orion", "orbit"]);
}

#[test]
fn a_search_within_a_conversation_finds_nothing_of_another() {
    let (_dir, mut store) = with(&["needle one"]);
    let other = ChannelId([60; 32]);
    write(&mut store, |archive| {
        for number in 0..30 {
            let mut message = text(US, 100 + number, "needle two");
            message.channel = ChannelId([60 + u8::try_from(number).unwrap(); 32]);
            archive.put_message(&message).unwrap();
        }
        // A text that looks like a channel's number is no channel.
        archive.put_message(&text(THEM, 2, "1 2 3 needle")).unwrap();
    });
    let ids = |channel| -> Vec<MessageId> {
        find_in(&store, "needle", channel)
            .iter()
            .map(|hit| hit.message.id)
            .collect()
    };
    assert_eq!(ids(Some(channel())), [id(2), id(1)]);
    assert_eq!(ids(Some(other)), [id(100)]);
    assert_eq!(ids(Some(ChannelId([7; 32]))), []);
    assert_eq!(ids(None).len(), 32);
    assert_eq!(find(&store, "2"), [id(2)]);
}

#[test]
fn pages_of_hits_go_on_where_the_last_ended() {
    let (_dir, store) = with(&["same"; 25]);
    let (mut before, mut found) = (None, Vec::new());
    loop {
        let search = Search {
            text: "same",
            channel: Some(channel()),
            before,
            limit: 10,
        };
        let hits = store.history().search(&search).unwrap();
        let Some(last) = hits.last() else { break };
        before = Some(last.cursor);
        found.extend(hits.iter().map(|hit| hit.message.id));
    }
    assert_eq!(found, (1..=25).rev().map(id).collect::<Vec<_>>());
}

#[test]
fn what_lies_far_back_is_found_however_long_the_history() {
    let (_dir, mut store) = new_store();
    // Beyond the first two stretches a search looks at, with rare words at their edges.
    let all: u64 = 5200;
    let edges = [1, 2, 591, 592, 593, 4687, 4688, 4689, 5199];
    write(&mut store, |archive| {
        for number in 1..=all {
            let words = if edges.contains(&number) {
                "rare common"
            } else {
                "common"
            };
            archive.put_message(&text(THEM, number, words)).unwrap();
        }
    });
    let newest_first: Vec<MessageId> = edges.iter().rev().copied().map(id).collect();
    assert_eq!(find(&store, "rare"), newest_first);
    for limit in 1..=edges.len() {
        let mut search = Search {
            text: "rar",
            channel: Some(channel()),
            before: None,
            limit,
        };
        let mut found = Vec::new();
        loop {
            let hits = store.history().search(&search).unwrap();
            assert!(hits.len() <= limit);
            let Some(last) = hits.last() else { break };
            search.before = Some(last.cursor);
            found.extend(hits.iter().map(|hit| hit.message.id));
        }
        assert_eq!(found, newest_first, "pages of {limit}");
    }
    assert_eq!(
        find(&store, "common"),
        (all - 49..=all).rev().map(id).collect::<Vec<_>>()
    );
    assert_eq!(find(&store, "absent"), []);
}

#[test]
fn edited_and_deleted_words_leave_the_index() {
    let (_dir, mut store) = with(&["treasure island", "another"]);
    let change = |store: &mut Store, words: &str, deleted| {
        let mut message = text(THEM, 1, words);
        (message.edited, message.deleted) = (true, deleted);
        write(store, |archive| archive.put_message(&message).unwrap());
    };
    change(&mut store, "pleasure island", false);
    assert_eq!(find(&store, "treasure"), []);
    assert_eq!(find(&store, "pleasure island"), [id(1)]);
    change(&mut store, "", true);
    assert_eq!(find(&store, "island"), []);
    change(&mut store, "back again", false);
    assert_eq!(find(&store, "again"), [id(1)]);
    write(&mut store, |archive| {
        archive.delete_message(&text(THEM, 1, "").reference()).unwrap()
    });
    assert_eq!(find(&store, "again"), []);
    assert_eq!(find(&store, "another"), [id(2)]);
}

#[test]
fn a_message_that_moves_to_another_conversation_is_found_there_only() {
    let (_dir, mut store) = with(&["wanderer"]);
    let other = ChannelId([61; 32]);
    let mut moved = text(THEM, 1, "wanderer");
    moved.channel = other;
    write(&mut store, |archive| archive.put_message(&moved).unwrap());
    assert_eq!(find_in(&store, "wanderer", Some(channel())).len(), 0);
    assert_eq!(find_in(&store, "wanderer", Some(other)).len(), 1);
}

#[test]
fn texts_of_16_kib_are_kept_and_found_whatever_they_are_made_of() {
    let word = "x".repeat(16 * 1024);
    let many = "needle straw ".repeat(16 * 1024 / 13);
    let signs = "\u{1F30D}".repeat(4096);
    let zeros = "\0".repeat(16 * 1024);
    let (_dir, store) = with(&[&word, &many, &signs, &zeros, "short"]);
    let page = store.history().newest(&channel(), 10).unwrap();
    for (message, words) in page.messages.iter().zip([&word, &many, &signs, &zeros]) {
        assert_eq!(message.kind, MessageKind::Text { text: words.clone() });
    }
    assert_eq!(find(&store, "xxxx"), [id(1)]);
    let hits = find_in(&store, "needle", None);
    assert!(hits[0].snippet.len() < 300 && hits[0].highlights.len() > 5);
    let hits = find_in(&store, "xxxx", None);
    assert!(hits[0].snippet.len() < 300 && hits[0].highlights.len() == 1);
}

#[test]
fn syntax_is_text_and_never_an_error() {
    let (_dir, store) = with(&["don't panic (AND carry on) \"quoted\" a-b col:on ^start {text} NEAR"]);
    for hostile in [
        "\"",
        "\"\"\"",
        "'",
        "*",
        "a*b",
        "^start",
        "(",
        ")",
        "AND",
        "OR",
        "NOT",
        "NEAR",
        "NEAR(a b, 3)",
        "text:a",
        "{text}:a",
        "-a",
        "+a",
        ":",
        "{",
        "}",
        "\\",
        "%",
        "_",
        ";--",
        "\0",
        "a\0b",
        "\u{fdd0}",
        "\u{feff}",
        "'; DROP TABLE messages; --",
        "rank",
        "search",
        "search MATCH 'a'",
    ] {
        find_in(&store, hostile, None);
        find_in(&store, hostile, Some(channel()));
    }
    for found in [
        "don't",
        "(AND carry",
        "\"quoted\"",
        "a-b",
        "col:on",
        "^start",
        "{text}",
        "NEAR",
        "don't panic ***",
    ] {
        assert_eq!(find(&store, found), [id(1)], "{found}");
    }
    assert_eq!(find(&store, "the NOT panic"), []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_is_typed_gives_an_answer(words in "(\\PC|[\"'*(){}:^+ \\x00-\\x1f-]){0,80}", limit in 0..3_usize) {
        let (_dir, store) = with(&["some text", "other"]);
        let search = Search { text: &words, channel: Some(channel()), before: None, limit };
        prop_assert!(store.history().search(&search).unwrap().len() <= limit);
    }
}
