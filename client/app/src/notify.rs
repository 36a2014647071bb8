//! Notifications of the desktop. Showing one may take as long as the desktop likes, so a thread of its own does it.

use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};

use bevy::prelude::Resource;

/// Notifications waiting to be shown. When full, the newest is dropped: a desktop that shows nothing for so long has been
/// told enough.
const WAITING: usize = 16;

/// One notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// First line.
    pub title: String,
    /// What it says.
    pub body: String,
    /// Rings: stays until it is looked at, where the desktop knows that.
    pub urgent: bool,
}

/// The way to the thread.
#[derive(Resource, Clone, Debug, Default)]
pub struct Notifier(Option<SyncSender<Note>>);

impl Notifier {
    /// Starts the thread. It ends when the last clone of this is gone. Without it, nothing is shown.
    #[must_use]
    pub fn start() -> Self {
        let (sender, receiver) = sync_channel::<Note>(WAITING);
        let thread = std::thread::Builder::new().name("orrery-notify".into()).spawn(move || {
            while let Ok(note) = receiver.recv() {
                let mut shown = notify_rust::Notification::new();
                shown.appname("Orrery").summary(&note.title).body(&note.body);
                #[cfg(all(unix, not(target_os = "macos")))]
                if note.urgent {
                    shown.urgency(notify_rust::Urgency::Critical);
                }
                if let Err(error) = shown.show() {
                    // Not every desktop shows any; once in the log is enough for those.
                    tracing::debug!(%error, "notification not shown");
                }
            }
        });
        match thread {
            Ok(_) => Self(Some(sender)),
            Err(error) => {
                tracing::warn!(%error, "no thread for notifications");
                Self(None)
            }
        }
    }

    /// Shows a notification some time soon, or not at all.
    pub fn show(&self, note: Note) {
        if let Some(sender) = &self.0
            && let Err(TrySendError::Full(_)) = sender.try_send(note)
        {
            tracing::debug!("a notification was dropped");
        }
    }
}
