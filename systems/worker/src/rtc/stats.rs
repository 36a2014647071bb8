//! What a connection measures while it has sound.

use std::net::SocketAddr;

use orrery_link::Route;
use rtc::peer_connection::transport::RTCIceCandidateType;
use webrtc::peer_connection::{RTCStatsReport, RTCStatsReportEntry};

use super::interfaces::Interfaces;

/// The last measurement.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Measured {
    /// Round trip in milliseconds; 0 when unknown.
    pub rtt_ms: u32,
    /// Share of our packets that the other side says it did not get, 0 to 1.
    pub sent_loss: f32,
    /// How unevenly our packets arrive there, as it says, ms.
    pub sent_jitter_ms: f32,
    /// The way that packets take.
    pub route: Route,
}

/// The way to where packets come from. The chosen pair's candidates say whether a relay stands between; if none does, the
/// address says whether it is in one of our own networks.
pub(crate) fn route(report: &RTCStatsReport, from: Option<SocketAddr>) -> Route {
    let Some(from) = from else {
        return Route::Unknown;
    };
    let chosen = report.candidate_pairs().find(|pair| {
        report
            .transport()
            .is_some_and(|t| t.selected_candidate_pair_id == pair.stats.id)
    });
    let relayed = report.iter().any(|entry| match entry {
        RTCStatsReportEntry::LocalCandidate(candidate) | RTCStatsReportEntry::RemoteCandidate(candidate) => {
            candidate.candidate_type == RTCIceCandidateType::Relay
                && chosen.is_some_and(|pair| {
                    [&pair.local_candidate_id, &pair.remote_candidate_id].contains(&&candidate.stats.id)
                })
        }
        _ => false,
    });
    if relayed {
        Route::Relayed
    } else if Interfaces::now().reaches(from.ip()) {
        Route::Local
    } else {
        Route::Direct
    }
}

/// Reads a report: the round trip of the pair that ICE chose (checked every two seconds, sound or not), else that of
/// RTCP. What the other side says of our packets is not in it: see [`super::reports`].
pub(crate) fn read(report: &RTCStatsReport, from: Option<SocketAddr>) -> Measured {
    let pair_seconds = report
        .candidate_pairs()
        .filter(|pair| pair.nominated && pair.current_round_trip_time > 0.0)
        .map(|pair| pair.current_round_trip_time)
        .reduce(f64::min);
    let reports = report.iter().filter_map(|entry| match entry {
        RTCStatsReportEntry::RemoteInboundRtp(remote) => Some(remote.round_trip_time),
        _ => None,
    });
    let report_seconds = reports.fold(0.0, f64::max);
    Measured {
        rtt_ms: milliseconds(pair_seconds.unwrap_or(report_seconds)),
        route: route(report, from),
        ..Measured::default()
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
