//! Making a profile: name, passphrase, server, and what is stored where.

use std::hash::BuildHasher;

use egui::{Align2, Rect, Ui, pos2, vec2};

use super::card::{busy, card, next, small_words, title, trouble, words};
use crate::action::{Passphrase, UiAction};
use crate::cx::{Cx, named, t, tf};
use crate::entry::take_submit;
use crate::paint::{self, Type};
use crate::state::{FirstStartState, PASSPHRASE_MAX};
use crate::strings::Arg;
use crate::text::name_fits;
use crate::tokens as tok;
use crate::view::FirstStartView;
use crate::widgets::{self, Field, Kind};
use crate::{icons, widgets::icon_button};

/// Least length of a passphrase, characters.
pub(super) const LEAST_LENGTH: usize = 8;
/// Least score of a passphrase, 0 to 4 (zxcvbn): 2 withstands guessing through 256 MiB of Argon2id for years.
pub(super) const LEAST_SCORE: u8 = 2;

/// The form for a new profile.
pub(crate) fn first_start(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    window: Rect,
    state: &mut FirstStartState,
    view: &FirstStartView,
) {
    if state.restoring {
        super::restore::restore(ui, cx, window, state, view);
        return;
    }
    let ctx = ui.ctx().clone();
    if !state.focused {
        state.focused = true;
        ctx.memory_mut(|memory| memory.request_focus(named("firststart.name")));
    }
    let mut submit = view.busy.is_none() && take_submit(&ctx);
    let still = cx.still();
    card(ui, window, "firststart", |ui| {
        title(ui, &t("firststart-title"));
        ui.add_space(8.0);
        words(ui, &t("firststart-lead"), tok::TEXT_SOFT);
        ui.add_space(20.0);
        ui.add_enabled_ui(view.busy.is_none(), |ui| fields(ui, cx, state, view));

        let stored = tf("firststart-stored", &[("folder", Arg::Text(&view.folder))]);
        small_words(ui, icons::HARD_DRIVE, &stored, tok::TEXT_SOFT);
        ui.add_space(6.0);
        small_words(ui, icons::LOCK, &t("firststart-lost"), tok::TEXT_SOFT);
        ui.add_space(14.0);
        trouble(ui, view.error.as_ref());

        if let Some(stage) = view.busy {
            busy(ui, still, stage);
            return;
        }
        let missing = missing(state);
        let ready = missing.is_none();
        let rect = next(ui, tok::BUTTON_HEIGHT);
        ui.add_enabled_ui(ready, |ui| {
            let label = t("firststart-create");
            submit |= widgets::button(ui, cx, "firststart.create", rect, &label, None, Kind::Primary).clicked();
        });
        ui.add_space(8.0);
        if let Some(key) = missing {
            let kind = Type::regular(tok::TYPE_SMALL, tok::TEXT_SOFT).on(17.0);
            let galley = paint::paragraph(ui, &count(key), kind, ui.available_width());
            let rect = next(ui, galley.size().y);
            cx.mark("firststart.missing", rect);
            paint::put(ui.painter(), rect.min, Align2::LEFT_TOP, galley);
        } else {
            // The button must not move away under who is about to press it.
            ui.add_space(17.0);
        }
        ui.add_space(14.0);
        let at = next(ui, 16.0).center();
        let label = t("restore-offer");
        if widgets::link_button(
            ui,
            cx,
            "firststart.restore",
            at,
            Align2::CENTER_CENTER,
            &label,
            tok::TEXT_SOFT,
        )
        .clicked()
        {
            (state.restoring, state.focused) = (true, false);
            cx.emit(UiAction::OtherForm);
        }
        if view.can_go_back {
            ui.add_space(12.0);
            let at = next(ui, 16.0).center();
            let label = t("back-to-profiles");
            if widgets::link_button(
                ui,
                cx,
                "firststart.back",
                at,
                Align2::CENTER_CENTER,
                &label,
                tok::TEXT_FAINT,
            )
            .clicked()
            {
                cx.emit(UiAction::BackToProfiles);
            }
        }
        if submit && ready {
            cx.emit(UiAction::CreateProfile {
                name: state.name.trim().to_owned(),
                passphrase: Passphrase::new(state.passphrase.to_string()),
                server: state.server.as_deref().unwrap_or_default().trim().to_owned(),
            });
        }
    });
}

/// Name, passphrase twice, server.
fn fields(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut FirstStartState, view: &FirstStartView) {
    let hint = t("firststart-name");
    let mut name = Field::new("firststart.name", next(ui, tok::FIELD_HEIGHT), &hint);
    name.bad = !name_fits(&state.name);
    widgets::field(ui, cx, &name, &mut state.name);
    ui.add_space(12.0);

    passphrases(ui, cx, state);

    let server = state.server.get_or_insert_with(|| view.server.clone());
    caption(ui, &t("firststart-server"));
    let hint = t("firststart-server-hint");
    let mut field = Field::new("firststart.server", next(ui, tok::FIELD_HEIGHT), &hint);
    field.bad = server.trim().is_empty();
    widgets::field(ui, cx, &field, server);
    ui.add_space(14.0);
}

fn caption(ui: &mut Ui, text: &str) {
    let rect = next(ui, 18.0);
    let kind = Type::regular(tok::TYPE_SMALL, tok::TEXT_SOFT);
    paint::label(ui, rect.left_top(), Align2::LEFT_TOP, text, kind, rect.width());
}

/// Both passphrase fields with the meter between them.
fn passphrases(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut FirstStartState) {
    let rect = next(ui, tok::FIELD_HEIGHT);
    let hint = t("firststart-passphrase");
    let mut spec = Field::new("firststart.passphrase", rect, &hint);
    (spec.secret, spec.shown, spec.limit) = (true, state.reveal, PASSPHRASE_MAX);
    spec.room = 40.0;
    widgets::field(ui, cx, &spec, &mut state.passphrase);
    reveal(ui, cx, "firststart.reveal", rect, &mut state.reveal);

    ui.add_space(8.0);
    let bar = next(ui, 4.0);
    let score = score(state);
    let empty = state.passphrase.is_empty();
    let short = state.passphrase.chars().count() < LEAST_LENGTH;
    let (share, color, verdict) = match (empty, score) {
        (true, _) => (0.0, tok::GIANT, "strength-empty"),
        _ if short => (0.12, tok::GIANT, "strength-short"),
        (_, 0) => (0.12, tok::GIANT, "strength-0"),
        (_, 1) => (0.3, tok::GIANT, "strength-1"),
        (_, 2) => (0.55, tok::SOLAR, "strength-2"),
        (_, 3) => (0.78, tok::AURORA, "strength-3"),
        _ => (1.0, tok::AURORA, "strength-4"),
    };
    widgets::progress(ui, bar, share, color);
    cx.mark("firststart.strength", bar);
    ui.add_space(5.0);
    let line = next(ui, 16.0);
    let kind = Type::regular(tok::TYPE_SMALL, if empty { tok::TEXT_FAINT } else { color });
    let at = line.left_top();
    paint::label(ui, at, Align2::LEFT_TOP, &count(verdict), kind, line.width());
    ui.add_space(8.0);

    let differs = !state.again.is_empty() && *state.again != *state.passphrase;
    let rect = next(ui, tok::FIELD_HEIGHT);
    let hint = t("firststart-again");
    let mut spec = Field::new("firststart.again", rect, &hint);
    (spec.secret, spec.shown, spec.limit) = (true, state.reveal, PASSPHRASE_MAX);
    spec.bad = differs;
    widgets::field(ui, cx, &spec, &mut state.again);
    if differs {
        ui.add_space(5.0);
        let line = next(ui, 16.0);
        let kind = Type::regular(tok::TYPE_SMALL, tok::GIANT);
        paint::label(
            ui,
            line.left_top(),
            Align2::LEFT_TOP,
            &t("firststart-differs"),
            kind,
            line.width(),
        );
    }
    ui.add_space(12.0);
}

/// The eye at the right end of a passphrase field.
pub(super) fn reveal(ui: &Ui, cx: &mut Cx<'_>, name: &str, field: Rect, shown: &mut bool) {
    let rect = Rect::from_center_size(pos2(field.right() - 22.0, field.center().y), vec2(30.0, 30.0));
    let (icon, label) = if *shown {
        (icons::EYE_OFF, t("hide"))
    } else {
        (icons::EYE, t("reveal"))
    };
    if icon_button(ui, cx, name, rect, icon, &label, tok::TEXT_SOFT).clicked() {
        *shown = !*shown;
    }
}

/// Score of the passphrase, worked out when it or the name changed.
fn score(state: &mut FirstStartState) -> u8 {
    let print = state.keyed.hash_one((state.passphrase.as_str(), state.name.as_str()));
    match state.score {
        Some((known, score)) if known == print => score,
        _ => {
            let guessed = zxcvbn::zxcvbn(&state.passphrase, &[state.name.as_str(), "orrery"]);
            let score = u8::from(guessed.score());
            state.score = Some((print, score));
            score
        }
    }
}

/// Words that may name the least length.
pub(super) fn count(key: &str) -> String {
    tf(key, &[("count", Arg::Number(LEAST_LENGTH as i64))])
}

/// What is still missing before a profile can be made, in the order of the form; `None` when nothing is.
fn missing(state: &mut FirstStartState) -> Option<&'static str> {
    let length = state.passphrase.chars().count();
    if state.name.trim().is_empty() {
        Some("firststart-needs-name")
    } else if !name_fits(&state.name) {
        Some("name-too-long")
    } else if length == 0 {
        Some("firststart-needs-passphrase")
    } else if length < LEAST_LENGTH {
        Some("firststart-needs-longer")
    } else if score(state) < LEAST_SCORE {
        Some("firststart-needs-stronger")
    } else if state.again.is_empty() {
        Some("firststart-needs-again")
    } else if *state.passphrase != *state.again {
        Some("firststart-differs")
    } else if state.server.as_deref().is_none_or(|server| server.trim().is_empty()) {
        Some("firststart-needs-server")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(name: &str, passphrase: &str, again: &str) -> FirstStartState {
        let mut state = FirstStartState {
            name: name.into(),
            server: Some("wss://talk.example.org".into()),
            ..Default::default()
        };
        state.passphrase.push_str(passphrase);
        state.again.push_str(again);
        state
    }

    #[test]
    fn a_profile_needs_a_name_and_a_strong_passphrase_twice() {
        let good = "seven quiet moons over jupiter";
        let needs = |name: &str, passphrase: &str, again: &str| missing(&mut form(name, passphrase, again));
        assert_eq!(needs("Rhea", good, good), None);
        assert_eq!(needs("  ", good, good), Some("firststart-needs-name"));
        assert_eq!(needs("Rhea", "", ""), Some("firststart-needs-passphrase"));
        assert_eq!(needs("Rhea", good, ""), Some("firststart-needs-again"));
        assert_eq!(
            needs("Rhea", good, "seven quiet moons over saturn"),
            Some("firststart-differs")
        );
        assert_eq!(needs("Rhea", "password", "password"), Some("firststart-needs-stronger"));
        assert_eq!(
            needs("Rhea", "x7#Qp", "x7#Qp"),
            Some("firststart-needs-longer"),
            "too short, however odd"
        );
        let mut emptied = form("Rhea", good, good);
        emptied.server = Some("  ".into());
        assert_eq!(missing(&mut emptied), Some("firststart-needs-server"));
    }

    #[test]
    fn a_name_has_room_by_its_bytes_in_every_script() {
        let good = "seven quiet moons over jupiter";
        let needs = |name: &str| missing(&mut form(name, good, good));
        for (letter, most) in [("x", 64), ("я", 32), ("月", 21)] {
            assert_eq!(needs(&letter.repeat(most)), None, "{letter}");
            assert_eq!(needs(&letter.repeat(most + 1)), Some("name-too-long"), "{letter}");
        }
    }

    #[test]
    fn the_score_follows_the_passphrase() {
        let mut state = form("Rhea", "password", "");
        assert_eq!(score(&mut state), 0);
        state.passphrase.push_str(" tundra lantern oboe 41");
        assert!(score(&mut state) >= 3);
    }
}
