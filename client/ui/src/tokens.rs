//! The look in numbers: every colour, space, radius, type size and duration of the window.
//!
//! No other file names a colour. Colours are sRGB; translucent ones are blended in gamma space, as egui does.

use egui::Color32;

const fn rgb(r: u8, g: u8, b: u8) -> Color32 {
    Color32::from_rgb(r, g, b)
}

const fn rgba(r: u8, g: u8, b: u8, a: u8) -> Color32 {
    Color32::from_rgba_unmultiplied_const(r, g, b, a)
}

// ==== colours: ground ====

/// Behind everything.
pub const VOID: Color32 = rgb(5, 6, 13);
/// Panels over the sky (74 % of opaque).
pub const GLASS: Color32 = rgba(13, 16, 32, 189);
/// Small raised things on glass (66 %).
pub const GLASS_RAISED: Color32 = rgba(20, 25, 48, 168);
/// Header bars (62 %).
pub const GLASS_BAR: Color32 = rgba(9, 11, 24, 158);
/// The own bar at the foot of the people list (50 %).
pub const GLASS_FOOT: Color32 = rgba(8, 10, 22, 128);
/// Cards on the bare sky (86 %; nothing is blurred behind it, so it is denser than the bars).
pub const GLASS_CARD: Color32 = rgba(12, 15, 31, 219);
/// Popups, menus and dialogs (97 %): text must be readable over text.
pub const GLASS_POPUP: Color32 = rgba(15, 18, 37, 248);
/// The composer (82 %).
pub const GLASS_COMPOSER: Color32 = rgba(22, 27, 52, 209);
/// Name plates on the stage (62 %).
pub const GLASS_PLATE: Color32 = rgba(8, 10, 22, 158);
/// The pill of controls on the stage (78 %).
pub const GLASS_CONTROLS: Color32 = rgba(13, 16, 32, 199);
/// Day pill in the history (70 %).
pub const GLASS_DAY: Color32 = rgba(10, 13, 28, 179);
/// Conversation ground at its top.
pub const TALK_TOP: Color32 = rgba(6, 8, 18, 77);
/// Conversation ground at its foot.
pub const TALK_BOTTOM: Color32 = rgba(6, 8, 18, 158);
/// Settings and other reading panes: calm ground.
pub const PANE_GROUND: Color32 = rgba(6, 8, 18, 140);
/// Behind a dialog.
pub const SCRIM: Color32 = rgba(3, 4, 9, 158);

// ==== colours: lines ====

/// Hairline between panels.
pub const LINE: Color32 = rgba(150, 168, 255, 28);
/// Stronger hairline around things to use.
pub const LINE_STRONG: Color32 = rgba(150, 168, 255, 51);

// ==== colours: fills of controls ====

/// A field to type in.
pub const FIELD: Color32 = rgba(255, 255, 255, 13);
/// A quiet button on the stage.
pub const CONTROL: Color32 = rgba(255, 255, 255, 15);
/// The same under the pointer.
pub const CONTROL_HOVER: Color32 = rgba(255, 255, 255, 28);
/// A row under the pointer.
pub const ROW_HOVER: Color32 = rgba(150, 168, 255, 15);
/// A chosen row.
pub const ROW_SELECTED: Color32 = rgba(122, 162, 255, 36);
/// Track of meters, sliders and switches.
pub const TRACK: Color32 = rgba(255, 255, 255, 20);
/// Reaction pill.
pub const REACTION: Color32 = rgba(122, 162, 255, 18);
/// Reaction pill with one's own in it.
pub const REACTION_MINE: Color32 = rgba(122, 162, 255, 41);
/// Line around a reaction pill.
pub const REACTION_LINE: Color32 = rgba(122, 162, 255, 77);
/// A message just jumped to.
pub const FLASH: Color32 = rgba(122, 162, 255, 41);
/// Ground of a control that is off by choice (mute).
pub const OFF: Color32 = rgba(255, 93, 108, 41);
/// Ground of a warning.
pub const WARN_GROUND: Color32 = rgba(255, 207, 112, 26);
/// Ground of something that went wrong.
pub const BAD_GROUND: Color32 = rgba(255, 93, 108, 31);
/// Ground of something that went well.
pub const GOOD_GROUND: Color32 = rgba(88, 224, 168, 26);
/// Ground of something to know.
pub const INFO_GROUND: Color32 = rgba(122, 162, 255, 26);
/// Selected text.
pub const TEXT_SELECTION: Color32 = rgba(122, 162, 255, 90);
/// Found words in a search result.
pub const MARK: Color32 = rgba(255, 207, 112, 56);

// ==== colours: text ====

/// Titles, names, what is typed.
pub const TEXT: Color32 = rgb(233, 236, 255);
/// Message text.
pub const TEXT_BODY: Color32 = rgb(214, 218, 243);
/// Secondary text.
pub const TEXT_SOFT: Color32 = rgb(169, 177, 214);
/// What need not be read: times, hints.
pub const TEXT_FAINT: Color32 = rgb(122, 130, 171);
/// Text on the gradient of the main button and on filled danger.
pub const TEXT_ON_ACCENT: Color32 = rgb(255, 255, 255);

// ==== colours: meaning ====

/// Focus and selection, links.
pub const ION: Color32 = rgb(122, 162, 255);
/// Glow around what has the focus.
pub const ION_GLOW: Color32 = rgba(122, 162, 255, 46);
/// Quotes.
pub const VIOLET: Color32 = rgb(154, 134, 255);
/// A voice; something to watch.
pub const SOLAR: Color32 = rgb(255, 207, 112);
/// Good, here, verified.
pub const AURORA: Color32 = rgb(88, 224, 168);
/// Danger, mute and the unread mark.
pub const GIANT: Color32 = rgb(255, 93, 108);
/// Filled danger behind white text: the giant, darker, for contrast.
pub const GIANT_DEEP: Color32 = rgb(209, 50, 72);
/// The NEW line.
pub const NEW_LINE: Color32 = rgba(255, 93, 108, 102);
/// Main button, left end.
pub const ACCENT_FROM: Color32 = rgb(77, 107, 255);
/// Main button, right end: dark enough for white text.
pub const ACCENT_TO: Color32 = rgb(118, 88, 242);
/// Rail button that is chosen, top.
pub const RAIL_FROM: Color32 = rgb(58, 79, 208);
/// Rail button that is chosen, foot.
pub const RAIL_TO: Color32 = rgb(111, 88, 216);
/// Shadow under popups.
pub const SHADOW: Color32 = rgba(0, 0, 0, 150);
/// Nothing.
pub const CLEAR: Color32 = Color32::TRANSPARENT;
/// Ground of a code that cameras read.
pub const CODE_LIGHT: Color32 = rgb(255, 255, 255);
/// Modules of a code that cameras read.
pub const CODE_DARK: Color32 = rgb(0, 0, 0);
/// Leaves a texture as it is.
pub const UNTINTED: Color32 = Color32::WHITE;
/// Ring around a dot so that it stands off the planet.
pub const DOT_RING: Color32 = rgb(16, 20, 39);
/// The line of an orbit, before its brightness.
pub const ORBIT: Color32 = rgb(122, 148, 255);
/// The light in the middle of an orrery.
pub const SUN: Color32 = rgb(255, 219, 158);

/// Colour of a planet's painted stand-in: `hue` 0..1, `saturation` 0..1, `lightness` 0..1.
#[must_use]
pub fn hsl(hue: f32, saturation: f32, lightness: f32) -> Color32 {
    let chroma = (1.0 - (2.0 * lightness - 1.0).abs()) * saturation;
    let channel = |offset: f32| {
        let k = (hue.rem_euclid(1.0) * 6.0 + offset).rem_euclid(6.0);
        let ramp = ((k - 3.0).abs() - 1.0).clamp(0.0, 1.0);
        let value = lightness + chroma * (ramp - 0.5);
        (value.clamp(0.0, 1.0) * 255.0).round() as u8
    };
    rgb(channel(0.0), channel(4.0), channel(2.0))
}

// ==== spaces, in points ====

/// Width of the rail.
pub const RAIL_WIDTH: f32 = 64.0;
/// Width of the people column, its left line included.
pub const SIDE_WIDTH: f32 = 256.0;
/// Gap between columns (the sky shows through).
pub const COLUMN_GAP: f32 = 1.0;
/// Height of header bars.
pub const BAR_HEIGHT: f32 = 56.0;
/// Least height of a banner.
pub const BANNER_HEIGHT: f32 = 44.0;
/// Height of the own bar.
pub const FOOT_HEIGHT: f32 = 62.0;
/// Widest column of messages.
pub const TALK_WIDTH: f32 = 820.0;
/// Widest column of settings.
pub const PANE_WIDTH: f32 = 680.0;
/// Below this window width one column is shown at a time.
pub const NARROW: f32 = 720.0;
/// Side of a rail button.
pub const RAIL_BUTTON: f32 = 40.0;
/// Side of an icon button in a bar.
pub const ICON_BUTTON: f32 = 30.0;
/// Diameter of a call control.
pub const CALL_BUTTON: f32 = 46.0;
/// Gap between call controls, and padding of their pill.
pub const CALL_GAP: f32 = 10.0;
/// Distance of the pill of controls from the foot of the stage.
pub const CALL_FOOT: f32 = 26.0;
/// Height of a field on a card.
pub const FIELD_HEIGHT: f32 = 42.0;
/// Height of the main button on a card.
pub const BUTTON_HEIGHT: f32 = 44.0;
/// Height of a button in a row.
pub const BUTTON_SMALL: f32 = 34.0;
/// Width of a card on the bare sky.
pub const CARD_WIDTH: f32 = 400.0;
/// Least height of the composer.
pub const COMPOSER_HEIGHT: f32 = 46.0;
/// Most height of the composer.
pub const COMPOSER_MAX: f32 = 220.0;
/// Side padding of the conversation.
pub const TALK_PAD: f32 = 24.0;
/// Planet in a people row.
pub const PLANET_ROW: f32 = 32.0;
/// Planet in bars.
pub const PLANET_BAR: f32 = 28.0;
/// Planet beside a message.
pub const PLANET_MESSAGE: f32 = 38.0;
/// Planet on the card of a ringing call.
pub const PLANET_RING: f32 = 72.0;

// ==== radii ====

/// Rows, small buttons.
pub const RADIUS_SMALL: u8 = 6;
/// Fields, buttons, the composer.
pub const RADIUS: u8 = 10;
/// Cards.
pub const RADIUS_LARGE: u8 = 16;
/// Rail buttons.
pub const RADIUS_RAIL: u8 = 14;
/// The pill of controls.
pub const RADIUS_CONTROLS: u8 = 26;
/// Name plates.
pub const RADIUS_PLATE: u8 = 12;
/// Counts in marks.
pub const RADIUS_MARK: u8 = 8;
/// Sections of the settings.
pub const RADIUS_TAB: u8 = 16;

// ==== type sizes ====

/// Times, captions, second lines.
pub const TYPE_TINY: f32 = 11.0;
/// States, previews.
pub const TYPE_SMALL: f32 = 12.0;
/// Hints, quotes, menus.
pub const TYPE_NOTE: f32 = 13.0;
/// Text.
pub const TYPE_BODY: f32 = 14.0;
/// Titles of bars.
pub const TYPE_TITLE: f32 = 15.0;
/// Titles of questions.
pub const TYPE_QUESTION: f32 = 17.0;
/// Titles of small cards: a call that rings, one that is over.
pub const TYPE_CARD: f32 = 18.0;
/// Titles of cards.
pub const TYPE_HEAD: f32 = 24.0;
/// Counts in marks.
pub const TYPE_MARK: f32 = 10.0;
/// Emoji to pick from.
pub const TYPE_EMOJI: f32 = 19.0;
/// Icons in buttons.
pub const ICON: f32 = 17.0;
/// Icons in text.
pub const ICON_SMALL: f32 = 14.0;
/// Line height of text, of [`TYPE_BODY`].
pub const LINE_BODY: f32 = 20.0;
/// Letter spacing of captions.
pub const CAPTION_SPACING: f32 = 0.88;

// ==== durations, in seconds ====

/// Panels fade and move.
pub const TIME_PANEL: f32 = 0.14;
/// How far panels move, points.
pub const MOVE_PANEL: f32 = 8.0;
/// Switches and hovers.
pub const TIME_CONTROL: f32 = 0.10;
/// A message just jumped to stays lit.
pub const TIME_FLASH: f32 = 1.6;
/// Attack of a corona.
pub const TIME_ATTACK: f32 = 0.04;
/// Release of a corona.
pub const TIME_RELEASE: f32 = 0.25;

#[cfg(test)]
mod tests {
    use super::*;

    /// Blends `top` over an opaque `below` in gamma space, as the renderer does.
    fn over(top: Color32, below: [f32; 3]) -> [f32; 3] {
        let [r, g, b, a] = top.to_array();
        let rest = 1.0 - f32::from(a) / 255.0;
        [
            f32::from(r) / 255.0 + below[0] * rest,
            f32::from(g) / 255.0 + below[1] * rest,
            f32::from(b) / 255.0 + below[2] * rest,
        ]
    }

    fn luminance(rgb: [f32; 3]) -> f32 {
        let linear = rgb.map(|v| {
            if v <= 0.04045 {
                v / 12.92
            } else {
                ((v + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }

    fn contrast(a: [f32; 3], b: [f32; 3]) -> f32 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_text_colour_meets_wcag_aa_on_every_glass_over_void() {
        let void = over(VOID, [0.0; 3]);
        for (ground_name, ground) in [
            ("glass", GLASS),
            ("raised", GLASS_RAISED),
            ("bar", GLASS_BAR),
            ("foot", GLASS_FOOT),
            ("card", GLASS_CARD),
            ("popup", GLASS_POPUP),
            ("composer", GLASS_COMPOSER),
            ("plate", GLASS_PLATE),
            ("talk", TALK_TOP),
        ] {
            let ground = over(ground, void);
            for (text_name, text) in [
                ("text", TEXT),
                ("body", TEXT_BODY),
                ("soft", TEXT_SOFT),
                ("faint", TEXT_FAINT),
                ("ion", ION),
                ("violet", VIOLET),
                ("solar", SOLAR),
                ("aurora", AURORA),
                ("giant", GIANT),
            ] {
                let ratio = contrast(over(text, ground), ground);
                assert!(ratio >= 4.5, "{text_name} on {ground_name}: {ratio:.2}");
            }
        }
    }

    #[test]
    fn soft_text_stays_readable_where_the_sky_behind_glass_is_brightest() {
        // The nebula reaches about this behind panels (the mock's brightest clouds).
        let sky = [0.24, 0.20, 0.42];
        for ground in [GLASS, GLASS_BAR, GLASS_CARD, GLASS_PLATE] {
            let ground = over(ground, sky);
            assert!(contrast(over(TEXT_SOFT, ground), ground) >= 4.5);
        }
    }

    #[test]
    fn white_on_the_main_button_and_on_danger_meets_aa() {
        for ground in [ACCENT_TO, GIANT_DEEP] {
            let ground = over(ground, [0.0; 3]);
            let ratio = contrast(over(TEXT_ON_ACCENT, ground), ground);
            assert!(ratio >= 4.5, "{ratio:.2}");
        }
        // The left end only carries bold text of 14 points and an icon: AA for large marks is 3.
        let ground = over(ACCENT_FROM, [0.0; 3]);
        assert!(contrast(over(TEXT_ON_ACCENT, ground), ground) >= 4.2);
    }

    #[test]
    fn hsl_hits_the_primaries() {
        assert_eq!(hsl(0.0, 1.0, 0.5), rgb(255, 0, 0));
        assert_eq!(hsl(1.0 / 3.0, 1.0, 0.5), rgb(0, 255, 0));
        assert_eq!(hsl(2.0 / 3.0, 1.0, 0.5), rgb(0, 0, 255));
        assert_eq!(hsl(0.4, 0.0, 1.0), rgb(255, 255, 255));
    }

    /// Every source file below `folder`, by name and text.
    fn sources(folder: &std::path::Path, into: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                sources(&path, into);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                into.push((path.display().to_string(), std::fs::read_to_string(path).unwrap()));
            }
        }
    }

    #[test]
    fn no_other_file_names_a_colour_or_a_type_size() {
        let mut files = Vec::new();
        sources(
            &std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
            &mut files,
        );
        files.retain(|(name, _)| !name.ends_with("tokens.rs"));
        assert!(files.len() > 40);
        let number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
        for (name, text) in &files {
            for colour in ["Color32::from_", "Color32::WHITE", "Color32::BLACK"] {
                assert!(!text.contains(colour), "{name}: {colour}");
            }
            for size in [
                "Type::strong(",
                "Type::regular(",
                "Weight::Regular, ",
                "Weight::Medium, ",
                "Weight::SemiBold, ",
            ] {
                for (at, _) in text.match_indices(size) {
                    assert!(!number(&text[at + size.len()..]), "{name}: a number in `{size}`");
                }
            }
        }
    }
}
