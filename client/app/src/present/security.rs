//! Safety numbers, and what protects the profile.

use bevy::prelude::*;
use orrery_ecs::profile::{SafetyNumber, Transfer};
use orrery_link::ProfileView;
use orrery_protocol::PeerId;
use orrery_ui::view::{CompareView, NumberView, PeerKey, SecurityView, Words, Work};

use super::names;
use crate::desk::Desk;

pub(super) fn compare(world: &World, profile: &ProfileView, peer: PeerId) -> CompareView {
    let contact = names::contact(world, peer);
    let number = world.resource::<SafetyNumber>().0.as_ref();
    CompareView {
        peer: PeerKey(peer.0),
        me: PeerKey(profile.peer.0),
        name: names::of(world, peer),
        verified: contact.is_some_and(|contact| contact.verified),
        contact: contact.is_some_and(names::is_contact),
        number: number
            .filter(|(of, ..)| *of == peer)
            .map(|(_, digits, code)| NumberView {
                digits: digits.clone(),
                code: unhex(code),
            }),
        outcome: world.resource::<Desk>().outcome.clone(),
    }
}

pub(super) fn settings(world: &World, profile: &ProfileView, lock_after_min: u32) -> SecurityView {
    let secrets = &world.resource::<Desk>().secrets;
    SecurityView {
        recovery: profile.recovery,
        remembered: profile.remembered,
        words: secrets
            .words
            .as_ref()
            .map(|phrase| Words(phrase.words().map(str::to_owned).collect())),
        work: secrets.work,
        progress: progress(world).filter(|_| secrets.work == Some(Work::Export)),
        done: secrets.done,
        exported: secrets.file.clone(),
        failed: secrets.failed.clone(),
        export_path: export_path(&profile.name),
        lock_after_min,
        count: secrets.count,
    }
}

/// Share of a file that is written or read.
pub(super) fn progress(world: &World) -> Option<f32> {
    let (done, total) = world.resource::<Transfer>().0?;
    Some((done as f64 / total.max(1) as f64).clamp(0.0, 1.0) as f32)
}

/// Where an export goes unless the person says otherwise.
fn export_path(name: &str) -> String {
    let name: String = name
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { '-' })
        .collect();
    let day = chrono::Local::now().format("%Y-%m-%d");
    let folder = directories::UserDirs::new()
        .map(|dirs| dirs.document_dir().unwrap_or(dirs.home_dir()).to_owned())
        .filter(|folder| folder.is_dir());
    let file = format!("{name}-{day}.orrery");
    folder.map_or_else(
        || format!("~/{file}"),
        |folder| folder.join(&file).display().to_string(),
    )
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .filter_map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_lead_an_export_elsewhere() {
        let path = export_path("../Ada/ö \u{202e}x");
        let file = path.rsplit('/').next().unwrap();
        assert!(file.starts_with("---Ada-ö--x-") && file.ends_with(".orrery"), "{path}");
        assert_eq!(unhex("00ff1"), [0, 255]);
    }
}
