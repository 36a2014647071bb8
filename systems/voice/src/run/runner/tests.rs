//! Whole calls between runners on file and echo devices, in virtual time.

use std::sync::mpsc::{Receiver, sync_channel};

use super::*;
use crate::io::gone::Gone;
use crate::testing::{dbfs, voice};
use crate::{Cue, EchoIo, FileIo, IoStatus, MicSource, PortState, SpeakerSink, TransmitMode};

/// A runner whose packets come out of a lane.
fn runner(io: impl AudioIo + 'static) -> (Runner, Receiver<EncodedFrame>) {
    let (out, frames) = sync_channel(1000);
    let sink = move |frame: &EncodedFrame| out.try_send(frame.clone()).unwrap();
    (
        Runner::new(AudioConfig::default(), Box::new(io), Box::new(sink)).unwrap(),
        frames,
    )
}

/// A microphone that speaks the given samples in a loop, on a real WAV file.
fn speaking(name: &str) -> FileIo {
    let path = std::env::temp_dir().join(format!("orrery-runner-{}-{name}.wav", std::process::id()));
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 48_000,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut file = hound::WavWriter::create(&path, spec).unwrap();
    voice(2.0, 1).into_iter().for_each(|s| file.write_sample(s).unwrap());
    file.finalize().unwrap();
    let io = FileIo::open(
        MicSource::Wav {
            path: path.clone(),
            repeat: true,
        },
        SpeakerSink::Null,
    )
    .unwrap();
    std::fs::remove_file(path).unwrap();
    io
}

fn silent() -> FileIo {
    FileIo::open(MicSource::Silence, SpeakerSink::Null).unwrap()
}

/// Turns both for `ms`, carrying packets both ways with 20 ms of latency. Returns for each turn whether A sees B speak and B sees A.
fn converse(
    a: &mut (Runner, Receiver<EncodedFrame>),
    b: &mut (Runner, Receiver<EncodedFrame>),
    seqs: &mut [u16; 2],
    from_us: u64,
    ms: u64,
) -> Vec<(bool, bool)> {
    let mut lit = Vec::new();
    for now in (from_us..from_us + ms * 1000).step_by(5000) {
        a.0.turn(now);
        b.0.turn(now);
        let [to_b, to_a] = seqs;
        for (frames, to, speaker, seq) in [(&a.1, &mut b.0, 1, to_b), (&b.1, &mut a.0, 2, to_a)] {
            for frame in frames.try_iter() {
                to.receive(&Packet {
                    speaker,
                    seq: *seq,
                    timestamp: frame.rtp_timestamp,
                    marker: frame.marker,
                    payload: frame.payload,
                    arrival_us: now,
                });
                *seq = seq.wrapping_add(1);
            }
        }
        let speaks = |runner: &Runner| {
            let mut gauges = Gauges::default();
            runner.gauges(&mut gauges);
            gauges.speakers.first().is_some_and(|s| s.speaking)
        };
        lit.push((speaks(&a.0), speaks(&b.0)));
    }
    lit
}

fn gauges(runner: &Runner) -> Gauges {
    let mut gauges = Gauges::default();
    runner.gauges(&mut gauges);
    gauges
}

#[test]
fn two_peers_talk_mute_and_hang_up() {
    let (mut a, mut b) = (runner(speaking("talk")), runner(silent()));
    let mut seqs = [0; 2];
    for (end, id) in [(&mut a, 2), (&mut b, 1)] {
        end.0.apply(Command::AddSpeaker(id), 0);
        end.0.apply(Command::Active(true), 0);
    }
    let lit = converse(&mut a, &mut b, &mut seqs, 0, 4000);
    let b_sees = lit.iter().filter(|l| l.1).count() as f64 / lit.len() as f64;
    assert!(b_sees > 0.9, "B sees A speak {b_sees} of the time");
    assert!(lit.iter().all(|l| !l.0), "B says nothing");
    let stats = gauges(&b.0).speakers[0].stats;
    assert_eq!((stats.concealed_samples, stats.lost), (0, 0), "{stats:?}");

    a.0.apply(Command::Mute(true), 4_000_000);
    assert_eq!(gauges(&a.0).io.input, PortState::Closed, "muting closes the microphone");
    let lit = converse(&mut a, &mut b, &mut seqs, 4_000_000, 2000);
    assert!(lit[80..].iter().all(|l| !l.1), "dark within 400 ms");
    assert_eq!(gauges(&a.0).input.level, 0.0);
    assert_eq!(
        gauges(&b.0).speakers[0].stats.concealed_samples,
        0,
        "muting is not a loss"
    );

    a.0.apply(Command::Mute(false), 6_000_000);
    let lit = converse(&mut a, &mut b, &mut seqs, 6_000_000, 1000);
    assert!(lit.iter().filter(|l| l.1).count() > 150);

    for end in [&mut a, &mut b] {
        end.0.apply(Command::Active(false), 7_000_000);
        end.0.turn(7_000_000);
        assert!(end.0.idle());
        assert!(gauges(&end.0).speakers.is_empty());
    }
}

#[test]
fn the_echo_says_back_what_it_heard_a_second_later() {
    let (mut a, mut b) = (runner(speaking("echo")), runner(EchoIo::new(1000)));
    let mut seqs = [0; 2];
    for (end, id) in [(&mut a, 2), (&mut b, 1)] {
        end.0.apply(Command::AddSpeaker(id), 0);
        end.0.apply(Command::Active(true), 0);
    }
    let lit = converse(&mut a, &mut b, &mut seqs, 0, 5000);
    let first = lit.iter().position(|l| l.0).unwrap() * 5;
    assert!((1000..1500).contains(&first), "{first} ms");
    assert!(lit[400..].iter().filter(|l| l.0).count() > 500);
}

#[test]
fn a_cue_opens_the_speaker_and_closes_it_again() {
    let (mut a, _frames) = runner(silent());
    assert!(a.idle());
    a.apply(Command::Cue(Cue::Join), 0);
    assert_eq!(gauges(&a).io.output, PortState::Open);
    assert_eq!(gauges(&a).io.input, PortState::Closed);
    for now in (0..10_000_000).step_by(5000) {
        a.turn(now);
    }
    assert!(a.idle());
    a.apply(Command::Cue(Cue::RingIncoming), 10_000_000);
    for now in (10_000_000..60_000_000).step_by(5000) {
        a.turn(now);
    }
    assert!(!a.idle(), "it rings until it is stopped");
    a.apply(Command::StopCue, 60_000_000);
    a.turn(63_000_000);
    assert!(a.idle());
}

#[test]
fn the_microphone_test_shows_a_level_and_sends_nothing_even_muted() {
    let (mut a, frames) = runner(speaking("test"));
    a.apply(Command::Mute(true), 0);
    a.apply(Command::MicTest(true), 0);
    let mut loudest = 0.0f32;
    for now in (0..1_000_000).step_by(5000) {
        a.turn(now);
        loudest = loudest.max(gauges(&a).input.level);
    }
    assert!(loudest > 0.5, "{loudest}");
    assert!(frames.try_iter().next().is_none());
    a.apply(Command::MicTest(false), 1_000_000);
    assert!(a.idle());
}

/// A microphone that speaks, and a speaker whose sound is kept.
struct Mirrorless(FileIo, std::sync::mpsc::SyncSender<[f32; TICK_SAMPLES]>);

impl AudioIo for Mirrorless {
    fn set_open(&mut self, input: bool, output: bool, now_us: u64) {
        self.0.set_open(input, output, now_us);
    }
    fn start_mic(&mut self, now_us: u64) {
        self.0.start_mic(now_us);
    }
    fn capture(&mut self, tick: &mut [f32; TICK_SAMPLES], now_us: u64) -> bool {
        self.0.capture(tick, now_us)
    }
    fn wants_playback(&mut self, now_us: u64) -> bool {
        self.0.wants_playback(now_us)
    }
    fn play(&mut self, tick: &Stereo, now_us: u64) {
        self.0.play(tick, now_us);
        self.1.try_send(tick.mono()).unwrap();
    }
    fn status(&self) -> IoStatus {
        self.0.status()
    }
}

#[test]
fn one_hears_oneself_a_little_later_muted_deafened_and_without_the_key() {
    let (keep, heard) = sync_channel(1000);
    let (mut a, frames) = runner(Mirrorless(speaking("hear"), keep));
    a.apply(Command::Mute(true), 0);
    a.apply(Command::Deafen(true), 0);
    a.apply(Command::Transmit(TransmitMode::PushToTalk { held: false }), 0);
    a.apply(Command::MicTest(true), 0);
    a.apply(Command::Hear(true), 0);
    assert_eq!(gauges(&a).io.output, PortState::Open);
    for now in (0..3_000_000).step_by(5000) {
        a.turn(now);
    }
    assert!(frames.try_iter().next().is_none(), "nothing is sent");
    let heard: Vec<f32> = heard.try_iter().flatten().collect();
    let said = voice(2.0, 1);
    // The recording's second round, when the buffer has settled.
    let (lag, alike) = (0..36_000)
        .step_by(4)
        .map(|lag| {
            let piece = &heard[96_000 + lag..108_000 + lag];
            (lag, crate::testing::correlation(&said[..12_000], piece))
        })
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap();
    println!("{} ms later, alike {alike:.2}", lag / 48);
    assert!(alike > 0.7, "{alike}");
    assert!((200..450).contains(&(lag / 48)), "{} ms later", lag / 48);
    // A call ends it, and what was closed is closed again.
    a.apply(Command::Active(true), 3_000_000);
    assert_eq!(gauges(&a).io.input, PortState::Open, "the test goes on, with its level");
    assert!(gauges(&a).speakers.is_empty() && gauges(&a).input.muted);
    for now in (3_000_000..4_000_000).step_by(5000) {
        a.turn(now);
    }
    assert!(frames.try_iter().next().is_none());
    a.apply(Command::MicTest(false), 4_000_000);
    a.apply(Command::Active(false), 4_000_000);
    a.turn(4_000_000);
    assert!(a.idle());
}

/// A loudspeaker that the microphone hears, 40 ms later and at half its loudness.
struct LoudRoom(EchoIo);

impl AudioIo for LoudRoom {
    fn set_open(&mut self, input: bool, output: bool, now_us: u64) {
        self.0.set_open(input, output, now_us);
    }
    fn capture(&mut self, tick: &mut [f32; TICK_SAMPLES], now_us: u64) -> bool {
        let there = self.0.capture(tick, now_us);
        tick.iter_mut().for_each(|s| *s *= 0.5);
        there
    }
    fn wants_playback(&mut self, now_us: u64) -> bool {
        self.0.wants_playback(now_us)
    }
    fn play(&mut self, tick: &Stereo, now_us: u64) {
        self.0.play(tick, now_us);
    }
    fn status(&self) -> IoStatus {
        self.0.status()
    }
}

#[test]
fn a_loudspeaker_sends_nobody_back_to_themselves_and_without_processing_is_blamed_for_it() {
    for (process, names) in [(Some(crate::ProcessConfig::default()), "with"), (None, "without")] {
        let mut a = runner(speaking(names));
        let mut b = runner(LoudRoom(EchoIo::new(40)));
        b.0.processor = process.map(Processor::new);
        let mut seqs = [0; 2];
        for (end, id) in [(&mut a, 2), (&mut b, 1)] {
            end.0.apply(Command::AddSpeaker(id), 0);
            end.0.apply(Command::Active(true), 0);
            end.0.apply(Command::Transmit(TransmitMode::Continuous), 0);
        }
        converse(&mut a, &mut b, &mut seqs, 0, 8000);
        let mut level = 0.0f32;
        for second in 0..4 {
            converse(&mut a, &mut b, &mut seqs, 8_000_000 + second * 1_000_000, 1000);
            level = level.max(gauges(&a.0).speakers[0].level);
        }
        let echo = gauges(&a.0).speakers[0].echo;
        println!("{names} processing: comes back at {level:.2}, blamed {echo:.2}");
        if process.is_some() {
            assert!(level < 0.3 && echo < 0.2, "{level}, {echo}");
        } else {
            assert!(level > 0.5 && echo > 0.7, "{level}, {echo}");
        }
    }
}

#[test]
fn packets_of_strangers_are_counted_and_unheard() {
    let (mut a, _frames) = runner(silent());
    a.apply(Command::Active(true), 0);
    let payload = crate::Payload::new(&[1, 2, 3]).unwrap();
    a.receive(&Packet {
        speaker: 77,
        seq: 0,
        timestamp: 0,
        marker: true,
        payload,
        arrival_us: 0,
    });
    assert_eq!(a.unknown, 1);
}

#[test]
fn without_any_device_the_call_goes_on_and_shows_who_speaks() {
    let (mut a, mut b) = (runner(speaking("gone")), runner(Gone::default()));
    let mut seqs = [0; 2];
    for (end, id) in [(&mut a, 2), (&mut b, 1)] {
        end.0.apply(Command::AddSpeaker(id), 0);
        end.0.apply(Command::Active(true), 0);
    }
    b.0.apply(Command::Transmit(TransmitMode::Continuous), 0);
    let lit = converse(&mut a, &mut b, &mut seqs, 0, 4000);
    assert!(lit[100..].iter().filter(|l| l.1).count() > 600);
    let stats = gauges(&b.0).speakers[0].stats;
    assert!(stats.actual_ms < 150.0, "{stats:?}");
    assert!(seqs[1] > 180, "silence goes out in its time: {}", seqs[1]);
    assert!(
        dbfs(&b.0.next_tick(4_000_000).mono()) > -80.0,
        "sound is there the moment a speaker is"
    );
}

#[test]
fn the_thread_sleeps_until_a_tick_is_due_and_is_there_when_it_comes() {
    let (mut runner, _frames) = runner(silent());
    runner.apply(Command::Active(true), 0);
    let (mut now, mut turns, mut ticks) = (0, 0, 0);
    while now < 1_000_000 {
        runner.turn(now);
        turns += 1;
        if runner.played_us == now {
            assert_eq!(runner.captured_us, now);
            assert!(now % TICK_US <= POLL_US, "{} µs late", now % TICK_US);
            ticks += 1;
        }
        now += u64::try_from(runner.rest(now).as_micros()).unwrap();
    }
    assert_eq!(ticks, 100);
    assert!(turns <= 300, "{turns} turns in a second");
    // A device that gives nothing is looked at less often.
    assert_eq!(runner.rest(now + 50_000), Duration::from_micros(SLOW_POLL_US));
}

#[test]
fn where_the_device_wakes_the_thread_it_looks_for_itself_only_when_that_did_not_happen() {
    let (mut runner, _frames) = runner(Gone {
        wakes: true,
        ..Gone::default()
    });
    runner.apply(Command::Active(true), 0);
    runner.turn(0);
    assert_eq!(runner.rest(0), Duration::from_micros(TICK_US + LATE_US));
    assert_eq!(runner.rest(TICK_US + LATE_US), Duration::from_micros(POLL_US));
}
