//! From the audio thread's measures to the link's.

use orrery_link::{CodecGauge, Gauges, SpeakerGauge};
use orrery_protocol::ConnectionId;

use super::speakers::Speakers;
use crate::rtc::Measured;

/// Joins what the ear measured with what the connections did.
pub(crate) fn read(
    voice: &orrery_voice::Gauges,
    speakers: &mut Speakers,
    server_rtt_ms: u32,
    now_ms: u64,
    measured: impl Fn(ConnectionId) -> Option<Measured>,
) -> Gauges {
    let others = voice.speakers.iter().filter_map(|gauge| {
        let speaker = speakers.get_mut(gauge.id)?;
        let recent = speaker.recent(&gauge.stats, now_ms);
        let link = measured(speaker.connection).unwrap_or_default();
        Some(SpeakerGauge {
            peer: speaker.peer,
            level: gauge.level,
            speaking: gauge.speaking,
            rtt_ms: link.rtt_ms,
            loss: recent.loss,
            buffer_ms: gauge.stats.actual_ms.max(0.0).round() as u32,
            concealed: recent.concealed,
            recovered: recent.recovered,
            jitter_ms: gauge.stats.jitter_ms.round() as u32,
            sent_loss: link.sent_loss,
            frame_ms: gauge.stats.frame_ms,
            route: link.route,
            echo: gauge.echo,
        })
    });
    Gauges {
        count: 0,
        own_level: voice.input.level,
        own_speaking: voice.input.speaking,
        own_gate: voice.input.gate.unwrap_or(0.0),
        codec: CodecGauge {
            frame_ms: voice.codec.frame.ms(),
            bitrate: voice.codec.bitrate,
            fec: voice.codec.fec,
            dred_ms: voice.codec.dred_ms,
        },
        server_rtt_ms,
        xruns: voice.io.input_xruns.saturating_add(voice.io.output_xruns),
        speakers: others.collect(),
    }
}
