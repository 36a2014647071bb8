//! egui's own style, set so that nothing it draws by itself (menus, tooltips, scroll bars, carets) looks like its default.

use egui::style::{ScrollStyle, Selection, WidgetVisuals, Widgets};
use egui::{Context, CornerRadius, FontFamily, FontId, Margin, Shadow, Stroke, Style, TextStyle, Visuals, vec2};

use crate::tokens as t;
use crate::{fonts, tokens};

/// Sets fonts and style of a context. Call once, before its first pass.
pub fn install(ctx: &Context) {
    ctx.set_fonts(fonts::definitions());
    let style = style();
    ctx.set_theme(egui::Theme::Dark);
    ctx.set_style_of(egui::Theme::Dark, style.clone());
    ctx.set_style_of(egui::Theme::Light, style);
    // Ctrl +/- would resize the window's contents under the scene's feet; the desktop's scale factor rules.
    ctx.options_mut(|options| options.zoom_with_keyboard = false);
}

fn widget(fill: egui::Color32, line: egui::Color32, text: egui::Color32) -> WidgetVisuals {
    WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, line),
        corner_radius: CornerRadius::same(t::RADIUS_SMALL),
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    }
}

fn style() -> Style {
    let text_styles = [
        (TextStyle::Small, t::TYPE_TINY),
        (TextStyle::Body, t::TYPE_BODY),
        (TextStyle::Button, t::TYPE_BODY),
        (TextStyle::Heading, t::TYPE_HEAD),
    ]
    .into_iter()
    .map(|(name, size)| (name, FontId::new(size, FontFamily::Proportional)))
    .chain([(TextStyle::Monospace, FontId::new(t::TYPE_NOTE, FontFamily::Monospace))])
    .collect();
    let mut style = Style {
        text_styles,
        animation_time: tokens::TIME_CONTROL,
        ..Style::default()
    };

    let mut visuals = Visuals::dark();
    visuals.widgets = Widgets {
        noninteractive: widget(t::CLEAR, t::LINE, t::TEXT_SOFT),
        inactive: widget(t::FIELD, t::LINE, t::TEXT),
        hovered: widget(t::CONTROL_HOVER, t::LINE_STRONG, t::TEXT),
        active: widget(t::ROW_SELECTED, t::ION, t::TEXT),
        open: widget(t::ROW_SELECTED, t::LINE_STRONG, t::TEXT),
    };
    visuals.override_text_color = None;
    visuals.weak_text_color = Some(t::TEXT_FAINT);
    visuals.selection = Selection {
        bg_fill: t::TEXT_SELECTION,
        stroke: Stroke::new(1.0, t::TEXT),
    };
    visuals.hyperlink_color = t::ION;
    visuals.extreme_bg_color = t::FIELD;
    visuals.text_edit_bg_color = Some(t::CLEAR);
    visuals.window_fill = t::GLASS_POPUP;
    visuals.window_stroke = Stroke::new(1.0, t::LINE_STRONG);
    visuals.window_corner_radius = CornerRadius::same(t::RADIUS_LARGE);
    visuals.menu_corner_radius = CornerRadius::same(t::RADIUS);
    let shadow = Shadow {
        offset: [0, 8],
        blur: 28,
        spread: 0,
        color: t::SHADOW,
    };
    visuals.window_shadow = shadow;
    visuals.popup_shadow = shadow;
    visuals.panel_fill = t::CLEAR;
    visuals.text_cursor.stroke = Stroke::new(1.5, t::ION);
    visuals.disabled_alpha = 0.45;
    visuals.interact_cursor = Some(egui::CursorIcon::PointingHand);
    style.visuals = visuals;

    style.spacing.item_spacing = vec2(8.0, 6.0);
    style.spacing.window_margin = Margin::same(16);
    style.spacing.menu_margin = Margin::same(6);
    style.spacing.button_padding = vec2(10.0, 6.0);
    style.spacing.tooltip_width = 300.0;
    style.spacing.scroll = ScrollStyle {
        floating: true,
        bar_width: 6.0,
        floating_width: 4.0,
        bar_outer_margin: 3.0,
        foreground_color: true,
        dormant_background_opacity: 0.0,
        active_background_opacity: 0.0,
        interact_background_opacity: 0.0,
        dormant_handle_opacity: 0.0,
        active_handle_opacity: 0.25,
        interact_handle_opacity: 0.45,
        ..ScrollStyle::floating()
    };
    style.interaction.tooltip_delay = 0.35;
    style
}
