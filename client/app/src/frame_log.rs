//! For tests: start-up time, frame times and lit planets, as JSON lines.
//!
//! - `{"startup_ms":N}` once, when the first complete picture of the panels has been handed to the display: milliseconds
//!   since the process began.
//! - `{"at_ms":T,"frame_ms":F,"since_ms":S}` for each frame: Unix time, the time the frame took to make and hand over, the
//!   time since the one before.
//! - with `"planets":[{"peer":ID,"level":L,"lit":B,"me":B}]` while a call is shown: how brightly each corona burns (0 to 1),
//!   and whether that is visible.

#![allow(clippy::indexing_slicing, reason = "setting a field of a JSON object by its name")]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bevy::prelude::*;
use orrery_protocol::PeerId;

use crate::cli::Args;
use crate::cosmos::level::LIT;
use crate::cosmos::{SceneInput, ShownLevels};
use crate::present::{Panels, unix_ms};

/// Lines are handed to the file at least this often.
const FLUSH_EVERY: Duration = Duration::from_millis(200);

#[derive(Resource)]
struct FrameLog {
    out: BufWriter<File>,
    flushed: Instant,
    /// When the frame now being made was begun.
    begun: Option<Instant>,
    /// The frame before: when it was begun, and what its line says.
    previous: Option<Instant>,
    started: bool,
    planets: Vec<serde_json::Value>,
}

/// The frame before has been handed over when the next one begins or the loop goes to sleep; both are seen here, at the
/// start of a frame, since drawing follows `Last` on the same thread.
#[derive(Resource, Default)]
struct Handed(std::sync::Arc<std::sync::Mutex<Option<Instant>>>);

fn begin(mut log: ResMut<FrameLog>, handed: Res<Handed>) {
    let now = Instant::now();
    let end = handed.0.lock().ok().and_then(|mut end| end.take());
    if let (Some(begun), Some(end)) = (log.begun, end) {
        write(&mut log, begun, end);
    }
    log.previous = log.begun;
    log.begun = Some(now);
}

fn write(log: &mut FrameLog, begun: Instant, end: Instant) {
    let ms = |d: Duration| (d.as_secs_f64() * 100_000.0).round() / 100.0;
    let mut line = serde_json::json!({
        "at_ms": unix_ms(),
        "frame_ms": ms(end.saturating_duration_since(begun)),
    });
    if let Some(before) = log.previous {
        line["since_ms"] = serde_json::json!(ms(begun.saturating_duration_since(before)));
    }
    if !log.planets.is_empty() {
        line["planets"] = serde_json::Value::Array(std::mem::take(&mut log.planets));
    }
    // A test that cannot write its log fails by its absence; the window goes on.
    let _ = writeln!(log.out, "{line}");
    if log.flushed.elapsed() > FLUSH_EVERY {
        let _ = log.out.flush();
        log.flushed = Instant::now();
    }
}

fn note_startup(mut log: ResMut<FrameLog>, panels: Option<Res<Panels>>) {
    if log.started || panels.is_none_or(|panels| panels.0.widgets().iter().next().is_none()) {
        return;
    }
    log.started = true;
    let line = serde_json::json!({ "startup_ms": process_age().as_millis() as u64 });
    let _ = writeln!(log.out, "{line}");
    let _ = log.out.flush();
}

fn sample(mut log: ResMut<FrameLog>, scene: Res<SceneInput>, shown: Res<ShownLevels>) {
    let Some(call) = &scene.call else { return };
    log.planets = call
        .bodies
        .iter()
        .enumerate()
        .map(|(n, body)| {
            let level = shown.0.get(&body.key).copied().unwrap_or_default();
            serde_json::json!({
                "peer": PeerId(body.key).to_string(),
                "level": (level * 1000.0).round() / 1000.0,
                "lit": level > LIT,
                "me": n == 0,
            })
        })
        .collect();
}

/// How long this process has been running.
fn process_age() -> Duration {
    #[cfg(target_os = "linux")]
    if let Some(age) = linux_process_age() {
        return age;
    }
    STARTED.get().map_or(Duration::ZERO, Instant::elapsed)
}

static STARTED: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();

/// Field 22 of /proc/self/stat is the start in clock ticks (100 a second on every Linux) after boot.
#[cfg(target_os = "linux")]
fn linux_process_age() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let start: f64 = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()?;
    let uptime = std::fs::read_to_string("/proc/uptime").ok()?;
    let up: f64 = uptime.split_whitespace().next()?.parse().ok()?;
    Duration::try_from_secs_f64(up - start / 100.0).ok()
}

/// Adds it where the command line asks for it.
pub(crate) fn plugin(args: &Args) -> impl Plugin + use<> {
    let path: Option<PathBuf> = args.frame_log.clone();
    let _ = STARTED.set(Instant::now());
    move |app: &mut App| {
        let Some(path) = &path else { return };
        let file = match File::create(path) {
            Ok(file) => file,
            Err(error) => {
                tracing::error!(kind = ?error.kind(), "the frame log cannot be written");
                return;
            }
        };
        let handed = Handed::default();
        if let Some(render) = app.get_sub_app_mut(bevy::render::RenderApp) {
            let end = handed.0.clone();
            render.add_systems(
                bevy::render::Render,
                (move || {
                    if let Ok(mut end) = end.lock() {
                        *end = Some(Instant::now());
                    }
                })
                .in_set(bevy::render::RenderSystems::PostCleanup),
            );
        }
        app.insert_resource(handed)
            .insert_resource(FrameLog {
                out: BufWriter::new(file),
                flushed: Instant::now(),
                begun: None,
                previous: None,
                started: false,
                planets: Vec::new(),
            })
            .add_systems(First, begin)
            .add_systems(Last, (note_startup, sample));
    }
}
