//! A standing condition above the main pane.

use bevy::prelude::*;
use orrery_ecs::profile::{Server, SoundDevices};
use orrery_link::{Code, ServerPhase};
use orrery_ui::view::{BannerButton, BannerView, ErrorView, Level};

use super::sound_problem;
use crate::desk::{Desk, Pane, error};

pub(super) fn view(world: &World) -> Option<BannerView> {
    let desk = world.resource::<Desk>();
    if let Some(ServerPhase::Offline {
        code: Some(Code::Replaced),
        ..
    }) = world.resource::<Server>().0
    {
        // Nothing went wrong, and nothing is tried again by itself: two would push each other out for ever.
        return Some(BannerView {
            error: error(Code::Replaced),
            level: Level::Warn,
            retry_at_ms: None,
            button: Some(BannerButton::ConnectHere),
            closes: false,
        });
    }
    if let Some(ServerPhase::Offline { code, .. }) = world.resource::<Server>().0 {
        // A wrong address or a refusal does not heal by waiting; the rest does.
        let lasting = matches!(
            code,
            Some(Code::BadServer | Code::ServerRefused | Code::ServerCertificate | Code::VersionMismatch)
        );
        return Some(BannerView {
            error: code.map_or_else(|| ErrorView::code("server_unreachable"), error),
            level: if lasting { Level::Bad } else { Level::Warn },
            retry_at_ms: desk.retry_at_ms,
            // The rest is tried again by itself, and the banner says when; nobody has to wait for that.
            button: Some(if lasting {
                BannerButton::Settings
            } else {
                BannerButton::Retry
            }),
            closes: false,
        });
    }
    let skew = desk.skew_s.map(|seconds| ErrorView {
        code: "clock_skew".into(),
        detail: Some(seconds.abs().to_string()),
    });
    // In a call the stage says it.
    let sound = sound_problem(world.resource::<SoundDevices>()).filter(|_| desk.pane != Pane::Call);
    let error = skew
        .into_iter()
        .chain(sound.map(ErrorView::code))
        .find(|error| !desk.closed.contains(&error.code))?;
    let button = (error.code != "clock_skew").then_some(BannerButton::Settings);
    Some(BannerView {
        error,
        level: Level::Warn,
        retry_at_ms: None,
        button,
        closes: true,
    })
}
