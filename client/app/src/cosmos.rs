//! The living cosmos behind and between the panels: the sky, every person's planet, and a call as an orrery.
//!
//! It is told what to show by [`SceneInput`] and draws it; nothing here knows entities, panels or the link. All colours
//! are computed, blended and stored in display space (see [`crate::gamma`]).

pub mod avatars;
pub mod input;
pub mod level;
pub mod material;
pub mod orrery;
pub mod traits;

mod draw;
mod ribbon;
mod sky;

use bevy::asset::{Assets, Handle};
use bevy::camera::CompositingSpace;
use bevy::mesh::Mesh;
use bevy::prelude::*;
use bevy_egui::PrimaryEguiContext;

pub use avatars::AvatarStore;
pub use draw::Drawing;
pub use input::{Body, CallScene, SceneInput};
pub use orrery::ShownLevels;

/// When the scene does what, in `PostUpdate`, after the panels have said what they show.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CosmosSystems {
    /// Looks at the input, moves everything, orders drawings.
    Order,
    /// Switches the cameras that draw into textures.
    Draw,
}

/// The scene's time.
#[derive(Resource, Clone, Copy, Debug, Default)]
pub struct SceneClock {
    /// Seconds since start, always running.
    pub now_s: f64,
    /// Seconds in which things moved; stands still under reduced motion.
    pub motion_s: f64,
    /// Length of this frame in seconds, at most a quarter.
    pub delta_s: f32,
}

/// A square of side 1 around the middle, shared by everything drawn.
#[derive(Resource, Clone, Debug)]
pub(crate) struct UnitQuad(pub(crate) Handle<Mesh>);

pub(crate) fn make_quad(mut commands: Commands, mut meshes: ResMut<Assets<Mesh>>) {
    commands.insert_resource(UnitQuad(meshes.add(Rectangle::new(1.0, 1.0))));
}

fn tick(time: Res<Time<Real>>, input: Res<SceneInput>, mut clock: ResMut<SceneClock>) {
    clock.now_s = time.elapsed_secs_f64();
    // A window that slept does not leap ahead when it wakes.
    clock.delta_s = time.delta_secs().min(0.25);
    if !input.reduced_motion {
        clock.motion_s += f64::from(clock.delta_s);
    }
}

fn spawn_camera(mut commands: Commands) {
    let [r, g, b, _] = orrery_ui::tokens::VOID.to_array();
    commands.spawn((
        Camera2d,
        Camera {
            clear_color: Color::srgb_u8(r, g, b).into(),
            ..default()
        },
        CompositingSpace::Srgb,
        Msaa::Off,
        PrimaryEguiContext,
    ));
}

/// Adds the whole cosmos, and the window's camera.
pub fn plugin(app: &mut App) {
    app.init_resource::<SceneInput>()
        .init_resource::<SceneClock>()
        .configure_sets(
            PostUpdate,
            (CosmosSystems::Order, CosmosSystems::Draw)
                .chain()
                .after(bevy_egui::EguiPostUpdateSet::EndPass)
                .before(bevy::transform::TransformSystems::Propagate)
                .before(bevy::camera::visibility::VisibilitySystems::VisibilityPropagate)
                .before(bevy::camera::CameraUpdateSystems),
        )
        .add_systems(Startup, (make_quad, spawn_camera))
        .add_systems(PreUpdate, tick)
        .add_plugins((
            material::plugin,
            draw::plugin,
            avatars::plugin,
            sky::plugin,
            orrery::plugin,
        ));
}
