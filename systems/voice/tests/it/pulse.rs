//! Real devices: a sound server of our own with sinks that lead nowhere. Where PulseAudio is not installed there is nothing to test
//! with, and the test says so.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use orrery_voice::{
    AudioConfig, AudioHandle, Cue, DeviceChoice, DeviceIo, FileIo, MicSource, PortState, SpeakerSink, list_devices,
};

use crate::call::{Temp, Wire, read_wav, wait_for, write_wav};
use crate::testing::{dbfs, skipped, voice};

/// Set in the process that runs the test proper: the sound server is found by environment variables, and a process should not
/// change its own.
const INNER: &str = "ORRERY_VOICE_PULSE_TEST";

/// A private sound server; dies with its owner.
struct Server(Child);

impl Server {
    fn start(dir: &Path) -> Self {
        let socket = dir.join("pa.sock");
        let _ = std::fs::remove_file(&socket);
        let native = format!(
            "module-native-protocol-unix socket={} auth-anonymous=1",
            socket.display()
        );
        let child = Command::new("pulseaudio")
            .env("HOME", dir)
            .args([
                "-n",
                "--daemonize=no",
                "--use-pid-file=no",
                "--exit-idle-time=-1",
                "-L",
                &native,
            ])
            // Without norewinds a null sink works in blocks of two seconds.
            .args(["-L", "module-null-sink sink_name=room rate=48000 norewinds=1"])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self(child);
        let deadline = Instant::now() + Duration::from_secs(30);
        while !pactl(&["info"]) {
            assert!(Instant::now() < deadline, "the sound server did not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn pactl(arguments: &[&str]) -> bool {
    Command::new("pactl")
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap()
        .success()
}

#[test]
fn real_devices_play_record_vanish_and_come_back() {
    if std::env::var_os(INNER).is_some() {
        return inner();
    }
    if Command::new("pulseaudio")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_err()
    {
        skipped(
            "real_devices_play_record_vanish_and_come_back",
            "PulseAudio is not installed",
        );
        return;
    }
    let dir = Temp::new("pulse");
    let home = dir.path("");
    // Nobody has made a sound yet in the home of whoever listens: no cookie lies there.
    let person = dir.path("person");
    std::fs::create_dir(&person).unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "pulse::real_devices_play_record_vanish_and_come_back",
            "--nocapture",
        ])
        .env(INNER, &home)
        .env("HOME", &person)
        .env("XDG_RUNTIME_DIR", &home)
        .env("PULSE_SERVER", format!("unix:{}", dir.path("pa.sock").display()))
        .status()
        .unwrap();
    assert!(status.success());
}

/// A speaks from a file; B plays it into a virtual room and records the room; C writes down what B's microphone heard.
fn inner() {
    let dir = std::path::PathBuf::from(std::env::var_os(INNER).unwrap());
    let server = Server::start(&dir);

    let devices = list_devices().unwrap();
    assert!(
        devices
            .outputs
            .iter()
            .any(|d| d.id == "pulseaudio:room" && d.is_default),
        "{devices:?}"
    );
    assert!(
        devices.inputs.iter().any(|d| d.id == "pulseaudio:room.monitor"),
        "{devices:?}"
    );

    // What a speaker plays is the system's default here, and still nobody's microphone unless they choose it.
    let lone = DeviceIo::new(DeviceChoice::Default, DeviceChoice::Default).unwrap();
    let lone = AudioHandle::start(AudioConfig::default(), Box::new(lone), Wire::default().sink()).unwrap();
    lone.set_active(true).unwrap();
    wait_for("the speaker, and no microphone", &lone, |g| {
        g.io.input == PortState::NoDevice && g.io.output == PortState::Open
    });
    lone.stop();

    write_wav(&dir.join("mic.wav"), &voice(3.0, 1));
    let (to_b, to_c) = (Wire::default(), Wire::default());
    let mic = MicSource::Wav {
        path: dir.join("mic.wav"),
        repeat: true,
    };
    let a = FileIo::open(mic, SpeakerSink::Null).unwrap();
    // A device that is not there: the default stands in for it.
    let b = DeviceIo::new(
        DeviceChoice::Id("pulseaudio:room.monitor".into()),
        DeviceChoice::Id("pulseaudio:none".into()),
    );
    let c = FileIo::open(MicSource::Silence, SpeakerSink::Wav(dir.join("heard.wav"))).unwrap();
    let start = |io, wire: &Wire| AudioHandle::start(AudioConfig::default(), io, wire.sink()).unwrap();
    let a = start(Box::new(a), &to_b);
    let b = start(Box::new(b.unwrap()), &to_c);
    let c = start(Box::new(c), &Wire::default());
    to_b.connect(b.inlet());
    to_c.connect(c.inlet());

    // A cue without a call, then a test of the microphone that hears it.
    b.play_cue(Cue::RingIncoming).unwrap();
    b.set_mic_test(true).unwrap();
    wait_for("the ring in the room", &b, |g| {
        g.io.output == PortState::Open && g.input.level > 0.2
    });
    b.stop_cue().unwrap();
    b.set_mic_test(false).unwrap();
    wait_for("the devices to close", &b, |g| {
        g.io.input == PortState::Closed && g.io.output == PortState::Closed
    });

    for end in [&a, &b, &c] {
        end.add_speaker(1).unwrap();
        end.set_active(true).unwrap();
    }
    let heard = |g: &orrery_voice::Gauges| g.speakers.first().is_some_and(|s| s.speaking);
    wait_for("C to hear A through B's devices", &c, heard);

    // Muting closes the microphone itself.
    b.set_mute(true).unwrap();
    wait_for("the microphone to close", &b, |g| g.io.input == PortState::Closed);
    wait_for("C to see the silence", &c, |g| !heard(g));
    b.set_mute(false).unwrap();
    wait_for("C to hear A again", &c, heard);
    // Faster than any device opens and closes.
    for muted in [true, false, true, false] {
        b.set_mute(muted).unwrap();
    }
    let before = c.gauges().speakers[0].stats.received;
    wait_for("C to go on hearing A", &c, |g| {
        g.speakers[0].stats.received > before + 20 && heard(g)
    });

    // The sound server dies in the middle of the call, which goes on, and comes back.
    drop(server);
    wait_for("B to notice", &b, |g| {
        g.io.input == PortState::Lost && g.io.output == PortState::Lost
    });
    let before = b.gauges().speakers[0].stats.received;
    wait_for("the call to go on without devices", &b, |g| {
        g.speakers[0].stats.received > before + 50 && heard(g)
    });
    let server = Server::start(&dir);
    wait_for("B's devices to be back", &b, |g| {
        g.io.input == PortState::Open && g.io.output == PortState::Open
    });
    wait_for("C to hear A once more", &c, heard);

    a.stop();
    b.stop();
    c.stop();
    let recording = read_wav(&dir.join("heard.wav"));
    let loud = recording.chunks_exact(4800).filter(|tenth| dbfs(tenth) > -40.0).count();
    // Every wait ends at the first sign of speech, so there are some, not many.
    assert!(loud >= 2, "{loud} tenths of a second of sound");
    drop(server);
}
