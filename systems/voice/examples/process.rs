//! Processes a recorded microphone as a call would, for measuring and for listening.
//!
//! `process [--echo] [--noise off|low|high|strong] [--gain] [--played FILE.wav] IN.wav OUT.wav`: mono, 48 kHz. `--played` is what the
//! loudspeaker played meanwhile. Prints what a tick of 10 ms costs.

use std::time::{Duration, Instant};

use orrery_voice::{NoiseSuppression, ProcessConfig, Processor, SAMPLE_RATE, Stereo, TICK_SAMPLES};

type Failure = Box<dyn std::error::Error>;

fn read(path: &str) -> Result<Vec<f32>, Failure> {
    let mut file = hound::WavReader::open(path)?;
    let spec = file.spec();
    if (spec.channels, spec.sample_rate) != (1, SAMPLE_RATE) {
        return Err(format!("{path}: {} channels at {} Hz", spec.channels, spec.sample_rate).into());
    }
    Ok(match spec.sample_format {
        hound::SampleFormat::Float => file.samples::<f32>().collect::<Result<_, _>>()?,
        hound::SampleFormat::Int => {
            let full = 2f32.powi(i32::from(spec.bits_per_sample) - 1);
            file.samples::<i32>()
                .map(|s| s.map(|s| s as f32 / full))
                .collect::<Result<_, _>>()?
        }
    })
}

fn main() -> Result<(), Failure> {
    let mut config = ProcessConfig {
        echo_cancellation: false,
        noise_suppression: NoiseSuppression::Off,
        auto_gain: false,
    };
    let (mut played, mut files) = (Vec::new(), Vec::new());
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--echo" => config.echo_cancellation = true,
            "--gain" => config.auto_gain = true,
            "--played" => played = read(&words.next().ok_or("--played FILE.wav")?)?,
            "--noise" => {
                config.noise_suppression = match words.next().as_deref() {
                    Some("off") => NoiseSuppression::Off,
                    Some("low") => NoiseSuppression::Low,
                    Some("high") => NoiseSuppression::High,
                    Some("strong") => NoiseSuppression::Strong,
                    _ => return Err("--noise off|low|high|strong".into()),
                }
            }
            _ => files.push(word),
        }
    }
    let [input, output] = files.as_slice() else {
        return Err("two files: what the microphone heard, and where to put what is left".into());
    };
    let microphone = read(input)?;
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: SAMPLE_RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut out = hound::WavWriter::create(output, spec)?;
    let mut processor = Processor::new(config);
    let mut ticks = played.chunks_exact(TICK_SAMPLES);
    let (mut spent, mut worst, mut count) = (Duration::ZERO, Duration::ZERO, 0u32);
    for heard in microphone.chunks_exact(TICK_SAMPLES) {
        let mut tick = [0.0; TICK_SAMPLES];
        tick.copy_from_slice(heard);
        let mut reference = [0.0; TICK_SAMPLES];
        if let Some(tick) = ticks.next() {
            reference.copy_from_slice(tick);
        }
        let begun = Instant::now();
        processor.render(&Stereo::from_mono(&reference));
        processor.capture(&mut tick);
        let took = begun.elapsed();
        spent += took;
        worst = worst.max(took);
        count += 1;
        for sample in tick {
            out.write_sample((sample.clamp(-1.0, 1.0) * 32_767.0) as i16)?;
        }
    }
    out.finalize()?;
    let mean = spent.as_secs_f64() * 1e6 / f64::from(count.max(1));
    println!(
        "{config:?}: {mean:.1} µs a tick, {:.2} % of a core; at worst {} µs",
        mean / 100.0,
        worst.as_micros()
    );
    Ok(())
}
