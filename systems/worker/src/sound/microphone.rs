//! What the settings make of one's own microphone.

use orrery_link::{
    Settings,
    settings::{NoiseSuppression as Noise, TransmitMode as Transmit},
};
use orrery_voice::{NoiseSuppression, ProcessConfig, Threshold, TransmitMode};

/// When it is sent, with the talk key up.
pub(super) fn transmit(settings: &Settings) -> TransmitMode {
    match settings.transmit {
        Transmit::VoiceActivity => TransmitMode::VoiceActivity {
            threshold: settings.gate_threshold_db.map_or(Threshold::Auto, Threshold::Fixed),
            attack_ms: settings.gate_attack_ms,
            hold_ms: settings.gate_hold_ms,
        },
        Transmit::Continuous => TransmitMode::Continuous,
        Transmit::PushToTalk => TransmitMode::PushToTalk { held: false },
        Transmit::PushToMute => TransmitMode::PushToMute { held: false },
    }
}

/// The same with the talk key where it is.
pub(super) fn with_key(mode: TransmitMode, held: bool) -> TransmitMode {
    match mode {
        TransmitMode::PushToTalk { .. } => TransmitMode::PushToTalk { held },
        TransmitMode::PushToMute { .. } => TransmitMode::PushToMute { held },
        TransmitMode::VoiceActivity { .. } | TransmitMode::Continuous => mode,
    }
}

/// What is done to its sound.
pub(super) fn process(settings: &Settings) -> ProcessConfig {
    ProcessConfig {
        echo_cancellation: settings.echo_cancellation,
        noise_suppression: match settings.noise_suppression {
            Noise::Off => NoiseSuppression::Off,
            Noise::Low => NoiseSuppression::Low,
            Noise::High => NoiseSuppression::High,
            Noise::Strong => NoiseSuppression::Strong,
        },
        auto_gain: settings.auto_gain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_decide_what_is_sent_and_the_key_where_there_is_one() {
        let settings = |transmit| Settings {
            transmit,
            gate_threshold_db: Some(-40.0),
            gate_attack_ms: 30,
            gate_hold_ms: 700,
            ..Settings::default()
        };
        let voice = TransmitMode::VoiceActivity {
            threshold: Threshold::Fixed(-40.0),
            attack_ms: 30,
            hold_ms: 700,
        };
        for (set, up, down) in [
            (Transmit::VoiceActivity, voice, voice),
            (Transmit::Continuous, TransmitMode::Continuous, TransmitMode::Continuous),
            (
                Transmit::PushToTalk,
                TransmitMode::PushToTalk { held: false },
                TransmitMode::PushToTalk { held: true },
            ),
            (
                Transmit::PushToMute,
                TransmitMode::PushToMute { held: false },
                TransmitMode::PushToMute { held: true },
            ),
        ] {
            let mode = transmit(&settings(set));
            assert_eq!((with_key(mode, false), with_key(mode, true)), (up, down));
        }
        assert_eq!(
            transmit(&Settings::default()),
            TransmitMode::default(),
            "no threshold follows the room"
        );
    }

    #[test]
    fn the_settings_decide_what_is_done_to_it() {
        assert_eq!(process(&Settings::default()), ProcessConfig::default());
        let settings = Settings {
            echo_cancellation: false,
            noise_suppression: Noise::Strong,
            auto_gain: false,
            ..Settings::default()
        };
        let wanted = ProcessConfig {
            echo_cancellation: false,
            noise_suppression: NoiseSuppression::Strong,
            auto_gain: false,
        };
        assert_eq!(process(&settings), wanted);
    }
}
