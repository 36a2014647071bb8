//! What devices there are.

use std::sync::{Mutex, PoisonError};

use cpal::traits::{DeviceTrait, HostTrait};

use super::super::{DeviceInfo, DeviceList};
use crate::VoiceError;

/// The connection to the system's sound service. One for the process: PulseAudio's client leaves a thread and a connection behind for
/// each that is dropped.
static SERVICE: Mutex<Option<cpal::Host>> = Mutex::new(None);

/// Lists microphones and speakers. Asks the system, which may take seconds: not for a thread that must not wait. An empty list is not
/// an error.
///
/// # Errors
/// [`VoiceError::NoSoundService`] if the system has no sound service at all.
pub fn list_devices() -> Result<DeviceList, VoiceError> {
    with_service(|host| {
        let list = |result: Result<Vec<cpal::Device>, cpal::Error>| {
            result.map_err(|e| VoiceError::NoSoundService(e.to_string()))
        };
        let inputs = list(host.input_devices().map(Iterator::collect))?;
        let outputs = list(host.output_devices().map(Iterator::collect))?;
        Ok(DeviceList {
            inputs: describe(inputs, host.default_input_device()),
            outputs: describe(outputs, host.default_output_device()),
        })
    })
}

fn describe(found: Vec<cpal::Device>, default: Option<cpal::Device>) -> Vec<DeviceInfo> {
    if is_bare_alsa(&found) {
        return Vec::new();
    }
    let default = default.and_then(|d| id_of(&d));
    let mut infos: Vec<DeviceInfo> = found
        .into_iter()
        .filter_map(|device| {
            let id = id_of(&device)?;
            let is_default = default.as_ref() == Some(&id);
            (is_default || !is_plumbing(&id)).then(|| DeviceInfo {
                name: name_of(&device, &id),
                is_default,
                id,
            })
        })
        .collect();
    // What a speaker plays can be recorded too, but is hardly anyone's microphone: it comes last.
    infos.sort_by_key(|d| (is_monitor(&d.id), !d.is_default));
    infos
}

/// What a speaker plays, offered as if it were a microphone.
pub(super) fn is_monitor(id: &str) -> bool {
    id.ends_with(".monitor")
}

/// Does something with the sound service, connecting to it if there is no connection or a dead one. Others wait meanwhile.
pub(super) fn with_service<R>(act: impl FnOnce(&cpal::Host) -> Result<R, VoiceError>) -> Result<R, VoiceError> {
    let mut place = SERVICE.lock().unwrap_or_else(PoisonError::into_inner);
    let living = place.take().filter(|host| host.devices().is_ok());
    let host = match living {
        Some(living) => living,
        None => host()?,
    };
    let result = act(&host);
    // Where ALSA did not help, a service that comes up later may.
    if result.is_ok() || !is_alsa(&host) {
        *place = Some(host);
    }
    result
}

/// Asks the sound service something if it is connected.
pub(super) fn ask_service<R>(ask: impl FnOnce(&cpal::Host) -> Option<R>) -> Option<R> {
    SERVICE
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .as_ref()
        .and_then(ask)
}

fn is_alsa(host: &cpal::Host) -> bool {
    host.id().to_string() == "alsa"
}

/// Whether these are only the names that ALSA offers on a computer without any sound device. Opening one of those fails, and
/// libasound writes about it to the terminal each time.
pub(super) fn is_bare_alsa(devices: &[cpal::Device]) -> bool {
    devices.iter().filter_map(id_of).all(|id| {
        id.strip_prefix("alsa:")
            .is_some_and(|pcm| !pcm.contains("CARD=") && !["pipewire", "pulse", "jack"].contains(&pcm))
    })
}

/// The best sound service that answers.
fn host() -> Result<cpal::Host, VoiceError> {
    let mut reason = String::from("there is none");
    for id in cpal::available_hosts() {
        #[cfg(target_os = "linux")]
        if id == cpal::HostId::PulseAudio {
            super::cookie::provide();
        }
        match cpal::host_from_id(id) {
            Ok(host) => {
                tracing::info!(service = %id, "connected to the sound service");
                return Ok(host);
            }
            Err(error) => {
                tracing::info!(service = %id, %error, "this sound service does not answer");
                reason = error.to_string();
            }
        }
    }
    Err(VoiceError::NoSoundService(reason))
}

pub(super) fn id_of(device: &cpal::Device) -> Option<String> {
    device.id().ok().map(|id| id.to_string())
}

fn name_of(device: &cpal::Device, id: &str) -> String {
    let name = device.description().map(|d| d.name().to_owned()).unwrap_or_default();
    // ALSA puts the purpose on further lines.
    let name = name.lines().next().unwrap_or_default().trim().to_owned();
    if name.is_empty() { id.to_owned() } else { name }
}

/// ALSA lists every way to reach every device. People know the default, and each device once.
fn is_plumbing(id: &str) -> bool {
    let Some(pcm) = id.strip_prefix("alsa:") else {
        return false;
    };
    !["default", "sysdefault:", "pipewire", "pulse"]
        .iter()
        .any(|known| pcm.starts_with(known))
}
