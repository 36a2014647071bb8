//! Laws of the codec.

use super::*;
use crate::testing::{Rng, voice};
use crate::{FRAME_SAMPLES, MAX_FRAME_SAMPLES, Payload, VoiceError};

fn frames(samples: &[f32]) -> impl Iterator<Item = [f32; FRAME_SAMPLES]> {
    samples.chunks_exact(FRAME_SAMPLES).map(|c| c.try_into().unwrap())
}

#[test]
fn speech_comes_out_as_it_went_in() {
    let mut encoder = Encoder::new(EncoderConfig::default()).unwrap();
    let mut decoder = Decoder::new().unwrap();
    let speech = voice(2.0, 1);
    let mut heard = Vec::new();
    let mut bytes = 0;
    for frame in frames(&speech) {
        let packet = encoder.encode(&frame).unwrap();
        bytes += packet.len();
        let mut out = [0.0; MAX_FRAME_SAMPLES];
        let n = decoder.decode(&packet, &mut out).unwrap();
        assert_eq!(n, FRAME_SAMPLES);
        heard.extend_from_slice(&out[..n]);
    }
    let lag = encoder.lookahead().unwrap();
    assert_eq!(lag, 312);
    let similarity = crate::testing::correlation(&speech[4800..90_000], &heard[4800 + lag..90_000 + lag]);
    assert!(similarity > 0.9, "{similarity}");
    let rate = bytes as f32 * 8.0 / 2.0;
    assert!((20_000.0..40_000.0).contains(&rate), "{rate} bit/s");
}

#[test]
fn a_packet_of_no_bytes_or_too_many_is_a_typed_error() {
    let mut decoder = Decoder::new().unwrap();
    let mut out = [0.0; MAX_FRAME_SAMPLES];
    assert!(matches!(decoder.decode(&[], &mut out), Err(VoiceError::PacketEmpty)));
    assert!(matches!(
        decoder.decode(&[0; 1276], &mut out),
        Err(VoiceError::PacketTooLong { len: 1276 })
    ));
    assert!(matches!(
        decoder.decode_fec(&[], &mut out),
        Err(VoiceError::PacketEmpty)
    ));
    assert!(matches!(decoder.samples_in(&[]), Err(VoiceError::PacketEmpty)));
    // One byte is a frame of silence, which is legal.
    assert!(decoder.decode(&[0x78], &mut out).is_ok());
}

#[test]
fn garbage_never_panics_and_never_gives_a_sample_that_is_not_a_number() {
    let mut rng = Rng::new(7);
    let mut decoder = Decoder::new().unwrap();
    let mut out = [0.0; MAX_FRAME_SAMPLES];
    let mut refused = 0;
    for round in 0..3000 {
        let len = match round % 3 {
            0 => 1275,
            1 => 1 + rng.below(1275),
            _ => 1 + rng.below(8),
        };
        let packet: Vec<u8> = (0..len).map(|_| rng.next_u64() as u8).collect();
        let _ = has_fec(&packet);
        match decoder.decode(&packet, &mut out) {
            Ok(n) => assert!(out[..n].iter().all(|s| s.is_finite() && s.abs() <= 1.0)),
            Err(VoiceError::PacketInvalid(_) | VoiceError::Codec { .. }) => refused += 1,
            Err(other) => panic!("{other}"),
        }
        let _ = decoder.decode_fec(&packet, &mut out[..FRAME_SAMPLES]);
    }
    assert!(refused > 0, "some of it must have been refused");
    // And the decoder still works.
    let packet = Encoder::new(EncoderConfig::default())
        .unwrap()
        .encode(&[0.1; FRAME_SAMPLES])
        .unwrap();
    assert_eq!(decoder.decode(&packet, &mut out).unwrap(), FRAME_SAMPLES);
}

#[test]
fn a_lost_frame_is_better_mended_by_fec_than_by_concealment() {
    let mut encoder = Encoder::new(EncoderConfig {
        packet_loss_percent: 20,
        ..Default::default()
    })
    .unwrap();
    let speech = voice(4.0, 3);
    let packets: Vec<_> = frames(&speech).map(|f| encoder.encode(&f).unwrap()).collect();
    let with = packets.iter().filter(|p| has_fec(p)).count();
    assert!(
        with > packets.len() / 3,
        "{with} of {} packets carry FEC",
        packets.len()
    );

    // Every tenth frame is lost; compare what each method makes of exactly those frames.
    let run = |fec: bool| {
        let mut whole = Decoder::new().unwrap();
        let mut lossy = Decoder::new().unwrap();
        let (mut error, mut energy) = (0.0f64, 0.0f64);
        for (i, packet) in packets.iter().enumerate() {
            let mut truth = [0.0; FRAME_SAMPLES];
            whole.decode(packet, &mut truth).unwrap();
            let mut got = [0.0; FRAME_SAMPLES];
            let next = packets.get(i + 1);
            let lost = i % 10 == 5 && next.is_some_and(|n| has_fec(n));
            match (lost, fec, next) {
                (true, true, Some(next)) => lossy.decode_fec(next, &mut got).unwrap(),
                (true, _, _) => lossy.conceal(&mut got).unwrap(),
                _ => lossy.decode(packet, &mut got).unwrap(),
            };
            if lost {
                error += truth
                    .iter()
                    .zip(&got)
                    .map(|(a, b)| f64::from(a - b).powi(2))
                    .sum::<f64>();
                energy += truth.iter().map(|a| f64::from(*a).powi(2)).sum::<f64>();
            }
        }
        error / energy.max(1e-9)
    };
    let (fec, plc) = (run(true), run(false));
    assert!(fec < plc * 0.8, "relative error with FEC {fec}, without {plc}");
}

#[test]
fn the_end_of_speech_packet_is_silence_to_a_decoder() {
    let mut encoder = Encoder::new(EncoderConfig::default()).unwrap();
    let packet = encoder.encode(&voice(0.02, 1)).unwrap();
    let end = end_of_speech(&packet, false).unwrap();
    assert!(is_dtx(&end) && !is_dtx(&packet));
    let decoder = Decoder::new().unwrap();
    assert_eq!(decoder.samples_in(&end).unwrap(), FRAME_SAMPLES);
}

/// The sizes of the packets of some sound.
fn sizes(config: EncoderConfig, samples: &[f32]) -> Vec<usize> {
    let mut encoder = Encoder::new(config).unwrap();
    samples
        .chunks_exact(config.frame.samples())
        .map(|frame| encoder.encode(frame).unwrap().len())
        .collect()
}

#[test]
fn frames_of_10_and_20_ms_follow_each_other_without_a_seam() {
    let speech = voice(4.0, 8);
    let mut encoder = Encoder::new(EncoderConfig::default()).unwrap();
    let mut decoder = Decoder::new().unwrap();
    let mut rng = Rng::new(8);
    let (mut at, mut heard) = (0, Vec::new());
    while at + FRAME_SAMPLES <= speech.len() {
        let len = [480, 960][rng.below(2)];
        let packet = encoder.encode(&speech[at..at + len]).unwrap();
        assert_eq!(decoder.samples_in(&packet).unwrap(), len);
        let mut out = [0.0; MAX_FRAME_SAMPLES];
        assert_eq!(decoder.decode(&packet, &mut out).unwrap(), len);
        heard.extend_from_slice(&out[..len]);
        at += len;
    }
    let alike = crate::testing::correlation(&speech[4800..180_000], &heard[4800 + 312..180_000 + 312]);
    assert!(alike > 0.85, "{alike}");
    // A click is a step that speech never makes.
    let steepest = |s: &[f32]| s.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
    assert!(
        steepest(&heard) < 1.3 * steepest(&speech),
        "{} {}",
        steepest(&heard),
        steepest(&speech)
    );
    assert!(matches!(
        encoder.encode(&[0.0; 481]),
        Err(VoiceError::FrameLength { samples: 481 })
    ));
    assert!(matches!(
        encoder.encode(&[]),
        Err(VoiceError::FrameLength { samples: 0 })
    ));
}

#[test]
fn with_a_constant_bitrate_speech_and_silence_and_the_end_have_one_size() {
    let mut sound = voice(2.0, 9);
    sound.extend(vec![0.0; 96_000]);
    sound.extend(crate::testing::noise(1.0, -20.0, 9));
    for (fec, percent, dred_ms) in [(false, 0, 0), (true, 5, 0), (true, 20, 500)] {
        let config = EncoderConfig {
            bitrate: 42_400,
            constant_bitrate: true,
            fec,
            packet_loss_percent: percent,
            dred_ms,
            dtx: true,
            ..EncoderConfig::default()
        };
        let sizes = sizes(config, &sound);
        assert!(sizes.iter().all(|size| *size == 106), "{sizes:?}");
    }
    let packet = Encoder::new(EncoderConfig::default())
        .unwrap()
        .encode(&sound[..960])
        .unwrap();
    let end = end_of_speech(&packet, true).unwrap();
    assert!(end.len() == packet.len() && is_dtx(&end) && !is_dtx(&packet));
    let mut out = [0.0; MAX_FRAME_SAMPLES];
    assert_eq!(Decoder::new().unwrap().decode(&end, &mut out).unwrap(), 960);
}

#[test]
fn opus_keeps_silent_by_itself_where_it_may() {
    let mut sound = voice(1.0, 10);
    sound.extend(vec![0.0; 96_000]);
    let quiet = |dtx| {
        let config = EncoderConfig {
            dtx,
            ..EncoderConfig::default()
        };
        sizes(config, &sound).iter().filter(|size| **size <= 2).count()
    };
    assert_eq!(quiet(false), 0);
    assert!(quiet(true) > 60, "{}", quiet(true));
}

/// Packets of speech with so much deep redundancy.
fn deep(seconds: f64, seed: u64, frame: FrameLength) -> (Vec<f32>, Vec<Payload>) {
    let mut encoder = Encoder::new(EncoderConfig {
        bitrate: 64_000,
        packet_loss_percent: 30,
        dred_ms: 500,
        frame,
        ..EncoderConfig::default()
    })
    .unwrap();
    let speech = voice(seconds, seed);
    let packets = speech
        .chunks_exact(frame.samples())
        .map(|f| encoder.encode(f).unwrap())
        .collect();
    (speech, packets)
}

#[test]
fn deep_redundancy_brings_back_what_concealment_cannot() {
    for frame in [FrameLength::Ms20, FrameLength::Ms10] {
        let (speech, packets) = deep(6.0, 11, frame);
        let len = frame.samples();
        // 100 ms lost each half second.
        let gone = 4800 / len;
        let run = |dred: bool| {
            let mut decoder = Decoder::new().unwrap();
            let (mut heard, mut at) = (Vec::new(), 0);
            while at < packets.len() {
                let mut out = vec![0.0; len];
                if at % (24_000 / len) == 12_000 / len && at + gone < packets.len() {
                    let after = &packets[at + gone];
                    let reach = decoder.read_dred(after, gone * len).unwrap();
                    assert!(reach >= gone * len, "{reach} at {at}");
                    for lost in 0..gone {
                        if dred {
                            decoder.decode_dred((gone - lost) * len, &mut out).unwrap();
                        } else {
                            decoder.conceal(&mut out).unwrap();
                        }
                        heard.extend_from_slice(&out);
                    }
                    at += gone;
                } else {
                    decoder.decode(&packets[at], &mut out).unwrap();
                    heard.extend_from_slice(&out);
                    at += 1;
                }
            }
            crate::testing::distance(&speech[..speech.len() - 4800], &heard[312..])
        };
        let (dred, plc) = (run(true), run(false));
        assert!(dred < plc - 0.3, "{frame:?}: {dred} dB off with it, {plc} dB without");
    }
}

#[test]
fn hostile_redundancy_is_read_or_refused_and_nothing_else() {
    let mut rng = Rng::new(12);
    let mut decoder = Decoder::new().unwrap();
    let mut out = [0.0; MAX_FRAME_SAMPLES];
    assert!(decoder.decode_dred(960, &mut out[..960]).is_err(), "nothing was read");
    let (_, packets) = deep(1.0, 12, FrameLength::Ms20);
    let mut read = 0;
    for round in 0..4000 {
        let packet: Vec<u8> = match round % 3 {
            // A good packet with some bytes changed, in the frame or in the padding behind it.
            0 | 1 => {
                let mut packet = packets[20 + rng.below(30)].to_vec();
                for _ in 0..=rng.below(6) {
                    let at = rng.below(packet.len());
                    packet[at] = rng.next_u64() as u8;
                }
                packet
            }
            // Random bytes dressed as the experimental extension (id 126, version 12), in padding of random length.
            _ => {
                let len = 3 + rng.below(200);
                let mut packet = vec![0x78 | 3, 0x41, len as u8, 0xFF, 126 << 1 | 1, b'D', 12];
                packet.extend((0..len.saturating_sub(3)).map(|_| rng.next_u64() as u8));
                packet
            }
        };
        let most = rng.below(100_000);
        if decoder.read_dred(&packet, most).is_ok_and(|reach| reach > 0) {
            read += 1;
            let count = 120 * (1 + rng.below(48));
            let n = decoder.decode_dred(rng.below(200_000), &mut out[..count]).unwrap();
            assert!(n == count && out[..n].iter().all(|s| s.is_finite() && s.abs() <= 1.0));
        } else {
            assert!(decoder.decode_dred(960, &mut out[..960]).is_err());
        }
        let _ = decoder.decode(&packet, &mut out);
    }
    assert!(read > 500, "{read} were read");
    assert!(decoder.read_dred(&[], 960).is_err());
    // And the decoder still works.
    assert_eq!(decoder.decode(&packets[0], &mut out).unwrap(), FRAME_SAMPLES);
    assert!(decoder.read_dred(&packets[40], 9600).unwrap() >= 9600);
}
