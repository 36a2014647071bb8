//! What one conversation remembers: where it was scrolled to, and what stands in its composer.

use std::collections::HashMap;

use egui::Pos2;

use crate::view::{Body, ConversationView, MessageKey};

/// Local state of one conversation.
#[derive(Default)]
pub(crate) struct TalkState {
    /// Heights of rows, with a print of what they were measured from.
    pub heights: HashMap<MessageKey, (u64, f32)>,
    /// What the list was like last time: a change may need the scroll place to be set anew.
    pub list: ListPrint,
    /// Scroll offset after the last pass.
    pub offset: f32,
    /// The newest message is in sight.
    pub at_bottom: bool,
    /// First row in sight and how far below the upper edge it ends.
    pub anchor: Option<(MessageKey, f32)>,
    /// The scroll place was set once for this opening.
    pub opened: bool,
    /// Go to the newest message.
    pub to_bottom: bool,
    /// The same once it is loaded.
    pub to_present: bool,
    /// Last jump followed.
    pub focus_rev: u64,
    /// Message that is lit, and since when (egui time).
    pub flash: Option<(MessageKey, f64)>,
    /// End of the list beyond which more was asked for.
    pub asked_older: Option<MessageKey>,
    pub asked_newer: Option<MessageKey>,
    pub marked_read: Option<MessageKey>,
    /// Row under the pointer in the last pass.
    pub hovered: Option<MessageKey>,
    pub composer: Composer,
    pub search: SearchState,
    pub picker: Option<Picker>,
}

/// Enough of a list to see that rows moved.
#[derive(Clone, Copy, Default, PartialEq)]
pub(crate) struct ListPrint {
    pub total: f32,
    pub height: f32,
    pub first: Option<MessageKey>,
    pub last: Option<MessageKey>,
}

/// The composer.
pub(crate) struct Composer {
    pub text: String,
    /// Revision of the draft last taken from the view.
    pub draft_rev: Option<u64>,
    /// Own message being changed, and the draft put aside for it.
    pub editing: Option<(MessageKey, String)>,
    pub reply: Option<MessageKey>,
    /// Number of the last refused text that was taken back.
    pub returned: u64,
    /// Since when the draft differs from what the app knows (egui time).
    pub dirty_since: Option<f64>,
    /// The draft as the app knows it.
    pub known: String,
    /// When typing was last told (egui time).
    pub typing_told: f64,
    pub wants_focus: bool,
    pub height: f32,
    /// What was typed in the same frame after Enter: the beginning of the next message.
    pub later: Vec<egui::Event>,
}

impl Default for Composer {
    fn default() -> Self {
        Self {
            text: String::new(),
            draft_rev: None,
            editing: None,
            reply: None,
            returned: 0,
            dirty_since: None,
            known: String::new(),
            typing_told: f64::NEG_INFINITY,
            wants_focus: true,
            height: 0.0,
            later: Vec::new(),
        }
    }
}

impl Composer {
    /// Takes the draft of the view over when it is new.
    pub(crate) fn take_draft(&mut self, view: &ConversationView) {
        if self.draft_rev == Some(view.draft_rev) {
            return;
        }
        self.draft_rev = Some(view.draft_rev);
        view.draft.clone_into(&mut self.known);
        self.dirty_since = None;
        match &mut self.editing {
            Some((_, aside)) => view.draft.clone_into(aside),
            None => view.draft.clone_into(&mut self.text),
        }
    }

    /// Takes back what was refused. Nothing that is being written meanwhile is lost for it.
    pub(crate) fn take_returned(&mut self, view: &ConversationView) {
        let taken = self.returned;
        // The last first: each is put above what stands there, so that they end in the order in which they were written.
        for back in view.returned.iter().rev().filter(|back| back.number > taken) {
            match back.edits {
                Some(message) if self.editing.is_none() => {
                    let reply = self.reply;
                    self.edit(message, &back.text);
                    self.reply = reply;
                }
                // Two messages cannot be changed at once: its words are kept as those of a new one.
                _ => self.put_back(&back.text, back.reply_to),
            }
        }
        let last = view.returned.iter().map(|back| back.number).max();
        self.returned = self.returned.max(last.unwrap_or(0));
    }

    fn put_back(&mut self, text: &str, reply_to: Option<MessageKey>) {
        let draft = match &mut self.editing {
            Some((_, aside)) => aside,
            None => &mut self.text,
        };
        if draft.trim().is_empty() {
            text.clone_into(draft);
            self.reply = self.reply.or(reply_to);
        } else {
            *draft = format!("{text}\n{draft}");
        }
    }

    /// The draft, whether or not it is put aside.
    fn draft(&self) -> &str {
        self.editing
            .as_ref()
            .map_or(self.text.as_str(), |(_, aside)| aside.as_str())
    }

    /// The draft if the app does not know it yet; from now on it does.
    pub(crate) fn take_unsaved(&mut self) -> Option<String> {
        self.dirty_since = None;
        let draft = self.draft().to_owned();
        if draft == self.known {
            return None;
        }
        self.known.clone_from(&draft);
        Some(draft)
    }

    /// Starts to change an own message.
    pub(crate) fn edit(&mut self, key: MessageKey, text: &str) {
        let aside = match self.editing.take() {
            Some((_, aside)) => aside,
            None => std::mem::take(&mut self.text),
        };
        text.clone_into(&mut self.text);
        self.editing = Some((key, aside));
        self.reply = None;
        self.wants_focus = true;
    }

    /// Starts to answer a message.
    pub(crate) fn answer(&mut self, key: MessageKey) {
        self.stop_editing();
        self.reply = Some(key);
        self.wants_focus = true;
    }

    /// Puts the draft back.
    pub(crate) fn stop_editing(&mut self) {
        if let Some((_, aside)) = self.editing.take() {
            self.text = aside;
        }
    }

    /// Starts to change the last own message that has text; false where there is none.
    pub(crate) fn edit_last(&mut self, view: &ConversationView) -> bool {
        let last = view.messages.iter().rev().find_map(|message| match &message.body {
            Body::Text(text) if message.mine => Some((message.key, text)),
            _ => None,
        });
        if let Some((key, text)) = last {
            self.edit(key, text);
        }
        last.is_some()
    }
}

/// The search field.
#[derive(Default)]
pub(crate) struct SearchState {
    pub text: String,
    /// In a narrow header the field opens over the title.
    pub open: bool,
    pub wants_focus: bool,
}

/// The open emoji picker.
pub(crate) struct Picker {
    pub target: PickFor,
    pub at: Pos2,
    /// Opened in this pass: the click that opened it must not close it.
    pub fresh: bool,
}

/// What an emoji is picked for.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum PickFor {
    /// A reaction to a message.
    Message(MessageKey),
    /// The text being written.
    Composer,
}
