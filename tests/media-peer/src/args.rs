//! The command line.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use clap::{Args as ClapArgs, Parser, ValueEnum};
use orrery_worker::{
    MicSource, SpeakerSink,
    media_peer::{ChannelKind, MediaPeerConfig},
};

/// One side of a call with any WebRTC program: descriptions, candidates and texts as JSON lines in and out.
#[derive(Clone, Debug, Parser)]
#[command(name = "media-peer", version, about, long_about = None)]
pub(crate) struct Args {
    #[command(flatten)]
    role: Role,
    /// What is said once the call stands: a WAV file. Silence when absent.
    #[arg(long, value_name = "FILE.wav")]
    mic: Option<PathBuf>,
    /// Where what is heard is written, in real time: a WAV file. Nowhere when absent.
    #[arg(long, value_name = "FILE.wav")]
    speaker: Option<PathBuf>,
    /// Address to bind, with a port or without.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1", value_parser = address)]
    bind: SocketAddr,
    /// The data channel: that of most programs, which the side that offers opens and that carries texts; or Orrery's own, number
    /// 0 without being opened, with messages in pieces.
    #[arg(long, value_enum, default_value_t = Channel::Text)]
    channel: Channel,
}

#[derive(Clone, Debug, ClapArgs)]
#[group(required = true, multiple = false)]
struct Role {
    /// Make the offer.
    #[arg(long)]
    offer: bool,
    /// Wait for an offer and answer it.
    #[arg(long)]
    answer: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Channel {
    Text,
    Pieces,
}

impl Args {
    /// Whether this side makes the offer.
    pub(crate) fn offers(&self) -> bool {
        self.role.offer
    }

    /// What the peer is made with.
    pub(crate) fn config(&self) -> MediaPeerConfig {
        MediaPeerConfig {
            bind: self.bind,
            mic: self
                .mic
                .clone()
                .map_or(MicSource::Silence, |path| MicSource::Wav { path, repeat: false }),
            speaker: self.speaker.clone().map_or(SpeakerSink::Null, SpeakerSink::Wav),
            channel: match self.channel {
                Channel::Text => ChannelKind::Text,
                Channel::Pieces => ChannelKind::Pieces,
            },
        }
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let alone = text.parse().map(|ip: IpAddr| SocketAddr::new(ip, 0));
    text.parse().or(alone).map_err(|_| "no IP address".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Args, clap::Error> {
        Args::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_documented_line_is_understood() {
        let args = parse("media-peer --mic a.wav --speaker b.wav --bind 127.0.0.1 --offer").unwrap();
        assert!(args.offers());
        let config = args.config();
        assert_eq!(config.bind.to_string(), "127.0.0.1:0");
        assert_eq!(config.speaker, SpeakerSink::Wav("b.wav".into()));
        assert_eq!(config.channel, ChannelKind::Text);
        assert!(!parse("media-peer --answer --bind [::1]:7").unwrap().offers());
    }

    #[test]
    fn a_side_is_one_of_two() {
        assert!(parse("media-peer").is_err());
        assert!(parse("media-peer --offer --answer").is_err());
        assert!(parse("media-peer --offer --bind here").is_err());
    }
}
