//! For tests: what the window was told and when, as JSON lines with Unix times in milliseconds. Ids and states, never text.
//!
//! - `{"type":"message_received","t":T,"id":ID}`: somebody else's message arrived.
//! - `{"type":"message_sent","t":T,"id":ID}`: a message of one's own came on screen.
//! - `{"type":"call","t":T,"phase":P}`: a call began or changed its phase.
//! - `{"type":"gauges","t":T,"speakers":[{"level":L,"speaking":B}],"own":B,"xruns":N}`: the gauges, up to 50 a second, from a thread of
//!   its own, so that what is measured is the gauge and not the picture.

#![allow(clippy::indexing_slicing, reason = "setting a field of a JSON object by its name")]

use std::fs::File;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bevy::prelude::*;
use orrery_ecs::LinkSystems;
use orrery_ecs::call::Call;
use orrery_ecs::chat::ChatMessage;
use orrery_ecs::link::Link;
use orrery_ecs::notice::Happened;
use orrery_ecs::profile::Profile;
use orrery_link::gauges::GaugeBoard;
use serde_json::{Value, json};

use crate::cli::Args;
use crate::present::unix_ms;

/// Looks at the gauges this often; they are published every 20 ms.
const LOOK_EVERY: Duration = Duration::from_millis(5);

#[derive(Resource, Clone)]
struct EventLog(Arc<Mutex<File>>);

impl EventLog {
    /// A test that cannot write its log fails by its absence; the window goes on.
    fn write(&self, mut line: Value) {
        line["t"] = json!(unix_ms());
        let mut text = line.to_string();
        text.push('\n');
        let _ = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write_all(text.as_bytes());
    }
}

/// The board to look at: another one with every profile that is opened.
#[derive(Resource, Clone, Default)]
struct Board(Arc<Mutex<Option<GaugeBoard>>>);

fn follow(link: Res<Link>, board: Res<Board>) {
    *board.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(link.0.gauge_board());
}

fn messages(
    log: Res<EventLog>,
    profile: Res<Profile>,
    mut happened: MessageReader<Happened>,
    shown: Query<&ChatMessage, Added<ChatMessage>>,
) {
    for happened in happened.read() {
        if let Happened::Message(message) = happened {
            log.write(json!({ "type": "message_received", "id": message.id.to_string() }));
        }
    }
    let own = profile.open().map(|profile| profile.peer);
    for message in shown.iter().filter(|message| Some(message.0.author) == own) {
        log.write(json!({ "type": "message_sent", "id": message.0.id.to_string() }));
    }
}

fn calls(log: Res<EventLog>, calls: Query<&Call, Changed<Call>>) {
    for call in &calls {
        let participants: Vec<Value> = call.0.participants.iter().map(|one| json!(one.phase)).collect();
        log.write(json!({ "type": "call", "phase": call.0.phase, "participants": participants }));
    }
}

fn watch_gauges(log: EventLog, board: Board) {
    let watch = move || {
        let mut count = 0;
        loop {
            std::thread::sleep(LOOK_EVERY);
            let latest = board
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .as_ref()
                .map(GaugeBoard::latest);
            let Some(gauges) = latest.filter(|gauges| gauges.count != count) else {
                continue;
            };
            count = gauges.count;
            let speakers: Vec<Value> = gauges
                .speakers
                .iter()
                .map(|one| json!({ "level": one.level, "speaking": one.speaking }))
                .collect();
            log.write(
                json!({ "type": "gauges", "speakers": speakers, "own": gauges.own_speaking, "xruns": gauges.xruns }),
            );
        }
    };
    if std::thread::Builder::new()
        .name("orrery-event-log".into())
        .spawn(watch)
        .is_err()
    {
        tracing::error!("the event log has no thread");
    }
}

/// Adds it where the command line asks for it.
pub(crate) fn plugin(args: &Args) -> impl Plugin + use<> {
    let path = args.event_log.clone();
    move |app: &mut App| {
        let Some(path) = &path else { return };
        let Ok(file) = File::create(path) else {
            tracing::error!("the event log cannot be written");
            return;
        };
        let (log, board) = (EventLog(Arc::new(Mutex::new(file))), Board::default());
        watch_gauges(log.clone(), board.clone());
        app.insert_resource(log).insert_resource(board).add_systems(
            PreUpdate,
            (follow.run_if(resource_changed::<Link>), messages, calls)
                .chain()
                .after(LinkSystems::Apply),
        );
    }
}
