//! Pictures drawn once into textures: planets for avatars, cached planets and the cached sky of a call without a GPU.
//!
//! A camera that draws into a texture is switched on for as many frames as its [`Exposures`] say and then off again; a
//! few of them ([`POOL`]) take turns with whatever planets wait.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bevy::asset::{Assets, Handle};
use bevy::camera::{CompositingSpace, RenderTarget, ScalingMode, visibility::RenderLayers};
use bevy::image::Image;
use bevy::prelude::*;
use bevy::render::render_resource::{PipelineCache, TextureFormat};
use bevy::render::{Render, RenderApp, RenderSystems};

use super::UnitQuad;
use super::material::{PlanetMaterial, PlanetUniform};
use crate::redraw::Wishes;

/// How many planets are drawn into textures in one frame. More wait in [`DrawQueue`].
const POOL: usize = 4;
/// First render layer of the pool; layers below belong to the sky.
const FIRST_LAYER: usize = 8;

/// For how many more frames a camera is on.
#[derive(Component, Clone, Copy, Debug, Default)]
pub(crate) struct Exposures(pub(crate) u8);

/// A planet to be drawn into a texture.
#[derive(Clone, Debug)]
pub(crate) struct DrawJob {
    pub(crate) target: Handle<Image>,
    pub(crate) uniform: PlanetUniform,
}

/// Planets that wait to be drawn. Bounded by the callers: an avatar or a participant queues one job at a time.
#[derive(Resource, Debug, Default)]
pub(crate) struct DrawQueue {
    waiting: VecDeque<DrawJob>,
    /// Targets finished since the last look, in order.
    done: Vec<Handle<Image>>,
}

impl DrawQueue {
    /// Queues a drawing; a waiting one into the same texture is replaced.
    pub(crate) fn push(&mut self, job: DrawJob) {
        match self.waiting.iter_mut().find(|waiting| waiting.target == job.target) {
            Some(waiting) => *waiting = job,
            None => self.waiting.push_back(job),
        }
    }

    /// Textures that were finished since the last call.
    pub(crate) fn take_done(&mut self) -> Vec<Handle<Image>> {
        std::mem::take(&mut self.done)
    }

    /// Nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

/// A camera of the pool, the material of its square, and what it is drawing.
#[derive(Component)]
struct Easel {
    material: Handle<PlanetMaterial>,
    drawing: Option<Handle<Image>>,
}

/// A texture that a planet can be drawn into, `size` pixels on each side.
pub(crate) fn planet_texture(size: u32) -> Image {
    Image::new_target_texture(size, size, TextureFormat::Rgba8UnormSrgb, None)
}

fn set_up(mut commands: Commands, quad: Res<UnitQuad>, mut materials: ResMut<Assets<PlanetMaterial>>) {
    for n in 0..POOL {
        let layer = RenderLayers::layer(FIRST_LAYER + n);
        let material = materials.add(PlanetMaterial {
            uniform: PlanetUniform::default(),
        });
        commands.spawn((Mesh2d(quad.0.clone()), MeshMaterial2d(material.clone()), layer.clone()));
        commands.spawn((
            Camera2d,
            Camera {
                order: -100 + n as isize,
                is_active: false,
                clear_color: Color::NONE.into(),
                ..default()
            },
            Projection::Orthographic(OrthographicProjection {
                scaling_mode: ScalingMode::Fixed {
                    width: 1.0,
                    height: 1.0,
                },
                ..OrthographicProjection::default_2d()
            }),
            CompositingSpace::Srgb,
            Msaa::Off,
            Exposures(0),
            Easel {
                material,
                drawing: None,
            },
            layer,
        ));
    }
}

/// Whether the renderer had every pipeline it was asked for when it drew the last frame. While one is still being made
/// (its shader is being read, its code compiled), what a camera drew may be missing something and is drawn again.
#[derive(Resource, Clone, Debug, Default)]
struct Complete(Arc<AtomicBool>);

fn tell_completeness(cache: Res<PipelineCache>, complete: Res<Complete>) {
    complete
        .0
        .store(cache.waiting_pipelines().next().is_none(), Ordering::Release);
}

/// Takes finished pictures off the easels and puts waiting ones on.
fn serve(
    mut commands: Commands,
    mut queue: ResMut<DrawQueue>,
    mut materials: ResMut<Assets<PlanetMaterial>>,
    mut easels: Query<(Entity, &mut Easel, &mut Exposures, &mut Projection)>,
) {
    for (camera, mut easel, mut exposures, mut projection) in &mut easels {
        if exposures.0 > 0 {
            continue;
        }
        if let Some(target) = easel.drawing.take() {
            queue.done.push(target);
        }
        let Some(job) = queue.waiting.pop_front() else { continue };
        if let Some(mut material) = materials.get_mut(&easel.material) {
            material.uniform = job.uniform;
        }
        commands
            .entity(camera)
            .insert(RenderTarget::Image(job.target.clone().into()));
        // A camera measures its target anew only when it believes that something changed.
        projection.set_changed();
        easel.drawing = Some(job.target);
        exposures.0 = 1;
    }
}

/// Counts what the last frame drew. A frame that was not complete does not count.
fn count_exposures(complete: Res<Complete>, mut cameras: Query<(&Camera, &mut Exposures)>) {
    if complete.0.load(Ordering::Acquire) {
        for (camera, mut exposures) in &mut cameras {
            if camera.is_active && exposures.0 > 0 {
                exposures.0 -= 1;
            }
        }
    }
}

/// Something is still being drawn into a texture, or waits for it.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drawing(pub bool);

/// Switches cameras on and off. While one is on or a picture waits, the next frame follows at once.
fn switch(
    queue: Res<DrawQueue>,
    mut cameras: Query<(&mut Camera, &Exposures)>,
    mut drawing: ResMut<Drawing>,
    wishes: Res<Wishes>,
) {
    let mut busy = !queue.is_empty();
    for (mut camera, exposures) in &mut cameras {
        let on = exposures.0 > 0;
        if camera.is_active != on {
            camera.is_active = on;
        }
        busy |= on;
    }
    drawing.set_if_neq(Drawing(busy));
    if busy {
        wishes.note(std::time::Duration::ZERO);
    }
}

/// Adds the easels.
pub(super) fn plugin(app: &mut App) {
    let complete = Complete::default();
    if let Some(render) = app.get_sub_app_mut(RenderApp) {
        render
            .insert_resource(complete.clone())
            .add_systems(Render, tell_completeness.in_set(RenderSystems::Cleanup));
    }
    app.init_resource::<DrawQueue>()
        .init_resource::<Drawing>()
        .insert_resource(complete)
        .add_systems(Startup, set_up.after(super::make_quad))
        .add_systems(
            PostUpdate,
            (
                count_exposures.before(super::CosmosSystems::Order),
                (serve, switch).chain().in_set(super::CosmosSystems::Draw),
            ),
        );
}
