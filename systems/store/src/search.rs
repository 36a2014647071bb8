//! What a person's words become for the index, and what is shown of a message that has them.

use std::ops::Range;

use orrery_protocol::{ChannelId, record::MessageRecord};

/// Bytes of a query that are looked at; the rest is ignored.
const MAX_QUERY: usize = 256;
/// Words of a query that are looked for; the rest is ignored.
const MAX_WORDS: usize = 12;
/// Bytes of a message shown before its first match, about.
const BEFORE_MATCH: usize = 48;
/// Bytes of a message shown in all, about.
const SNIPPET: usize = 240;

/// Marks the index puts around matches. Noncharacters, so they stand in no honest text; a text that has them is shown
/// without highlights.
pub(crate) const MARKS: (char, char) = ('\u{fdd0}', '\u{fdd1}');

/// What to look for.
#[derive(Clone, Copy)]
pub struct Search<'text> {
    /// A person's words. Every one must stand in the message, at the beginning of a word; case and accents do not matter,
    /// nor do signs: there is no query language.
    pub text: &'text str,
    /// Only in this conversation.
    pub channel: Option<ChannelId>,
    /// Only what was stored before this, for the next page.
    pub before: Option<SearchCursor>,
    /// At most so many hits; clamped to [`MAX_PAGE`](crate::history::MAX_PAGE).
    pub limit: usize,
}

impl std::fmt::Debug for Search<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Search")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// Where a page of hits ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SearchCursor(pub(crate) i64);

/// A message with the words.
#[derive(Clone, PartialEq, Eq)]
pub struct SearchHit {
    /// The message, without reactions.
    pub message: MessageRecord,
    /// Matching words, as byte ranges of the message's text, in order, on character boundaries. Empty for a text that
    /// has the index's own marks in it.
    pub matches: Vec<Range<usize>>,
    /// A part of its text around the first match, on one line, with "…" where something was left out.
    pub snippet: String,
    /// [`SearchHit::matches`] that are in sight, as byte ranges of `snippet`.
    pub highlights: Vec<Range<usize>>,
    /// For [`Search::before`].
    pub cursor: SearchCursor,
}

impl std::fmt::Debug for SearchHit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SearchHit")
            .field("id", &self.message.id)
            .finish_non_exhaustive()
    }
}

/// The index's query for a person's words; `None` when there is nothing in them to look for.
///
/// Every word is quoted, so whatever FTS5 would read as syntax is text, and ends in `*`, for searching as one types.
pub(crate) fn fts_query(text: &str, channel: Option<i64>) -> Option<String> {
    let text = cut(text, MAX_QUERY);
    let words: Vec<String> = text
        // A NUL would end the query in the middle of a quote.
        .split(|c: char| c.is_whitespace() || c.is_control())
        // A word of signs only has no token and would match nothing at all.
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .take(MAX_WORDS)
        .map(|word| format!("\"{}\" *", word.replace('"', "\"\"")))
        .collect();
    if words.is_empty() {
        return None;
    }
    let words = words.join(" AND ");
    Some(match channel {
        Some(number) => format!("{{text}} : ({words}) AND {{channel}} : \"{number}\""),
        None => format!("{{text}} : ({words})"),
    })
}

/// At most `limit` bytes, cut between characters.
fn cut(text: &str, limit: usize) -> &str {
    text.get(..text.floor_char_boundary(limit)).unwrap_or_default()
}

/// Where the matches stand in a text, from the text as the index marked it.
pub(crate) fn matches(text: &str, marked: &str) -> Vec<Range<usize>> {
    if text.contains([MARKS.0, MARKS.1]) {
        return Vec::new();
    }
    let (mut ranges, mut at, mut opened) = (Vec::new(), 0, None);
    for c in marked.chars() {
        if c == MARKS.0 {
            opened = Some(at);
        } else if c == MARKS.1 {
            ranges.extend(opened.take().map(|start| start..at));
        } else {
            at += c.len_utf8();
        }
    }
    ranges
}

/// A part of a text around its first match, and where the matches stand in that part.
pub(crate) fn snippet(text: &str, matches: &[Range<usize>]) -> (String, Vec<Range<usize>>) {
    let first = matches.first().map_or(0, |range| range.start);
    let start = beginning(text, first);
    let end = text.floor_char_boundary(start.saturating_add(SNIPPET).max(start));
    let mut snippet = String::with_capacity(SNIPPET + 6);
    if start > 0 {
        snippet.push('…');
    }
    let shift = snippet.len();
    // Each sign that breaks a line becomes one byte of space, so that ranges stay where they are.
    snippet.extend(
        text.get(start..end)
            .unwrap_or_default()
            .chars()
            .map(|c| if c.is_ascii_control() { ' ' } else { c }),
    );
    if end < text.len() {
        snippet.push('…');
    }
    let highlights = matches
        .iter()
        .filter(|range| range.start < end && range.end > start)
        .map(|range| range.start.max(start) - start + shift..range.end.min(end) - start + shift)
        .collect();
    (snippet, highlights)
}

/// Where to begin so that a match at `first` is in sight: a little before it, at the start of a word if there is one.
fn beginning(text: &str, first: usize) -> usize {
    if first <= BEFORE_MATCH {
        return 0;
    }
    let earliest = text.ceil_char_boundary(first - BEFORE_MATCH);
    let lead = text.get(earliest..first).unwrap_or_default();
    let word = lead.find(char::is_whitespace).map_or(0, |at| {
        lead.get(at..)
            .and_then(|rest| rest.find(|c: char| !c.is_whitespace()))
            .map_or(0, |skip| at + skip)
    });
    earliest + word
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn syntax_becomes_text() {
        let query = fts_query("a\"b OR (c* NEAR", Some(3)).unwrap();
        assert_eq!(
            query,
            "{text} : (\"a\"\"b\" * AND \"OR\" * AND \"(c*\" * AND \"NEAR\" *) AND {channel} : \"3\""
        );
    }

    #[test]
    fn signs_alone_are_nothing_to_look_for() {
        assert_eq!(fts_query(" \"' -- *** \u{0} ", None), None);
        assert_eq!(fts_query("", None), None);
    }

    #[test]
    fn a_match_far_inside_is_in_sight() {
        let text = format!("{} needle {}", "straw ".repeat(100), "straw ".repeat(100));
        let marked = text.replace("needle", "\u{fdd0}needle\u{fdd1}");
        let (snippet, highlights) = snippet(&text, &matches(&text, &marked));
        assert!(snippet.len() < 300 && snippet.starts_with("…straw") && snippet.ends_with('…'));
        assert_eq!(highlights.len(), 1);
        assert_eq!(&snippet[highlights[0].clone()], "needle");
    }

    #[test]
    fn a_text_with_our_marks_in_it_is_shown_without_highlights() {
        assert_eq!(matches("a\u{fdd0}b", "\u{fdd0}a\u{fdd0}b\u{fdd1}"), []);
        assert_eq!(snippet("a\u{fdd0}b", &[]), ("a\u{fdd0}b".to_owned(), Vec::new()));
    }

    proptest! {
        #[test]
        fn highlights_always_lie_on_characters_of_the_snippet(words in prop::collection::vec(("\\PC{0,60}", any::<bool>()), 0..20)) {
            let text: String = words.iter().map(|(word, _)| word.as_str()).collect();
            let marked: String = words
                .iter()
                .map(|(word, hit)| if *hit { format!("\u{fdd0}{word}\u{fdd1}") } else { word.clone() })
                .collect();
            let matches = matches(&text, &marked);
            let (snippet, highlights) = snippet(&text, &matches);
            for range in matches {
                prop_assert!(text.get(range).is_some());
            }
            for range in highlights {
                prop_assert!(snippet.get(range).is_some());
            }
        }
    }
}
