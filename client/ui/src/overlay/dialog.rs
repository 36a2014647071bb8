//! Questions before what cannot be undone, and renaming.

use egui::{Align2, Context, CornerRadius, Frame, Id, Margin, Modal, Rect, Sense, Shadow, Stroke, Ui, pos2, vec2};

use crate::action::UiAction;
use crate::cx::{Cx, named, t, tf};
use crate::entry::take_submit;
use crate::paint::{self, Type};
use crate::strings::Arg;
use crate::text::{clean_name, host_of, name_fits, one_line};
use crate::tokens as tok;
use crate::view::{ChannelKey, MessageKey, PeerKey};
use crate::widgets::{self, Field, Kind};

/// The open question.
pub(crate) enum Dialog {
    /// Open a link?
    Link {
        /// The address.
        target: String,
    },
    /// Block somebody?
    Block {
        /// Whom.
        peer: PeerKey,
        /// Their name, cleaned.
        name: String,
    },
    /// Remove somebody?
    Remove {
        /// Whom.
        peer: PeerKey,
        /// Their name, cleaned.
        name: String,
    },
    /// Delete a message?
    Delete {
        /// Where.
        channel: ChannelKey,
        /// Which.
        message: MessageKey,
    },
    /// Make another invite link, upon which those given away stop working?
    NewLink,
    /// Lock, and leave the call?
    Lock,
    /// Another name for somebody.
    Rename {
        /// Whom.
        peer: PeerKey,
        /// The name being typed.
        name: String,
        /// Passes in which the field still takes the keyboard: the menu that opened this gives it up late.
        grabs: u8,
    },
}

/// What was answered.
#[derive(Clone, Copy, PartialEq)]
enum Answer {
    Open,
    Yes,
    No,
}

/// Draws the open question, if there is one.
pub(crate) fn dialog(ctx: &Context, cx: &mut Cx<'_>, state: &mut Option<Dialog>) {
    let Some(mut open) = state.take() else { return };
    let frame = Frame::new()
        .fill(tok::GLASS_POPUP)
        .stroke(Stroke::new(1.0, tok::LINE_STRONG))
        .corner_radius(CornerRadius::same(tok::RADIUS_LARGE))
        .inner_margin(Margin::same(24))
        .shadow(Shadow {
            offset: [0, 12],
            blur: 40,
            spread: 0,
            color: tok::SHADOW,
        });
    let width = 400.0_f32.min(ctx.content_rect().width() - 72.0);
    let shown = Modal::new(Id::new("dialog"))
        .backdrop_color(tok::SCRIM)
        .frame(frame)
        .show(ctx, |ui| {
            ui.set_width(width);
            ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
            match &mut open {
                Dialog::Rename { name, grabs, .. } => rename(ui, cx, name, grabs),
                other => question(ui, cx, other),
            }
        });
    let answer = if shown.inner == Answer::Open && shown.should_close() {
        Answer::No
    } else {
        shown.inner
    };
    match answer {
        Answer::Open => *state = Some(open),
        Answer::No => {}
        Answer::Yes => match open {
            Dialog::Link { target } => cx.emit(UiAction::OpenLink(target)),
            Dialog::Block { peer, .. } => cx.emit(UiAction::BlockContact(peer)),
            Dialog::Remove { peer, .. } => cx.emit(UiAction::RemoveContact(peer)),
            Dialog::Delete { channel, message } => {
                cx.emit(UiAction::DeleteMessage { channel, message });
            }
            Dialog::NewLink => cx.emit(UiAction::NewLink),
            Dialog::Lock => cx.emit(UiAction::Lock),
            Dialog::Rename { peer, name, .. } => {
                cx.emit(UiAction::RenameContact {
                    peer,
                    name: name.trim().to_owned(),
                });
            }
        },
    }
}

fn head(ui: &mut Ui, title: &str, words: &str) {
    let width = ui.available_width();
    let galley = paint::paragraph(ui, title, Type::strong(tok::TYPE_QUESTION, tok::TEXT).on(24.0), width);
    let rect = ui.allocate_exact_size(vec2(width, galley.size().y), Sense::hover()).0;
    paint::put(ui.painter(), rect.min, Align2::LEFT_TOP, galley);
    ui.add_space(8.0);
    let galley = paint::paragraph(ui, words, Type::body(tok::TEXT_SOFT), width);
    let rect = ui.allocate_exact_size(vec2(width, galley.size().y), Sense::hover()).0;
    paint::put(ui.painter(), rect.min, Align2::LEFT_TOP, galley);
    ui.add_space(18.0);
}

/// Both buttons, the safe one first in the order of the Tab key.
fn buttons(ui: &mut Ui, cx: &mut Cx<'_>, yes: &str, kind: Kind) -> Answer {
    let width = ui.available_width();
    let row = ui.allocate_exact_size(vec2(width, 40.0), Sense::hover()).0;
    let half = (width - 10.0) / 2.0;
    let no = Rect::from_min_size(row.min, vec2(half, row.height()));
    let yes_rect = Rect::from_min_size(pos2(no.right() + 10.0, row.top()), vec2(half, row.height()));
    let cancel = widgets::button(ui, cx, "dialog.no", no, &t("cancel"), None, Kind::Quiet);
    let accept = widgets::button(ui, cx, "dialog.yes", yes_rect, yes, None, kind);
    if accept.clicked() {
        return Answer::Yes;
    }
    if cancel.clicked() {
        return Answer::No;
    }
    // The keyboard starts on the way back.
    if ui.memory(|memory| memory.focused().is_none()) {
        cancel.request_focus();
    }
    Answer::Open
}

fn question(ui: &mut Ui, cx: &mut Cx<'_>, open: &Dialog) -> Answer {
    let named = |key: &str, name: &str| tf(key, &[("name", Arg::Text(name))]);
    match open {
        Dialog::Link { target } => {
            head(ui, &t("dialog-link-title"), &t("dialog-link-words"));
            address(ui, target);
            buttons(ui, cx, &t("dialog-link-yes"), Kind::Primary)
        }
        Dialog::Block { name, .. } => {
            head(
                ui,
                &named("dialog-block-title", name),
                &named("dialog-block-words", name),
            );
            buttons(ui, cx, &t("contact-block-yes"), Kind::Danger)
        }
        Dialog::Remove { name, .. } => {
            head(
                ui,
                &named("dialog-remove-title", name),
                &named("dialog-remove-words", name),
            );
            buttons(ui, cx, &t("contact-remove-yes"), Kind::Danger)
        }
        Dialog::Delete { .. } => {
            head(ui, &t("dialog-delete-title"), &t("dialog-delete-words"));
            buttons(ui, cx, &t("dialog-delete-yes"), Kind::Danger)
        }
        Dialog::NewLink => {
            head(ui, &t("dialog-new-link-title"), &t("dialog-new-link-words"));
            buttons(ui, cx, &t("add-own-new"), Kind::Danger)
        }
        Dialog::Lock => {
            head(ui, &t("dialog-lock-title"), &t("dialog-lock-words"));
            buttons(ui, cx, &t("lock-now"), Kind::Danger)
        }
        Dialog::Rename { .. } => Answer::No,
    }
}

/// An address with the part that says where it leads on its own line.
fn address(ui: &mut Ui, target: &str) {
    let width = ui.available_width();
    let host = host_of(target);
    let foreign = !host.is_ascii();
    let galley = paint::paragraph(
        ui,
        &one_line(target, 300),
        Type::regular(tok::TYPE_NOTE, tok::TEXT_SOFT).on(18.0),
        width - 28.0,
    );
    let warning = foreign.then(|| {
        paint::paragraph(
            ui,
            &t("dialog-link-foreign"),
            Type::regular(tok::TYPE_SMALL, tok::SOLAR).on(17.0),
            width - 28.0,
        )
    });
    let extra = warning.as_ref().map_or(0.0, |galley| galley.size().y + 8.0);
    let rect = ui
        .allocate_exact_size(vec2(width, galley.size().y + 46.0 + extra), Sense::hover())
        .0;
    paint::panel(ui.painter(), rect, tok::RADIUS, tok::FIELD, tok::LINE);
    let left = rect.left() + 14.0;
    let strong = Type::strong(tok::TYPE_BODY, tok::TEXT);
    paint::label(
        ui,
        pos2(left, rect.top() + 20.0),
        Align2::LEFT_CENTER,
        &one_line(&host, 80),
        strong,
        width - 28.0,
    );
    let foot = paint::put(ui.painter(), pos2(left, rect.top() + 34.0), Align2::LEFT_TOP, galley).bottom();
    if let Some(warning) = warning {
        paint::put(ui.painter(), pos2(left, foot + 8.0), Align2::LEFT_TOP, warning);
    }
    ui.add_space(18.0);
}

fn rename(ui: &mut Ui, cx: &mut Cx<'_>, name: &mut String, grabs: &mut u8) -> Answer {
    head(ui, &t("dialog-rename-title"), &t("dialog-rename-words"));
    let width = ui.available_width();
    let rect = ui.allocate_exact_size(vec2(width, tok::FIELD_HEIGHT), Sense::hover()).0;
    if *grabs > 0 {
        *grabs -= 1;
        ui.memory_mut(|memory| memory.request_focus(named("dialog.name")));
    }
    let enter = take_submit(ui.ctx());
    let hint = t("dialog-rename-hint");
    let mut field = Field::new("dialog.name", rect, &hint);
    field.bad = !name_fits(name);
    widgets::field(ui, cx, &field, name);
    let fits = name_fits(name);
    if !fits {
        ui.add_space(8.0);
        let kind = Type::regular(tok::TYPE_SMALL, tok::GIANT).on(17.0);
        let galley = paint::paragraph(ui, &t("name-too-long"), kind, width);
        let rect = ui.allocate_exact_size(vec2(width, galley.size().y), Sense::hover()).0;
        cx.mark("dialog.too_long", rect);
        paint::put(ui.painter(), rect.min, Align2::LEFT_TOP, galley);
    }
    ui.add_space(18.0);
    // A name that would be drawn as nothing gives back their own.
    if !name.trim().is_empty() && clean_name(name) == t("name-none") {
        name.clear();
    }
    let answer = buttons(ui, cx, &t("save"), Kind::Primary);
    match if enter { Answer::Yes } else { answer } {
        // It stays open, and says why.
        Answer::Yes if !fits => Answer::Open,
        answer => answer,
    }
}
