use bevy_ecs::query::With;
use orrery_ecs::{
    call::{Active, Call, Connected, Connecting, Incoming, LastCall, Muted, Participant, Speaking, Voice},
    derive::CurrentCall,
    index::Index,
    profile::OwnVoice,
};
use orrery_link::{CallPhase, CallView, CodecGauge, Event, Gauges, ParticipantPhase, ParticipantView, SpeakerGauge};
use orrery_protocol::{CallId, ChannelId, record::CallOutcome};

use crate::bed::{Bed, peer};

fn call(phase: CallPhase, participants: &[(u8, ParticipantPhase)]) -> CallView {
    CallView {
        call: CallId([7; 16]),
        channel: ChannelId::from(peer(1)),
        caller: peer(1),
        phase,
        active_since_ms: 0,
        participants: participants
            .iter()
            .map(|(n, phase)| ParticipantView {
                peer: peer(*n),
                name: format!("peer {n}"),
                phase: *phase,
                muted: false,
                deafened: false,
                contact: true,
                misses: vec![],
            })
            .collect(),
        muted: false,
        deafened: false,
    }
}

fn gauge(n: u8, level: f32, speaking: bool) -> SpeakerGauge {
    SpeakerGauge {
        recovered: 0.0,
        jitter_ms: 0,
        sent_loss: 0.0,
        frame_ms: 20,
        route: orrery_link::Route::Local,
        echo: 0.0,
        peer: peer(n),
        level,
        speaking,
        rtt_ms: 18,
        loss: 0.0,
        buffer_ms: 20,
        concealed: 0.0,
    }
}

#[test]
fn a_call_rings_becomes_active_and_ends() {
    let mut bed = Bed::new();
    bed.tell([Event::CallChanged {
        call: call(CallPhase::Incoming, &[(1, ParticipantPhase::Ringing)]),
    }]);
    let entity = bed.resource::<Index<CallId>>().get(&CallId([7; 16])).unwrap();
    assert!(bed.app.world().get::<Incoming>(entity).is_some());
    assert_eq!(bed.resource::<CurrentCall>().incoming, Some(entity));
    bed.tell([Event::CallChanged {
        call: call(CallPhase::Active, &[(1, ParticipantPhase::Connected)]),
    }]);
    assert!(bed.app.world().get::<Active>(entity).is_some());
    assert!(bed.app.world().get::<Incoming>(entity).is_none());
    assert_eq!(
        *bed.resource::<CurrentCall>(),
        CurrentCall {
            own: Some(entity),
            incoming: None
        }
    );
    bed.tell([Event::CallEnded {
        call: CallId([7; 16]),
        channel: ChannelId::from(peer(1)),
        outcome: CallOutcome::Answered,
        duration_ms: 5,
    }]);
    assert_eq!(bed.resource::<CurrentCall>().own, None);
    assert_eq!(
        bed.resource::<LastCall>().0.as_ref().unwrap().outcome,
        CallOutcome::Answered
    );
    let world = bed.app.world_mut();
    assert_eq!(
        world.query::<&Participant>().iter(world).count(),
        0,
        "participants end with their call"
    );
}

#[test]
fn participants_come_change_and_go_by_their_id() {
    use ParticipantPhase::{Connected as Up, Connecting as Wait};
    let mut bed = Bed::new();
    bed.tell([Event::CallChanged {
        call: call(CallPhase::Active, &[(1, Wait), (2, Up)]),
    }]);
    let count = |bed: &mut Bed| {
        let world = bed.app.world_mut();
        (
            world.query_filtered::<(), With<Connected>>().iter(world).count(),
            world.query_filtered::<(), With<Connecting>>().iter(world).count(),
            world.query_filtered::<(), With<Muted>>().iter(world).count(),
        )
    };
    assert_eq!(count(&mut bed), (1, 1, 0));
    let mut next = call(CallPhase::Active, &[(2, Up), (3, Up)]);
    next.participants[0].muted = true;
    bed.tell([Event::CallChanged { call: next }]);
    assert_eq!(count(&mut bed), (2, 0, 1));
    let world = bed.app.world_mut();
    assert_eq!(world.query::<&Call>().iter(world).count(), 1);
}

#[test]
fn who_speaks_is_what_the_gauges_say() {
    use ParticipantPhase::Connected as Up;
    let mut bed = Bed::new();
    bed.tell([Event::CallChanged {
        call: call(CallPhase::Active, &[(1, Up), (2, Up)]),
    }]);
    let publish = |bed: &mut Bed, speakers: Vec<SpeakerGauge>| {
        bed.worker.publish(Gauges {
            own_level: 0.5,
            own_speaking: true,
            speakers,
            ..Gauges::default()
        });
        bed.app.update();
        bed.app.update();
    };
    publish(&mut bed, vec![gauge(1, 0.1, false), gauge(2, 0.8, true)]);
    let levels = |bed: &mut Bed| -> Vec<f32> {
        let world = bed.app.world_mut();
        let mut voices = world.query_filtered::<&Voice, With<Speaking>>();
        voices.iter(world).map(|voice| voice.level).collect()
    };
    assert_eq!(levels(&mut bed), [0.8]);
    publish(&mut bed, vec![gauge(1, 0.7, true)]);
    assert_eq!(levels(&mut bed), [0.7]);
}

#[test]
fn everything_measured_of_a_pair_stands_on_the_participant_and_ones_own_codec_beside_ones_voice() {
    let mut bed = Bed::new();
    bed.tell([Event::CallChanged {
        call: call(CallPhase::Active, &[(1, ParticipantPhase::Connected)]),
    }]);
    let codec = CodecGauge {
        frame_ms: 10,
        bitrate: 48_000,
        fec: true,
        dred_ms: 200,
    };
    bed.worker.publish(Gauges {
        own_gate: 0.4,
        codec,
        speakers: vec![SpeakerGauge {
            loss: 0.02,
            recovered: 0.015,
            sent_loss: 0.3,
            jitter_ms: 7,
            buffer_ms: 45,
            frame_ms: 10,
            route: orrery_link::Route::Relayed,
            echo: 0.6,
            ..gauge(1, 0.1, false)
        }],
        ..Gauges::default()
    });
    bed.app.update();
    let own = *bed.resource::<OwnVoice>();
    assert_eq!((own.gate, own.codec), (0.4, codec));
    let world = bed.app.world_mut();
    let voice = *world.query::<&Voice>().single(world).unwrap();
    let expected = Voice {
        level: 0.1,
        rtt_ms: 18,
        loss: 0.02,
        concealed: 0.0,
        recovered: 0.015,
        sent_loss: 0.3,
        jitter_ms: 7,
        buffer_ms: 45,
        frame_ms: 10,
        route: orrery_link::Route::Relayed,
        echo: 0.6,
    };
    assert_eq!(voice, expected);
}
