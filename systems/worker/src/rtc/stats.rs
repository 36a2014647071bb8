//! What a connection measures while it has sound.

use webrtc::peer_connection::{RTCStatsReport, RTCStatsReportEntry};

/// The last measurement.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Measured {
    /// Round trip in milliseconds; 0 when unknown.
    pub rtt_ms: u32,
    /// Share of our packets that the other side says it did not get, 0 to 1.
    pub sent_loss: f32,
}

/// Reads a report: the round trip of the pair that ICE chose (checked every two seconds, sound or not), else that of
/// RTCP; the loss from the other side's receiver reports.
pub(crate) fn read(report: &RTCStatsReport) -> Measured {
    let pair_seconds = report
        .candidate_pairs()
        .filter(|pair| pair.nominated && pair.current_round_trip_time > 0.0)
        .map(|pair| pair.current_round_trip_time)
        .reduce(f64::min);
    let reports = report.iter().filter_map(|entry| match entry {
        RTCStatsReportEntry::RemoteInboundRtp(remote) => Some((remote.round_trip_time, remote.fraction_lost)),
        _ => None,
    });
    let (report_seconds, lost) = reports.fold((0.0, 0.0), |(rtt, lost): (f64, f64), (r, l)| (rtt.max(r), lost.max(l)));
    Measured {
        rtt_ms: milliseconds(pair_seconds.unwrap_or(report_seconds)),
        sent_loss: (lost as f32).clamp(0.0, 1.0),
    }
}

/// At least one millisecond for anything measured, because 0 means unknown.
fn milliseconds(seconds: f64) -> u32 {
    if seconds > 0.0 {
        ((seconds * 1000.0).round() as u32).max(1)
    } else {
        0
    }
}
