//! Fonts: Inter in three weights, the icon font, monochrome emoji, and the system's fonts for what these lack.

mod system;

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use egui::{FontData, FontDefinitions, FontFamily, FontId, FontTweak};

pub(crate) use system::SystemFonts;

/// Weight of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// 400.
    Regular,
    /// 500.
    Medium,
    /// 600.
    SemiBold,
}

const MEDIUM: &str = "inter-medium";
const SEMIBOLD: &str = "inter-semibold";
const ICONS: &str = "icons";

/// The font of a weight at a size in points.
pub(crate) fn font(weight: Weight, size: f32) -> FontId {
    let family = match weight {
        Weight::Regular => FontFamily::Proportional,
        Weight::Medium => FontFamily::Name(MEDIUM.into()),
        Weight::SemiBold => FontFamily::Name(SEMIBOLD.into()),
    };
    FontId::new(size, family)
}

/// The icon font at a size in points.
pub(crate) fn icon_font(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(ICONS.into()))
}

/// Families in which text of people is set; system fonts are added behind each of them.
pub(crate) fn text_families() -> [FontFamily; 3] {
    [
        FontFamily::Proportional,
        FontFamily::Name(MEDIUM.into()),
        FontFamily::Name(SEMIBOLD.into()),
    ]
}

/// The faces that text is set in before any font of the system: Inter and the emoji fonts.
static OURS: LazyLock<Vec<ttf_parser::Face<'static>>> = LazyLock::new(|| {
    let fonts = definitions();
    let chain = fonts
        .families
        .get(&FontFamily::Proportional)
        .cloned()
        .unwrap_or_default();
    chain
        .iter()
        .filter_map(|name| match &fonts.font_data.get(name)?.font {
            Cow::Borrowed(bytes) => ttf_parser::Face::parse(bytes, 0).ok(),
            Cow::Owned(_) => None,
        })
        .collect()
});

/// Whether one of our own fonts has a character. (egui's own answer is no for every character of the face that its
/// replacement glyph comes from, and that face is the emoji font.)
pub(crate) fn ours(letter: char) -> bool {
    OURS.iter().any(|face| face.glyph_index(letter).is_some())
}

/// The font set without system fonts.
pub(crate) fn definitions() -> FontDefinitions {
    // egui's own set brings the two emoji fonts and a monospaced one; its Latin face is not used.
    let mut fonts = FontDefinitions::default();
    let emoji: Vec<String> = fonts
        .families
        .get(&FontFamily::Proportional)
        .map(|names| {
            names
                .iter()
                .filter(|name| name.to_lowercase().contains("emoji"))
                .cloned()
                .collect()
        })
        .unwrap_or_default();

    let mut add = |name: &str, bytes: &'static [u8], tweak: FontTweak| {
        fonts
            .font_data
            .insert(name.to_owned(), Arc::new(FontData::from_static(bytes).tweak(tweak)));
    };
    add(
        "inter",
        include_bytes!("../../../assets/fonts/Inter-Regular.otf"),
        FontTweak::default(),
    );
    add(
        MEDIUM,
        include_bytes!("../../../assets/fonts/Inter-Medium.otf"),
        FontTweak::default(),
    );
    add(
        SEMIBOLD,
        include_bytes!("../../../assets/fonts/Inter-SemiBold.otf"),
        FontTweak::default(),
    );
    add(
        ICONS,
        include_bytes!("../../../assets/icons/lucide-subset.ttf"),
        FontTweak::default(),
    );

    for (family, face) in text_families().into_iter().zip(["inter", MEDIUM, SEMIBOLD]) {
        let mut chain = vec![face.to_owned()];
        if face != "inter" {
            chain.push("inter".to_owned());
        }
        chain.extend(emoji.iter().cloned());
        fonts.families.insert(family, chain);
    }
    fonts.families.insert(
        FontFamily::Name(ICONS.into()),
        vec![ICONS.to_owned(), "inter".to_owned()],
    );
    fonts
}

#[cfg(test)]
mod tests {
    use crate::icons;

    #[test]
    fn our_fonts_have_letters_and_emoji_and_not_every_script() {
        for letter in ['a', 'Ж', '👍', '🚀', '✨'] {
            assert!(super::ours(letter), "{letter}");
        }
        assert!(!super::ours('日'));
    }

    #[test]
    fn every_icon_is_in_the_icon_font_and_common_text_is_in_inter() {
        let data = include_bytes!("../../../assets/icons/lucide-subset.ttf");
        let face = ttf_parser::Face::parse(data, 0).expect("the icon font parses");
        for icon in icons::ALL {
            assert!(face.glyph_index(*icon).is_some(), "no glyph for {:x}", u32::from(*icon));
        }
        let inter = include_bytes!("../../../assets/fonts/Inter-Regular.otf");
        let inter = ttf_parser::Face::parse(inter, 0).expect("Inter parses");
        for letter in "AZazÄßéñЖжΩλ…·–“”→•".chars() {
            assert!(inter.glyph_index(letter).is_some(), "{letter}");
        }
    }
}
