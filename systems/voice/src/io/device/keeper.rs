//! The thread that keeps the wished devices open: opens, closes, follows the default, and tries again when one is lost.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use cpal::traits::HostTrait;

use super::list::{ask_service, id_of, is_bare_alsa, is_monitor, with_service};
use super::open;
use super::{DeviceChoice, InputEnd, LostFlag, OutputEnd, PortShared, PortState};
use crate::VoiceError;

/// How often it looks whether a device was lost.
const LOOK: Duration = Duration::from_millis(100);
/// How often it looks whether the default has changed, or a better device has come.
const COMPARE: Duration = Duration::from_millis(400);
/// The pause before the second try; each further is twice as long, up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LAST_PAUSE: Duration = Duration::from_secs(4);
/// The longest pause where there is no device at all: looking costs little, and who plugs one in waits for it.
const LAST_LOOK: Duration = Duration::from_millis(600);
/// A device that claims to run without a callback for this long does not.
const SILENT: Duration = Duration::from_secs(1);
/// A speaker that comes late this often within this time gets longer periods. In its first second it may.
const LATE: u64 = 3;
const LATE_WITHIN: Duration = Duration::from_secs(10);
const LATE_AFTER: Duration = Duration::from_secs(1);
/// The first of [`open::PERIODS`] that is asked for without real-time priority.
const ORDINARY: usize = 1;

/// What should be open.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) input: PortWish,
    pub(super) output: PortWish,
}

/// What should be open in one direction.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct PortWish {
    pub(super) open: bool,
    /// Counts the times it was wished open. Closed and opened again before the keeper looked is still a new opening: the audio
    /// thread has thrown the old ring away.
    pub(super) opening: u64,
    pub(super) choice: DeviceChoice,
}

/// The latest wish, and how things are. Shared by the audio thread and the keeper.
pub(super) struct Wishes {
    wish: Mutex<Wish>,
    pub(super) stop: AtomicBool,
    /// The audio thread has real-time priority.
    pub(super) realtime: AtomicBool,
    pub(super) input: Arc<PortShared>,
    pub(super) output: Arc<PortShared>,
}

impl Wishes {
    pub(super) fn new(wish: Wish) -> Self {
        Self {
            wish: Mutex::new(wish),
            stop: AtomicBool::new(false),
            realtime: AtomicBool::new(false),
            input: Arc::default(),
            output: Arc::default(),
        }
    }

    /// Leaves a wish in place of the last. The lock is held for the copy of two short strings, by the keeper too: a wish to close the
    /// microphone must not get lost, and nothing is worth less waiting than this.
    pub(super) fn leave(&self, wish: &Wish) {
        self.wish
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(wish);
    }

    fn read(&self) -> Wish {
        self.wish.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One direction: how its devices are found and opened.
trait Direction {
    type End: Send + 'static;
    const NONE: fn() -> VoiceError;
    fn default(host: &cpal::Host) -> Option<cpal::Device>;
    fn open(
        device: &cpal::Device,
        from: usize,
        shared: &Arc<PortShared>,
        lost: &LostFlag,
    ) -> Result<(open::Stream, Self::End), VoiceError>;
    fn devices(host: &cpal::Host) -> Vec<cpal::Device>;
}

struct Microphone;
struct Speaker;

impl Direction for Microphone {
    type End = InputEnd;
    const NONE: fn() -> VoiceError = || VoiceError::NoInput;

    /// Where there is no microphone, the system may name what a speaker plays as the default; nobody wants to send that back
    /// unless they chose it.
    fn default(host: &cpal::Host) -> Option<cpal::Device> {
        host.default_input_device()
            .filter(|device| !id_of(device).is_some_and(|id| is_monitor(&id)))
    }

    fn open(
        device: &cpal::Device,
        from: usize,
        shared: &Arc<PortShared>,
        lost: &LostFlag,
    ) -> Result<(open::Stream, InputEnd), VoiceError> {
        open::input(device, from, shared, lost)
    }

    fn devices(host: &cpal::Host) -> Vec<cpal::Device> {
        host.input_devices().map(Iterator::collect).unwrap_or_default()
    }
}

impl Direction for Speaker {
    type End = OutputEnd;
    const NONE: fn() -> VoiceError = || VoiceError::NoOutput;

    fn default(host: &cpal::Host) -> Option<cpal::Device> {
        host.default_output_device()
    }

    fn open(
        device: &cpal::Device,
        from: usize,
        shared: &Arc<PortShared>,
        lost: &LostFlag,
    ) -> Result<(open::Stream, OutputEnd), VoiceError> {
        open::output(device, from, shared, lost)
    }

    fn devices(host: &cpal::Host) -> Vec<cpal::Device> {
        host.output_devices().map(Iterator::collect).unwrap_or_default()
    }
}

/// An open device.
struct Running {
    stream: open::Stream,
    lost: LostFlag,
    wish: PortWish,
    id: Option<String>,
    compared: Instant,
    /// Its callbacks when last looked at, and when they had last become more.
    calls: u64,
    called: Instant,
    /// Late callbacks, and since when they are counted.
    late: u64,
    late_since: Instant,
}

/// One direction's device, open or not.
struct Port<D: Direction> {
    shared: Arc<PortShared>,
    lane: SyncSender<Option<D::End>>,
    running: Option<Running>,
    pause: Duration,
    again: Option<Instant>,
    tried: Option<PortWish>,
    /// The first of [`open::PERIODS`] that is asked for. Grows where a device was late too often.
    from: usize,
}

/// Serves wishes until stopped.
pub(super) fn keep(wishes: &Wishes, inputs: SyncSender<Option<InputEnd>>, outputs: SyncSender<Option<OutputEnd>>) {
    let mut input = Port::<Microphone>::new(Arc::clone(&wishes.input), inputs);
    let mut output = Port::<Speaker>::new(Arc::clone(&wishes.output), outputs);
    let mut realtime = None;
    while !wishes.stop.load(Ordering::Acquire) {
        let wish = wishes.read();
        let is = wishes.realtime.load(Ordering::Relaxed);
        if realtime.replace(is) != Some(is) {
            (input.from, output.from) = if is { (0, 0) } else { (ORDINARY, ORDINARY) };
        }
        // The speaker first: it is what a ringing phone needs.
        output.serve(&wish.output);
        input.serve(&wish.input);
        if wish.input.open || wish.output.open {
            std::thread::park_timeout(LOOK);
        } else if wishes.read() == wish {
            // A wish that comes from here on unparks. One that came while a device was served may have unparked that instead.
            std::thread::park();
        }
    }
}

impl<D: Direction> Port<D> {
    fn new(shared: Arc<PortShared>, lane: SyncSender<Option<D::End>>) -> Self {
        Self {
            shared,
            lane,
            running: None,
            pause: FIRST_PAUSE,
            again: None,
            tried: None,
            from: ORDINARY,
        }
    }

    /// Brings the device nearer to what is wished.
    fn serve(&mut self, wish: &PortWish) {
        let lost = self.running.as_ref().is_some_and(|r| r.lost.load(Ordering::Acquire));
        let other = self.running.as_ref().is_some_and(|r| r.wish != *wish);
        if !wish.open {
            self.close();
            self.reset();
            return;
        }
        if lost {
            tracing::info!("a sound device is gone");
            self.abandon();
            self.shared.set_state(PortState::Lost);
            self.reset();
        } else if other || self.is_outdated() {
            self.close();
            self.reset();
        } else if self.is_silent() {
            tracing::info!("a sound device fell silent");
            self.abandon();
            self.shared.set_state(PortState::Silent);
            self.put_off(LAST_PAUSE);
        } else if self.is_late() {
            tracing::info!("a sound device is late too often; it gets longer periods");
            self.from += 1;
            self.close();
            self.reset();
        }
        if self.tried.as_ref().is_some_and(|tried| tried != wish) {
            self.reset();
        }
        if self.running.is_none() && self.again.is_none_or(|again| Instant::now() >= again) {
            self.open(wish);
        }
    }

    fn reset(&mut self) {
        self.pause = FIRST_PAUSE;
        self.again = None;
        self.tried = None;
    }

    /// Whether by now another device would be opened than the one that is.
    fn is_outdated(&mut self) -> bool {
        let Some(running) = &mut self.running else { return false };
        if running.compared.elapsed() < COMPARE {
            return false;
        }
        running.compared = Instant::now();
        let best = ask_service(|host| find::<D>(host, &running.wish.choice).and_then(|d| id_of(&d)));
        let Some(best) = best else { return false };
        running.id.as_ref() != Some(&best)
    }

    /// Whether its callbacks have ceased. With the first of them it is at work.
    fn is_silent(&mut self) -> bool {
        let Some(running) = &mut self.running else { return false };
        let calls = self.shared.calls.load(Ordering::Relaxed);
        if calls == running.calls {
            return running.called.elapsed() > SILENT;
        }
        (running.calls, running.called) = (calls, Instant::now());
        self.shared.set_state(PortState::Open);
        self.reset();
        false
    }

    fn is_late(&mut self) -> bool {
        let Some(running) = &mut self.running else { return false };
        let late = self.shared.late.load(Ordering::Relaxed);
        let now = Instant::now();
        // Until its first second is over nothing has counted.
        if now < running.late_since {
            running.late = late;
            return false;
        }
        if now.duration_since(running.late_since) > LATE_WITHIN {
            (running.late, running.late_since) = (late, now);
        }
        late - running.late >= LATE && self.from + 1 < open::PERIODS.len()
    }

    fn put_off(&mut self, longest: Duration) {
        self.again = Some(Instant::now() + self.pause);
        self.pause = (self.pause * 2).min(longest);
    }

    fn open(&mut self, wish: &PortWish) {
        if self.shared.state() == PortState::Closed {
            self.shared.set_state(PortState::Opening);
        }
        self.tried = Some(wish.clone());
        match self.try_open(wish) {
            // It is at work once it has called back.
            Ok(()) => {}
            Err(error) => {
                let state = match error {
                    // That it was there a moment ago says more than that it is not there.
                    _ if self.shared.state() == PortState::Lost => PortState::Lost,
                    VoiceError::NoInput | VoiceError::NoOutput | VoiceError::NoSoundService(_) => PortState::NoDevice,
                    VoiceError::Denied => PortState::Denied,
                    _ => PortState::Failed,
                };
                if self.shared.state() != state {
                    tracing::info!(%error, "a sound device did not open; trying again");
                }
                self.shared.set_state(state);
                let absent = matches!(state, PortState::NoDevice | PortState::Lost);
                self.put_off(if absent { LAST_LOOK } else { LAST_PAUSE });
            }
        }
    }

    fn try_open(&mut self, wish: &PortWish) -> Result<(), VoiceError> {
        let lost: LostFlag = Arc::default();
        let (calls, late) = (&self.shared.calls, &self.shared.late);
        let (calls, late) = (calls.load(Ordering::Relaxed), late.load(Ordering::Relaxed));
        let (device, stream, end) = with_service(|host| {
            let device = find::<D>(host, &wish.choice).ok_or_else(D::NONE)?;
            let (stream, end) = D::open(&device, self.from, &self.shared, &lost)?;
            Ok((device, stream, end))
        })?;
        let now = Instant::now();
        // A full lane: the audio thread has stalled and wants no device now.
        self.lane.try_send(Some(end)).map_err(|_| VoiceError::Busy)?;
        let (wish, id) = (wish.clone(), id_of(&device));
        self.running = Some(Running {
            stream,
            lost,
            wish,
            id,
            compared: now,
            calls,
            called: now,
            late,
            late_since: now + LATE_AFTER,
        });
        Ok(())
    }

    fn close(&mut self) {
        if let Some(running) = self.running.take() {
            drop(running.stream);
            self.detach();
        }
        self.shared.set_state(PortState::Closed);
    }

    /// Closes a device that is gone. Its service may never answer, so nobody waits for that.
    fn abandon(&mut self) {
        if let Some(running) = self.running.take() {
            let thread = std::thread::Builder::new().name("orrery-device-close".into());
            // If there is no thread to be had, the closure, and with it the stream, is dropped here.
            let _ = thread.spawn(move || drop(running.stream));
            self.detach();
        }
    }

    fn detach(&self) {
        // If the lane is full the audio thread has stalled, and finds the ring without a far end.
        let _ = self.lane.try_send(None);
    }
}

/// The best of the wished devices that is there, else the default.
fn find<D: Direction>(host: &cpal::Host, choice: &DeviceChoice) -> Option<cpal::Device> {
    let devices = D::devices(host);
    if is_bare_alsa(&devices) {
        return None;
    }
    if let DeviceChoice::Ranked(wanted) = choice {
        let there = |id: &String| devices.iter().find(|device| id_of(device).as_ref() == Some(id));
        if let Some(found) = wanted.iter().find_map(there) {
            return Some(found.clone());
        }
    }
    D::default(host)
}
