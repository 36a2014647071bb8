//! The Bevy app around one window.

use std::time::Duration;

use bevy::app::TerminalCtrlCHandlerPlugin;
use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::render::settings::{PowerPreference, RenderCreation, WgpuFeatures, WgpuSettings};
use bevy::window::{ExitCondition, PresentMode, WindowResizeConstraints, WindowResolution};
use bevy_egui::{EguiGlobalSettings, EguiPlugin};

use crate::cli::Args;
use crate::{cosmos, gamma, quality, redraw};

/// Smallest window, in points: below it the three columns have no room.
pub const MIN_SIZE: (f32, f32) = (900.0, 600.0);
/// Size of the window when none is kept or asked for, in points.
pub const DEFAULT_SIZE: (u32, u32) = (1280, 720);

/// How long the whole program may take to close its profile before it leaves anyway.
pub const SHUTDOWN_DEADLINE: Duration = Duration::from_secs(5);

/// An app with a window, the sky and egui in it, and nothing to show yet.
pub fn app(args: &Args, size: (u32, u32)) -> App {
    let mut resolution = WindowResolution::new(size.0, size.1);
    if let Some(scale) = args.scale {
        resolution = WindowResolution::new((size.0 as f32 * scale) as u32, (size.1 as f32 * scale) as u32)
            .with_scale_factor_override(scale);
    }
    let window = Window {
        title: "Orrery".into(),
        name: Some("orrery".into()),
        resolution,
        present_mode: PresentMode::AutoVsync,
        resize_constraints: WindowResizeConstraints {
            min_width: MIN_SIZE.0,
            min_height: MIN_SIZE.1,
            ..default()
        },
        // The picture drawn here is ours from the first frame; nothing flashes white.
        visible: true,
        ..default()
    };
    let render = WgpuSettings {
        // A program that mostly waits belongs on the frugal one of two adapters.
        power_preference: PowerPreference::from_env().unwrap_or(PowerPreference::LowPower),
        // Nothing beyond what every adapter can do is used.
        features: WgpuFeatures::empty(),
        ..default()
    };
    let mut app = App::new();
    app.add_plugins(
        DefaultPlugins
            .build()
            // The log goes to the profile's folder, and has its own rules about what it may say.
            .disable::<LogPlugin>()
            // One frame in flight: nothing here is heavy enough for two, and what a click does is seen a frame earlier.
            .disable::<PipelinedRenderingPlugin>()
            // Ctrl+C in a terminal is handled with every other way to leave.
            .disable::<TerminalCtrlCHandlerPlugin>()
            .set(WindowPlugin {
                primary_window: Some(window),
                exit_condition: ExitCondition::DontExit,
                close_when_requested: false,
                ..default()
            })
            .set(RenderPlugin {
                render_creation: RenderCreation::Automatic(Box::new(render)),
                // A picture drawn once must not be missed because its pipeline was still being made.
                synchronous_pipeline_compilation: true,
                ..default()
            }),
    )
    .add_plugins(EguiPlugin {
        bindless_mode_array_size: None,
    })
    .insert_resource(args.quality)
    .add_plugins((gamma::plugin, redraw::plugin, quality::plugin, cosmos::plugin));
    app.world_mut()
        .resource_mut::<EguiGlobalSettings>()
        .auto_create_primary_context = false;
    app
}
