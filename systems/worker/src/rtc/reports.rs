//! What the other side reports of our packets (RFC 3550 §6.4.1). The stack reads these reports and leaves them out of its statistics
//! (rtc 0.21.1 never calls what would put them in), so they are read here on their way through it.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use rtc::{
    interceptor::{Interceptor, Packet, StreamInfo, TaggedPacket},
    rtcp::{receiver_report::ReceiverReport, reception_report::ReceptionReport, sender_report::SenderReport},
    sansio::Protocol,
    shared::error::Error,
};

/// The RTP clock of Opus in ticks a millisecond (RFC 7587 §4.1).
const TICKS_PER_MS: f32 = 48.0;

/// The last report, for whoever asks. Lock-free: it is written from inside the stack.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reported(Arc<AtomicU64>);

impl Reported {
    fn set(&self, report: &ReceptionReport) {
        let packed = u64::from(report.fraction_lost) << 32 | u64::from(report.jitter);
        self.0.store(packed, Ordering::Relaxed);
    }

    /// Share of our packets since the report before that did not arrive, 0 to 1.
    pub(crate) fn loss(&self) -> f32 {
        (self.0.load(Ordering::Relaxed) >> 32) as f32 / 256.0
    }

    /// How unevenly they arrive, ms.
    pub(crate) fn jitter_ms(&self) -> f32 {
        (self.0.load(Ordering::Relaxed) & u64::from(u32::MAX)) as f32 / TICKS_PER_MS
    }
}

/// Passes everything on and takes down what is said of the stream `ssrc`.
pub(crate) struct ReportReader {
    ssrc: u32,
    reported: Reported,
    read: VecDeque<TaggedPacket>,
    write: VecDeque<TaggedPacket>,
}

impl ReportReader {
    /// Reads what is said of `ssrc` into `reported`.
    pub(crate) fn new(ssrc: u32, reported: Reported) -> Self {
        Self {
            ssrc,
            reported,
            read: VecDeque::new(),
            write: VecDeque::new(),
        }
    }

    fn look(&self, packet: &Packet) {
        let Packet::Rtcp(packets) = packet else { return };
        for packet in packets {
            let any = packet.as_any();
            // Who also speaks puts its reports into what it says of its own packets.
            let reports = match (any.downcast_ref::<ReceiverReport>(), any.downcast_ref::<SenderReport>()) {
                (Some(receiver), _) => &receiver.reports,
                (_, Some(sender)) => &sender.reports,
                _ => continue,
            };
            if let Some(report) = reports.iter().find(|report| report.ssrc == self.ssrc) {
                self.reported.set(report);
            }
        }
    }
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for ReportReader {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        self.look(&packet.message.packet);
        self.read.push_back(packet);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.read.pop_front()
    }

    fn handle_write(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        self.write.push_back(packet);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.write.pop_front()
    }
}

impl Interceptor for ReportReader {
    fn bind_local_stream(&mut self, _: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _: &StreamInfo) {}
    fn bind_remote_stream(&mut self, _: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _: &StreamInfo) {}
}

#[cfg(test)]
mod tests {
    use rtc::{interceptor::AttributedPacket, shared::TransportContext};

    use super::*;

    #[test]
    fn what_is_said_of_our_stream_is_taken_down_and_everything_goes_on() {
        let reported = Reported::default();
        let mut reader = ReportReader::new(7, reported.clone());
        let say = |ssrc, fraction_lost, jitter| ReceptionReport {
            ssrc,
            fraction_lost,
            jitter,
            ..ReceptionReport::default()
        };
        let receiver = ReceiverReport {
            reports: vec![say(9, 255, 9), say(7, 64, 480)],
            ..ReceiverReport::default()
        };
        let sender = SenderReport {
            reports: vec![say(7, 0, 48)],
            ..SenderReport::default()
        };
        let mut hand = |packets: Vec<Box<dyn rtc::rtcp::Packet>>| {
            let packet = TaggedPacket {
                now: Instant::now(),
                transport: TransportContext::default(),
                message: AttributedPacket::new(Packet::Rtcp(packets)),
            };
            reader.handle_read(packet).unwrap();
            assert!(reader.poll_read().is_some() && reader.poll_read().is_none());
        };
        hand(vec![Box::new(receiver)]);
        assert_eq!((reported.loss(), reported.jitter_ms()), (0.25, 10.0));
        hand(vec![]);
        assert_eq!(reported.loss(), 0.25);
        hand(vec![Box::new(sender)]);
        assert_eq!((reported.loss(), reported.jitter_ms()), (0.0, 1.0));
    }
}
