//! The command line.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Parser;

use crate::keys::trigger::Trigger;
use crate::quality::QualityChoice;

/// Orrery: voice calls and messages with your own circle, peer to peer and end-to-end encrypted.
#[derive(Parser, Clone, Debug)]
#[command(name = "orrery", version, about, long_about = None)]
pub struct Args {
    /// Folder of the profile to use; made if it is not there. Without it, the profiles of this computer are offered.
    #[arg(long, value_name = "DIR")]
    pub profile: Option<PathBuf>,

    /// Address of the server to offer at first start, such as wss://talk.example.org.
    #[arg(long, value_name = "URL", env = "ORRERY_SERVER")]
    pub server: Option<String>,

    /// Invite link of a contact to offer after first start.
    #[arg(long, value_name = "LINK")]
    pub welcome: Option<String>,

    /// Address that calls and direct connections are made from; without it, every address of this computer.
    #[arg(long, value_name = "ADDR")]
    pub bind: Option<IpAddr>,

    /// How much to draw: by the graphics adapter, or as told.
    #[arg(long, value_name = "QUALITY", default_value = "auto")]
    pub quality: QualityChoice,

    /// Tell the window that is open, and leave: for a key bound in the desktop's settings.
    #[arg(long, value_name = "WHAT")]
    pub trigger: Option<Trigger>,

    /// For tests: write where every named widget is, as JSON, each time it changes.
    #[arg(long, value_name = "FILE")]
    pub widget_map: Option<PathBuf>,

    /// For tests: write start-up time, frame times and lit planets, as JSON lines.
    #[arg(long, value_name = "FILE")]
    pub frame_log: Option<PathBuf>,

    /// For tests: write which messages, calls and gauges arrived when, as JSON lines without any text.
    #[arg(long, value_name = "FILE")]
    pub event_log: Option<PathBuf>,

    /// Show every screen with sample data, save a picture of each in this folder, and leave.
    #[arg(long, value_name = "DIR")]
    pub shots: Option<PathBuf>,

    /// With --shots: only pictures whose name contains this.
    #[arg(long, value_name = "NAME", requires = "shots")]
    pub only: Option<String>,

    /// Size of the window in points, such as 1280x720.
    #[arg(long, value_name = "WxH", value_parser = parse_size)]
    pub size: Option<(u32, u32)>,

    /// Factor between points and pixels, instead of the desktop's own.
    #[arg(long, value_name = "FACTOR", value_parser = parse_scale)]
    pub scale: Option<f32>,
}

fn parse_size(text: &str) -> Result<(u32, u32), String> {
    let wrong = || format!("{text} is not a size such as 1280x720");
    let (w, h) = text.split_once('x').ok_or_else(wrong)?;
    let size = (w.parse().map_err(|_| wrong())?, h.parse().map_err(|_| wrong())?);
    let allowed = 320..=8192;
    if allowed.contains(&size.0) && allowed.contains(&size.1) {
        Ok(size)
    } else {
        Err(wrong())
    }
}

fn parse_scale(text: &str) -> Result<f32, String> {
    let scale: f32 = text.parse().map_err(|_| format!("{text} is not a number"))?;
    if (0.5..=4.0).contains(&scale) {
        Ok(scale)
    } else {
        Err("the factor lies between 0.5 and 4".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn sizes_and_factors_are_checked() {
        assert_eq!(parse_size("1280x720"), Ok((1280, 720)));
        assert!(parse_size("1280").is_err());
        assert!(parse_size("1x1").is_err());
        assert!(parse_scale("2").is_ok());
        assert!(parse_scale("nan").is_err());
        assert!(parse_scale("0").is_err());
    }
}
