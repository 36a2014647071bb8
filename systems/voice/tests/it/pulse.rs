//! Real devices: a sound server of our own with sinks that lead nowhere. Where PulseAudio is not installed there is nothing to test
//! with, and the test says so.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use orrery_voice::{
    AudioConfig, AudioHandle, Cue, DeviceChoice, DeviceIo, FileIo, Gauges, MicSource, Place, PortState, SpeakerSink,
    list_devices,
};

use crate::call::{Temp, Wire, read_wav, wait_for, write_wav};
use crate::testing::{dbfs, skipped, voice};

/// Set in the process that runs the test proper: the sound server is found by environment variables, and a process should not
/// change its own.
const INNER: &str = "ORRERY_VOICE_PULSE_TEST";

/// A private sound server; dies with its owner.
struct Server(Child);

impl Server {
    /// With a room: a sink that leads nowhere, whose monitor hears what it plays.
    fn start(dir: &Path) -> Self {
        // Without norewinds a null sink works in blocks of two seconds.
        Self::start_with(dir, &["module-null-sink sink_name=room rate=48000 norewinds=1"])
    }

    fn start_with(dir: &Path, modules: &[&str]) -> Self {
        let socket = dir.join("pa.sock");
        let _ = std::fs::remove_file(&socket);
        let native = format!(
            "module-native-protocol-unix socket={} auth-anonymous=1",
            socket.display()
        );
        let child = Command::new("pulseaudio")
            .env("HOME", dir)
            .args(["-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1"])
            .args(["-L", &native])
            .args(modules.iter().flat_map(|module| ["-L", module]))
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self(child);
        let deadline = Instant::now() + Duration::from_secs(30);
        while pactl(&["info"]).is_none() {
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

/// What it prints, if it succeeds.
fn pactl(arguments: &[&str]) -> Option<String> {
    let done = Command::new("pactl")
        .args(arguments)
        .stderr(Stdio::null())
        .output()
        .unwrap();
    done.status.success().then(|| String::from_utf8(done.stdout).unwrap())
}

/// Plugs in a device: a sink by this name. What unplugs it.
fn plug(name: &str, how: &str) -> String {
    let sink = format!("sink_name={name}");
    let mut arguments = vec!["load-module", "module-null-sink", &sink, "norewinds=1"];
    arguments.extend(how.split_whitespace());
    pactl(&arguments).unwrap().trim().to_owned()
}

fn unplug(module: &str) {
    assert!(pactl(&["unload-module", module]).is_some());
}

/// Waits until exactly one stream of ours is at each of these two: a sink, and a source.
fn wait_for_streams(sink: &str, source: &str) -> Duration {
    let began = Instant::now();
    let at = |kind: &str, streams: &str, name: &str| {
        let devices = pactl(&["list", "short", kind])?;
        let row = devices.lines().find(|row| row.split('\t').nth(1) == Some(name))?;
        let index = row.split('\t').next()?.to_owned();
        let streams = pactl(&["list", "short", streams])?;
        let here: Vec<_> = streams.lines().map(|row| row.split('\t').nth(1)).collect();
        Some(here == [Some(index.as_str())])
    };
    while !(at("sinks", "sink-inputs", sink) == Some(true) && at("sources", "source-outputs", source) == Some(true)) {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "no streams at {sink} and {source}"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    began.elapsed()
}

/// Runs a test in a process of its own, with a sound server's place in its environment.
fn at_a_sound_server(name: &str, test: fn(&Path)) {
    if let Some(dir) = std::env::var_os(INNER) {
        return test(Path::new(&dir));
    }
    if Command::new("pulseaudio")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_err()
    {
        skipped(name, "PulseAudio is not installed");
        return;
    }
    // The path of a socket is short.
    static TESTS: AtomicU32 = AtomicU32::new(0);
    let dir = Temp::new(&format!("p{}", TESTS.fetch_add(1, Ordering::Relaxed)));
    let home = dir.path("");
    // Nobody has made a sound yet in the home of whoever listens: no cookie lies there.
    let person = dir.path("person");
    std::fs::create_dir(&person).unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("pulse::{name}"), "--nocapture"])
        .env(INNER, &home)
        .env("HOME", &person)
        .env("XDG_RUNTIME_DIR", &home)
        .env("PULSE_SERVER", format!("unix:{}", dir.path("pa.sock").display()))
        .status()
        .unwrap();
    assert!(status.success());
}

/// A speaks from a file to B, who has devices; C hears what B's microphone hears, and nothing is ever done with that.
struct Call {
    a: AudioHandle,
    b: AudioHandle,
    c: AudioHandle,
}

impl Call {
    fn start(dir: &Path, input: &[&str], output: &[&str]) -> Self {
        write_wav(&dir.join("mic.wav"), &voice(3.0, 1));
        let mic = MicSource::Wav {
            path: dir.join("mic.wav"),
            repeat: true,
        };
        let (to_b, to_c) = (Wire::default(), Wire::default());
        let ranked = |ids: &[&str]| DeviceChoice::ranked(ids.iter().map(|id| format!("pulseaudio:{id}")));
        let start = |io, wire: &Wire| AudioHandle::start(AudioConfig::default(), io, wire.sink()).unwrap();
        let a = FileIo::open(mic, SpeakerSink::Null).unwrap();
        let b = DeviceIo::new(ranked(input), ranked(output)).unwrap();
        let c = FileIo::open(MicSource::Silence, SpeakerSink::Null).unwrap();
        let a = start(Box::new(a), &to_b);
        let b = start(Box::new(b), &to_c);
        let c = start(Box::new(c), &Wire::default());
        to_b.connect(b.inlet());
        to_c.connect(c.inlet());
        for end in [&a, &b, &c] {
            end.add_speaker(1).unwrap();
            end.set_active(true).unwrap();
        }
        Self { a, b, c }
    }

    /// Waits until C hears something that B's microphone heard from now on.
    fn goes_on(&self, what: &str) {
        let received = |g: &Gauges| g.speakers.first().map_or(0, |s| s.stats.received);
        let before = received(&self.c.gauges());
        wait_for(what, &self.c, |g| {
            received(g) > before + 20 && g.speakers.first().is_some_and(|s| s.speaking)
        });
    }

    fn states(&self, what: &str, input: PortState, output: PortState) -> Duration {
        let began = Instant::now();
        wait_for(what, &self.b, |g| g.io.input == input && g.io.output == output);
        began.elapsed()
    }

    fn end(self) {
        self.a.stop();
        self.b.stop();
        self.c.stop();
    }
}

/// Beyond this a change of devices is no longer one that passes unnoticed. What is aimed for is a second; a busy machine takes longer.
const SOON: Duration = Duration::from_secs(3);

#[test]
fn a_ranking_and_the_default_are_followed_as_devices_come_and_go() {
    at_a_sound_server("a_ranking_and_the_default_are_followed_as_devices_come_and_go", |dir| {
        let server = Server::start(dir);
        let call = Call::start(
            dir,
            &["headset.monitor", "desk.monitor", "room.monitor"],
            &["headset", "desk"],
        );
        // Neither is there: the default speaker, and the last of the microphones.
        wait_for_streams("room", "room.monitor");
        call.goes_on("the room to be heard");
        let soon = |what: &str, sink: &str, source: &str| {
            let took = wait_for_streams(sink, source);
            call.goes_on(what);
            println!("{what}: {took:?}");
            assert!(took < SOON, "{what}: {took:?}");
        };
        let desk = plug("desk", "");
        soon("the desk, which is better", "desk", "desk.monitor");
        let headset = plug("headset", "");
        soon("the headset, which is best", "headset", "headset.monitor");
        unplug(&headset);
        soon("the desk again", "desk", "desk.monitor");
        unplug(&desk);
        soon("the room again", "room", "room.monitor");
        // The speaker is the default now, and follows it.
        let lamp = plug("lamp", "");
        assert!(pactl(&["set-default-sink", "lamp"]).is_some());
        let took = wait_for_streams("lamp", "room.monitor");
        assert!(took < SOON, "the new default: {took:?}");
        unplug(&lamp);
        soon("the default after it was unplugged", "room", "room.monitor");
        call.end();
        drop(server);
    });
}

/// Half a second of what a sink plays, for the left and for the right.
fn overhear(sink: &str) -> [Vec<f32>; 2] {
    let mut recorder = Command::new("parec")
        .args([
            "--raw",
            "--format=float32le",
            "--rate=48000",
            "--channels=2",
            "--latency-msec=20",
        ])
        .arg(format!("--device={sink}.monitor"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut bytes = vec![0; 8 * 24_000];
    recorder.stdout.take().unwrap().read_exact(&mut bytes).unwrap();
    recorder.kill().unwrap();
    recorder.wait().unwrap();
    let samples: Vec<f32> = bytes
        .chunks_exact(4)
        .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
        .collect();
    [0, 1].map(|ear| samples.iter().skip(ear).step_by(2).copied().collect())
}

#[test]
fn a_voice_at_a_side_leaves_the_loudspeaker_of_that_side() {
    at_a_sound_server("a_voice_at_a_side_leaves_the_loudspeaker_of_that_side", |dir| {
        let server = Server::start(dir);
        let call = Call::start(dir, &["room.monitor"], &["room"]);
        call.goes_on("the room to be heard");
        for (place, least, most) in [(0.0, -1.0, 1.0), (-1.0, 9.0, 20.0), (1.0, -20.0, -9.0)] {
            call.b.set_speaker_place(1, Place::new(place)).unwrap();
            let deadline = Instant::now() + Duration::from_secs(20);
            loop {
                let [left, right] = overhear("room").map(|ear| dbfs(&ear));
                // Between two words there is nothing to compare.
                if left.max(right) > -40.0 && (least..most).contains(&(left - right)) {
                    break;
                }
                assert!(Instant::now() < deadline, "{place}: {left:.1} and {right:.1} dBFS");
            }
        }
        call.end();
        drop(server);
    });
}

#[test]
fn every_rate_and_number_of_channels_is_heard() {
    at_a_sound_server("every_rate_and_number_of_channels_is_heard", |dir| {
        let server = Server::start_with(dir, &[]);
        let call = Call::start(dir, &["odd.monitor"], &["odd"]);
        for how in [
            "rate=44100 channels=2",
            "rate=16000 channels=1",
            "rate=8000 channels=1 format=u8",
            "rate=96000 channels=6 format=s32le",
            "rate=192000 channels=8",
        ] {
            let odd = plug("odd", how);
            wait_for_streams("odd", "odd.monitor");
            call.goes_on(how);
            unplug(&odd);
        }
        call.end();
        drop(server);
    });
}

#[test]
fn a_device_that_claims_to_run_and_does_not_is_noticed_and_comes_back() {
    at_a_sound_server(
        "a_device_that_claims_to_run_and_does_not_is_noticed_and_comes_back",
        |dir| {
            let server = Server::start(dir);
            let call = Call::start(dir, &["room.monitor"], &["room"]);
            call.goes_on("the room to be heard");
            assert!(pactl(&["suspend-sink", "room", "1"]).is_some());
            let took = call.states("the silence to be told", PortState::Silent, PortState::Silent);
            assert!(took < SOON, "{took:?}");
            // The call goes on meanwhile.
            let before = call.b.gauges().speakers[0].stats.received;
            wait_for("B to go on hearing A", &call.b, |g| {
                g.speakers[0].stats.received > before + 50 && g.speakers[0].speaking
            });
            assert!(pactl(&["suspend-sink", "room", "0"]).is_some());
            call.states("the devices to be back", PortState::Open, PortState::Open);
            call.goes_on("the room to be heard again");
            call.end();
            drop(server);
        },
    );
}

#[test]
fn without_any_device_a_call_goes_on_and_the_first_one_is_taken_at_once() {
    at_a_sound_server(
        "without_any_device_a_call_goes_on_and_the_first_one_is_taken_at_once",
        |dir| {
            let server = Server::start_with(dir, &[]);
            let call = Call::start(dir, &["first.monitor"], &[]);
            call.states("no device", PortState::NoDevice, PortState::NoDevice);
            let before = call.b.gauges().speakers[0].stats.received;
            wait_for("B to receive A without hearing it", &call.b, |g| {
                g.speakers[0].stats.received > before + 50 && g.speakers[0].speaking
            });
            let first = plug("first", "");
            let took = wait_for_streams("first", "first.monitor");
            assert!(took < SOON, "{took:?}");
            call.goes_on("the first device to be heard");
            unplug(&first);
            let took = call.states("its end to be told", PortState::Lost, PortState::Lost);
            assert!(took < SOON, "{took:?}");
            plug("first", "");
            call.states("it to be back", PortState::Open, PortState::Open);
            call.goes_on("it to be heard again");
            call.end();
            drop(server);
        },
    );
}

#[test]
fn real_devices_play_record_vanish_and_come_back() {
    at_a_sound_server("real_devices_play_record_vanish_and_come_back", inner);
}

/// A speaks from a file; B plays it into a virtual room and records the room; C writes down what B's microphone heard.
fn inner(dir: &Path) {
    let server = Server::start(dir);

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
        DeviceChoice::ranked(["pulseaudio:room.monitor".into()]),
        DeviceChoice::ranked(["pulseaudio:none".into()]),
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
    let heard = |g: &Gauges| g.speakers.first().is_some_and(|s| s.speaking);
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
    let server = Server::start(dir);
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
