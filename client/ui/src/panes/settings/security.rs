//! What protects the profile: passphrase, recovery phrase, a copy in one file, locking.

use egui::{Align2, Rect, Sense, Ui, pos2, vec2};
use zeroize::{Zeroize, Zeroizing};

use super::rows::{group, row, rule};
use crate::action::{Passphrase, Setting, UiAction};
use crate::cx::{Cx, t, tf};
use crate::entry;
use crate::icons;
use crate::overlay::Dialog;
use crate::paint::{self, Type};
use crate::start::{is_ready, new_passphrase, next, notice};
use crate::state::{NewPassphrase, PASSPHRASE_MAX, secret};
use crate::strings::{self, Arg};
use crate::tokens as tok;
use crate::view::{HomeView, Level, SecurityView, Words, Work};
use crate::widgets::{self, Choice, Field, Kind};

/// What is typed here.
pub(super) struct SecurityState {
    /// The part that is unfolded.
    open: Option<Part>,
    old: Zeroizing<String>,
    new: NewPassphrase,
    /// Two of the words, typed back.
    proof: [Zeroizing<String>; 2],
    path: Option<String>,
    /// As the view counted when this was last emptied.
    count: u64,
    /// Words are on the screen.
    shows_words: bool,
}

impl SecurityState {
    /// Whoever looks elsewhere has the words on paper, or wants others.
    pub(super) fn leave(&mut self, cx: &mut Cx<'_>) {
        if self.shows_words {
            *self = Self {
                count: self.count,
                ..Self::default()
            };
            cx.emit(UiAction::DropPhrase);
        }
    }
}

impl Default for SecurityState {
    fn default() -> Self {
        Self {
            open: None,
            old: secret(),
            new: NewPassphrase::default(),
            proof: [secret(), secret()],
            path: None,
            count: 0,
            shows_words: false,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Passphrase,
    Phrase,
    NoPhrase,
    Export,
}

/// Which of the words are asked back, counted from 0: neither the first, which is remembered, nor neighbours.
const ASKED: [usize; 2] = [3, 8];
/// Longest word that is typed back, characters.
const PROOF_MAX: usize = 16;
/// Minutes until the window locks.
const MINUTES: [u32; 4] = [0, 5, 15, 60];

/// Draws the section.
pub(super) fn security(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    state: &mut SecurityState,
    dialog: &mut Option<Dialog>,
    home: &HomeView,
    view: &SecurityView,
) {
    if state.count != view.count {
        let count = view.count;
        // What was typed for something else is still wanted.
        if state.open == view.done.and_then(part_of) {
            *state = SecurityState::default();
        }
        state.count = count;
    }
    state.shows_words = view.words.is_some();
    if state.shows_words {
        state.open = Some(Part::Phrase);
    }
    group(ui, &t("security-passphrase"), |ui| passphrase(ui, cx, state, view));
    group(ui, &t("security-recovery"), |ui| recovery(ui, cx, state, view));
    group(ui, &t("security-keyring"), |ui| remembered(ui, cx, view));
    group(ui, &t("security-copy"), |ui| copy(ui, cx, state, view));
    group(ui, &t("security-lock"), |ui| lock(ui, cx, dialog, home, view));
}

/// Where what is done was asked for.
fn part_of(work: Work) -> Option<Part> {
    match work {
        Work::Passphrase => Some(Part::Passphrase),
        Work::Phrase => Some(Part::Phrase),
        Work::NoPhrase => Some(Part::NoPhrase),
        Work::Export => Some(Part::Export),
        Work::Remember => None,
    }
}

/// A row whose button unfolds what belongs to it; says whether it is unfolded.
fn folded(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut SecurityState, part: Part, name: &str, words: [&str; 3]) -> bool {
    let [title, lead, label] = words.map(t);
    let place = row(ui, &title, &lead, vec2(150.0, tok::BUTTON_SMALL));
    let open = state.open == Some(part);
    let label = if open { t("cancel") } else { label };
    // Words that are being written down are not to be lost by looking at something else.
    let free = !state.shows_words || part == Part::Phrase;
    let pressed = ui
        .add_enabled_ui(free, |ui| {
            widgets::button(ui, cx, name, place, &label, None, Kind::Quiet).clicked()
        })
        .inner;
    if pressed {
        let count = state.count;
        *state = SecurityState {
            open: (!open).then_some(part),
            count,
            ..SecurityState::default()
        };
        if open && part == Part::Phrase {
            cx.emit(UiAction::DropPhrase);
        }
        if !open && part == Part::Phrase {
            cx.emit(UiAction::MakePhrase);
        }
    }
    state.open == Some(part)
}

/// What came of the last thing of this kind.
fn said(ui: &mut Ui, view: &SecurityView, work: Work, done: &str) {
    if let Some((failed, error)) = &view.failed
        && *failed == work
    {
        notice(ui, Level::Bad, &strings::error(error));
        ui.add_space(12.0);
    } else if view.done == Some(work) {
        notice(ui, Level::Good, done);
        ui.add_space(12.0);
    }
}

/// The passphrase that opens the profile now.
fn present(ui: &mut Ui, cx: &mut Cx<'_>, name: &str, state: &mut SecurityState) {
    let hint = t("security-present");
    let mut spec = Field::new(name, next(ui, tok::FIELD_HEIGHT), &hint);
    (spec.secret, spec.limit) = (true, PASSPHRASE_MAX);
    widgets::field(ui, cx, &spec, &mut state.old);
    ui.add_space(10.0);
}

/// The button that does it; nothing while something is worked at.
fn go(ui: &mut Ui, cx: &mut Cx<'_>, name: &str, label: &str, ready: bool, kind: Kind, view: &SecurityView) -> bool {
    let rect = next(ui, tok::FIELD_HEIGHT);
    let rect = Rect::from_min_size(rect.min, vec2(220.0_f32.min(rect.width()), rect.height()));
    let busy = view.work.is_some();
    let label = if busy { t("busy-key") } else { t(label) };
    let clicked = ui
        .add_enabled_ui(ready && !busy, |ui| {
            widgets::button(ui, cx, name, rect, &label, None, kind).clicked()
        })
        .inner;
    ui.add_space(14.0);
    clicked
}

fn passphrase(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut SecurityState, view: &SecurityView) {
    let words = [
        "security-passphrase-title",
        "security-passphrase-lead",
        "security-change",
    ];
    if folded(ui, cx, state, Part::Passphrase, "security.passphrase", words) {
        present(ui, cx, "security.old", state);
        new_passphrase(ui, cx, "security", &mut state.new);
        ui.add_space(14.0);
        let ready = !state.old.is_empty() && is_ready(&mut state.new);
        if go(ui, cx, "security.change", "security-change", ready, Kind::Primary, view) {
            cx.emit(UiAction::ChangePassphrase {
                old: Passphrase::new(state.old.to_string()),
                new: Passphrase::new(state.new.text.to_string()),
            });
        }
    }
    said(ui, view, Work::Passphrase, &t("security-changed"));
}

fn recovery(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut SecurityState, view: &SecurityView) {
    let words = if view.recovery {
        ["security-phrase-title", "security-phrase-there", "security-phrase-new"]
    } else {
        ["security-phrase-title", "security-phrase-lead", "security-phrase-make"]
    };
    if folded(ui, cx, state, Part::Phrase, "security.phrase", words)
        && let Some(words) = &view.words
    {
        listed(ui, cx, words);
        for (at, index) in ASKED.into_iter().enumerate() {
            let hint = tf("security-phrase-proof", &[("number", Arg::Number(index as i64 + 1))]);
            let name = ["security.proof.0", "security.proof.1"]
                .get(at)
                .copied()
                .unwrap_or_default();
            let Some(proof) = state.proof.get_mut(at) else { continue };
            let mut field = Field::new(name, next(ui, tok::FIELD_HEIGHT), &hint);
            (field.secret, field.shown, field.limit) = (true, true, PROOF_MAX);
            let wanted = words.0.get(index).map(String::as_str).unwrap_or_default();
            field.bad = !proof.is_empty() && !wanted.starts_with(proof.trim().to_lowercase().as_str());
            widgets::field(ui, cx, &field, proof);
            ui.add_space(10.0);
        }
        present(ui, cx, "security.old", state);
        let proved = ASKED.iter().zip(&state.proof).all(|(index, proof)| {
            words
                .0
                .get(*index)
                .is_some_and(|word| *word == proof.trim().to_lowercase())
        });
        let ready = proved && !state.old.is_empty();
        if go(
            ui,
            cx,
            "security.keep",
            "security-phrase-keep",
            ready,
            Kind::Primary,
            view,
        ) {
            let passphrase = Passphrase::new(state.old.to_string());
            cx.emit(UiAction::KeepPhrase { passphrase });
        }
    }
    said(ui, view, Work::Phrase, &t("security-phrase-kept"));
    if view.recovery && view.words.is_none() {
        rule(ui);
        let words = ["security-nophrase-title", "security-nophrase-lead", "security-nophrase"];
        if folded(ui, cx, state, Part::NoPhrase, "security.nophrase", words) {
            present(ui, cx, "security.old", state);
            let ready = !state.old.is_empty();
            if go(
                ui,
                cx,
                "security.remove",
                "security-nophrase",
                ready,
                Kind::Danger,
                view,
            ) {
                let passphrase = Passphrase::new(state.old.to_string());
                state.old.zeroize();
                cx.emit(UiAction::RemovePhrase { passphrase });
            }
        }
    }
    said(ui, view, Work::NoPhrase, &t("security-nophrase-done"));
}

/// The words to write down, numbered.
fn listed(ui: &mut Ui, cx: &mut Cx<'_>, words: &Words) {
    notice(ui, Level::Warn, &t("security-phrase-write"));
    ui.add_space(12.0);
    let columns = if ui.available_width() >= 480.0 { 4 } else { 2 };
    let rows = words.0.len().div_ceil(columns);
    let rect = next(ui, rows as f32 * 40.0);
    cx.mark("security.words", rect);
    let cell = vec2(rect.width() / columns as f32, 40.0);
    for (at, word) in words.0.iter().enumerate() {
        let min = rect.min + vec2((at % columns) as f32 * cell.x, (at / columns) as f32 * cell.y);
        let place = Rect::from_min_size(min, cell).shrink2(vec2(3.0, 3.0));
        paint::panel(ui.painter(), place, tok::RADIUS_SMALL, tok::FIELD, tok::LINE);
        let number = (at + 1).to_string();
        let kind = Type::regular(tok::TYPE_SMALL, tok::TEXT_FAINT);
        paint::label(
            ui,
            pos2(place.left() + 24.0, place.center().y),
            Align2::RIGHT_CENTER,
            &number,
            kind,
            22.0,
        );
        let kind = Type::strong(tok::TYPE_BODY, tok::TEXT);
        let at = pos2(place.left() + 34.0, place.center().y);
        paint::label(ui, at, Align2::LEFT_CENTER, word, kind, place.width() - 40.0);
    }
    ui.add_space(14.0);
}

/// Whether the system's keyring keeps the key.
fn remembered(ui: &mut Ui, cx: &mut Cx<'_>, view: &SecurityView) {
    let title = t("security-remember-title");
    let place = row(ui, &title, &t("security-remember-lead"), vec2(38.0, 22.0));
    let busy = view.work.is_some();
    // As it will be, while the keyring is being asked.
    let on = view.remembered != (view.work == Some(Work::Remember));
    ui.add_enabled_ui(!busy, |ui| {
        if widgets::toggle(ui, cx, "security.remember", place, &title, on).clicked() {
            cx.emit(UiAction::SetRemembered(!view.remembered));
        }
    });
    let done = if view.remembered {
        "security-remembered"
    } else {
        "security-forgotten"
    };
    said(ui, view, Work::Remember, &t(done));
}

fn copy(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut SecurityState, view: &SecurityView) {
    let words = ["security-export-title", "security-export-lead", "security-export"];
    if folded(ui, cx, state, Part::Export, "security.export", words) {
        let path = state.path.get_or_insert_with(|| view.export_path.clone());
        let hint = t("restore-path");
        let mut field = Field::new("security.path", next(ui, tok::FIELD_HEIGHT), &hint);
        field.limit = 1024;
        widgets::field(ui, cx, &field, path);
        let (path, ready) = (path.trim().to_owned(), !path.trim().is_empty());
        ui.add_space(12.0);
        if let Some(share) = view.progress {
            let bar = next(ui, 4.0);
            widgets::progress(ui, bar, share, tok::ION);
            ui.add_space(20.0);
        } else if go(
            ui,
            cx,
            "security.write",
            "security-export-go",
            ready,
            Kind::Primary,
            view,
        ) {
            cx.emit(UiAction::Export { path });
        }
    }
    let file = view.exported.as_deref().unwrap_or_default();
    said(
        ui,
        view,
        Work::Export,
        &tf("security-exported", &[("file", Arg::Text(file))]),
    );
}

fn lock(ui: &mut Ui, cx: &mut Cx<'_>, dialog: &mut Option<Dialog>, home: &HomeView, view: &SecurityView) {
    row(ui, &t("security-idle"), &t("security-idle-lead"), vec2(0.0, 0.0));
    let width = ui.available_width();
    let rect: Rect = ui.allocate_exact_size(vec2(width, 36.0), Sense::hover()).0;
    let labels = MINUTES.map(|minutes| match minutes {
        0 => t("security-idle-never").into_owned(),
        minutes => tf("security-idle-minutes", &[("count", Arg::Number(i64::from(minutes)))]),
    });
    let names = ["never", "5", "15", "60"];
    let choices: Vec<Choice<'_>> = labels
        .iter()
        .zip(names)
        .map(|(label, name)| Choice { name, label })
        .collect();
    let chosen = MINUTES
        .iter()
        .rposition(|minutes| *minutes <= view.lock_after_min)
        .unwrap_or_default();
    let picked = widgets::segmented(ui, cx, "security.idle", rect, &choices, chosen);
    if let Some(minutes) = picked.and_then(|at| MINUTES.get(at)) {
        cx.emit(UiAction::Set(Setting::LockAfter(*minutes)));
    }
    ui.add_space(12.0);
    rule(ui);
    let place = row(
        ui,
        &t("security-now"),
        &t("security-now-lead"),
        vec2(150.0, tok::BUTTON_SMALL),
    );
    let label = t("lock-now");
    if widgets::button(ui, cx, "security.lock", place, &label, Some(icons::LOCK), Kind::Quiet).clicked() {
        entry::lock(cx, dialog, home);
    }
}
