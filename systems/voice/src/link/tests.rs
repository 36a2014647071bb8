//! Laws of the policy, in virtual time.

use super::*;
use crate::{
    Encoder, FRAME_SAMPLES, Payload, TICK_SAMPLES, is_dtx,
    testing::{Rng, voice},
};

const SECOND: u64 = 1_000_000;

fn lan() -> LinkReport {
    LinkReport {
        rtt_ms: 1,
        jitter_ms: 1.0,
        listeners: 1,
        ..LinkReport::default()
    }
}

/// A policy that has been told `report` once a second from `from` to `to`, and what it said each time.
fn told(policy: &mut LinkPolicy, report: LinkReport, from: u64, to: u64) -> Vec<EncoderConfig> {
    (from..to).map(|s| policy.update(report, s * SECOND)).collect()
}

#[test]
fn until_a_link_is_known_the_start_holds() {
    let start = EncoderConfig::default();
    let mut policy = LinkPolicy::new(start);
    assert_eq!(policy.config(), start);
    let unknown = LinkReport { rtt_ms: 0, ..lan() };
    assert_eq!(*told(&mut policy, unknown, 0, 60).last().unwrap(), start);
}

#[test]
fn a_quiet_local_network_gets_short_packets_after_two_seconds() {
    let mut policy = LinkPolicy::new(EncoderConfig::default());
    let said = told(&mut policy, lan(), 0, 6);
    assert_eq!(said[1].frame, FrameLength::Ms20);
    assert_eq!(said[2].frame, FrameLength::Ms10);
    assert!(!said[5].fec && said[5].dred_ms == 0 && said[5].packet_loss_percent == 0);
}

#[test]
fn on_a_quiet_local_network_the_transform_codec_takes_over_and_silence_is_no_end() {
    let mut policy = LinkPolicy::new(EncoderConfig::default());
    let fast = *told(&mut policy, lan(), 0, 6).last().unwrap();
    let mut encoder = Encoder::new(EncoderConfig::default()).unwrap();
    let transform = |packet: &Payload| packet.as_slice()[0] >> 3 >= 16;
    let before = voice(1.0, 1)
        .chunks_exact(FRAME_SAMPLES)
        .all(|frame| !transform(&encoder.encode(frame).unwrap()));
    assert!(before);
    encoder.configure(fast).unwrap();
    for len in [TICK_SAMPLES, FRAME_SAMPLES] {
        let packets = voice(1.0, 2)
            .chunks_exact(len)
            .map(|frame| encoder.encode(frame).unwrap())
            .collect::<Vec<_>>();
        // The first may still be on its way over.
        assert!(packets[2..].iter().all(transform), "{len}");
        assert!(
            (0..50).all(|_| !is_dtx(&encoder.encode(&vec![0.0; len]).unwrap())),
            "{len}"
        );
    }
}

#[test]
fn a_long_way_an_uneven_one_a_lossy_one_and_a_crowd_get_long_packets() {
    for report in [
        LinkReport { rtt_ms: 30, ..lan() },
        LinkReport {
            jitter_ms: 8.0,
            ..lan()
        },
        LinkReport { loss: 0.01, ..lan() },
        LinkReport { listeners: 5, ..lan() },
        LinkReport {
            constant_bitrate: true,
            ..lan()
        },
    ] {
        let mut policy = LinkPolicy::new(EncoderConfig::default());
        let said = told(&mut policy, report, 0, 100);
        assert!(said.iter().all(|c| c.frame == FrameLength::Ms20), "{report:?}");
    }
}

#[test]
fn redundancy_follows_the_loss_and_goes_when_it_is_forgotten() {
    let mut policy = LinkPolicy::new(EncoderConfig::default());
    let far = LinkReport { rtt_ms: 80, ..lan() };
    let mut at = 0;
    let mut say = |loss: f32| {
        at += 1;
        policy.update(LinkReport { loss, ..far }, at * SECOND)
    };
    let clean = say(0.0);
    assert!(!clean.fec && clean.dred_ms == 0 && !clean.dtx);
    let some = say(0.01);
    assert!(some.fec && some.dred_ms == 0 && some.packet_loss_percent >= 1);
    let reaches: Vec<_> = [0.05, 0.15, 0.3].into_iter().map(&mut say).collect();
    assert!(reaches.iter().all(|c| c.fec && c.dtx && c.bitrate > some.bitrate));
    assert!(reaches[0].dred_ms >= 200 && reaches[2].dred_ms <= 1000);
    assert!(reaches[0].dred_ms < reaches[1].dred_ms && reaches[1].dred_ms < reaches[2].dred_ms);
    let after: Vec<_> = (0..60).map(|_| say(0.0)).collect();
    assert!(after[5].dred_ms > 0, "not forgotten at once");
    assert_eq!(*after.last().unwrap(), clean);
}

#[test]
fn one_burst_is_enough_for_deep_redundancy() {
    let mut policy = LinkPolicy::new(EncoderConfig::default());
    let far = LinkReport { rtt_ms: 80, ..lan() };
    told(&mut policy, far, 0, 100);
    let burst = policy.update(LinkReport { loss: 0.06, ..far }, 100 * SECOND);
    assert!(burst.dred_ms >= 200);
    assert!(told(&mut policy, far, 101, 105).iter().all(|c| c.dred_ms >= 200));
}

#[test]
fn a_link_on_a_threshold_does_not_flap() {
    // Everything wanders about the thresholds of the way in.
    let mut rng = Rng::new(1);
    let mut policy = LinkPolicy::new(EncoderConfig::default());
    let mut said = Vec::new();
    for s in 0..3600 {
        let report = LinkReport {
            loss: 0.009 * rng.unit() as f32,
            rtt_ms: 24 + rng.below(12) as u32,
            jitter_ms: 5.0 + 6.0 * rng.unit() as f32,
            ..lan()
        };
        said.push(policy.update(report, s * SECOND));
    }
    let changes = said.windows(2).filter(|w| w[0] != w[1]).count();
    assert!(changes <= 6, "{changes} changes in an hour");
    // And where it goes out of the way out again and again, patience grows.
    let mut policy = LinkPolicy::new(EncoderConfig::default());
    let mut said = Vec::new();
    for s in 0..3600u64 {
        let rtt_ms = if s % 20 == 19 { 60 } else { 5 };
        said.push(policy.update(LinkReport { rtt_ms, ..lan() }, s * SECOND).frame);
    }
    let changes = said.windows(2).filter(|w| w[0] != w[1]).count();
    assert!(changes <= 10, "{changes} changes in an hour");
}

#[test]
fn a_quiet_link_that_was_disturbed_long_ago_is_trusted_again() {
    let mut policy = LinkPolicy::new(EncoderConfig::default());
    told(&mut policy, lan(), 0, 10);
    policy.update(LinkReport { rtt_ms: 90, ..lan() }, 10 * SECOND);
    assert_eq!(policy.config().frame, FrameLength::Ms20);
    let said = told(&mut policy, lan(), 11, 20);
    assert_eq!(said.last().unwrap().frame, FrameLength::Ms10);
}

#[test]
fn one_size_is_one_size_whatever_the_link_is_like() {
    let mut policy = LinkPolicy::new(EncoderConfig::default());
    for (at, (loss, rtt_ms)) in [(0.0, 0), (0.0, 1), (0.02, 40), (0.1, 300), (0.5, 20)]
        .into_iter()
        .enumerate()
    {
        let report = LinkReport {
            loss,
            rtt_ms,
            constant_bitrate: true,
            ..lan()
        };
        let said = policy.update(report, at as u64 * SECOND);
        assert!(said.constant_bitrate && !said.dtx);
        assert_eq!((said.bitrate, said.frame), (CONSTANT_BITRATE, FrameLength::Ms20));
    }
}

#[test]
fn numbers_that_are_none_change_nothing() {
    let mut policy = LinkPolicy::new(EncoderConfig::default());
    let said = policy.update(
        LinkReport {
            loss: f32::NAN,
            jitter_ms: f32::NAN,
            ..lan()
        },
        5,
    );
    assert_eq!((said.frame, said.dred_ms), (FrameLength::Ms20, 0));
    policy.update(lan(), 1);
    assert_eq!(policy.update(LinkReport { loss: -3.0, ..lan() }, 0).dred_ms, 0);
}
