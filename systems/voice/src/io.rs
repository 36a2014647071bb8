//! Where sound comes from and where it goes.

#[cfg(feature = "device")]
pub(crate) mod device;
mod echo;
#[cfg(test)]
pub(crate) mod gone;
mod pace;
mod wav;

pub use echo::EchoIo;
pub use wav::{FileIo, MicSource, SpeakerSink};

use crate::{Stereo, TICK_SAMPLES};

/// A microphone and a speaker, as the audio thread sees them. Nothing here may block, lock or wait.
pub trait AudioIo: Send {
    /// The audio thread, which calls this, begins, with real-time priority or without: without it, everything needs more in store.
    fn begin(&mut self, _realtime: bool) {}

    /// Whether the thread that called [`begin`](Self::begin) is unparked when the next tick of the microphone is there, or the speaker wants one.
    fn wakes(&self) -> bool {
        false
    }

    /// Says what is needed from now on. Opening takes as long as it takes, elsewhere; what is not open yet gives no sound and
    /// wants none. Called again with the same wishes it does nothing.
    fn set_open(&mut self, input: bool, output: bool, now_us: u64);

    /// A call or a test has begun: a microphone that plays a recording starts it from its beginning.
    fn start_mic(&mut self, _now_us: u64) {}

    /// Fills `tick` with the next 10 ms of the microphone and says `true`, or says `false` if they are not there yet.
    fn capture(&mut self, tick: &mut [f32; TICK_SAMPLES], now_us: u64) -> bool;

    /// Whether the speaker needs 10 ms more.
    fn wants_playback(&mut self, now_us: u64) -> bool;

    /// Gives the speaker the next 10 ms.
    fn play(&mut self, tick: &Stereo, now_us: u64);

    /// Chooses other devices, where there are any to choose.
    fn set_devices(&mut self, _input: DeviceChoice, _output: DeviceChoice) {}

    /// How the devices are.
    fn status(&self) -> IoStatus;
}

/// How the devices are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IoStatus {
    /// The microphone.
    pub input: PortState,
    /// The speaker.
    pub output: PortState,
    /// Times that sound of the microphone was lost because it was not fetched in time.
    pub input_xruns: u64,
    /// Times that the speaker ran dry.
    pub output_xruns: u64,
}

/// How one device is. For a window to put into words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum PortState {
    /// Not needed now.
    #[default]
    Closed,
    /// Being opened.
    Opening,
    /// At work.
    Open,
    /// There is no such device. It is looked for again and again.
    NoDevice,
    /// The system does not allow its use. It is asked again and again.
    Denied,
    /// It was there and is gone. It is looked for again and again.
    Lost,
    /// It would not open, or a file could not be written. Devices are tried again and again.
    Failed,
    /// It claims to run, and gives or takes nothing. It is opened again and again.
    Silent,
}

/// Which device to use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The system's default, also when it changes.
    #[default]
    Default,
    /// The first of these [`DeviceInfo::id`]s that is there, also when a better one comes or it goes; while none is, the default.
    Ranked(Vec<String>),
}

impl DeviceChoice {
    /// Best first; the default if there are none.
    pub fn ranked(ids: impl IntoIterator<Item = String>) -> Self {
        let ids: Vec<String> = ids.into_iter().collect();
        if ids.is_empty() {
            Self::Default
        } else {
            Self::Ranked(ids)
        }
    }
}

/// One device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Stable across restarts.
    pub id: String,
    /// For people.
    pub name: String,
    /// Whether it is the system's default now.
    pub is_default: bool,
}

/// The devices of this computer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceList {
    /// Microphones.
    pub inputs: Vec<DeviceInfo>,
    /// Speakers and headsets.
    pub outputs: Vec<DeviceInfo>,
}
