//! Lists this computer's sound devices, shows the microphone's level for a few seconds, and plays a tone.
//!
//! `cargo run -p orrery-voice --features device --example devices -- [input id|default] [output id|default] [seconds]`

use std::time::{Duration, Instant};

use orrery_voice::{
    AudioConfig, AudioHandle, Cue, DeviceChoice, DeviceIo, DeviceList, EncodedFrame, PortState, VoiceError,
    list_devices,
};

fn main() -> Result<(), VoiceError> {
    let mut arguments = std::env::args().skip(1);
    let mut choice = || match arguments.next() {
        Some(id) if id != "default" => DeviceChoice::ranked([id]),
        _ => DeviceChoice::Default,
    };
    let (input, output) = (choice(), choice());
    let seconds = arguments.next().and_then(|s| s.parse().ok()).unwrap_or(5);

    match list_devices() {
        Ok(DeviceList { inputs, outputs }) => {
            for (title, devices) in [("microphones", inputs), ("speakers", outputs)] {
                println!("{title}:");
                for device in devices {
                    println!(
                        "  {} {}  [{}]",
                        if device.is_default { '*' } else { ' ' },
                        device.name,
                        device.id
                    );
                }
            }
        }
        Err(error) => println!("{error}"),
    }

    let io = DeviceIo::new(input, output)?;
    let audio = AudioHandle::start(AudioConfig::default(), Box::new(io), Box::new(|_: &EncodedFrame| {}))?;
    audio.set_mic_test(true)?;
    audio.play_cue(Cue::RingIncoming)?;
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut last = (PortState::Closed, PortState::Closed);
    while Instant::now() < end {
        std::thread::sleep(Duration::from_millis(100));
        let gauges = audio.gauges();
        let now = (gauges.io.input, gauges.io.output);
        if now != last {
            println!("microphone {:?}, speaker {:?}", now.0, now.1);
            last = now;
        }
        // A bar of the meter's height, 0 to 40.
        let bar = "#".repeat((gauges.input.level * 40.0) as usize);
        println!(
            "{bar:<40} peak {:6.1} dBFS{}  xruns in {} out {}",
            gauges.input.peak_dbfs,
            if gauges.input.speaking { "  speaking" } else { "" },
            gauges.io.input_xruns,
            gauges.io.output_xruns
        );
    }
    audio.stop();
    Ok(())
}
