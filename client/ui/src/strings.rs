//! Every string a person reads, from one Fluent catalogue (`assets/strings/en.ftl`).
//!
//! Panels ask by key: [`text`] for fixed words, [`text_with`] for words with something put in. A test holds that every
//! key asked for exists and that every key is asked for.

use std::borrow::Cow;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::view::{ErrorView, NameDoubt, Notice};

const ENGLISH: &str = include_str!("../../../assets/strings/en.ftl");

/// Error codes that have words of their own, as `error-<code>` in the catalogue. Any other code reads as `internal`.
pub const ERROR_CODES: &[&str] = &[
    "already_contact",
    "bad_command",
    "bad_export",
    "bad_recovery_phrase",
    "bad_safety_number",
    "file_exists",
    "keyring_unavailable",
    "no_recovery_phrase",
    "no_such_file",
    "not_remembered",
    "rolled_back",
    "safety_number_differs",
    "wrong_recovery_phrase",
    "bad_link",
    "bad_name",
    "bad_passphrase",
    "bad_prekeys",
    "bad_reaction",
    "bad_server",
    "binding_failed",
    "blocked",
    "busy",
    "call_failed",
    "call_full",
    "clock_skew",
    "database_damaged",
    "disk_full",
    "folder_not_opened",
    "internal",
    "link_elsewhere",
    "locked",
    "newer_profile",
    "no_input_device",
    "no_output_device",
    "no_profile",
    "no_sound",
    "no_such_call",
    "no_such_channel",
    "no_such_contact",
    "no_such_message",
    "not_accepted",
    "not_taken",
    "not_yours",
    "overloaded",
    "own_link",
    "profile_exists",
    "profile_in_use",
    "read_only",
    "replaced",
    "request_pending",
    "server_busy",
    "server_certificate",
    "server_refused",
    "server_unreachable",
    "text_empty",
    "text_too_long",
    "vault_damaged",
    "version_mismatch",
    "worker_gone",
    "wrong_passphrase",
];

/// Characters of a detail that stand between the words of an error.
const DETAIL_MAX: usize = 160;

/// Something put into words.
pub enum Arg<'a> {
    /// A text.
    Text(&'a str),
    /// A number; picks the plural form.
    Number(i64),
}

struct Words(FluentBundle<FluentResource>);

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let mut bundle = FluentBundle::new_concurrent(vec!["en".parse().unwrap_or(LanguageIdentifier::default())]);
    // The isolating marks are for mixed scripts in a browser; here they would be drawn as boxes in some fonts.
    bundle.set_use_isolating(false);
    let resource = match FluentResource::try_new(ENGLISH.to_owned()) {
        Ok(resource) => resource,
        // What parsed is used; a test keeps the catalogue free of errors.
        Err((resource, _errors)) => resource,
    };
    bundle.add_resource_overriding(resource);
    Words(bundle)
});

/// The words of `key`. A key that does not exist reads as itself.
#[must_use]
pub fn text(key: &str) -> Cow<'static, str> {
    let words: &'static Words = &WORDS;
    let Some(pattern) = words.0.get_message(key).and_then(|message| message.value()) else {
        return Cow::Owned(key.to_owned());
    };
    words.0.format_pattern(pattern, None, &mut Vec::new())
}

/// The words of `key` with `args` put in.
#[must_use]
pub fn text_with(key: &str, args: &[(&str, Arg<'_>)]) -> String {
    let Some(pattern) = WORDS.0.get_message(key).and_then(|message| message.value()) else {
        return key.to_owned();
    };
    let mut fluent = FluentArgs::new();
    for (name, arg) in args {
        fluent.set(
            *name,
            match arg {
                Arg::Text(text) => FluentValue::from(*text),
                Arg::Number(number) => FluentValue::from(*number),
            },
        );
    }
    WORDS
        .0
        .format_pattern(pattern, Some(&fluent), &mut Vec::new())
        .into_owned()
}

/// What an error says to a person, and what they can do. Where the catalogue has words with a detail
/// (`error-<code>-detail`) and the error brings one, they are used.
#[must_use]
pub fn error(error: &ErrorView) -> String {
    let code = if ERROR_CODES.contains(&error.code.as_str()) {
        error.code.as_str()
    } else {
        "internal"
    };
    if let Some(detail) = &error.detail {
        let key = format!("error-{code}-detail");
        if WORDS.0.has_message(&key) {
            // A detail may be a name that a stranger chose.
            let detail = crate::text::one_line(detail, DETAIL_MAX);
            return text_with(&key, &[("detail", Arg::Text(&detail))]);
        }
    }
    text(&format!("error-{code}")).into_owned()
}

/// Title and line of a notice, for toasts and for the desktop's notifications. Names and texts are cleaned of what
/// could reorder or hide them.
#[must_use]
pub fn notice(notice: &Notice) -> (String, String) {
    let name_of = |name: &str| crate::text::clean_name(name);
    let pair = |key: &str, line: &str, name: &str| {
        let name = name_of(name);
        (text_with(key, &[("name", Arg::Text(&name))]), text(line).into_owned())
    };
    match notice {
        Notice::Error(view) => (text("toast-error").into_owned(), error(view)),
        Notice::Message { name, text } => (name_of(name), crate::text::one_line(text, 160)),
        Notice::Messages { name, count } => {
            let name = name_of(name);
            let count = Arg::Number(i64::from(*count));
            let title = text_with("toast-messages", &[("count", count), ("name", Arg::Text(&name))]);
            (title, String::new())
        }
        Notice::Request { name } => pair("toast-request", "toast-request-line", name),
        Notice::RequestLike { name } => pair("toast-request-like", "toast-request-like-line", name),
        Notice::LooksLike { was, name, like } => {
            let (was, name) = (name_of(was), name_of(name));
            let title = text_with("toast-renamed", &[("was", Arg::Text(&was)), ("name", Arg::Text(&name))]);
            let line = match like {
                Some(other) => text_with("toast-renamed-like", &[("name", Arg::Text(&name_of(other)))]),
                None => text("toast-renamed-you").into_owned(),
            };
            (title, line)
        }
        Notice::Accepted { name } => pair("toast-accepted", "toast-accepted-line", name),
        Notice::RequestSent { name } => pair("toast-request-sent", "toast-request-sent-line", name),
        Notice::MissedCall { name } => pair("toast-missed-call", "toast-missed-call-line", name),
        Notice::Joined { name } => pair("toast-joined", "toast-nothing", name),
        Notice::Left { name } => pair("toast-left", "toast-nothing", name),
        Notice::SessionHealed { name } => pair("toast-healed", "toast-healed-line", name),
        Notice::BindingFailed { name } => {
            let name = name_of(name);
            let title = text_with("toast-binding", &[("name", Arg::Text(&name))]);
            let view = ErrorView {
                code: "binding_failed".into(),
                detail: Some(name),
            };
            (title, error(&view))
        }
        Notice::VersionMismatch { name } => {
            let name = name_of(name);
            let with = |key: &str| text_with(key, &[("name", Arg::Text(&name))]);
            (with("toast-version"), with("toast-version-line"))
        }
        Notice::RequestFailed { name, error: view } => {
            let name = name_of(name);
            let title = text_with("toast-request-failed", &[("name", Arg::Text(&name))]);
            (title, error(view))
        }
        Notice::DeviceChanged { name } => pair("toast-device", "toast-nothing", name),
        Notice::Copied => (text("toast-copied").into_owned(), String::new()),
        Notice::Saved => (text("toast-saved").into_owned(), String::new()),
    }
}

/// Why a name is not to be taken at its word.
#[must_use]
pub fn doubt(doubt: &NameDoubt) -> String {
    let (key, name) = match doubt {
        NameDoubt::Yours => return text("doubt-yours").into_owned(),
        NameDoubt::Like {
            name, verified: true, ..
        } => ("doubt-like-verified", name),
        NameDoubt::Like {
            name, blocked: true, ..
        } => ("doubt-like-blocked", name),
        NameDoubt::Like { name, .. } => ("doubt-like", name),
        NameDoubt::Known { name } => ("doubt-known", name),
    };
    text_with(key, &[("name", Arg::Text(&crate::text::clean_name(name)))])
}

/// The title of the window, with how much waits to be read.
#[must_use]
pub fn title(unread: u32) -> String {
    match unread {
        0 => text("window-title").into_owned(),
        count => text_with("window-title-unread", &[("count", Arg::Number(i64::from(count)))]),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn sources(folder: &Path, into: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                sources(&path, into);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                into.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }

    /// Keys of the catalogue, by its lines.
    fn keys() -> BTreeSet<String> {
        ENGLISH
            .lines()
            .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
            .filter_map(|line| line.split_once(" =").map(|(key, _)| key.to_owned()))
            .collect()
    }

    #[test]
    fn the_catalogue_parses_without_an_error() {
        assert!(FluentResource::try_new(ENGLISH.to_owned()).is_ok());
        assert!(keys().len() > 100);
    }

    #[test]
    fn every_key_asked_for_exists_and_every_key_is_asked_for() {
        let mut code = String::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut code);
        let keys = keys();

        let mut asked = BTreeSet::new();
        // A key stands as a whole literal somewhere in the code.
        for literal in code.split('"') {
            if keys.contains(literal) {
                asked.insert(literal.to_owned());
            }
        }
        for code in ERROR_CODES {
            asked.insert(format!("error-{code}"));
            asked.insert(format!("error-{code}-detail"));
        }
        let unused: Vec<_> = keys.difference(&asked).collect();
        assert!(unused.is_empty(), "never asked for: {unused:?}");

        for call in ["t(\"", "tf(\"", "text(\"", "text_with(\"", "pair(\""] {
            for (at, _) in code.match_indices(call) {
                // `t(` must not be the end of another name.
                let before = code[..at].chars().next_back().unwrap_or(' ');
                if before.is_alphanumeric() || before == '_' {
                    continue;
                }
                let key = code[at + call.len()..].split('"').next().unwrap_or_default();
                assert!(keys.contains(key), "`{key}` is asked for and not in the catalogue");
            }
        }
        for code in ERROR_CODES {
            assert!(keys.contains(&format!("error-{code}")), "error-{code}");
        }
    }

    #[test]
    fn every_error_code_has_words_and_an_unknown_one_has_too() {
        for code in ERROR_CODES {
            let words = error(&ErrorView::code(*code));
            assert!(words.len() > 15 && !words.contains("error-"), "{code}: {words}");
        }
        let skew = ErrorView {
            code: "clock_skew".into(),
            detail: Some("94".into()),
        };
        assert!(error(&skew).contains("94"));
        assert_eq!(
            error(&ErrorView::code("never heard of")),
            error(&ErrorView::code("internal"))
        );
    }

    #[test]
    fn a_connection_that_is_not_theirs_is_said_plainly_and_with_the_name() {
        let (title, line) = notice(&Notice::BindingFailed {
            name: "Rhea\u{202e}".into(),
        });
        assert_eq!(title, "No connection to Rhea");
        for words in ["Somebody may be between you and Rhea", "Nothing was said or heard"] {
            assert!(line.contains(words), "{line}");
        }
        assert!(!line.contains('\u{202e}'));
        let (title, line) = notice(&Notice::RequestFailed {
            name: "Rhea".into(),
            error: ErrorView::code("bad_prekeys"),
        });
        assert!(title.contains("Rhea") && line == error(&ErrorView::code("bad_prekeys")));
    }

    #[test]
    fn no_words_promise_what_this_release_cannot_do() {
        let remove = text_with("dialog-remove-words", &[("name", Arg::Text("Rhea"))]);
        for promise in ["deleted", "undone"] {
            assert!(!remove.contains(promise), "the history stays: {remove}");
        }
        // The other side never tells that it blocked us.
        let blocked = error(&ErrorView::code("blocked"));
        assert!(!blocked.contains("other"), "only our own block is known: {blocked}");
    }

    #[test]
    fn the_title_says_how_much_waits() {
        assert_eq!(title(0), "Orrery");
        assert_eq!(title(3), "(3) Orrery");
    }

    #[test]
    fn many_messages_are_told_as_one_notice() {
        let told = |count| {
            notice(&Notice::Messages {
                name: "Rhea".into(),
                count,
            })
        };
        assert_eq!(told(12).0, "12 new messages from Rhea");
        assert_eq!(told(1).0, "One new message from Rhea");
    }

    #[test]
    fn plurals_follow_the_number() {
        assert_ne!(
            text_with("search-found", &[("count", Arg::Number(1))]),
            text_with("search-found", &[("count", Arg::Number(2))])
        );
    }
}
