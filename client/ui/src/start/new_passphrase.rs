//! A new passphrase: typed twice, with a meter between.

use std::hash::BuildHasher;

use egui::{Align2, Ui};

use super::card::next;
use super::first_start::{LEAST_LENGTH, LEAST_SCORE, count, reveal};
use crate::cx::{Cx, t};
use crate::paint::{self, Type};
use crate::state::{NewPassphrase, PASSPHRASE_MAX};
use crate::tokens as tok;
use crate::widgets::{self, Field};

/// Draws both fields; names them `<name>.new` and `<name>.again`.
pub(crate) fn new_passphrase(ui: &mut Ui, cx: &mut Cx<'_>, name: &str, state: &mut NewPassphrase) {
    let rect = next(ui, tok::FIELD_HEIGHT);
    let (field, hint) = (format!("{name}.new"), t("passphrase-new"));
    let mut spec = Field::new(&field, rect, &hint);
    (spec.secret, spec.shown, spec.limit) = (true, state.reveal, PASSPHRASE_MAX);
    spec.room = 40.0;
    widgets::field(ui, cx, &spec, &mut state.text);
    reveal(ui, cx, &format!("{name}.reveal"), rect, &mut state.reveal);
    ui.add_space(8.0);
    let bar = next(ui, 4.0);
    let short = state.text.chars().count() < LEAST_LENGTH;
    let (share, color, verdict) = match (state.text.is_empty(), score(state)) {
        (true, _) => (0.0, tok::TEXT_FAINT, "strength-empty"),
        _ if short => (0.12, tok::GIANT, "strength-short"),
        (_, 0) => (0.12, tok::GIANT, "strength-0"),
        (_, 1) => (0.3, tok::GIANT, "strength-1"),
        (_, 2) => (0.55, tok::SOLAR, "strength-2"),
        (_, 3) => (0.78, tok::AURORA, "strength-3"),
        _ => (1.0, tok::AURORA, "strength-4"),
    };
    widgets::progress(ui, bar, share, color);
    ui.add_space(5.0);
    let line = next(ui, 16.0);
    let kind = Type::regular(tok::TYPE_SMALL, color);
    paint::label(
        ui,
        line.left_top(),
        Align2::LEFT_TOP,
        &count(verdict),
        kind,
        line.width(),
    );
    ui.add_space(8.0);
    let differs = !state.again.is_empty() && *state.again != *state.text;
    let rect = next(ui, tok::FIELD_HEIGHT);
    let (field, hint) = (format!("{name}.again"), t("passphrase-again"));
    let mut spec = Field::new(&field, rect, &hint);
    (spec.secret, spec.shown, spec.limit) = (true, state.reveal, PASSPHRASE_MAX);
    spec.bad = differs;
    widgets::field(ui, cx, &spec, &mut state.again);
    if differs {
        ui.add_space(5.0);
        let line = next(ui, 16.0);
        let kind = Type::regular(tok::TYPE_SMALL, tok::GIANT);
        let words = t("firststart-differs");
        paint::label(ui, line.left_top(), Align2::LEFT_TOP, &words, kind, line.width());
    }
}

/// Long and strong enough, and twice the same.
pub(crate) fn is_ready(state: &mut NewPassphrase) -> bool {
    state.text.chars().count() >= LEAST_LENGTH && score(state) >= LEAST_SCORE && *state.again == *state.text
}

/// Score, worked out when the text changed.
fn score(state: &mut NewPassphrase) -> u8 {
    let print = state.keyed.hash_one(state.text.as_str());
    match state.score {
        Some((known, score)) if known == print => score,
        _ => {
            let score = u8::from(zxcvbn::zxcvbn(&state.text, &["orrery"]).score());
            state.score = Some((print, score));
            score
        }
    }
}
