//! Notifications of the desktop. Showing one may take as long as the desktop likes, so a thread of its own does it.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use bevy::prelude::Resource;
use orrery_protocol::{ChannelId, PeerId};
use orrery_ui::strings;
use orrery_ui::view::Notice;

/// Notifications waiting to be shown. When full, the newest is dropped: a desktop that shows nothing for so long has been
/// told enough.
const WAITING: usize = 16;
/// Texts that come within so long of each other are told as one: who was away gets everything in a burst.
const QUIET: Duration = Duration::from_millis(600);
/// The first of them waits no longer than this.
const LONGEST: Duration = Duration::from_secs(3);

/// Texts of one conversation that came together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Texts {
    /// The conversation.
    pub channel: ChannelId,
    /// Who wrote.
    pub author: PeerId,
    /// What they are called.
    pub name: String,
    /// The beginning of the last one; `None` where it is not to be said.
    pub last: Option<String>,
    /// How many there are.
    pub count: u32,
}

impl Texts {
    /// What a person is told of them.
    #[must_use]
    pub fn notice(self) -> Notice {
        let Self { name, last, count, .. } = self;
        match last {
            Some(text) if count <= 1 => Notice::Message { name, text },
            _ => Notice::Messages { name, count },
        }
    }
}

/// Something to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// In these words, at once.
    Plain {
        /// First line.
        title: String,
        /// What it says.
        body: String,
        /// Rings: stays until it is looked at, where the desktop knows that.
        urgent: bool,
    },
    /// Together with what else comes in that conversation.
    Texts(Texts),
}

/// Texts that are not told yet, one line for each conversation.
#[derive(Debug, Default)]
struct Gathered(Vec<Gathering>);

#[derive(Debug)]
struct Gathering {
    texts: Texts,
    first: Instant,
    last: Instant,
}

impl Gathering {
    fn due(&self) -> Instant {
        (self.last + QUIET).min(self.first + LONGEST)
    }
}

impl Gathered {
    fn add(&mut self, texts: Texts, now: Instant) {
        let known = |gathering: &&mut Gathering| gathering.texts.channel == texts.channel;
        match self.0.iter_mut().find(known) {
            Some(gathering) => {
                let count = gathering.texts.count.saturating_add(texts.count);
                gathering.texts = Texts { count, ..texts };
                gathering.last = now;
            }
            None => self.0.push(Gathering {
                texts,
                first: now,
                last: now,
            }),
        }
    }

    /// When the next of them is to be told.
    fn due(&self) -> Option<Instant> {
        self.0.iter().map(Gathering::due).min()
    }

    /// Takes out what is to be told now.
    fn take(&mut self, now: Instant) -> Vec<Texts> {
        let (due, later) = std::mem::take(&mut self.0)
            .into_iter()
            .partition(|one| one.due() <= now);
        self.0 = later;
        due.into_iter().map(|gathering: Gathering| gathering.texts).collect()
    }
}

/// The way to the thread.
#[derive(Resource, Clone, Debug, Default)]
pub struct Notifier(Option<SyncSender<Note>>);

impl Notifier {
    /// Starts the thread. It ends when the last clone of this is gone. Without it, nothing is shown.
    #[must_use]
    pub fn start() -> Self {
        let (sender, receiver) = sync_channel::<Note>(WAITING);
        let thread = std::thread::Builder::new()
            .name("orrery-notify".into())
            .spawn(move || run(&receiver));
        match thread {
            Ok(_) => Self(Some(sender)),
            Err(error) => {
                tracing::warn!(%error, "no thread for notifications");
                Self(None)
            }
        }
    }

    /// With a test at the other end.
    #[cfg(test)]
    pub(crate) fn heard() -> (Self, Receiver<Note>) {
        let (sender, receiver) = sync_channel(WAITING);
        (Self(Some(sender)), receiver)
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

fn run(receiver: &Receiver<Note>) {
    let mut gathered = Gathered::default();
    loop {
        let note = match gathered.due() {
            None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(due) => receiver.recv_timeout(due.saturating_duration_since(Instant::now())),
        };
        match note {
            Ok(Note::Plain { title, body, urgent }) => show(&title, &body, urgent),
            Ok(Note::Texts(texts)) => gathered.add(texts, Instant::now()),
            Err(RecvTimeoutError::Timeout) => {}
            // The program ends; nobody has to be called to it.
            Err(RecvTimeoutError::Disconnected) => return,
        }
        for texts in gathered.take(Instant::now()) {
            let (title, body) = strings::notice(&texts.notice());
            show(&title, &body, false);
        }
    }
}

fn show(title: &str, body: &str, urgent: bool) {
    let mut shown = notify_rust::Notification::new();
    shown.appname("Orrery").summary(title).body(body);
    #[cfg(all(unix, not(target_os = "macos")))]
    if urgent {
        shown.urgency(notify_rust::Urgency::Critical);
    }
    #[cfg(not(all(unix, not(target_os = "macos"))))]
    let _ = urgent;
    if let Err(error) = shown.show() {
        // Not every desktop shows any; once in the log is enough for those.
        tracing::debug!(%error, "notification not shown");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(from: u8, last: &str, count: u32) -> Texts {
        let author = PeerId([from; 32]);
        Texts {
            channel: author.into(),
            author,
            name: "Rhea".into(),
            last: Some(last.into()),
            count,
        }
    }

    #[test]
    fn what_comes_in_a_burst_is_one_notification_for_each_conversation() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut gathered = Gathered::default();
        assert_eq!(gathered.due(), None);
        gathered.add(texts(1, "a", 1), at(0));
        gathered.add(texts(2, "b", 1), at(100));
        gathered.add(texts(1, "c", 10), at(200));
        gathered.add(texts(1, "d", 1), at(400));
        assert!(gathered.take(at(500)).is_empty(), "it is not quiet yet");
        assert_eq!(gathered.due(), Some(at(700)));
        let told: Vec<_> = gathered.take(at(1000)).into_iter().map(Texts::notice).collect();
        let name = || "Rhea".to_owned();
        let many = Notice::Messages {
            name: name(),
            count: 12,
        };
        let one = Notice::Message {
            name: name(),
            text: "b".into(),
        };
        assert_eq!(told, [many, one]);
        assert_eq!(gathered.due(), None);
    }

    #[test]
    fn a_text_that_is_not_to_be_said_is_told_by_its_author_alone() {
        let hidden = Texts {
            last: None,
            ..texts(1, "", 1)
        };
        let (title, body) = strings::notice(&hidden.notice());
        assert_eq!((title.as_str(), body.as_str()), ("One new message from Rhea", ""));
    }

    #[test]
    fn a_talk_that_never_pauses_is_told_all_the_same() {
        let start = Instant::now();
        let mut gathered = Gathered::default();
        for tenth in 0..60 {
            let now = start + Duration::from_millis(100 * tenth);
            gathered.add(texts(1, "x", 1), now);
            if !gathered.take(now).is_empty() {
                assert_eq!(now, start + LONGEST);
                return;
            }
        }
        panic!("never told");
    }
}
