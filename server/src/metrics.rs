//! Counts for an operator, as Prometheus text. Only counts: no label ever holds an id or an address.

use std::{
    fmt::Write,
    sync::atomic::{AtomicU64, Ordering},
};

macro_rules! labels {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $label:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl $name {
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)+];

            pub(crate) const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)+ }
            }
        }
    };
}

labels! {
    /// Kinds of connections.
    Endpoint {
        /// `/v1/socket`.
        Socket = "socket",
        /// `/v1/drop`.
        Drop = "drop",
    }
}

labels! {
    /// Why a log-in failed.
    AuthFailure {
        /// No log-in frame in time.
        Late = "late",
        /// Something else than a log-in.
        Malformed = "malformed",
        /// Another protocol version.
        Version = "version",
        /// The signature does not hold for any name of this server.
        Signature = "signature",
        /// Too many log-ins from there.
        RateLimited = "rate_limited",
    }
}

labels! {
    /// Frames taken from clients.
    FrameKind {
        /// A log-in.
        Login = "login",
        /// A prekey upload.
        PublishPrekeys = "publish_prekeys",
        /// New tokens.
        SetTokens = "set_tokens",
        /// Acknowledged envelopes.
        Ack = "ack",
        /// An envelope.
        Deposit = "deposit",
        /// A request for prekeys.
        Fetch = "fetch",
        /// Not of the protocol.
        Malformed = "malformed",
    }
}

labels! {
    /// Why a connection or an envelope was dropped.
    Dropped {
        /// The server is full.
        ServerFull = "server_full",
        /// The address holds too many connections.
        OriginFull = "origin_full",
        /// No whole message for too long.
        Silent = "silent",
        /// A depositing connection without requests.
        Idle = "idle",
        /// Did not read what was written to it.
        SlowReader = "slow_reader",
        /// Kept sending over the limit.
        Flood = "flood",
        /// Text instead of binary.
        Text = "text",
        /// A message over the size limit.
        TooBig = "too_big",
        /// Broke the WebSocket protocol.
        Protocol = "protocol",
        /// A newer log-in took over.
        Replaced = "replaced",
        /// An envelope that is not kept, and nobody there or no room in the lane.
        Unkept = "unkept_envelope",
    }
}

/// All counters of one server.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    connections: [AtomicU64; Endpoint::ALL.len()],
    auth_failures: [AtomicU64; AuthFailure::ALL.len()],
    frames: [AtomicU64; FrameKind::ALL.len()],
    dropped: [AtomicU64; Dropped::ALL.len()],
    rate_limited: AtomicU64,
    delivered: AtomicU64,
    stun_answers: AtomicU64,
    mailbox_bytes: AtomicU64,
    mailbox_envelopes: AtomicU64,
}

/// Counts a connection as open until it is dropped.
#[derive(Debug)]
pub(crate) struct OpenConnection(std::sync::Arc<Metrics>, Endpoint);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        if let Some(gauge) = self.0.connections.get(self.1 as usize) {
            gauge.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

fn bump(counters: &[AtomicU64], index: usize) {
    if let Some(counter) = counters.get(index) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

impl Metrics {
    pub(crate) fn connected(self: &std::sync::Arc<Self>, endpoint: Endpoint) -> OpenConnection {
        bump(&self.connections, endpoint as usize);
        OpenConnection(self.clone(), endpoint)
    }

    pub(crate) fn auth_failed(&self, why: AuthFailure) {
        bump(&self.auth_failures, why as usize);
    }

    pub(crate) fn frame(&self, kind: FrameKind) {
        bump(&self.frames, kind as usize);
    }

    pub(crate) fn dropped(&self, why: Dropped) {
        bump(&self.dropped, why as usize);
    }

    pub(crate) fn rate_limited(&self) {
        self.rate_limited.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn delivered(&self) {
        self.delivered.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn stun_answered(&self) {
        self.stun_answers.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn mailboxes(&self, envelopes: u64, bytes: u64) {
        self.mailbox_envelopes.store(envelopes, Ordering::Relaxed);
        self.mailbox_bytes.store(bytes, Ordering::Relaxed);
    }

    /// The counts in Prometheus' text format, version 0.0.4.
    pub(crate) fn render(&self) -> String {
        let mut text = String::with_capacity(4096);
        let page = &mut text;
        family(
            page,
            "connections",
            "gauge",
            "Open connections.",
            "endpoint",
            &self.connections,
            |i| Endpoint::ALL.get(i).map(|label| label.label()),
        );
        family(
            page,
            "auth_failures_total",
            "counter",
            "Log-ins that failed.",
            "reason",
            &self.auth_failures,
            |i| AuthFailure::ALL.get(i).map(|label| label.label()),
        );
        family(
            page,
            "frames_total",
            "counter",
            "Frames from clients.",
            "kind",
            &self.frames,
            |i| FrameKind::ALL.get(i).map(|label| label.label()),
        );
        family(
            page,
            "dropped_total",
            "counter",
            "What was turned away or dropped.",
            "reason",
            &self.dropped,
            |i| Dropped::ALL.get(i).map(|label| label.label()),
        );
        single(
            page,
            "rate_limited_total",
            "counter",
            "Requests refused as too many.",
            &self.rate_limited,
        );
        single(
            page,
            "delivered_total",
            "counter",
            "Envelopes written to their recipients.",
            &self.delivered,
        );
        single(
            page,
            "stun_answers_total",
            "counter",
            "STUN answers sent.",
            &self.stun_answers,
        );
        single(
            page,
            "mailbox_envelopes",
            "gauge",
            "Envelopes waiting in mailboxes.",
            &self.mailbox_envelopes,
        );
        single(
            page,
            "mailbox_bytes",
            "gauge",
            "Bytes waiting in mailboxes.",
            &self.mailbox_bytes,
        );
        text
    }
}

fn head(page: &mut String, name: &str, kind: &str, help: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(page, "# HELP orrery_{name} {help}\n# TYPE orrery_{name} {kind}");
}

fn single(page: &mut String, name: &str, kind: &str, help: &str, value: &AtomicU64) {
    head(page, name, kind, help);
    let _ = writeln!(page, "orrery_{name} {}", value.load(Ordering::Relaxed));
}

fn family(
    page: &mut String,
    name: &str,
    kind: &str,
    help: &str,
    key: &str,
    values: &[AtomicU64],
    label: impl Fn(usize) -> Option<&'static str>,
) {
    head(page, name, kind, help);
    for (index, value) in values.iter().enumerate() {
        if let Some(label) = label(index) {
            let _ = writeln!(
                page,
                "orrery_{name}{{{key}=\"{label}\"}} {}",
                value.load(Ordering::Relaxed)
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn every_count_appears_under_its_label() {
        let metrics = Arc::new(Metrics::default());
        let open = metrics.connected(Endpoint::Drop);
        metrics.auth_failed(AuthFailure::Signature);
        metrics.frame(FrameKind::Deposit);
        metrics.frame(FrameKind::Deposit);
        metrics.dropped(Dropped::SlowReader);
        metrics.mailboxes(2, 700);
        let page = metrics.render();
        for line in [
            "orrery_connections{endpoint=\"drop\"} 1",
            "orrery_connections{endpoint=\"socket\"} 0",
            "orrery_auth_failures_total{reason=\"signature\"} 1",
            "orrery_frames_total{kind=\"deposit\"} 2",
            "orrery_dropped_total{reason=\"slow_reader\"} 1",
            "orrery_mailbox_bytes 700",
            "# TYPE orrery_mailbox_bytes gauge",
        ] {
            assert!(page.lines().any(|found| found == line), "{line} is missing in\n{page}");
        }
        drop(open);
        assert!(metrics.render().contains("orrery_connections{endpoint=\"drop\"} 0\n"));
    }
}
