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
/// How often it looks whether the default has changed, or a chosen device has come back.
const COMPARE: Duration = Duration::from_secs(1);
/// The pause before the second try; each further is twice as long, up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LAST_PAUSE: Duration = Duration::from_secs(4);

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
    pub(super) input: Arc<PortShared>,
    pub(super) output: Arc<PortShared>,
}

impl Wishes {
    pub(super) fn new(wish: Wish) -> Self {
        Self {
            wish: Mutex::new(wish),
            stop: AtomicBool::new(false),
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
        shared: &Arc<PortShared>,
        lost: &LostFlag,
    ) -> Result<(cpal::Stream, Self::End), VoiceError>;
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
        shared: &Arc<PortShared>,
        lost: &LostFlag,
    ) -> Result<(cpal::Stream, InputEnd), VoiceError> {
        open::input(device, shared, lost)
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
        shared: &Arc<PortShared>,
        lost: &LostFlag,
    ) -> Result<(cpal::Stream, OutputEnd), VoiceError> {
        open::output(device, shared, lost)
    }

    fn devices(host: &cpal::Host) -> Vec<cpal::Device> {
        host.output_devices().map(Iterator::collect).unwrap_or_default()
    }
}

/// An open device.
struct Running {
    stream: cpal::Stream,
    lost: LostFlag,
    wish: PortWish,
    id: Option<String>,
    compared: Instant,
}

/// One direction's device, open or not.
struct Port<D: Direction> {
    shared: Arc<PortShared>,
    lane: SyncSender<Option<D::End>>,
    running: Option<Running>,
    pause: Duration,
    again: Option<Instant>,
    tried: Option<PortWish>,
}

/// Serves wishes until stopped.
pub(super) fn keep(wishes: &Wishes, inputs: SyncSender<Option<InputEnd>>, outputs: SyncSender<Option<OutputEnd>>) {
    let mut input = Port::<Microphone>::new(Arc::clone(&wishes.input), inputs);
    let mut output = Port::<Speaker>::new(Arc::clone(&wishes.output), outputs);
    while !wishes.stop.load(Ordering::Acquire) {
        let wish = wishes.read();
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

    fn open(&mut self, wish: &PortWish) {
        if self.shared.state() == PortState::Closed {
            self.shared.set_state(PortState::Opening);
        }
        self.tried = Some(wish.clone());
        match self.try_open(wish) {
            Ok(()) => {
                self.shared.set_state(PortState::Open);
                self.reset();
            }
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
                self.again = Some(Instant::now() + self.pause);
                self.pause = (self.pause * 2).min(LAST_PAUSE);
            }
        }
    }

    fn try_open(&mut self, wish: &PortWish) -> Result<(), VoiceError> {
        let lost: LostFlag = Arc::default();
        let (device, stream, end) = with_service(|host| {
            let device = find::<D>(host, &wish.choice).ok_or_else(D::NONE)?;
            let (stream, end) = D::open(&device, &self.shared, &lost)?;
            Ok((device, stream, end))
        })?;
        // A full lane: the audio thread has stalled and wants no device now.
        self.lane.try_send(Some(end)).map_err(|_| VoiceError::Busy)?;
        let (wish, id) = (wish.clone(), id_of(&device));
        self.running = Some(Running {
            stream,
            lost,
            wish,
            id,
            compared: Instant::now(),
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

/// The chosen device if it is there, else the default.
fn find<D: Direction>(host: &cpal::Host, choice: &DeviceChoice) -> Option<cpal::Device> {
    let devices = D::devices(host);
    if is_bare_alsa(&devices) {
        return None;
    }
    if let DeviceChoice::Id(wanted) = choice {
        let found = devices.into_iter().find(|d| id_of(d).as_ref() == Some(wanted));
        if found.is_some() {
            return found;
        }
    }
    D::default(host)
}
