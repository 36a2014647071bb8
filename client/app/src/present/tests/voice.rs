//! The talk key, other people's volumes, ranked devices, and how well everybody hears everybody.

use orrery_link::{CodecGauge, DeviceView, Gauges, NoiseSuppression, Route as Way, SpeakerGauge, TransmitMode};
use orrery_ui::Setting;
use orrery_ui::view::{KeyUse, LinkPhase, Noise, PeerKey, Route, SettingsView, Transmit, Verdict};

use super::*;
use crate::keys::{Hand, Pressed, TalkKey};

impl Bed {
    fn in_a_call(transmit: TransmitMode) -> Self {
        let mut bed = Self::home();
        let mut profile = profile();
        profile.settings.transmit = transmit;
        profile.settings.talk_key = Some("F8".into());
        bed.tell([
            Event::ProfileChanged {
                profile: ProfilePhase::Open(profile),
            },
            Event::CallChanged {
                call: running(Stage::Active),
            },
        ]);
        bed.act(UiAction::OpenCall);
        bed.commands();
        bed
    }

    fn section(&self) -> &SettingsView {
        let MainPane::Settings(view) = &self.home_view().main else {
            panic!("{:?}", self.home_view().main)
        };
        view
    }

    /// The settings that the worker was sent last.
    fn sent(commands: &[Command]) -> Settings {
        let sent = commands.iter().rev().find_map(|command| match command {
            Command::SetSettings { settings } => Some(settings.clone()),
            _ => None,
        });
        sent.expect("settings")
    }
}

fn held(commands: &[Command]) -> Vec<bool> {
    commands
        .iter()
        .filter_map(|command| match command {
            Command::HoldTalkKey { held } => Some(*held),
            _ => None,
        })
        .collect()
}

#[test]
fn the_talk_key_goes_to_the_worker_in_push_to_talk_and_nowhere_else() {
    let mut bed = Bed::in_a_call(TransmitMode::PushToTalk);
    let MainPane::Call(call) = &bed.home_view().main else {
        panic!()
    };
    let talk = call.talk.clone().expect("the key is shown");
    assert_eq!((talk.mutes, talk.key.as_deref()), (false, Some("F8")));
    assert!(bed.home_view().keys.talks);
    assert_eq!(held(&bed.act(UiAction::HoldTalkKey(true))), [true]);
    assert!(bed.app.world().resource::<TalkKey>().is_held());
    assert_eq!(held(&bed.act(UiAction::HoldTalkKey(false))), [false]);

    let mut voice = Bed::in_a_call(TransmitMode::VoiceActivity);
    assert!(held(&voice.act(UiAction::HoldTalkKey(true))).is_empty());
    assert!(!voice.home_view().keys.talks);
}

#[test]
fn the_mode_may_change_while_the_key_is_down_and_nothing_stays_down() {
    let mut bed = Bed::in_a_call(TransmitMode::PushToTalk);
    bed.act(UiAction::HoldTalkKey(true));
    let commands = bed.act(UiAction::Set(Setting::Transmit(Transmit::Voice)));
    assert_eq!(held(&commands), [false]);
    assert_eq!(Bed::sent(&commands).transmit, TransmitMode::VoiceActivity);
    let commands = bed.act(UiAction::Set(Setting::Transmit(Transmit::PushToMute)));
    assert!(held(&commands).is_empty());
    assert!(!bed.app.world().resource::<TalkKey>().holds(Hand::Window));
}

#[test]
fn what_is_pressed_outside_of_the_window_is_carried_out_with_the_next_frame() {
    let mut bed = Bed::home();
    let mut press = |what: &[KeyUse]| {
        let pressed = bed.app.world().resource::<Pressed>().clone();
        for what in what {
            pressed.push(*what);
        }
        bed.app.update();
        bed.app.update();
        bed.commands()
    };
    assert!(matches!(
        press(&[KeyUse::Mute])[..],
        [Command::SetMuted { muted: true }]
    ));
    let twice = press(&[KeyUse::Mute, KeyUse::Mute]);
    assert!(
        matches!(
            twice[..],
            [Command::SetMuted { muted: false }, Command::SetMuted { muted: true }]
        ),
        "{twice:?}"
    );
    let deaf = press(&[KeyUse::Deafen]);
    assert!(
        matches!(deaf[..], [Command::SetDeafened { deafened: true }]),
        "{deaf:?}"
    );

    let mut locked = Bed::new();
    locked.tell([Event::ProfileChanged { profile: LOCKED }]);
    locked.app.world().resource::<Pressed>().push(KeyUse::Mute);
    locked.app.update();
    assert!(locked.commands().is_empty());
}

#[test]
fn how_loud_somebody_is_heard_is_told_and_what_is_refused_is_said() {
    let mut bed = Bed::in_a_call(TransmitMode::VoiceActivity);
    let (peer, percent) = (PeerKey(RHEA.0), 140);
    let sent = bed.act(UiAction::SetPeerVolume { peer, percent });
    assert!(
        matches!(
            sent[..],
            [Command::SetPeerVolume {
                peer: RHEA,
                percent: 140
            }]
        ),
        "{sent:?}"
    );
    let heard = |bed: &Bed| bed.app.world().resource::<Desk>().heard.of(RHEA, None);
    assert_eq!(heard(&bed).volume, 140);
    bed.fail(UiAction::SilencePeer { peer, silenced: true }, Code::Internal);
    assert!(!heard(&bed).silenced);
    assert_eq!(bed.toasts().len(), 1);
}

#[test]
fn every_setting_of_ones_own_voice_reaches_the_worker() {
    let mut bed = Bed::home();
    let mut set = |setting| Bed::sent(&bed.act(UiAction::Set(setting)));
    assert_eq!(set(Setting::Gate(Some(-38.0))).gate_threshold_db, Some(-38.0));
    assert_eq!(
        set(Setting::Noise(Noise::Strong)).noise_suppression,
        NoiseSuppression::Strong
    );
    assert!(!set(Setting::EchoCancellation(false)).echo_cancellation);
    assert!(!set(Setting::AutoGain(false)).auto_gain);
    assert!(set(Setting::ConstantBitrate(true)).constant_bitrate);
    let key = Some("Ctrl+Shift+Space".to_owned());
    assert_eq!(set(Setting::Key(KeyUse::Talk, key.clone())).talk_key, key);
    assert_eq!(set(Setting::Key(KeyUse::Mute, key.clone())).mute_key, key);
    let last = set(Setting::Key(KeyUse::Deafen, None));
    assert_eq!(
        (last.deafen_key, last.gate_threshold_db),
        (None, Some(-38.0)),
        "each its own field only"
    );
}

#[test]
fn hearing_oneself_is_asked_for_and_ends_with_its_pane() {
    let mut bed = Bed::home();
    bed.act(UiAction::OpenSettings);
    let sent = bed.act(UiAction::MicTest { on: true, hear: true });
    assert!(
        matches!(sent[..], [Command::TestMicrophone { on: true, hear: true }]),
        "{sent:?}"
    );
    assert!(bed.section().voice.hear);
    let left = bed.act(UiAction::CloseMain);
    assert!(
        left.iter()
            .any(|command| matches!(command, Command::TestMicrophone { on: false, .. })),
        "{left:?}"
    );
    bed.act(UiAction::OpenSettings);
    assert!(!bed.section().voice.hear);
}

#[test]
fn a_ranked_device_that_is_gone_is_still_called_by_its_name() {
    let devices = |all: &[(&str, &str)]| Event::Devices {
        reference: None,
        inputs: all
            .iter()
            .map(|(id, name)| DeviceView {
                id: (*id).into(),
                name: (*name).into(),
                is_default: false,
            })
            .collect(),
        outputs: Vec::new(),
        input_problem: None,
        output_problem: None,
    };
    let mut bed = Bed::home();
    bed.act(UiAction::OpenSettings);
    bed.tell([devices(&[("a", "Built-in"), ("b", "Headset")])]);
    let commands = bed.act(UiAction::Set(Setting::InputRanked(vec!["b".into()])));
    assert_eq!(Bed::sent(&commands).input_ranked, ["b"]);
    bed.tell([devices(&[("a", "Built-in")])]);
    let [ranked] = &bed.section().voice.inputs[..] else {
        panic!()
    };
    assert_eq!((ranked.name.as_str(), ranked.here), ("Headset", false));
}

#[test]
fn the_figures_of_a_call_are_shown_and_change_at_a_pace_that_can_be_read() {
    let mut bed = Bed::in_a_call(TransmitMode::VoiceActivity);
    bed.app
        .init_resource::<quality::EchoWatch>()
        .add_systems(PostUpdate, (quality::watch_echo, quality::refresh).chain());
    let gauge = |sent_loss| SpeakerGauge {
        peer: RHEA,
        level: 0.0,
        speaking: false,
        rtt_ms: 18,
        loss: 0.0,
        buffer_ms: 40,
        concealed: 0.0,
        recovered: 0.0,
        jitter_ms: 4,
        sent_loss,
        frame_ms: 20,
        route: Way::Relayed,
        echo: 0.0,
    };
    let publish = |bed: &mut Bed, sent_loss| {
        bed.worker.publish(Gauges {
            codec: CodecGauge {
                frame_ms: 10,
                bitrate: 48_000,
                fec: true,
                dred_ms: 0,
            },
            speakers: vec![gauge(sent_loss)],
            ..Gauges::default()
        });
        bed.app.update();
        bed.app.update();
        bed.app.world().resource::<Shown>().quality.clone()
    };
    let quality = publish(&mut bed, 0.3);
    assert_eq!((quality.own.frame_ms, quality.own.bitrate), (10, 48_000));
    let [link] = &quality.links[..] else { panic!() };
    assert_eq!(
        (link.name.as_str(), link.phase, link.route),
        ("Rhea", LinkPhase::Up, Route::Relayed)
    );
    assert_eq!(link.judge().0, Verdict::Bad);
    assert_eq!(publish(&mut bed, 0.0).links[0].loss_out, 0.3, "figures wait");
    // Who breaks off is shown at once.
    let mut lost = running(Stage::Active);
    lost.participants[0].phase = ParticipantPhase::Lost;
    bed.tell([Event::CallChanged { call: lost }]);
    assert_eq!(publish(&mut bed, 0.0).links[0].phase, LinkPhase::Lost);
    bed.act(UiAction::OpenSettings);
    assert!(publish(&mut bed, 0.0).links.is_empty(), "nobody looks");
}
