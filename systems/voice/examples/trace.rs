//! Speech over a network that is only imagined: a WAV file in, what the listener hears out, and one line of JSON with what it took. All
//! in virtual time, so a minute takes seconds, and the same flags always give the same sound.
//!
//! ```text
//! cargo run --release -p orrery-voice --example trace -- --in speech.wav --out heard.wav --loss 20 --jitter 40 --dred 500
//! ```
//!
//! | flag | meaning | default |
//! |---|---|---|
//! | `--in FILE` | WAV of any rate and number of channels; needed | |
//! | `--out FILE` | WAV, 48 kHz mono, 16 bit; as long as the input and half a second | none |
//! | `--repeat N` | play the input so many times | 1 |
//! | `--loss PERCENT` | share of packets that are lost | 0 |
//! | `--burst A-B` | they are lost in runs of A to B packets, evenly | 1-1, each by itself |
//! | `--jitter MS` | each packet is late by 0 to MS, evenly, and may overtake others | 0 |
//! | `--seed N` | of loss and jitter | 1 |
//! | `--drift PPM` | the listener's clock runs faster by this (slower if negative) | 0 |
//! | `--frame 10\|20` | milliseconds in a packet | 20 |
//! | `--bitrate N` | bits per second | 32000 |
//! | `--complexity N` | search effort of the encoder, 0 to 10 | that of a call |
//! | `--constant` | all packets have one size | off |
//! | `--fec on\|off` | each packet repeats the one before | on |
//! | `--told PERCENT` | the loss that the encoder is told | that of `--loss` |
//! | `--dred MS` | each packet describes so much of the past | 0 |
//! | `--dtx on\|off` | silence is not sent | off |
//! | `--plc deep\|classic` | concealment by the neural vocoder, or as Opus always did | deep |
//! | `--follow RTT` | the encoder follows the link instead ([`LinkPolicy`]): a report each second over a link with this round trip, ms | off |
//!
//! The JSON: `seconds` of sound; `packets`, `lost` under way, `bitrate` in bits per second without headers; `fec_recovered`,
//! `dred_recovered`, `late` packets; `concealed`, `comfort_noise`, `accelerated`, `expanded` as shares of all sound; `delay_ms` mean and
//! `delay_p95_ms` of the jitter buffer while it plays, `target_ms` and `jitter_ms` at the end; `encode_cpu` and `decode_cpu`, seconds
//! of processor time for a second of sound; `frame_ms`, `fec`, `dred_ms` as encoded at the end.

use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

use orrery_voice::{
    Encoder, EncoderConfig, FrameLength, JitterBuffer, JitterConfig, LinkPolicy, LinkReport, Payload, Resampler,
    SAMPLE_RATE, TICK_SAMPLES, TICK_US, is_dtx,
};

type Failure = Box<dyn std::error::Error>;

/// Where virtual time begins, so that a listener's slow clock never counts below nothing, µs.
const START_US: u64 = 1_000_000;

/// A packet that arrives.
struct Arrival {
    seq: u16,
    timestamp: u32,
    marker: bool,
    payload: Payload,
    at_us: u64,
}

/// What was sent.
struct Sent {
    arrivals: Vec<Arrival>,
    packets: u32,
    lost: u32,
    bytes: usize,
    last: EncoderConfig,
}

/// The flags.
struct Flags(HashMap<String, String>);

impl Flags {
    fn read() -> Result<Self, Failure> {
        let mut flags = HashMap::new();
        let mut words = std::env::args().skip(1).peekable();
        while let Some(flag) = words.next() {
            let name = flag
                .strip_prefix("--")
                .ok_or(format!("{flag} is not a flag"))?
                .to_owned();
            let value = words.next_if(|next| !next.starts_with("--")).unwrap_or_default();
            flags.insert(name, value);
        }
        const KNOWN: [&str; 18] = [
            "in",
            "out",
            "repeat",
            "loss",
            "burst",
            "jitter",
            "seed",
            "drift",
            "frame",
            "bitrate",
            "complexity",
            "constant",
            "fec",
            "told",
            "dred",
            "dtx",
            "plc",
            "follow",
        ];
        match flags.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            Some(unknown) => Err(format!("--{unknown} is unknown").into()),
            None => Ok(Self(flags)),
        }
    }

    fn get<T: std::str::FromStr>(&self, name: &str, otherwise: T) -> Result<T, Failure> {
        match self.0.get(name) {
            Some(value) => value
                .parse()
                .map_err(|_| format!("--{name} {value} makes no sense").into()),
            None => Ok(otherwise),
        }
    }

    fn on(&self, name: &str, otherwise: bool) -> Result<bool, Failure> {
        match self.0.get(name).map(String::as_str) {
            None => Ok(otherwise),
            Some("on" | "deep" | "") => Ok(true),
            Some("off" | "classic") => Ok(false),
            Some(other) => Err(format!("--{name} {other} makes no sense").into()),
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014), in 0..1.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Decides which packets are lost.
struct Losses {
    share: f64,
    runs: (u32, u32),
    left: u32,
}

impl Losses {
    fn next(&mut self, chance: &mut Chance) -> bool {
        let (shortest, longest) = self.runs;
        if self.left == 0 {
            // Of the packets between two runs, so many begin one that the share comes out.
            let mean = f64::from(shortest + longest) / 2.0;
            let begins = (self.share / (mean * (1.0 - self.share).max(1e-9))).min(1.0);
            let begins = if longest == 1 { self.share } else { begins };
            if chance.next() >= begins {
                return false;
            }
            self.left = shortest + (chance.next() * f64::from(longest - shortest + 1)) as u32;
        }
        self.left -= 1;
        true
    }
}

fn main() -> Result<(), Failure> {
    let flags = Flags::read()?;
    let input: String = flags.get("in", String::new())?;
    if input.is_empty() {
        return Err("--in FILE is needed".into());
    }
    let speech = read(Path::new(&input))?.repeat(flags.get("repeat", 1)?);

    let started = Cpu::now();
    let sent = send(&speech, &flags)?;
    let encode_cpu = started.seconds();

    let drift: f64 = flags.get("drift", 0.0)?;
    let mut buffer = JitterBuffer::new(JitterConfig {
        deep_plc: flags.on("plc", true)?,
        ..JitterConfig::default()
    })?;
    let pulls = (speech.len() + SAMPLE_RATE as usize / 2) / TICK_SAMPLES;
    let mut heard = Vec::with_capacity(pulls * TICK_SAMPLES);
    let mut delays = Vec::with_capacity(pulls);
    let mut arrivals = sent.arrivals.iter().peekable();
    let started = Cpu::now();
    for pull in 0..pulls {
        let now_us = START_US + (pull as f64 * TICK_US as f64 / (1.0 + drift / 1e6)) as u64;
        while let Some(a) = arrivals.next_if(|a| a.at_us <= now_us) {
            buffer.insert(a.seq, a.timestamp, a.marker, &a.payload, a.at_us);
        }
        let mut tick = [0.0; TICK_SAMPLES];
        buffer.pull(&mut tick, now_us);
        heard.extend_from_slice(&tick);
        let delay = buffer.stats().actual_ms;
        if delay > 0.0 {
            delays.push(delay);
        }
    }
    let decode_cpu = started.seconds();

    let stats = buffer.stats();
    let seconds = speech.len() as f64 / f64::from(SAMPLE_RATE);
    let share = |samples: u64| samples as f64 / stats.total_samples.max(1) as f64;
    let mean = delays.iter().sum::<f32>() / delays.len().max(1) as f32;
    delays.sort_by(f32::total_cmp);
    let p95 = delays.get(delays.len() * 95 / 100).copied().unwrap_or(0.0);
    println!(
        "{{\"seconds\":{seconds:.3},\"packets\":{},\"lost\":{},\"bitrate\":{:.0},\"fec_recovered\":{},\"dred_recovered\":{},\
         \"late\":{},\"concealed\":{:.5},\"comfort_noise\":{:.5},\"accelerated\":{:.5},\"expanded\":{:.5},\"delay_ms\":{mean:.1},\
         \"delay_p95_ms\":{p95:.1},\"target_ms\":{:.1},\"jitter_ms\":{:.1},\"encode_cpu\":{:.5},\"decode_cpu\":{:.5},\
         \"frame_ms\":{},\"fec\":{},\"dred_ms\":{}}}",
        sent.packets,
        sent.lost,
        sent.bytes as f64 * 8.0 / seconds,
        stats.fec_recovered,
        stats.dred_recovered,
        stats.late,
        share(stats.concealed_samples),
        share(stats.comfort_noise_samples),
        share(stats.accelerated_samples),
        share(stats.expanded_samples),
        stats.target_ms,
        stats.jitter_ms,
        encode_cpu / seconds,
        decode_cpu / seconds,
        sent.last.frame.ms(),
        sent.last.fec,
        sent.last.dred_ms,
    );
    let out: String = flags.get("out", String::new())?;
    if !out.is_empty() {
        write(Path::new(&out), &heard)?;
    }
    Ok(())
}

/// Encodes `speech` and has the network do its worst.
fn send(speech: &[f32], flags: &Flags) -> Result<Sent, Failure> {
    let loss = flags.get("loss", 0.0f64)? / 100.0;
    let runs: String = flags.get("burst", "1-1".to_owned())?;
    let runs = runs.split_once('-').ok_or("--burst wants A-B")?;
    let runs: (u32, u32) = (runs.0.parse()?, runs.1.parse()?);
    if !(0.0..1.0).contains(&loss) || runs.0 == 0 || runs.1 < runs.0 {
        return Err("--loss is 0 to 99, --burst at least 1-1".into());
    }
    let mut losses = Losses {
        share: loss,
        runs,
        left: 0,
    };
    let jitter_us = flags.get("jitter", 0.0f64)? * 1000.0;
    let seed: u64 = flags.get("seed", 1)?;
    let (mut falls, mut lags) = (Chance(seed), Chance(seed ^ u64::MAX));

    let told = flags.get("told", loss * 100.0)?.round().clamp(0.0, 100.0) as u8;
    let mut config = EncoderConfig {
        frame: match flags.get("frame", 20)? {
            10 => FrameLength::Ms10,
            20 => FrameLength::Ms20,
            other => return Err(format!("--frame {other} is neither 10 nor 20").into()),
        },
        bitrate: flags.get("bitrate", 32_000)?,
        complexity: flags.get("complexity", EncoderConfig::default().complexity)?,
        constant_bitrate: flags.on("constant", false)?,
        fec: flags.on("fec", true)?,
        packet_loss_percent: told,
        dred_ms: flags.get("dred", 0)?,
        dtx: flags.on("dtx", false)?,
    };
    let follow: u32 = flags.get("follow", 0)?;
    let constant_bitrate = config.constant_bitrate;
    let mut policy = LinkPolicy::new(EncoderConfig::default());
    if follow > 0 {
        config = policy.config();
    }
    let mut encoder = Encoder::new(config)?;
    let mut sent = Sent {
        arrivals: Vec::new(),
        packets: 0,
        lost: 0,
        bytes: 0,
        last: config,
    };
    let (mut at, mut seq, mut marker, mut silent) = (0, 0u16, true, false);
    let (mut reported, mut then) = (0u64, (0, 0));
    loop {
        let len = encoder.config().frame.samples();
        let Some(frame) = speech.get(at..at + len) else { break };
        let payload = encoder.encode(frame)?;
        let timestamp = at as u32;
        at += len;
        let now_us = START_US + at as u64 * 125 / 6;
        let was_silent = std::mem::replace(&mut silent, is_dtx(&payload));
        marker |= was_silent && !silent;
        if silent && was_silent {
            continue;
        }
        sent.packets += 1;
        sent.bytes += payload.len();
        if losses.next(&mut falls) {
            sent.lost += 1;
        } else {
            sent.arrivals.push(Arrival {
                seq,
                timestamp,
                marker,
                payload,
                at_us: now_us + (lags.next() * jitter_us) as u64,
            });
        }
        marker = false;
        seq = seq.wrapping_add(1);
        if follow > 0 && now_us - reported >= 1_000_000 {
            reported = now_us;
            let (packets, lost) = (sent.packets - then.0, sent.lost - then.1);
            then = (sent.packets, sent.lost);
            let report = LinkReport {
                loss: lost as f32 / packets.max(1) as f32,
                rtt_ms: follow,
                // Two even lags differ by a third of their range, on average.
                jitter_ms: (jitter_us / 3000.0) as f32,
                listeners: 1,
                constant_bitrate,
            };
            encoder.configure(policy.update(report, now_us))?;
        }
    }
    sent.last = encoder.config();
    sent.arrivals.sort_by_key(|a| a.at_us);
    Ok(sent)
}

/// A WAV file as 48 kHz mono.
fn read(path: &Path) -> Result<Vec<f32>, Failure> {
    let mut file = hound::WavReader::open(path)?;
    let spec = file.spec();
    let samples: Vec<f32> = match spec.sample_format {
        hound::SampleFormat::Float => file.samples::<f32>().collect::<Result<_, _>>()?,
        hound::SampleFormat::Int => {
            let full = 2f32.powi(i32::from(spec.bits_per_sample) - 1);
            file.samples::<i32>()
                .map(|s| s.map(|s| s as f32 / full))
                .collect::<Result<_, _>>()?
        }
    };
    let channels = usize::from(spec.channels.max(1));
    let mono: Vec<f32> = samples
        .chunks_exact(channels)
        .map(|c| c.iter().sum::<f32>() / channels as f32)
        .collect();
    Ok(Resampler::whole(&mono, spec.sample_rate, SAMPLE_RATE)?)
}

fn write(path: &Path, samples: &[f32]) -> Result<(), Failure> {
    let mut file = hound::WavWriter::create(
        path,
        hound::WavSpec {
            channels: 1,
            sample_rate: SAMPLE_RATE,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        },
    )?;
    for sample in samples {
        file.write_sample((sample * 32_767.0).round().clamp(-32_768.0, 32_767.0) as i16)?;
    }
    Ok(file.finalize()?)
}

/// Processor time of this thread where the system tells it, else the time that has passed.
struct Cpu {
    wall: Instant,
    cpu_ns: Option<u64>,
}

impl Cpu {
    fn now() -> Self {
        Self {
            wall: Instant::now(),
            cpu_ns: Self::thread_ns(),
        }
    }

    /// Linux: the first number of `schedstat` is the time on a processor, ns.
    fn thread_ns() -> Option<u64> {
        let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        stat.split_whitespace().next()?.parse().ok()
    }

    fn seconds(&self) -> f64 {
        match (self.cpu_ns, Self::thread_ns()) {
            (Some(then), Some(now)) => (now - then) as f64 / 1e9,
            _ => self.wall.elapsed().as_secs_f64(),
        }
    }
}
