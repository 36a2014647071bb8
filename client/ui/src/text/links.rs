//! Links in text: only web and mail addresses, never anything that could run.

use std::ops::Range;

/// A link found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Where it stands, in bytes.
    pub range: Range<usize>,
    /// What is to be opened: `http:`, `https:` or `mailto:`.
    pub target: String,
}

const SCHEMES: [(&str, &str); 4] = [("https://", ""), ("http://", ""), ("mailto:", ""), ("www.", "https://")];
/// Most links marked in one text.
const LINKS_MAX: usize = 200;

/// Every link of a text, in order.
#[must_use]
pub fn links(text: &str) -> Vec<Link> {
    let mut found = Vec::new();
    let mut word_start = 0;
    let bytes = text.as_bytes();
    while word_start < bytes.len() && found.len() < LINKS_MAX {
        let rest = text.get(word_start..).unwrap_or_default();
        let word_end = rest
            .find(char::is_whitespace)
            .map_or(text.len(), |length| word_start + length);
        let word = text.get(word_start..word_end).unwrap_or_default();
        if let Some(link) = link_in(word) {
            found.push(Link {
                range: word_start + link.range.start..word_start + link.range.end,
                target: link.target,
            });
        }
        let gap = text
            .get(word_end..)
            .and_then(|rest| rest.chars().next())
            .map_or(1, char::len_utf8);
        word_start = word_end + gap;
    }
    found
}

/// The link in one word, if there is one: what stands before it may be an opening bracket or quote.
fn link_in(word: &str) -> Option<Link> {
    let start = word.len() - word.trim_start_matches(['(', '[', '{', '<', '"', '\'', '«', '“']).len();
    let rest = word.get(start..)?;
    let (scheme, prefix) = SCHEMES.iter().find(|(scheme, _)| {
        rest.get(..scheme.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(scheme))
    })?;
    // Characters that end an address wherever they stand, because they could mislead.
    let end = rest
        .find(|c: char| c.is_control() || matches!(c, '<' | '>' | '"' | '`' | '\\' | '“' | '”' | '«' | '»'))
        .unwrap_or(rest.len());
    let mut link = rest.get(..end)?;
    loop {
        let before = link.len();
        link = link.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '…']);
        // A closing bracket belongs to the sentence unless the address opened it.
        for (open, close) in [('(', ')'), ('[', ']'), ('{', '}')] {
            if link.ends_with(close) && link.matches(close).count() > link.matches(open).count() {
                link = link.strip_suffix(close)?;
            }
        }
        if link.len() == before {
            break;
        }
    }
    let body = link.get(scheme.len()..)?;
    let good = match *scheme {
        "mailto:" => body
            .split_once('@')
            .is_some_and(|(user, host)| !user.is_empty() && host.contains('.')),
        _ => {
            let host = body.split(['/', '?', '#']).next().unwrap_or_default();
            !host.is_empty() && host.chars().any(char::is_alphanumeric)
        }
    };
    good.then(|| Link {
        range: start..start + link.len(),
        target: format!("{prefix}{link}"),
    })
}

/// The part of an address that says where it really leads, for the question before it is opened: the host without
/// user part, or the mail address.
#[must_use]
pub fn host_of(target: &str) -> String {
    let (scheme, rest) = target.split_once(':').unwrap_or(("", target));
    if scheme.eq_ignore_ascii_case("mailto") {
        return rest.split('?').next().unwrap_or_default().to_owned();
    }
    let authority = rest
        .trim_start_matches('/')
        .split(['/', '?', '#'])
        .next()
        .unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(text: &str) -> Vec<String> {
        links(text).into_iter().map(|link| link.target).collect()
    }

    #[test]
    fn web_and_mail_addresses_are_links_and_nothing_else_is() {
        assert_eq!(targets("see https://example.org/a?b=c."), ["https://example.org/a?b=c"]);
        assert_eq!(targets("(http://example.org/x_(y))"), ["http://example.org/x_(y)"]);
        assert_eq!(
            targets("www.example.org, or mailto:a@example.org!"),
            ["https://www.example.org", "mailto:a@example.org"]
        );
        for not in [
            "javascript:alert(1)",
            "file:///etc/passwd",
            "data:text/html,x",
            "vbscript:x",
            "https://",
            "http:///",
            "orrery:abc",
        ] {
            assert!(targets(not).is_empty(), "{not}");
        }
    }

    #[test]
    fn ranges_fall_on_the_text() {
        let text = "ä https://example.org/ü ö";
        let found = links(text);
        assert_eq!(&text[found[0].range.clone()], "https://example.org/ü");
    }

    #[test]
    fn the_host_shown_is_where_it_leads() {
        assert_eq!(host_of("https://bank.example@evil.example/login"), "evil.example");
        assert_eq!(host_of("mailto:a@example.org?subject=x"), "a@example.org");
        assert_eq!(host_of("http://example.org:8080#x"), "example.org:8080");
    }
}
