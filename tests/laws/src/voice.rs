//! Sound of others.

use orrery_voice::{
    Decoder, FRAME_SAMPLES, JitterBuffer, JitterConfig, MAX_FRAME_SAMPLES, MAX_PACKET_BYTES, Payload, TICK_SAMPLES,
    has_fec, is_dtx,
};

use crate::cursor::Cursor;

/// Packets for the decoder, one after the other.
pub fn opus(data: &[u8]) {
    let mut cursor = Cursor(data);
    let mut decoder = Decoder::new().unwrap();
    let mut out = [0.0; MAX_FRAME_SAMPLES];
    for _ in 0..32 {
        let how = cursor.u8();
        let packet = cursor.chunk();
        let (fec, dtx) = (has_fec(packet), is_dtx(packet));
        assert!(!(fec && packet.len() < 2) && (dtx || packet.len() > 2));
        assert_eq!(
            Payload::new(packet).is_ok(),
            (1..=MAX_PACKET_BYTES).contains(&packet.len())
        );
        let claimed = decoder.samples_in(packet);
        let done = match how % 5 {
            0 | 1 => decoder.decode(packet, &mut out),
            2 => decoder.decode_fec(packet, &mut out[..FRAME_SAMPLES]),
            3 => match decoder.read_dred(packet, usize::from(how) * 480) {
                Ok(0) | Err(_) => continue,
                Ok(reach) => decoder.decode_dred(reach, &mut out[..FRAME_SAMPLES]),
            },
            _ => decoder.conceal(&mut out[..FRAME_SAMPLES]),
        };
        if let Ok(samples) = done {
            assert!(samples <= MAX_FRAME_SAMPLES);
            assert!(
                how % 5 > 1 || claimed.is_ok_and(|claimed| claimed == samples),
                "as many as its head says"
            );
            assert!(out[..samples].iter().all(|sample| sample.is_finite()), "numbers only");
        }
        if cursor.is_empty() {
            break;
        }
    }
    // Whatever came, silence can still be decoded.
    assert!(decoder.decode(&[0xf8, 0xff, 0xfe], &mut out).is_ok());
}

/// Packets in any order with any numbers, and a clock that goes on.
pub fn jitter(data: &[u8]) {
    let mut cursor = Cursor(data);
    let mut buffer = JitterBuffer::new(JitterConfig::default()).unwrap();
    let (mut now_us, mut seq, mut timestamp) = (1_000_000_u64, cursor.u16(), cursor.u32());
    let mut out = [0.0; TICK_SAMPLES];
    let mut pulls = 0_u64;
    for _ in 0..400 {
        if cursor.is_empty() {
            break;
        }
        let how = cursor.u8();
        match how & 7 {
            // The next packet as an honest sender numbers it.
            0..=2 => {
                seq = seq.wrapping_add(1);
                timestamp = timestamp.wrapping_add(FRAME_SAMPLES as u32);
            }
            3 => seq = seq.wrapping_add(u16::from(cursor.u8())),
            4 => (seq, timestamp) = (cursor.u16(), cursor.u32()),
            5 => timestamp = timestamp.wrapping_sub(u32::from(cursor.u16())),
            _ => {}
        }
        if how & 7 < 6 {
            let len = usize::from(how >> 3);
            let bytes = if len == 31 { cursor.chunk() } else { cursor.take(len) };
            if let Ok(payload) = Payload::new(bytes) {
                buffer.insert(seq, timestamp, how & 0x80 != 0, &payload, now_us);
            }
        } else {
            now_us += if how & 1 == 0 {
                10_000
            } else {
                u64::from(cursor.u16()) * 1000
            };
            for _ in 0..=how >> 6 {
                buffer.pull(&mut out, now_us);
                pulls += 1;
                now_us += 10_000;
                assert!(out.iter().all(|sample| sample.is_finite()), "numbers only");
            }
        }
    }
    let stats = buffer.stats();
    assert_eq!(
        stats.total_samples,
        pulls * TICK_SAMPLES as u64,
        "every tick gives one tick"
    );
    assert!(
        stats.target_ms <= JitterConfig::default().max_ms as f32 + 0.5,
        "a delay within its bounds"
    );
    // However it was treated, it ends in silence and not in a loop.
    for _ in 0..1500 {
        now_us += 10_000;
        buffer.pull(&mut out, now_us);
    }
    assert!(out.iter().all(|sample| *sample == 0.0), "nothing comes after the end");
}
