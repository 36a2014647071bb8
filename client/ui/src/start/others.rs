//! The quiet screens: starting, choosing a profile, and not being able to go on.

use egui::{Align2, Rect, Ui, pos2, vec2};

use super::card::{card, next, small_words, title, trouble, words};
use crate::action::UiAction;
use crate::cx::{Cx, t, tf};
use crate::paint::{self, Type};
use crate::strings::{self, Arg};
use crate::text::{ago, clean_name};
use crate::tokens as tok;
use crate::view::{BrokenView, ProfilesView};
use crate::widgets::{self, Kind};
use crate::{icons, view::ProfileEntry};

/// One line on the sky while profiles are being looked for.
pub(crate) fn starting(ui: &Ui, window: Rect) {
    let kind = Type::regular(tok::TYPE_BODY, tok::TEXT_SOFT);
    paint::label(
        ui,
        window.center(),
        Align2::CENTER_CENTER,
        &t("starting"),
        kind,
        window.width(),
    );
}

/// The list of profiles.
pub(crate) fn profiles(ui: &mut Ui, cx: &mut Cx<'_>, window: Rect, view: &ProfilesView) {
    card(ui, window, "profiles", |ui| {
        title(ui, &t("profiles-title"));
        ui.add_space(8.0);
        words(ui, &t("profiles-lead"), tok::TEXT_SOFT);
        ui.add_space(18.0);
        trouble(ui, view.error.as_ref());
        for (at, profile) in view.profiles.iter().enumerate() {
            entry(ui, cx, at, profile);
            ui.add_space(6.0);
        }
        ui.add_space(10.0);
        let rect = next(ui, tok::BUTTON_HEIGHT);
        if widgets::button(
            ui,
            cx,
            "profiles.new",
            rect,
            &t("profiles-new"),
            Some(icons::PLUS),
            Kind::Quiet,
        )
        .clicked()
        {
            cx.emit(UiAction::NewProfile);
        }
        ui.add_space(14.0);
        let words = tf("profiles-folder", &[("folder", Arg::Text(&view.folder))]);
        small_words(ui, icons::HARD_DRIVE, &words, tok::TEXT_FAINT);
    });
}

fn entry(ui: &mut Ui, cx: &mut Cx<'_>, at: usize, profile: &ProfileEntry) {
    let rect = next(ui, 54.0);
    let name = clean_name(&profile.name);
    ui.add_enabled_ui(!profile.in_use, |ui| {
        let response = widgets::press(ui, cx, &format!("profiles.{at}"), rect, &name);
        let warmth = widgets::hover(ui, cx, &response);
        let fill = tok::FIELD.lerp_to_gamma(tok::CONTROL_HOVER, warmth);
        paint::panel(ui.painter(), rect, tok::RADIUS, fill, tok::LINE_STRONG);
        let planet = Rect::from_center_size(pos2(rect.left() + 31.0, rect.center().y), vec2(34.0, 34.0));
        // Whose it is, is known once it is open.
        paint::icon(ui.painter(), planet.center(), icons::ORBIT, 24.0, tok::TEXT_SOFT);
        let second = match (profile.in_use, profile.last_used_ms) {
            (true, _) => t("profiles-in-use").into_owned(),
            (false, Some(ms)) => tf("profiles-last", &[("when", Arg::Text(&ago(cx.clock(), ms)))]),
            (false, None) => String::new(),
        };
        let width = rect.width() - 76.0;
        let (first_y, second_y) = if second.is_empty() {
            (rect.center().y, 0.0)
        } else {
            (rect.top() + 19.0, rect.top() + 37.0)
        };
        let left = rect.left() + 60.0;
        let strong = Type::strong(tok::TYPE_BODY, tok::TEXT);
        paint::label(ui, pos2(left, first_y), Align2::LEFT_CENTER, &name, strong, width);
        if !second.is_empty() {
            let kind = Type::regular(tok::TYPE_SMALL, tok::TEXT_SOFT);
            paint::label(ui, pos2(left, second_y), Align2::LEFT_CENTER, &second, kind, width);
        }
        if response.has_focus() {
            paint::focus_ring(ui.painter(), rect, tok::RADIUS);
        }
        if response.clicked() {
            cx.emit(UiAction::ChooseProfile(profile.id.clone()));
        }
    });
}

/// What happened and what can be done.
pub(crate) fn broken(ui: &mut Ui, cx: &mut Cx<'_>, window: Rect, view: &BrokenView) {
    card(ui, window, "broken", |ui| {
        title(ui, &t("broken-title"));
        ui.add_space(10.0);
        words(ui, &strings::error(&view.error), tok::TEXT);
        ui.add_space(14.0);
        small_words(ui, icons::INFO, &t("broken-safe"), tok::TEXT_SOFT);
        ui.add_space(22.0);
        let rect = next(ui, tok::BUTTON_HEIGHT);
        if view.can_go_back {
            if widgets::button(ui, cx, "broken.back", rect, &t("back-to-profiles"), None, Kind::Primary).clicked() {
                cx.emit(UiAction::BackToProfiles);
            }
        } else if widgets::button(ui, cx, "broken.quit", rect, &t("quit"), None, Kind::Primary).clicked() {
            cx.emit(UiAction::Quit);
        }
        ui.add_space(10.0);
        let rect = next(ui, tok::BUTTON_HEIGHT);
        let label = t("open-log-folder");
        if widgets::button(
            ui,
            cx,
            "broken.log",
            rect,
            &label,
            Some(icons::FOLDER_OPEN),
            Kind::Quiet,
        )
        .clicked()
        {
            cx.emit(UiAction::OpenLogFolder);
        }
        ui.add_space(12.0);
        small_words(ui, icons::HARD_DRIVE, &view.log_folder, tok::TEXT_FAINT);
    });
}
