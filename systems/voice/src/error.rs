//! What can go wrong with sound, in terms a person can act on.

use std::path::PathBuf;

/// Every failure of this crate. None of them ends a call: the caller may go on after any of them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VoiceError {
    /// A packet longer than [`MAX_PACKET_BYTES`](crate::MAX_PACKET_BYTES).
    #[error("the sound packet has {len} bytes, more than an Opus packet can have")]
    PacketTooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// A packet of no bytes.
    #[error("the sound packet is empty")]
    PacketEmpty,
    /// A packet that Opus cannot read.
    #[error("the sound packet is not valid Opus: {0}")]
    PacketInvalid(&'static str),
    /// A frame that is neither 10 nor 20 ms long.
    #[error("{samples} samples are not a frame of 10 or 20 ms")]
    FrameLength {
        /// Its length in samples.
        samples: usize,
    },
    /// The Opus encoder or decoder refused a setting or could not be made.
    #[error("Opus failed in {function}: {reason}")]
    Codec {
        /// The libopus function.
        function: &'static str,
        /// Its own words.
        reason: &'static str,
    },
    /// More than [`MAX_SPEAKERS`](crate::MAX_SPEAKERS) speakers.
    #[error("no more than {} people can be heard at once", crate::MAX_SPEAKERS)]
    TooManySpeakers,
    /// A speaker who was not added.
    #[error("nobody with this id is in the call")]
    UnknownSpeaker,
    /// A lane to the audio thread is full: the packet or command was dropped.
    #[error("the audio thread is busy; this was dropped")]
    Busy,
    /// The audio thread has ended.
    #[error("the audio thread has stopped")]
    Stopped,
    /// A thread could not be started.
    #[error("an audio thread could not be started")]
    Thread(#[source] std::io::Error),
    /// A sound file could not be read.
    #[error("the sound file {} cannot be read", path.display())]
    ReadFile {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: hound::Error,
    },
    /// A sound file could not be written.
    #[error("the sound file {} cannot be written", path.display())]
    WriteFile {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A sample rate that cannot be converted.
    #[error("sound at {rate} Hz cannot be converted")]
    Rate {
        /// The rate in Hz.
        rate: u32,
    },
    /// This system's sound service cannot be reached.
    #[error("this computer's sound service cannot be reached: {0}")]
    NoSoundService(String),
    /// There is no microphone.
    #[error("no microphone was found")]
    NoInput,
    /// There is no speaker or headset.
    #[error("no speaker or headset was found")]
    NoOutput,
    /// The system does not let this program use the device.
    #[error("the system does not allow the use of this device")]
    Denied,
    /// The device refused to open.
    #[error("the sound device could not be opened: {0}")]
    Device(String),
}
