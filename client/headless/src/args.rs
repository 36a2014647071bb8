//! The command line.

use std::{path::PathBuf, str::FromStr};

use clap::Parser;

/// Orrery without a window: commands as JSON lines in, events as JSON lines out.
#[derive(Clone, Debug, Parser)]
#[command(name = "orrery-headless", version, about, long_about = None)]
pub struct Args {
    /// Folder of the profile; created when it is not there.
    #[arg(
        long,
        value_name = "DIR",
        required_unless_present = "new_recovery_phrase",
        default_value = ".",
        hide_default_value = true
    )]
    pub profile: PathBuf,
    /// File whose first line is the passphrase. With it the profile is created or unlocked at once; without it, send
    /// `create_profile` or `unlock`.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Home server of a new profile: wss://host[:port], or on this machine ws://host[:port].
    #[arg(long, value_name = "URL", default_value = "ws://127.0.0.1:7670")]
    pub server: String,
    /// Display name of a new profile.
    #[arg(long, default_value = "Headless")]
    pub name: String,
    /// What is spoken once a call is active: a WAV file, or `silence`.
    #[arg(long, value_name = "FILE.wav|silence", default_value = "silence")]
    pub mic: Mic,
    /// Where what is heard is written, in real time: a WAV file, or `null`.
    #[arg(long, value_name = "FILE.wav|null", default_value = "null")]
    pub speaker: Speaker,
    /// The machine's sound devices, as the settings choose them, in the place of files.
    #[arg(long, conflicts_with_all = ["mic", "speaker", "echo"])]
    pub devices: bool,
    /// Address that peer connections bind, such as 127.0.0.1:0; every interface when absent.
    #[arg(long, value_name = "ADDR")]
    pub bind: Option<String>,
    /// Treat what is spoken as a device's microphone: take echo and noise out of it and even its loudness, as the settings say.
    #[arg(long)]
    pub process: bool,
    /// Be the echo contact: accept requests, answer messages, pick up and say back what is heard one second later.
    #[arg(long)]
    pub echo: bool,
    /// Write the gauges as `gauges` lines this many times a second, 0 to 50, whenever they have changed.
    #[arg(long, value_name = "HZ", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=50))]
    pub gauges: u32,
    /// Derive the key of a new profile with the smaller memory of 64 MiB instead of 256 MiB.
    #[arg(long)]
    pub low_memory: bool,
    /// Print twelve new words that `set_recovery_phrase` takes, and end. Nobody else knows them, and nothing keeps them.
    #[arg(long)]
    pub new_recovery_phrase: bool,
}

/// A microphone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mic {
    /// Says nothing.
    Silence,
    /// Plays a file once, as if spoken.
    File(PathBuf),
}

impl FromStr for Mic {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(if text == "silence" {
            Self::Silence
        } else {
            Self::File(text.into())
        })
    }
}

/// A speaker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// Forgets what is heard.
    Null,
    /// Writes it to a file.
    File(PathBuf),
}

impl FromStr for Speaker {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(if text == "null" {
            Self::Null
        } else {
            Self::File(text.into())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_line_is_understood() {
        let args = Args::try_parse_from(
            "orrery-headless --profile d --passphrase-file p --server ws://h:1 --mic a.wav --speaker null --bind 127.0.0.1:0 --echo"
                .split(' '),
        )
        .unwrap();
        assert_eq!(args.mic, Mic::File("a.wav".into()));
        assert_eq!(args.speaker, Speaker::Null);
        assert!(args.echo && !args.process);
        assert!(Args::try_parse_from(["orrery-headless"]).is_err());
        assert!(Args::try_parse_from("orrery-headless --profile d --gauges 51".split(' ')).is_err());
        assert!(!args.new_recovery_phrase && !args.devices);
        assert!(Args::try_parse_from("orrery-headless --profile d --devices".split(' ')).is_ok());
        assert!(Args::try_parse_from("orrery-headless --profile d --devices --mic a.wav".split(' ')).is_err());
        let args = Args::try_parse_from(["orrery-headless", "--new-recovery-phrase"]).unwrap();
        assert!(args.new_recovery_phrase);
    }
}
