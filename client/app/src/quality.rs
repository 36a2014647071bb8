//! How much drawing this computer is asked for.

use bevy::prelude::*;
use bevy::render::renderer::RenderAdapterInfo;

/// How much is drawn.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quality {
    /// The sky stands still, planets are cached pictures, at most 15 frames a second.
    Low,
    /// Everything moves, up to 60 frames a second.
    #[default]
    High,
}

/// What was asked for on the command line.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum QualityChoice {
    /// By the adapter.
    #[default]
    Auto,
    /// As for a computer without a GPU.
    Low,
    /// As for a computer with one.
    High,
}

fn choose(choice: Res<QualityChoice>, adapter: Option<Res<RenderAdapterInfo>>, mut quality: ResMut<Quality>) {
    // `Cpu` is what software renderers (lavapipe, WARP, SwiftShader) call themselves.
    let software = adapter.is_some_and(|info| info.device_type == wgpu_types::DeviceType::Cpu);
    *quality = match *choice {
        QualityChoice::Low => Quality::Low,
        QualityChoice::High => Quality::High,
        QualityChoice::Auto if software => Quality::Low,
        QualityChoice::Auto => Quality::High,
    };
    tracing::info!(quality = ?*quality, software, "drawing");
}

/// Chooses the quality once the adapter is known.
pub(crate) fn plugin(app: &mut App) {
    app.init_resource::<QualityChoice>()
        .init_resource::<Quality>()
        .add_systems(PreStartup, choose);
}
