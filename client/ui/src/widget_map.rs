//! Where the named widgets of the last pass are.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use egui::Rect;

/// Stable names of widgets with the rectangles they had in the last pass, in points. Lets a test press a button by
/// name through real pointer events.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WidgetMap(BTreeMap<String, Rect>);

impl WidgetMap {
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn set(&mut self, name: impl Into<String>, rect: Rect) {
        self.0.insert(name.into(), rect);
    }

    /// The rectangle of a widget, if it was drawn.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Rect> {
        self.0.get(name).copied()
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Rect)> {
        self.0.iter().map(|(name, rect)| (name.as_str(), *rect))
    }

    /// A JSON object: name → `[x, y, width, height]` in pixels.
    #[must_use]
    pub fn to_json(&self, pixels_per_point: f32) -> String {
        let mut json = String::from("{");
        for (at, (name, rect)) in self.0.iter().enumerate() {
            if at > 0 {
                json.push(',');
            }
            json.push('"');
            for letter in name.chars() {
                match letter {
                    '"' | '\\' => {
                        json.push('\\');
                        json.push(letter);
                    }
                    _ if letter.is_control() => {}
                    _ => json.push(letter),
                }
            }
            let scaled = [rect.left(), rect.top(), rect.width(), rect.height()].map(|v| v * pixels_per_point);
            let [x, y, width, height] = scaled;
            // Writing to a String cannot fail.
            let _ = write!(json, "\":[{x:.1},{y:.1},{width:.1},{height:.1}]");
        }
        json.push('}');
        json
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::{pos2, vec2};

    #[test]
    fn json_is_in_pixels_and_quotes_names() {
        let mut map = WidgetMap::default();
        map.set("a\"b", Rect::from_min_size(pos2(1.0, 2.0), vec2(3.0, 4.0)));
        assert_eq!(map.to_json(2.0), r#"{"a\"b":[2.0,4.0,6.0,8.0]}"#);
    }
}
