//! Spoken words for tests.

use crate::SAMPLE_RATE;

/// Speech of a synthesiser in the given voice (`en`, `en+f3`, …), 48 kHz, or `None` where it is not installed.
pub(crate) fn spoken(words: &str, voice: &str) -> Option<Vec<f32>> {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("orrery-voice-{}-{count}.wav", std::process::id()));
    let status = std::process::Command::new("espeak-ng")
        .args(["-v", voice, "-w"])
        .arg(&path)
        .arg(words)
        .status()
        .ok()?;
    assert!(status.success());
    let mut file = hound::WavReader::open(&path).unwrap();
    let rate = file.spec().sample_rate;
    let samples: Vec<f32> = file
        .samples::<i16>()
        .map(|s| f32::from(s.unwrap()) / 32_768.0)
        .collect();
    std::fs::remove_file(path).unwrap();
    Some(crate::Resampler::whole(&samples, rate, SAMPLE_RATE).unwrap())
}

/// Half a minute of one person talking to themselves, about −20 dBFS while it sounds, or `None` as above.
pub(crate) fn monologue(voice: &str) -> Option<Vec<f32>> {
    let words = match voice.len() % 2 {
        0 => {
            "The harvest moon rose over the quiet fields, and nobody in the village slept that night. Seven old boats lay on \
             the shore; their ropes were wet and the paint had gone. Bring me the long ladder, said the carpenter, and mind \
             the step. We shall need a dozen nails, two planks of oak and a good deal of patience. When the tide comes back \
             the children will want to sail to the lighthouse and count the gulls. Perhaps it will rain again tomorrow."
        }
        _ => {
            "I have never been able to find that station on the map, although everyone tells me it is easy to reach. Take the \
             second bus, they say, and get off where the road bends round the park. Last week I tried it and ended up in a \
             garden full of geese. A friendly woman showed me the way out, gave me three pears and asked whether I was lost. \
             Of course not, I told her, I am only early. Then we both laughed for quite a while, and the geese did too."
        }
    };
    let mut speech = spoken(words, voice)?;
    let loudest: Vec<f32> = speech
        .chunks(480)
        .map(|c| c.iter().map(|s| s * s).sum::<f32>() / c.len() as f32)
        .filter(|power| *power > 1e-4)
        .collect();
    let rms = (loudest.iter().sum::<f32>() / loudest.len() as f32).sqrt();
    speech.iter_mut().for_each(|s| *s = (*s * 0.1 / rms).clamp(-1.0, 1.0));
    Some(speech)
}
