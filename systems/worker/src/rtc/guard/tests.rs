use super::*;

const STUN: [u8; 20] = [0; 20];
const DTLS: [u8; 61] = [22; 61];

fn to(port: u16) -> SocketAddr {
    ([192, 0, 2, 1], port).into()
}

fn rtp(source: u32) -> Vec<u8> {
    [&[128, 111, 0, 1, 0, 0, 0, 0][..], &source.to_be_bytes(), b"sound"].concat()
}

fn rtcp(reporter: u32) -> Vec<u8> {
    [&[129, 201, 0, 7][..], &reporter.to_be_bytes(), &[0; 24]].concat()
}

/// Rules under which path 0, port 1 has answered.
fn met(now: Instant) -> Rules {
    let mut rules = Rules::new(now);
    assert!(rules.may_go(0, to(1), &STUN, now));
    assert!(rules.may_come(0, to(1), &STUN, Instant::now()));
    rules
}

#[test]
fn an_address_that_does_not_answer_gets_stun_alone_and_ever_less_of_it() {
    let start = Instant::now();
    let mut rules = Rules::new(start);
    let mut sent = 0;
    for tick in 0..500 {
        let now = start + Duration::from_millis(20) * tick;
        sent += u32::from(rules.may_go(0, to(25), &STUN, now));
        for other in [&DTLS[..], &rtp(1), &rtcp(1), b"EHLO", b""] {
            assert!(!rules.may_go(0, to(25), other, now), "{other:?}");
        }
    }
    // Ten seconds: ten at once and five a second.
    assert!((55..=60).contains(&sent), "{sent}");
    assert!(rules.may_come(0, to(25), &STUN, Instant::now()));
    assert!(rules.may_go(0, to(25), &DTLS, start), "it answered");
    assert!(!rules.may_go(1, to(25), &DTLS, start), "another path did not");
}

#[test]
fn however_many_addresses_are_named_they_all_together_get_a_bounded_number_of_packets() {
    let start = Instant::now();
    let mut rules = Rules::new(start);
    let mut sent = 0;
    for tick in 0..100 {
        let now = start + Duration::from_millis(20) * tick;
        for port in 1..=5_000 {
            sent += u32::from(rules.may_go(0, to(port), &STUN, now));
        }
    }
    // Two seconds.
    assert!((780..=800).contains(&sent), "{sent}");
    assert!(rules.paths.len() <= MAX_PATHS);
    let later = start + Duration::from_secs(3_600);
    let at_once = (5_001..=50_000)
        .filter(|port| rules.may_go(0, to(*port), &STUN, later))
        .count();
    assert!(at_once <= CHECKS_AT_ONCE as usize, "{at_once}");
    assert!(rules.paths.len() <= MAX_PATHS);
}

#[test]
fn from_an_address_that_we_never_spoke_to_only_stun_is_looked_at() {
    let now = Instant::now();
    let mut rules = met(now);
    rules.sources = vec![7];
    for packet in [&DTLS[..], &rtp(7), &rtcp(7)] {
        assert!(!rules.may_come(0, to(2), packet, Instant::now()));
        assert!(!rules.may_come(1, to(1), packet, Instant::now()), "another path");
        assert!(rules.may_come(0, to(1), packet, Instant::now()));
    }
    assert!(rules.may_come(0, to(2), &STUN, Instant::now()));
    assert!(
        !rules.may_go(0, to(2), &DTLS, now),
        "who was not asked has not answered"
    );
    for garbage in [&b""[..], &[255], &[64; 30], &[4; 30], &[128], &[128, 200]] {
        assert!(!rules.may_come(0, to(1), garbage, Instant::now()), "{garbage:?}");
    }
}

#[test]
fn only_senders_of_sound_that_were_named_are_heard() {
    let mut rules = met(Instant::now());
    assert!(!rules.may_come(0, to(1), &rtp(7), Instant::now()), "nobody was named");
    rules.sources = vec![7, 9];
    let heard = (0..100_000)
        .filter(|source| rules.may_come(0, to(1), &rtp(*source), Instant::now()))
        .count();
    assert_eq!(heard, 2);
    let heard = (0..100_000)
        .filter(|source| rules.may_come(0, to(1), &rtcp(*source), Instant::now()))
        .count();
    assert_eq!(heard, MAX_REPORTERS);
}

#[test]
fn dtls_that_never_becomes_a_message_comes_to_an_end() {
    let mut rules = met(Instant::now());
    let taken = (0..1_000_000)
        .filter(|_| rules.may_come(0, to(1), &DTLS, Instant::now()))
        .count();
    assert_eq!(taken as u64, UNFINISHED / (DTLS.len() as u64 + EACH_PACKET));
    assert_eq!(rules.credit, 0);
}

#[test]
fn messages_and_their_acknowledgements_go_on_without_end() {
    let mut rules = met(Instant::now());
    let packet = [23; 1_200];
    for _ in 0..10_000 {
        assert!(rules.may_come(0, to(1), &packet, Instant::now()));
        rules.give(AROUND_A_MESSAGE + 1_143);
    }
    for _ in 0..100_000 {
        rules.give(ACKNOWLEDGEMENT);
        assert!(rules.may_come(0, to(1), &DTLS, Instant::now()));
    }
    // What was given is not saved up.
    assert_eq!(rules.credit, UNFINISHED - DTLS.len() as u64 - EACH_PACKET);
}
