//! Two audio threads on WAV files, packets carried in real time.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use orrery_voice::{
    AudioConfig, AudioHandle, EchoIo, EncodedFrame, FileIo, Gauges, MicSource, PacketInlet, SpeakerSink, VoiceError,
};

use crate::testing::{correlation, dbfs, voice};

/// Ten times what anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A directory that is removed again.
pub struct Temp(PathBuf);

impl Temp {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("orrery-voice-it-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn write_wav(path: &Path, samples: &[f32]) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 48_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = hound::WavWriter::create(path, spec).unwrap();
    samples
        .iter()
        .for_each(|s| file.write_sample((s * 32_767.0) as i16).unwrap());
    file.finalize().unwrap();
}

pub fn read_wav(path: &Path) -> Vec<f32> {
    hound::WavReader::open(path)
        .unwrap()
        .samples::<i16>()
        .map(|s| f32::from(s.unwrap()) / 32_767.0)
        .collect()
}

/// Carries frames to a peer that is named later: each end needs the other's inlet.
#[derive(Clone, Default)]
pub struct Wire {
    to: Arc<std::sync::OnceLock<PacketInlet>>,
    pub sent: Arc<AtomicU32>,
}

impl Wire {
    pub fn connect(&self, inlet: PacketInlet) {
        assert!(self.to.set(inlet).is_ok());
    }

    pub fn sink(&self) -> Box<dyn orrery_voice::FrameSink> {
        let wire = self.clone();
        Box::new(move |frame: &EncodedFrame| {
            if let Some(inlet) = wire.to.get() {
                let seq = wire.sent.fetch_add(1, Ordering::Relaxed) as u16;
                inlet
                    .push(1, seq, frame.rtp_timestamp, frame.marker, &frame.payload)
                    .unwrap();
            }
        })
    }
}

/// Waits until the gauges say so.
pub fn wait_for(what: &str, audio: &AudioHandle, mut until: impl FnMut(&Gauges) -> bool) -> Gauges {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let gauges = audio.gauges();
        if until(&gauges) {
            return gauges;
        }
        assert!(Instant::now() < deadline, "waited too long for {what}: {gauges:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn speaking(gauges: &Gauges) -> bool {
    gauges.speakers.first().is_some_and(|s| s.speaking)
}

#[test]
fn what_one_says_the_other_hears_in_the_file_and_sees_in_the_gauges() {
    let dir = Temp::new("call");
    let mut speech = vec![0.0; 24_000];
    speech.extend(voice(2.0, 1));
    write_wav(&dir.path("mic.wav"), &speech);
    let wire = Wire::default();
    let mic = MicSource::Wav {
        path: dir.path("mic.wav"),
        repeat: false,
    };
    let a = FileIo::open(mic, SpeakerSink::Null).unwrap();
    let b = FileIo::open(MicSource::Silence, SpeakerSink::Wav(dir.path("heard.wav"))).unwrap();
    let a = AudioHandle::start(AudioConfig::default(), Box::new(a), wire.sink()).unwrap();
    let b = AudioHandle::start(AudioConfig::default(), Box::new(b), Wire::default().sink()).unwrap();
    wire.connect(b.inlet());
    b.add_speaker(1).unwrap();
    b.set_active(true).unwrap();
    wait_for("the speaker to be there", &b, |g| g.speakers.len() == 1);
    a.set_active(true).unwrap();
    wait_for("A to see itself speak", &a, |g| g.input.speaking && g.input.level > 0.2);
    wait_for("B to see A speak", &b, |g| speaking(g) && g.speakers[0].level > 0.2);
    wait_for("A to end", &a, |g| !g.input.sending);
    let last = wait_for("B to see that A ended", &b, |g| !speaking(g));
    assert_eq!(last.packets_dropped, 0);
    b.stop();
    a.stop();

    let heard = read_wav(&dir.path("heard.wav"));
    let from = heard.iter().position(|s| s.abs() > 0.02).unwrap().saturating_sub(4800);
    let said = &speech[24_000 + 9600..24_000 + 57_600];
    let best = (from..(from + 24_000).min(heard.len() - 48_000))
        .step_by(3)
        .map(|at| correlation(said, &heard[at..at + 48_000]))
        .fold(0.0, f64::max);
    // A machine too busy to turn the threads in time may cost a pitch period here and there, which moves what follows.
    assert!(best > 0.3, "{best}");
    assert!(dbfs(&heard[from..from + 96_000]) > -30.0);
}

#[test]
fn an_echo_is_heard_and_stops_with_the_call() {
    let dir = Temp::new("echo");
    write_wav(&dir.path("mic.wav"), &voice(1.0, 2));
    let (there, back) = (Wire::default(), Wire::default());
    let mic = MicSource::Wav {
        path: dir.path("mic.wav"),
        repeat: true,
    };
    let a = FileIo::open(mic, SpeakerSink::Null).unwrap();
    let a = AudioHandle::start(AudioConfig::default(), Box::new(a), there.sink()).unwrap();
    let b = AudioHandle::start(AudioConfig::default(), Box::new(EchoIo::new(200)), back.sink()).unwrap();
    there.connect(b.inlet());
    back.connect(a.inlet());
    for end in [&a, &b] {
        end.add_speaker(1).unwrap();
        end.set_active(true).unwrap();
    }
    wait_for("the echo", &a, speaking);
    a.set_mute(true).unwrap();
    wait_for("the echo to fade", &a, |g| {
        !speaking(g) && g.input.muted && g.input.level == 0.0
    });
    for end in [&a, &b] {
        end.set_active(false).unwrap();
        wait_for("the end", end, |g| g.speakers.is_empty());
    }
}

#[test]
fn packets_that_cannot_be_are_refused_and_a_stopped_thread_says_so() {
    let io = FileIo::open(MicSource::Silence, SpeakerSink::Null).unwrap();
    let audio = AudioHandle::start(AudioConfig::default(), Box::new(io), Wire::default().sink()).unwrap();
    let inlet = audio.inlet();
    assert!(matches!(inlet.push(1, 0, 0, false, &[]), Err(VoiceError::PacketEmpty)));
    assert!(matches!(
        inlet.push(1, 0, 0, false, &[0; 1276]),
        Err(VoiceError::PacketTooLong { len: 1276 })
    ));
    audio.stop();
    assert!(matches!(inlet.push(1, 0, 0, false, &[1]), Err(VoiceError::Stopped)));
}

#[test]
fn a_flood_of_packets_is_dropped_and_counted_and_nobody_waits() {
    let io = FileIo::open(MicSource::Silence, SpeakerSink::Null).unwrap();
    let audio = AudioHandle::start(AudioConfig::default(), Box::new(io), Wire::default().sink()).unwrap();
    // Not in a call the thread sleeps and takes nothing.
    let refused = (0..10_000u16)
        .filter(|seq| audio.push_packet(1, *seq, 0, false, &[1, 2, 3]).is_err())
        .count();
    assert!(refused >= 9000, "{refused}");
    audio.add_speaker(1).unwrap();
    audio.set_active(true).unwrap();
    wait_for("the call", &audio, |g| g.speakers.len() == 1);
    let counted = audio.gauges().packets_dropped;
    assert!(counted >= refused as u64, "{counted}");
}
