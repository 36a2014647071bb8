//! The columns of the home screen.

use egui::{Rect, pos2};

use crate::tokens as t;

/// The columns of the home screen, in points. A column that is not shown is `None`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Columns {
    /// The rail of spaces and tools.
    pub rail: Option<Rect>,
    /// The people.
    pub side: Option<Rect>,
    /// The main pane.
    pub main: Option<Rect>,
    /// One column at a time: the main pane needs a way back.
    pub narrow: bool,
}

/// Splits the window. In a narrow one either the people (with the rail) or the main pane are shown, by `main_open`.
#[must_use]
pub fn columns(window: Rect, main_open: bool) -> Columns {
    let narrow = window.width() < t::NARROW;
    if narrow && main_open {
        return Columns {
            rail: None,
            side: None,
            main: Some(window),
            narrow,
        };
    }
    let rail = Rect::from_min_max(window.min, pos2(window.left() + t::RAIL_WIDTH, window.bottom()));
    let side_left = rail.right() + t::COLUMN_GAP;
    if narrow {
        let side = Rect::from_min_max(pos2(side_left, window.top()), window.max);
        return Columns {
            rail: Some(rail),
            side: Some(side),
            main: None,
            narrow,
        };
    }
    let side = Rect::from_min_max(
        pos2(side_left, window.top()),
        pos2(side_left + t::SIDE_WIDTH, window.bottom()),
    );
    let main = Rect::from_min_max(pos2(side.right() + t::COLUMN_GAP, window.top()), window.max);
    Columns {
        rail: Some(rail),
        side: Some(side),
        main: Some(main),
        narrow,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::vec2;

    fn window(width: f32, height: f32) -> Rect {
        Rect::from_min_size(pos2(0.0, 0.0), vec2(width, height))
    }

    #[test]
    fn a_wide_window_has_three_columns_of_64_256_and_the_rest() {
        for size in [(1280.0, 720.0), (2560.0, 1440.0), (720.0, 480.0)] {
            let columns = columns(window(size.0, size.1), true);
            assert_eq!(columns.rail.unwrap().width(), 64.0);
            assert_eq!(columns.side.unwrap().width(), 256.0);
            assert_eq!(columns.main.unwrap().right(), size.0);
            assert!(!columns.narrow);
        }
    }

    #[test]
    fn a_narrow_window_shows_one_thing_at_a_time() {
        let open = columns(window(360.0, 640.0), true);
        assert_eq!(open.main, Some(window(360.0, 640.0)));
        assert!(open.rail.is_none() && open.side.is_none());
        let closed = columns(window(360.0, 640.0), false);
        assert!(closed.main.is_none() && closed.side.unwrap().right() == 360.0);
    }
}
