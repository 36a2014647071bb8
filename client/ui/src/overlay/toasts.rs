//! Short notices at the right upper corner, newest at the top.

use egui::{Align2, Area, Color32, Context, CornerRadius, Order, Rect, Sense, Ui, WidgetInfo, WidgetType, pos2, vec2};

use crate::action::UiAction;
use crate::cx::{Cx, named, t};
use crate::entry::entrance;
use crate::paint::{self, Type};
use crate::strings;
use crate::tokens as tok;
use crate::view::{Notice, ToastView};
use crate::{icons, widgets};

/// Most notices on the screen; older ones wait.
const MOST: usize = 4;
/// Lines of what somebody wrote. The program's own words are said to the end.
const ROWS: usize = 4;

/// Draws the notices.
pub(crate) fn toasts(ctx: &Context, cx: &mut Cx<'_>, window: Rect) {
    let view = cx.view;
    if view.toasts.is_empty() {
        return;
    }
    let width = 320.0_f32.min(window.width() - 24.0);
    // Below the header, which a banner moves down.
    let banner = if view.banner.is_some() { tok::BANNER_HEIGHT } else { 0.0 };
    let mut top = window.top() + banner + tok::BAR_HEIGHT + 12.0;
    let now = ctx.input(|input| input.time);
    for toast in view.toasts.iter().rev().take(MOST) {
        let id = named("toast").with(toast.id);
        let since = ctx.data_mut(|data| *data.get_temp_mut_or(id, now));
        let (opacity, drop) = entrance(ctx, since, view.reduced_motion);
        let min = pos2(window.right() - width - 16.0, top + drop);
        let area = Area::new(id)
            .order(Order::Foreground)
            .fixed_pos(min)
            .fade_in(false)
            .constrain(false);
        let height = area
            .show(ctx, |ui| {
                ui.set_opacity(opacity);
                one(ui, cx, min, width, toast)
            })
            .inner;
        top += height + 10.0;
    }
}

fn look(notice: &Notice) -> (char, Color32) {
    match notice {
        Notice::Error(_) => (icons::CIRCLE_ALERT, tok::GIANT),
        Notice::Message { .. } | Notice::Messages { .. } => (icons::MESSAGE_CIRCLE, tok::ION),
        Notice::Request { .. } => (icons::USER_PLUS, tok::ION),
        Notice::RequestLike { .. } | Notice::LooksLike { .. } => (icons::TRIANGLE_ALERT, tok::SOLAR),
        Notice::Accepted { .. } => (icons::CIRCLE_CHECK, tok::AURORA),
        Notice::RequestSent { .. } => (icons::SEND_HORIZONTAL, tok::ION),
        Notice::MissedCall { .. } => (icons::PHONE_MISSED, tok::GIANT),
        Notice::Joined { .. } => (icons::PHONE_INCOMING, tok::AURORA),
        Notice::Left { .. } => (icons::PHONE_OFF, tok::TEXT_SOFT),
        Notice::SessionHealed { .. } => (icons::SHIELD_ALERT, tok::SOLAR),
        Notice::BindingFailed { .. } => (icons::SHIELD_ALERT, tok::GIANT),
        Notice::VersionMismatch { .. } => (icons::CIRCLE_ALERT, tok::SOLAR),
        Notice::RequestFailed { .. } => (icons::CIRCLE_ALERT, tok::GIANT),
        Notice::DeviceChanged { .. } => (icons::AUDIO_LINES, tok::ION),
        Notice::Copied => (icons::CLIPBOARD_CHECK, tok::AURORA),
        Notice::Saved => (icons::CIRCLE_CHECK, tok::AURORA),
    }
}

/// Where a notice leads.
fn leads(toast: &ToastView) -> Option<UiAction> {
    match (&toast.notice, toast.channel) {
        (_, Some(channel)) => Some(UiAction::OpenChannel(channel)),
        (Notice::Request { .. } | Notice::RequestLike { .. }, None) => Some(UiAction::OpenAddContact),
        _ => None,
    }
}

fn one(ui: &mut Ui, cx: &mut Cx<'_>, min: egui::Pos2, width: f32, toast: &ToastView) -> f32 {
    let (title, line) = strings::notice(&toast.notice);
    cx.fonts.note(&title);
    cx.fonts.note(&line);
    let text_width = width - 60.0 - 40.0;
    let title = paint::line(ui, &title, Type::strong(tok::TYPE_NOTE, tok::TEXT), text_width);
    let mut job =
        egui::text::LayoutJob::single_section(line, Type::regular(tok::TYPE_SMALL, tok::TEXT_SOFT).on(17.0).format());
    job.wrap = egui::text::TextWrapping {
        max_width: text_width,
        max_rows: if matches!(toast.notice, Notice::Message { .. }) {
            ROWS
        } else {
            usize::MAX
        },
        break_anywhere: false,
        overflow_character: Some('…'),
    };
    let line = ui.painter().layout_job(job);
    let has_line = !line.is_empty();
    let line_height = if has_line { line.size().y + 4.0 } else { 0.0 };
    let height = (title.size().y + line_height + 26.0).max(54.0);
    let rect = Rect::from_min_size(min, vec2(width, height));
    ui.set_min_size(rect.size());

    let name = format!("toast.{}", toast.id);
    let lead = leads(toast);
    let response = if lead.is_some() {
        widgets::press(ui, cx, &name, rect, title.text())
    } else {
        // Nothing to press: the keyboard passes by, and a screen reader hears a text.
        cx.mark(&name, rect);
        let response = ui.interact(rect, named(&name), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, title.text()));
        response
    };
    let shadow = egui::Shadow {
        offset: [0, 8],
        blur: 28,
        spread: 0,
        color: tok::SHADOW,
    };
    ui.painter().add(egui::Shape::Rect(
        shadow.as_shape(rect, CornerRadius::same(tok::RADIUS)),
    ));
    paint::panel(ui.painter(), rect, tok::RADIUS, tok::GLASS_POPUP, tok::LINE_STRONG);
    let warmth = widgets::hover(ui, cx, &response);
    if lead.is_some() {
        ui.painter().rect_filled(
            rect,
            CornerRadius::same(tok::RADIUS),
            tok::ROW_HOVER.gamma_multiply(warmth),
        );
    }
    let (icon, color) = look(&toast.notice);
    let sign = Rect::from_center_size(pos2(rect.left() + 29.0, rect.center().y), vec2(30.0, 30.0));
    if let Some(peer) = toast.peer {
        paint::planet(ui.painter(), sign, peer, cx.view.avatars);
    } else {
        paint::icon(ui.painter(), sign.center(), icon, 19.0, color);
    }
    let left = rect.left() + 56.0;
    let block = title.size().y + line_height;
    let top = rect.center().y - block / 2.0;
    let drawn = paint::put(ui.painter(), pos2(left, top), Align2::LEFT_TOP, title);
    if has_line {
        paint::put(ui.painter(), pos2(left, drawn.bottom() + 4.0), Align2::LEFT_TOP, line);
    }
    if response.has_focus() {
        paint::focus_ring(ui.painter(), rect, tok::RADIUS);
    }
    let close = Rect::from_center_size(pos2(rect.right() - 20.0, rect.top() + 20.0), vec2(24.0, 24.0));
    let label = t("dismiss");
    let closed = widgets::icon_button(
        ui,
        cx,
        &format!("toast.{}.close", toast.id),
        close,
        icons::X,
        &label,
        tok::TEXT_FAINT,
    )
    .clicked();
    if closed {
        cx.emit(UiAction::DismissToast(toast.id));
    } else if response.clicked()
        && let Some(lead) = lead
    {
        cx.emit(UiAction::DismissToast(toast.id));
        cx.emit(lead);
    }
    height
}
