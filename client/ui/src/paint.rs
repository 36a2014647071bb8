//! Shapes that egui does not have: text in our fonts, gradients with round corners, planets.

mod gradient;
mod marks;
mod planet;

use std::sync::Arc;

use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{Align2, Color32, CornerRadius, Galley, Painter, Pos2, Rect, Stroke, StrokeKind, Ui, pos2};

use crate::fonts::{self, Weight};
use crate::tokens as tok;

pub(crate) use gradient::{gradient_circle, gradient_rect, vertical_gradient};
pub(crate) use marks::{namesake, verified_badge};
pub use planet::key_hue;
pub(crate) use planet::{planet, presence_dot};

/// How a text is set.
#[derive(Clone, Copy)]
pub(crate) struct Type {
    pub weight: Weight,
    pub size: f32,
    pub color: Color32,
    pub line: Option<f32>,
    pub spacing: f32,
}

impl Type {
    pub(crate) const fn new(weight: Weight, size: f32, color: Color32) -> Self {
        Self {
            weight,
            size,
            color,
            line: None,
            spacing: 0.0,
        }
    }

    /// Regular text.
    pub(crate) const fn regular(size: f32, color: Color32) -> Self {
        Self::new(Weight::Regular, size, color)
    }

    /// Semi-bold text.
    pub(crate) const fn strong(size: f32, color: Color32) -> Self {
        // Large type is set a little tighter, as Inter asks for.
        let spacing = if size >= 18.0 { -0.01 * size } else { 0.0 };
        Self {
            weight: Weight::SemiBold,
            size,
            color,
            line: None,
            spacing,
        }
    }

    /// Text of paragraphs, 14 on 20.
    pub(crate) const fn body(color: Color32) -> Self {
        Self {
            weight: Weight::Regular,
            size: tok::TYPE_BODY,
            color,
            line: Some(tok::LINE_BODY),
            spacing: 0.0,
        }
    }

    /// Section captions in capitals.
    pub(crate) const fn caption() -> Self {
        Self {
            weight: Weight::SemiBold,
            size: tok::TYPE_TINY,
            color: tok::TEXT_FAINT,
            line: None,
            spacing: tok::CAPTION_SPACING,
        }
    }

    /// The same with a line height in points.
    pub(crate) const fn on(mut self, line: f32) -> Self {
        self.line = Some(line);
        self
    }

    pub(crate) fn format(self) -> TextFormat {
        TextFormat {
            font_id: fonts::font(self.weight, self.size),
            color: self.color,
            line_height: self.line,
            extra_letter_spacing: self.spacing,
            ..TextFormat::default()
        }
    }
}

/// Lays a text out on one line, cut with an ellipsis at `width`.
pub(crate) fn line(ui: &Ui, text: &str, kind: Type, width: f32) -> Arc<Galley> {
    let mut job = LayoutJob::single_section(text.to_owned(), kind.format());
    job.wrap = TextWrapping {
        max_width: width.max(1.0),
        max_rows: 1,
        break_anywhere: true,
        overflow_character: Some('…'),
    };
    ui.painter().layout_job(job)
}

/// Lays a text out over several lines.
pub(crate) fn paragraph(ui: &Ui, text: &str, kind: Type, width: f32) -> Arc<Galley> {
    let mut job = LayoutJob::single_section(text.to_owned(), kind.format());
    job.wrap = TextWrapping {
        max_width: width.max(1.0),
        ..TextWrapping::default()
    };
    ui.painter().layout_job(job)
}

/// Draws a laid-out text with `anchor` of its box at `at`; gives back the box.
pub(crate) fn put(painter: &Painter, at: Pos2, anchor: Align2, galley: Arc<Galley>) -> Rect {
    let rect = anchor.anchor_size(at, galley.size());
    // On whole points: type set between pixels is soft.
    let min = pos2(rect.min.x.round(), rect.min.y.round());
    painter.galley(min, galley, tok::TEXT);
    rect
}

/// Draws one line of text, cut at `width`; gives back the box it took.
pub(crate) fn label(ui: &Ui, at: Pos2, anchor: Align2, text: &str, kind: Type, width: f32) -> Rect {
    put(ui.painter(), at, anchor, line(ui, text, kind, width))
}

/// Draws an icon centred in a point.
pub(crate) fn icon(painter: &Painter, center: Pos2, icon: char, size: f32, color: Color32) {
    let galley = painter.layout_no_wrap(icon.to_string(), fonts::icon_font(size), color);
    // By the ink, not by the line box: icons sit where the eye expects them.
    let ink = galley.mesh_bounds;
    let min = center - ink.center().to_vec2();
    painter.galley(min, galley, color);
}

/// A filled rectangle with round corners and a hairline.
pub(crate) fn panel(painter: &Painter, rect: Rect, radius: u8, fill: Color32, line: Color32) {
    painter.rect(
        rect,
        CornerRadius::same(radius),
        fill,
        Stroke::new(1.0, line),
        StrokeKind::Inside,
    );
}

/// The ring around what has the keyboard.
pub(crate) fn focus_ring(painter: &Painter, rect: Rect, radius: u8) {
    painter.rect_stroke(
        rect.expand(2.0),
        CornerRadius::same(radius.saturating_add(2)),
        Stroke::new(3.0, tok::ION_GLOW),
        StrokeKind::Outside,
    );
    painter.rect_stroke(
        rect.expand(1.0),
        CornerRadius::same(radius.saturating_add(1)),
        Stroke::new(1.5, tok::ION),
        StrokeKind::Outside,
    );
}

/// Draws a paragraph with its lines centred under a point; gives back its box.
pub(crate) fn centered(ui: &Ui, top: Pos2, text: &str, kind: Type, width: f32) -> Rect {
    let mut job = LayoutJob::single_section(text.to_owned(), kind.format());
    job.wrap = TextWrapping {
        max_width: width.max(1.0),
        ..TextWrapping::default()
    };
    job.halign = egui::Align::Center;
    let galley = ui.painter().layout_job(job);
    let rect = galley.rect.translate(top.to_vec2());
    ui.painter()
        .galley(pos2(top.x.round(), top.y.round()), galley, tok::TEXT);
    rect
}
