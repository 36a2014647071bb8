use super::*;
use crate::testing::{correlation, voice};

/// A directory that is removed again.
struct Temp(PathBuf);

impl Temp {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("orrery-voice-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn write(path: &std::path::Path, samples: &[f32], rate: u32, channels: u16) {
    let spec = hound::WavSpec {
        channels,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = hound::WavWriter::create(path, spec).unwrap();
    for sample in samples {
        for _ in 0..channels {
            file.write_sample((sample * 32_767.0) as i16).unwrap();
        }
    }
    file.finalize().unwrap();
}

fn capture_all(io: &mut FileIo, from_us: u64, to_us: u64) -> Vec<f32> {
    let mut all = Vec::new();
    for now in (from_us..to_us).step_by(5000) {
        let mut tick = [9.0; TICK_SAMPLES];
        while io.capture(&mut tick, now) {
            all.extend_from_slice(&tick);
        }
    }
    all
}

#[test]
fn a_recording_is_spoken_once_in_real_time_from_when_the_call_starts() {
    let dir = Temp::new("mic");
    let speech = voice(1.0, 1);
    write(&dir.path("mic.wav"), &speech, 48_000, 1);
    let mic = MicSource::Wav {
        path: dir.path("mic.wav"),
        repeat: false,
    };
    let mut io = FileIo::open(mic, SpeakerSink::Null).unwrap();
    io.set_open(true, true, 0);
    let before = capture_all(&mut io, 0, 500_000);
    assert!(before.iter().all(|s| *s == 0.0));
    assert_eq!(before.len(), 24_000);
    io.start_mic(500_000);
    let heard = capture_all(&mut io, 500_000, 2_500_000);
    assert_eq!(heard.len(), 96_000);
    assert!(correlation(&heard[..48_000], &speech) > 0.9999);
    assert!(heard[48_000..].iter().all(|s| *s == 0.0), "silence after the end");
    // A second call starts it again; a closed microphone loses what is said meanwhile.
    io.start_mic(2_500_000);
    io.set_open(false, true, 2_500_000);
    assert!(capture_all(&mut io, 2_500_000, 3_000_000).is_empty());
    io.set_open(true, true, 3_000_000);
    let rest = capture_all(&mut io, 3_000_000, 3_500_000);
    assert!(correlation(&rest, &speech[24_000..]) > 0.9999);
}

#[test]
fn a_repeated_recording_has_no_end() {
    let dir = Temp::new("repeat");
    write(&dir.path("mic.wav"), &voice(0.1, 2), 48_000, 1);
    let mic = MicSource::Wav {
        path: dir.path("mic.wav"),
        repeat: true,
    };
    let mut io = FileIo::open(mic, SpeakerSink::Null).unwrap();
    io.set_open(true, false, 0);
    io.start_mic(0);
    let heard = capture_all(&mut io, 0, 1_000_000);
    assert_eq!(heard[..4800], heard[43_200..48_000]);
}

#[test]
fn any_rate_and_number_of_channels_is_read() {
    let dir = Temp::new("rates");
    for (rate, channels) in [(16_000, 1), (22_050, 1), (44_100, 2), (48_000, 2)] {
        let tone: Vec<f32> = (0..rate)
            .map(|i| 0.5 * (i as f32 / rate as f32 * 440.0 * std::f32::consts::TAU).sin())
            .collect();
        write(&dir.path("mic.wav"), &tone, rate, channels);
        let got = reader::read(&dir.path("mic.wav")).unwrap();
        assert_eq!(got.len(), 48_000);
        let truth: Vec<f32> = (0..48_000)
            .map(|i| 0.5 * (i as f32 / 48_000.0 * 440.0 * std::f32::consts::TAU).sin())
            .collect();
        assert!(
            correlation(&got[2000..46_000], &truth[2000..46_000]) > 0.99,
            "{rate} Hz"
        );
    }
}

#[test]
fn files_that_cannot_be_read_or_written_are_named() {
    let dir = Temp::new("errors");
    let missing = MicSource::Wav {
        path: dir.path("none.wav"),
        repeat: false,
    };
    let error = FileIo::open(missing, SpeakerSink::Null).err().unwrap();
    assert!(matches!(&error, VoiceError::ReadFile { .. }) && error.to_string().contains("none.wav"));
    std::fs::write(dir.path("text.wav"), "this is no sound").unwrap();
    let text = MicSource::Wav {
        path: dir.path("text.wav"),
        repeat: false,
    };
    assert!(matches!(
        FileIo::open(text, SpeakerSink::Null),
        Err(VoiceError::ReadFile { .. })
    ));
    let nowhere = SpeakerSink::Wav(dir.path("no/such/folder.wav"));
    assert!(matches!(
        FileIo::open(MicSource::Silence, nowhere),
        Err(VoiceError::WriteFile { .. })
    ));
}

#[test]
fn what_is_heard_is_in_the_file_with_a_valid_header_while_the_call_runs() {
    let dir = Temp::new("speaker");
    let path = dir.path("heard.wav");
    let mut io = FileIo::open(MicSource::Silence, SpeakerSink::Wav(path.clone())).unwrap();
    assert_eq!(
        hound::WavReader::open(&path).unwrap().len(),
        0,
        "valid before anything is heard"
    );
    io.set_open(false, true, 0);
    let speech = voice(1.0, 3);
    let mut ticks = crate::testing::ticks(&speech);
    for now in (0..1_000_000).step_by(10_000) {
        while io.wants_playback(now) {
            io.play(&crate::Stereo::from_mono(ticks.next().unwrap()), now);
        }
    }
    // The file is not closed: this is what a kill would leave behind.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let read = loop {
        let mut file = hound::WavReader::open(&path).unwrap();
        if file.len() == 48_000 {
            break file
                .samples::<i16>()
                .map(|s| f32::from(s.unwrap()) / 32_767.0)
                .collect::<Vec<_>>();
        }
        assert!(std::time::Instant::now() < deadline, "{} samples", file.len());
        std::thread::yield_now();
    };
    assert!(correlation(&read, &speech) > 0.9999);
    assert_eq!(io.status().output_xruns, 0);
    drop(io);
    assert_eq!(hound::WavReader::open(&path).unwrap().len(), 48_000);
}
