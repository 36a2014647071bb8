//! Home: rail, people, own bar, and the main pane.

mod foot;
mod people;
mod rail;

use egui::{Align2, CornerRadius, Rect, Ui, pos2, vec2};

pub(crate) use foot::{connection_words, deafen_look, mute_look};

use crate::action::UiAction;
use crate::cx::{Cx, named, t, tf};
use crate::entry::{entrance, within};
use crate::paint::{self, Type};
use crate::state::UiState;
use crate::strings::{self, Arg};
use crate::tokens as tok;
use crate::view::{BannerButton, BannerView, HomeView, Level, MainPane};
use crate::widgets::{self, Kind};
use crate::{call, conversation, icons, layout, panes};

/// Draws the home screen.
pub(crate) fn home(ui: &mut Ui, cx: &mut Cx<'_>, window: Rect, state: &mut UiState, view: &HomeView) {
    let columns = layout::columns(window, !matches!(view.main, MainPane::Empty));
    if !matches!(view.main, MainPane::Settings(_)) {
        panes::leave_settings(cx, &mut state.settings);
    }
    if let Some(rect) = columns.rail {
        rail::rail(&within(ui, rect, "rail"), cx, rect, state, view);
    }
    if let Some(rect) = columns.side {
        let mut side = within(ui, rect, "side");
        side.painter().rect_filled(rect, CornerRadius::ZERO, tok::GLASS);
        side.painter()
            .vline(rect.left() + 0.5, rect.y_range(), (1.0, tok::LINE));
        let foot_height = foot::height(view);
        let (above, foot) = rect.split_top_bottom_at_y(rect.bottom() - foot_height);
        people::people(&mut side, cx, above, view);
        foot::foot(&side, cx, foot, view);
    }
    let Some(mut rect) = columns.main else { return };

    let pane = pane_key(&view.main);
    let now = ui.input(|input| input.time);
    if state.shown.pane != pane {
        (state.shown.pane, state.shown.pane_since) = (pane, now);
    }
    let (opacity, drop) = entrance(ui.ctx(), state.shown.pane_since, cx.still());
    if !columns.narrow {
        ui.painter().vline(rect.left() + 0.5, rect.y_range(), (1.0, tok::LINE));
    }
    if let Some(view) = cx.view.banner {
        let height = banner(ui, cx, rect, view);
        rect.min.y += height;
    }
    let mut main = within(ui, rect, "main");
    main.multiply_opacity(opacity);
    let place = Place {
        rect,
        drop,
        back: columns.narrow,
    };
    match &view.main {
        MainPane::Empty => panes::empty(&mut main, cx, &place, view),
        MainPane::Conversation(talk) => conversation::conversation(&mut main, cx, &place, state, talk),
        MainPane::Call(call) => call::call(&mut main, cx, &place, state, call),
        MainPane::Settings(settings) => {
            let UiState {
                settings: kept, dialog, ..
            } = state;
            panes::settings(&mut main, cx, &place, kept, dialog, view, settings);
        }
        MainPane::Compare(compare) => panes::compare(&mut main, cx, &place, &mut state.compare, compare),
        MainPane::AddContact(add) => {
            let UiState { link, dialog, .. } = state;
            panes::add_contact(&mut main, cx, &place, link, dialog, view, add);
            // Who comes here has a link to paste.
            if !std::mem::replace(&mut state.link_focused, true) {
                ui.memory_mut(|memory| memory.request_focus(named("add.link")));
            }
        }
    }
    state.link_focused &= matches!(view.main, MainPane::AddContact(_));
    conversation::leave_others(cx, state, &view.main);
}

/// Where the main pane is.
pub(crate) struct Place {
    /// Its rectangle.
    pub rect: Rect,
    /// How far its content still has to move up while it fades in.
    pub drop: f32,
    /// The pane is alone in the window and needs a way back.
    pub back: bool,
}

impl Place {
    /// The header bar.
    pub(crate) fn bar(&self) -> Rect {
        Rect::from_min_size(self.rect.min, vec2(self.rect.width(), tok::BAR_HEIGHT))
    }

    /// What is below the header bar.
    pub(crate) fn below(&self) -> Rect {
        Rect::from_min_max(pos2(self.rect.left(), self.rect.top() + tok::BAR_HEIGHT), self.rect.max)
    }

    /// Draws the ground of the header bar and the way back; gives the x at which its content begins.
    pub(crate) fn header(&self, ui: &Ui, cx: &mut Cx<'_>) -> f32 {
        let bar = self.bar();
        ui.painter().rect_filled(bar, CornerRadius::ZERO, tok::GLASS_BAR);
        ui.painter().hline(bar.x_range(), bar.bottom() - 0.5, (1.0, tok::LINE));
        if !self.back {
            return bar.left() + 20.0;
        }
        let rect = Rect::from_center_size(pos2(bar.left() + 24.0, bar.center().y), vec2(32.0, 32.0));
        let label = t("back");
        if widgets::icon_button(ui, cx, "main.back", rect, icons::ARROW_LEFT, &label, tok::TEXT_SOFT).clicked() {
            cx.emit(UiAction::CloseMain);
        }
        bar.left() + 48.0
    }

    /// The header of a pane that is only a title.
    pub(crate) fn titled(&self, ui: &Ui, cx: &mut Cx<'_>, title: &str) {
        let left = self.header(ui, cx);
        let bar = self.bar();
        let kind = Type::strong(tok::TYPE_TITLE, tok::TEXT);
        paint::label(
            ui,
            pos2(left, bar.center().y),
            Align2::LEFT_CENTER,
            title,
            kind,
            bar.right() - left - 20.0,
        );
        ui.painter()
            .rect_filled(self.below(), CornerRadius::ZERO, tok::PANE_GROUND);
    }
}

/// Tells panes apart, so that each fades in when it comes.
fn pane_key(main: &MainPane) -> u64 {
    let fold = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(17_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)))
    };
    match main {
        MainPane::Empty => 1,
        MainPane::Settings(_) => 2,
        MainPane::AddContact(_) => 3,
        MainPane::Compare(compare) => fold(&compare.peer.0) | 1 << 59,
        MainPane::Conversation(talk) => fold(&talk.channel.0) | 1 << 60,
        MainPane::Call(call) => fold(&call.call.0) | 1 << 61,
    }
}

/// A standing condition above the main pane; gives its height.
fn banner(ui: &mut Ui, cx: &mut Cx<'_>, main: Rect, view: &BannerView) -> f32 {
    let (ground, color, icon) = match view.level {
        Level::Info => (tok::INFO_GROUND, tok::ION, icons::INFO),
        Level::Good => (tok::GOOD_GROUND, tok::AURORA, icons::CIRCLE_CHECK),
        Level::Warn => (tok::WARN_GROUND, tok::SOLAR, icons::TRIANGLE_ALERT),
        Level::Bad => (tok::BAD_GROUND, tok::GIANT, icons::WIFI_OFF),
    };
    let mut words = strings::error(&view.error);
    if let Some(at) = view.retry_at_ms {
        // Counted down in whole seconds; nothing else moves.
        let seconds = (at - cx.clock().now_ms).max(0).saturating_add(999) / 1000;
        words.push(' ');
        words.push_str(&tf("banner-retry-in", &[("count", Arg::Number(seconds))]));
        ui.ctx().request_repaint_after(std::time::Duration::from_millis(500));
    }
    let label = view.button.map(|button| match button {
        BannerButton::Retry => t("banner-retry"),
        BannerButton::ConnectHere => t("banner-connect-here"),
        BannerButton::Settings => t("banner-settings"),
        BannerButton::LogFolder => t("open-log-folder"),
    });
    let kind = Type::regular(tok::TYPE_NOTE, tok::TEXT).on(18.0);
    let button_width = label.as_ref().map_or(0.0, |label| {
        paint::line(ui, label, Type::strong(tok::TYPE_NOTE, tok::TEXT), 300.0)
            .size()
            .x
            + 28.0
    });
    let close_width = if view.closes { 34.0 } else { 0.0 };
    let galley = paint::paragraph(ui, &words, kind, main.width() - 76.0 - button_width - close_width);
    let height = (galley.size().y + 18.0).max(tok::BANNER_HEIGHT);
    let rect = Rect::from_min_size(main.min, vec2(main.width(), height));
    ui.painter().rect_filled(rect, CornerRadius::ZERO, tok::GLASS_CARD);
    ui.painter().rect_filled(rect, CornerRadius::ZERO, ground);
    cx.mark("banner", rect);
    paint::icon(
        ui.painter(),
        pos2(rect.left() + 28.0, rect.center().y),
        icon,
        16.0,
        color,
    );
    paint::put(
        ui.painter(),
        pos2(rect.left() + 48.0, rect.center().y),
        Align2::LEFT_CENTER,
        galley,
    );
    if let (Some(button), Some(label)) = (view.button, label) {
        let at = pos2(rect.right() - 16.0 - close_width - button_width / 2.0, rect.center().y);
        let place = Rect::from_center_size(at, vec2(button_width, 30.0));
        if widgets::button(ui, cx, "banner.button", place, &label, None, Kind::Quiet).clicked() {
            cx.emit(match button {
                BannerButton::Retry | BannerButton::ConnectHere => UiAction::RetryConnection,
                BannerButton::Settings => UiAction::OpenSettings,
                BannerButton::LogFolder => UiAction::OpenLogFolder,
            });
        }
    }
    if view.closes {
        let place = Rect::from_center_size(pos2(rect.right() - 26.0, rect.center().y), vec2(26.0, 26.0));
        let label = t("dismiss");
        if widgets::icon_button(ui, cx, "banner.close", place, icons::X, &label, tok::TEXT_SOFT).clicked() {
            cx.emit(UiAction::DismissBanner(view.error.code.clone()));
        }
    }
    height
}
