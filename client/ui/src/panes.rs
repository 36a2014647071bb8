//! The other main panes: nothing chosen, adding someone, settings.

mod add_contact;
mod compare;
mod empty;
mod settings;

use egui::{Rect, ScrollArea, Ui, UiBuilder, pos2, vec2};

use crate::home::Place;
use crate::tokens as tok;

pub(crate) use add_contact::add_contact;
pub(crate) use compare::compare;
pub(crate) use empty::empty;
pub(crate) use settings::{SettingsState, leave_settings, settings};

/// A column of reading width that scrolls below the header.
fn column(ui: &mut Ui, place: &Place, name: &str, content: impl FnOnce(&mut Ui)) {
    let below = place.below();
    let side = if below.width() < 480.0 { 16.0 } else { 32.0 };
    let width = (below.width() - 2.0 * side).min(tok::PANE_WIDTH);
    let mut child = crate::entry::within(ui, below, name);
    ScrollArea::vertical()
        .id_salt(name)
        .auto_shrink(false)
        .show(&mut child, |ui| {
            let min = pos2(below.left() + side, ui.cursor().top() + 24.0 + place.drop);
            let builder = UiBuilder::new().max_rect(Rect::from_min_size(min, vec2(width, 100_000.0)));
            ui.scope_builder(builder, |ui| {
                ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
                content(ui);
                ui.add_space(28.0);
            });
        });
}
