//! A field that holds a key: pressed to choose another, with the keys drawn as they look on a keyboard.

use egui::{Align2, Rect, Ui, pos2, vec2};

use super::{hover, icon_button, press};
use crate::cx::{Cx, t, tf};
use crate::icons;
use crate::paint::{self, Type};
use crate::strings::Arg;
use crate::tokens as tok;

/// What was done to a key field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyPress {
    /// It waits for a key from now on, or no longer.
    Toggle,
    /// Its key was taken out.
    Clear,
}

/// Keys as caps, the last one ending at `right`; gives where the first begins.
pub(crate) fn caps(ui: &Ui, right: f32, y: f32, keys: &str) -> f32 {
    let mut right = right;
    for key in keys.split('+').rev() {
        let galley = paint::line(ui, key, Type::regular(tok::TYPE_SMALL, tok::TEXT_SOFT), 80.0);
        let width = (galley.size().x + 16.0).max(28.0);
        let cap = Rect::from_center_size(pos2(right - width / 2.0, y), vec2(width, 24.0));
        paint::panel(ui.painter(), cap, tok::RADIUS_SMALL, tok::FIELD, tok::LINE_STRONG);
        paint::put(ui.painter(), cap.center(), Align2::CENTER_CENTER, galley);
        right = cap.left() - 5.0;
    }
    right + 5.0
}

/// Draws a field for a key. `waits`: the next key that is pressed becomes its own.
pub(crate) fn key_field(
    ui: &Ui,
    cx: &mut Cx<'_>,
    name: &str,
    rect: Rect,
    label: &str,
    keys: Option<&str>,
    waits: bool,
) -> Option<KeyPress> {
    let shown = match (waits, keys) {
        (true, _) => t("key-waits"),
        (false, Some(keys)) => keys.to_owned().into(),
        (false, None) => t("key-none"),
    };
    let both = [("words", Arg::Text(label)), ("keys", Arg::Text(&shown))];
    let response = press(ui, cx, name, rect, &tf("with-key", &both));
    let warmth = hover(ui, cx, &response);
    let radius = tok::RADIUS_SMALL + 2;
    let (fill, line) = if waits {
        ui.painter().rect_filled(rect.expand(3.0), radius + 3, tok::ION_GLOW);
        ui.painter().rect_filled(rect, radius, tok::GLASS_CARD);
        (tok::FIELD, tok::ION)
    } else {
        (tok::FIELD.lerp_to_gamma(tok::CONTROL_HOVER, warmth), tok::LINE_STRONG)
    };
    paint::panel(ui.painter(), rect, radius, fill, line);
    let left = pos2(rect.left() + 12.0, rect.center().y);
    let clear = Rect::from_center_size(pos2(rect.right() - 18.0, rect.center().y), vec2(24.0, 24.0));
    match keys.filter(|_| !waits) {
        Some(keys) => {
            let mut width = 0.0;
            for key in keys.split('+') {
                let galley = paint::line(ui, key, Type::regular(tok::TYPE_SMALL, tok::TEXT_SOFT), 80.0);
                width += (galley.size().x + 16.0).max(28.0) + 5.0;
            }
            caps(ui, left.x - 5.0 + width, left.y, keys);
        }
        None => {
            let color = if waits { tok::ION } else { tok::TEXT_SOFT };
            let kind = Type::regular(tok::TYPE_NOTE, color);
            paint::label(ui, left, Align2::LEFT_CENTER, &shown, kind, rect.width() - 48.0);
            paint::icon(ui.painter(), clear.center(), icons::KEYBOARD, 16.0, color);
        }
    }
    if response.has_focus() && !waits {
        paint::focus_ring(ui.painter(), rect, radius);
    }
    let mut done = response.clicked().then_some(KeyPress::Toggle);
    if keys.is_some() && !waits {
        let label = t("key-clear");
        let name = format!("{name}.clear");
        if icon_button(ui, cx, &name, clear, icons::X, &label, tok::TEXT_SOFT).clicked() {
            done = Some(KeyPress::Clear);
        }
    }
    done
}
