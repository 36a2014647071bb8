//! Sound that is none, over a real connection into a real ear.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use orrery_protocol::PeerId;
use tokio::{runtime::Handle, sync::mpsc};

use super::{
    laws::{DEADLINE, LINE, Side, connect, eventually},
    *,
};
use crate::{MicSource, SoundConfig, SpeakerSink, sound::Sound};

const RATE: u32 = 48_000;

/// Something that is taken for a voice.
fn speech(path: &std::path::Path) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for n in 0..RATE * 10 {
        let t = n as f32 / RATE as f32;
        let syllable = (std::f32::consts::PI * (t * 4.0).fract()).sin().powf(0.5);
        let voice: f32 = (1..=12)
            .map(|k| (std::f32::consts::TAU * 180.0 * k as f32 * t).sin() / k as f32)
            .sum();
        writer.write_sample((voice * syllable * 5_000.0) as i16).unwrap();
    }
    writer.finalize().unwrap();
}

/// Payloads of every kind and length that a packet can carry; each has another first byte, which says what Opus is to
/// expect.
fn garbage(n: usize) -> Bytes {
    let length = [0, 1, 2, 3, 40, 160, 1_000, 1_100][n % 8];
    (0..length)
        .map(|i| (n as u8).wrapping_mul(37).wrapping_add((i as u8).wrapping_mul(101)))
        .collect()
}

fn sound(mic: MicSource, fanout: &Fanout) -> Sound {
    let config = SoundConfig::Files {
        mic,
        speaker: SpeakerSink::Null,
    };
    let mut sound = Sound::open(&config, fanout.clone(), &Handle::current()).unwrap();
    sound.set_controls(true, false, false);
    sound
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_speaker_who_sends_garbage_is_heard_again_when_it_speaks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("voice.wav");
    speech(&path);
    let mut listener = sound(MicSource::Silence, &Fanout::default());
    let (mut a, mut b) = connect(Side::hearing(None), Side::hearing(Some(listener.ear()))).await;
    let speaker = listener.add_speaker(LINE, PeerId([2; 32]));
    b.stack.start_sound(LINE, speaker);
    a.stack.start_sound(LINE, 1);

    // What the speaker says goes through here, and at times something else goes in its place.
    let said = Fanout::default();
    let (outlet, mut frames) = mpsc::channel::<(u16, OutFrame)>(64);
    said.join(LINE, outlet);
    let garbling = Arc::new(AtomicBool::new(false));
    let (garbled, out) = (Arc::clone(&garbling), a.fanout.clone());
    let passing = tokio::spawn(async move {
        let mut count = 0;
        while let Some((_, mut frame)) = frames.recv().await {
            if garbled.load(Ordering::Relaxed) {
                frame.payload = garbage(count);
                count += 1;
            }
            out.send(&frame);
        }
    });
    let repeat = true;
    let voice = sound(MicSource::Wav { path, repeat }, &said);

    let listener = Mutex::new(listener);
    let speaking = || {
        let gauges = listener.lock().unwrap().gauges(0, 0, |_| None);
        gauges.speakers.iter().any(|other| other.speaking && other.level > 0.2)
    };
    let heard = |more: usize| {
        let mut count = b.ear.count.subscribe();
        async move {
            let wanted = *count.borrow() + more;
            let reached = count.wait_for(|count| *count >= wanted);
            tokio::time::timeout(DEADLINE, reached).await.expect("in time").unwrap();
        }
    };
    eventually(speaking).await;
    garbling.store(true, Ordering::Relaxed);
    heard(200).await;
    garbling.store(false, Ordering::Relaxed);
    heard(50).await;
    eventually(speaking).await;
    while let Ok(event) = b.events.try_recv() {
        assert!(!matches!(event, PeerEvent::Broken { .. }));
    }
    a.stack.close_all();
    b.stack.close_all();
    passing.abort();
    voice.stop();
    listener.into_inner().unwrap().stop();
}
