//! A standing condition above the main pane.

use bevy::prelude::*;
use orrery_ecs::profile::Server;
use orrery_link::{Code, ServerPhase};
use orrery_ui::view::{BannerButton, BannerView, ErrorView, Level};

use crate::desk::{Desk, error};

pub(super) fn view(world: &World) -> Option<BannerView> {
    let desk = world.resource::<Desk>();
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
            // The rest is tried again by itself, and the banner says when.
            button: lasting.then_some(BannerButton::Settings),
        });
    }
    let seconds = desk.skew_s?;
    Some(BannerView {
        error: ErrorView {
            code: "clock_skew".into(),
            detail: Some(seconds.abs().to_string()),
        },
        level: Level::Warn,
        retry_at_ms: None,
        button: None,
    })
}
