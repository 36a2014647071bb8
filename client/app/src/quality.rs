//! How much drawing this computer is asked for: by its adapter, and by how long its frames take.

use std::time::Duration;

use bevy::prelude::*;
use bevy::render::renderer::RenderAdapterInfo;
use bevy::window::Monitor;

use crate::redraw::Pace;

/// So many frames in a row are looked at together.
const FRAMES: usize = 120;
/// Most of them longer than this, and the adapter cannot do it: at 40 frames a second motion is seen to stumble.
const SLOW: Duration = Duration::from_millis(25);
/// A frame this late was no work: the computer slept, or the window was dragged.
const ASLEEP: Duration = Duration::from_secs(1);

/// How much is drawn.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quality {
    /// The sky stands still, planets are cached pictures, at most 15 frames a second.
    Low,
    /// Everything moves, up to 60 frames a second.
    #[default]
    High,
}

/// What was asked for on the command line.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum QualityChoice {
    /// By the adapter, and by how long its frames take.
    #[default]
    Auto,
    /// As for a computer without a GPU.
    Low,
    /// As for a computer with one.
    High,
}

fn choose(choice: Res<QualityChoice>, adapter: Option<Res<RenderAdapterInfo>>, mut quality: ResMut<Quality>) {
    // `Cpu` is what software renderers (lavapipe, WARP, SwiftShader) call themselves.
    let software = adapter.is_some_and(|info| info.device_type == wgpu_types::DeviceType::Cpu);
    *quality = match *choice {
        QualityChoice::Low => Quality::Low,
        QualityChoice::High => Quality::High,
        QualityChoice::Auto if software => Quality::Low,
        QualityChoice::Auto => Quality::High,
    };
    tracing::info!(quality = ?*quality, software, "drawing");
    #[cfg(target_os = "linux")]
    if software {
        yield_to_sound();
    }
}

/// How much less a software renderer's threads weigh than others of this program, as `nice` counts.
#[cfg(target_os = "linux")]
const YIELDING: i32 = 10;

/// Where the processor draws, each picture keeps it busy for longer than a packet of sound may wait. So whoever draws steps back
/// whenever there is anything else to do; a picture a little later is not seen, a packet is heard.
#[cfg(target_os = "linux")]
fn yield_to_sound() {
    // Mesa names its threads so. One that is not found draws as before.
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let drawing = threads.filter(|thread| {
        std::fs::read_to_string(thread.path().join("comm")).is_ok_and(|name| name.starts_with("llvmpipe"))
    });
    let yielded = drawing
        .filter_map(|thread| rustix::process::Pid::from_raw(thread.file_name().to_str()?.parse().ok()?))
        .filter(|thread| rustix::process::setpriority_process(Some(*thread), YIELDING).is_ok())
        .count();
    tracing::info!(yielded, "threads that draw step back for those that carry sound");
}

/// How long the last frames took.
#[derive(Debug, Default)]
struct Frames(Vec<Duration>);

impl Frames {
    /// Notes one; gives the median once enough have come, and begins anew.
    fn note(&mut self, frame: Duration) -> Option<Duration> {
        if frame < ASLEEP {
            self.0.push(frame);
        }
        if self.0.len() < FRAMES {
            return None;
        }
        let (_, median, _) = self.0.select_nth_unstable(FRAMES / 2);
        let median = *median;
        self.0.clear();
        Some(median)
    }
}

/// From which length on a frame is slow. On a screen that shows fewer frames each waits for it, and is not slow.
fn slow(refresh_millihertz: Option<u32>) -> Duration {
    let screen = refresh_millihertz
        .and_then(|rate| 1_000_000_000_000_u64.checked_div(u64::from(rate)))
        .map_or(Duration::ZERO, Duration::from_nanos);
    SLOW.max(screen * 3 / 2)
}

/// Draws less once frames have been slow for long. Never more again in this session: what was too much stays too much, and
/// a picture that changes back and forth is worse than either.
fn step_down(
    choice: Res<QualityChoice>,
    mut quality: ResMut<Quality>,
    pace: Res<Pace>,
    time: Res<Time<Real>>,
    monitors: Query<&Monitor>,
    mut frames: Local<Frames>,
) {
    if *choice != QualityChoice::Auto || *quality == Quality::Low {
        return;
    }
    // Only where frames follow each other by themselves is their distance the time that they take.
    if !pace.is_smooth() {
        frames.0.clear();
        return;
    }
    let Some(median) = frames.note(time.delta()) else {
        return;
    };
    let slowest = monitors
        .iter()
        .filter_map(|monitor| monitor.refresh_rate_millihertz)
        .min();
    if median > slow(slowest) {
        *quality = Quality::Low;
        tracing::info!(?median, "frames take too long: drawing less");
    }
}

/// Chooses the quality once the adapter is known, and lowers it where the frames say so.
pub(crate) fn plugin(app: &mut App) {
    app.init_resource::<QualityChoice>()
        .init_resource::<Quality>()
        .add_systems(PreStartup, choose)
        .add_systems(PreUpdate, step_down);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn what_counts_is_how_long_most_frames_take() {
        let mut frames = Frames::default();
        for at in 1..FRAMES {
            // A few very long ones, as while something is loaded, are no reason.
            let long = at % 4 == 0;
            assert_eq!(frames.note(ms(if long { 90 } else { 17 })), None);
        }
        assert_eq!(frames.note(ms(17)), Some(ms(17)));
        for _ in 1..FRAMES {
            assert_eq!(frames.note(ms(30)), None);
        }
        assert_eq!(
            frames.note(ms(30)),
            Some(ms(30)),
            "each hundred and twenty by themselves"
        );
        assert_eq!(frames.note(ms(5000)), None);
        assert!(frames.0.is_empty(), "sleep is no work");
    }

    #[test]
    fn a_screen_of_thirty_frames_a_second_is_not_a_slow_computer() {
        assert_eq!(slow(None), SLOW);
        assert_eq!(slow(Some(60_000)), ms(25));
        assert_eq!(slow(Some(144_000)), SLOW);
        assert!(slow(Some(30_000)) > ms(49));
        assert_eq!(slow(Some(0)), SLOW);
    }

    /// An app of nothing but the watch, at full speed, whose frames take so long.
    fn after_slow_frames(choice: QualityChoice, smooth: bool) -> Quality {
        let mut app = App::new();
        app.insert_resource(choice)
            .init_resource::<Quality>()
            .insert_resource(if smooth { Pace::smooth() } else { Pace::default() })
            .init_resource::<Time<Real>>()
            .add_systems(PreUpdate, step_down);
        for _ in 0..2 * FRAMES {
            app.world_mut()
                .resource_mut::<Time<Real>>()
                .update_with_duration(ms(40));
            app.update();
        }
        *app.world().resource::<Quality>()
    }

    #[test]
    fn slow_frames_lower_the_quality_unless_it_was_asked_for_or_nothing_moves() {
        assert_eq!(after_slow_frames(QualityChoice::Auto, true), Quality::Low);
        assert_eq!(after_slow_frames(QualityChoice::High, true), Quality::High);
        assert_eq!(after_slow_frames(QualityChoice::Auto, false), Quality::High);
    }
}
