//! What a worker is started with.

use std::{path::PathBuf, time::Duration};

use crate::Keyring;

pub use orrery_store::VaultParams;
pub use orrery_voice::{MicSource, SpeakerSink};

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Everything a worker needs to know before the profile is open.
#[derive(Clone, Debug)]
pub struct WorkerConfig {
    /// Folder of the profile; made when there is none.
    pub folder: PathBuf,
    /// Folder of the log files, to be shown; the profile's own when absent.
    pub log_folder: Option<PathBuf>,
    /// Home server of a profile that is created without naming one: `wss://host[:port]`, or on this machine
    /// `ws://host[:port]`.
    pub default_server: String,
    /// UDP address that peer connections bind, e.g. `127.0.0.1:0`; all interfaces when absent.
    pub bind: Option<String>,
    /// Microphone and speaker.
    pub sound: SoundConfig,
    /// Cost of the passphrase of a profile that is created.
    pub argon: VaultParams,
    /// DER of one more certificate that is believed beside the web's roots, for a server of one's own.
    pub extra_root: Option<Vec<u8>>,
    /// How long connecting to a server may take, and again the log-in.
    pub patience: Duration,
    /// Where the key of a profile is kept when the person wants that.
    pub keyring: Keyring,
}

impl WorkerConfig {
    /// No sound, all interfaces, the standard cost, the system's keyring.
    #[must_use]
    pub fn new(folder: PathBuf, default_server: String) -> Self {
        Self {
            folder,
            log_folder: None,
            default_server,
            bind: None,
            sound: SoundConfig::Files {
                mic: MicSource::Silence,
                speaker: SpeakerSink::Null,
            },
            argon: VaultParams::STANDARD,
            extra_root: None,
            patience: PATIENCE,
            keyring: Keyring::system(),
        }
    }
}

/// Where sound comes from and goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SoundConfig {
    /// The machine's devices, as the settings choose them.
    #[cfg(feature = "device")]
    Devices,
    /// Files, in real time. The microphone's file starts when a call becomes active.
    Files {
        /// What is said.
        mic: MicSource,
        /// Where what is heard goes.
        speaker: SpeakerSink,
    },
    /// The same, but what is said is processed as a device's microphone is: echo, noise and gain as the settings say.
    ProcessedFiles {
        /// What the microphone hears.
        mic: MicSource,
        /// Where what is heard goes.
        speaker: SpeakerSink,
    },
    /// Says back what it hears.
    Echo {
        /// So many milliseconds later, 10 to 10 000.
        delay_ms: u32,
    },
}
