//! What every panel is handed besides its own view and state.

use std::borrow::Cow;

use egui::{Id, Rect};

use crate::action::UiAction;
use crate::fonts::SystemFonts;
use crate::strings::{self, Arg};
use crate::view::{Clock, RootView};
use crate::widget_map::WidgetMap;

/// One pass: the view, where actions go, the widget map, and the fonts of the system.
pub(crate) struct Cx<'a> {
    pub view: &'a RootView<'a>,
    pub out: &'a mut Vec<UiAction>,
    pub map: &'a mut WidgetMap,
    pub fonts: &'a mut SystemFonts,
}

impl Cx<'_> {
    /// Adds an action.
    pub(crate) fn emit(&mut self, action: UiAction) {
        self.out.push(action);
    }

    /// Registers a named widget.
    pub(crate) fn mark(&mut self, name: &str, rect: Rect) {
        self.map.set(name, rect);
    }

    /// Wall time and zone.
    pub(crate) fn clock(&self) -> Clock {
        self.view.clock
    }

    /// Whether things stand still.
    pub(crate) fn still(&self) -> bool {
        self.view.reduced_motion
    }
}

/// Fixed words.
pub(crate) fn t(key: &str) -> Cow<'static, str> {
    strings::text(key)
}

/// Words with a name or text in them.
pub(crate) fn tf(key: &str, args: &[(&str, Arg<'_>)]) -> String {
    strings::text_with(key, args)
}

/// Fixed words with the keys that do the same: for tooltips and screen readers.
pub(crate) fn keyed(words: &str, press: &str) -> String {
    let (words, keys) = (t(words), t(press));
    tf("with-key", &[("words", Arg::Text(&words)), ("keys", Arg::Text(&keys))])
}

/// The id of a named widget.
pub(crate) fn named(name: &str) -> Id {
    Id::new(("orrery", name))
}
