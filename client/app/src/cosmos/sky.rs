//! The sky: a nebula in a small texture, under stars and glass.
//!
//! With a GPU the nebula is drawn four times a second and the sky every frame. Without one (or when nothing may move) the
//! whole sky is drawn once into a texture of the window's size, and again only when the window, the room or the glass change.

use bevy::asset::{Assets, Handle};
use bevy::camera::{RenderTarget, ScalingMode, visibility::RenderLayers};
use bevy::image::Image;
use bevy::math::{Rect, Vec4};
use bevy::prelude::*;
use bevy::render::render_resource::TextureFormat;
use bevy::window::PrimaryWindow;

use super::draw::Exposures;
use super::material::{MAX_PANES, NebulaMaterial, NebulaUniform, SkyMaterial, SkyUniform, StillMaterial, StillUniform};
use super::traits::PlanetTraits;
use super::{SceneClock, SceneInput, UnitQuad};
use crate::quality::Quality;
use crate::redraw::Wishes;

/// Height of the nebula's texture in pixels; its width follows the window.
const NEBULA_HEIGHT: u32 = 288;
/// The nebula is drawn this much wider than the window, so that it can drift.
const MARGIN: f32 = 1.14;
/// Time between two drawings of the nebula, seconds.
const NEBULA_EVERY_S: f64 = 0.25;
/// How long a change of room takes to tint the sky to 63 %, seconds.
const TINT_S: f32 = 2.2;
/// A window that is being resized gets its cached sky when it has been still for so long, seconds.
const SETTLE_S: f64 = 0.12;
/// How much light glass takes from what lies behind it.
const UNDER_GLASS: f32 = 0.18;

const NEBULA_LAYER: usize = 1;
const SKY_LAYER: usize = 2;

/// What the sky depends on apart from time.
#[derive(Clone, Debug, Default, PartialEq)]
struct Mood {
    hue: f32,
    strength: f32,
    intensity: f32,
}

impl Mood {
    fn wanted(input: &SceneInput) -> Self {
        let hue = input.room.map(|key| PlanetTraits::of(&key).hue);
        Self {
            hue: hue.unwrap_or(0.66),
            strength: if hue.is_some() { 0.75 } else { 0.0 },
            intensity: if input.calm { 0.72 } else { 1.0 },
        }
    }

    /// One step towards `to`; hue goes the short way round.
    fn approach(&mut self, to: &Self, share: f32) {
        if self.strength < 0.02 {
            self.hue = to.hue;
        }
        let arc = (to.hue - self.hue + 0.5).rem_euclid(1.0) - 0.5;
        self.hue = (self.hue + arc * share).rem_euclid(1.0);
        self.strength += (to.strength - self.strength) * share;
        self.intensity += (to.intensity - self.intensity) * share;
    }
}

/// What the cached sky was drawn for.
#[derive(Clone, Debug, Default, PartialEq)]
struct Stamp {
    size: UVec2,
    scale: f32,
    panes: Vec<Rect>,
    mood: Mood,
}

/// The sky's textures, materials and state.
#[derive(Resource)]
struct Sky {
    nebula_image: Handle<Image>,
    nebula: Handle<NebulaMaterial>,
    nebula_camera: Entity,
    sky: Handle<SkyMaterial>,
    sky_camera: Entity,
    cache: Handle<Image>,
    live: Entity,
    cached: Entity,
    mood: Mood,
    nebula_at_s: f64,
    nebula_size: UVec2,
    drawn: Option<Stamp>,
    changing: Option<(Stamp, f64)>,
}

#[derive(Component)]
struct SkyQuad;

fn image_camera(order: isize, layer: usize, target: &Handle<Image>) -> impl Bundle {
    (
        Camera2d,
        Camera {
            order,
            is_active: false,
            clear_color: Color::BLACK.into(),
            ..default()
        },
        RenderTarget::Image(target.clone().into()),
        Projection::Orthographic(OrthographicProjection {
            scaling_mode: ScalingMode::Fixed {
                width: 1.0,
                height: 1.0,
            },
            ..OrthographicProjection::default_2d()
        }),
        Msaa::Off,
        Exposures(0),
        RenderLayers::layer(layer),
    )
}

fn set_up(
    mut commands: Commands,
    quad: Res<UnitQuad>,
    mut images: ResMut<Assets<Image>>,
    mut nebulas: ResMut<Assets<NebulaMaterial>>,
    mut skies: ResMut<Assets<SkyMaterial>>,
    mut stills: ResMut<Assets<StillMaterial>>,
) {
    let nebula_image = images.add(Image::new_target_texture(
        512,
        NEBULA_HEIGHT,
        TextureFormat::Rgba16Float,
        None,
    ));
    let cache = images.add(Image::new_target_texture(64, 64, TextureFormat::Rgba8Unorm, None));
    let nebula = nebulas.add(NebulaMaterial {
        uniform: NebulaUniform::default(),
    });
    let sky = skies.add(SkyMaterial {
        uniform: SkyUniform::default(),
        nebula: nebula_image.clone(),
    });
    let still = stills.add(StillMaterial {
        uniform: StillUniform {
            state: Vec4::new(0.0, 1.0, 0.0, 0.0),
        },
        picture: cache.clone(),
        whole: true,
    });

    let nebula_camera = commands.spawn(image_camera(-300, NEBULA_LAYER, &nebula_image)).id();
    let sky_camera = commands.spawn(image_camera(-200, SKY_LAYER, &cache)).id();
    let mesh = Mesh2d(quad.0.clone());
    commands.spawn((
        mesh.clone(),
        MeshMaterial2d(nebula.clone()),
        RenderLayers::layer(NEBULA_LAYER),
    ));
    commands.spawn((
        mesh.clone(),
        MeshMaterial2d(sky.clone()),
        RenderLayers::layer(SKY_LAYER),
    ));
    let live = commands
        .spawn((mesh.clone(), MeshMaterial2d(sky.clone()), SkyQuad, Visibility::Hidden))
        .id();
    let cached = commands
        .spawn((mesh, MeshMaterial2d(still), SkyQuad, Visibility::Hidden))
        .id();
    commands.insert_resource(Sky {
        nebula_image,
        nebula,
        nebula_camera,
        sky,
        sky_camera,
        cache,
        live,
        cached,
        mood: Mood::wanted(&SceneInput::default()),
        nebula_at_s: f64::NEG_INFINITY,
        nebula_size: UVec2::ZERO,
        drawn: None,
        changing: None,
    });
}

fn panes_px(panes: &[Rect], scale: f32) -> [Vec4; MAX_PANES] {
    let mut out = [Vec4::ZERO; MAX_PANES];
    for (slot, pane) in out.iter_mut().zip(panes) {
        *slot = Vec4::new(pane.min.x, pane.min.y, pane.max.x, pane.max.y) * scale;
    }
    out
}

#[expect(clippy::too_many_arguments, reason = "one system moves the whole sky")]
fn move_sky(
    input: Res<SceneInput>,
    clock: Res<SceneClock>,
    quality: Res<Quality>,
    mut sky: ResMut<Sky>,
    mut images: ResMut<Assets<Image>>,
    mut nebulas: ResMut<Assets<NebulaMaterial>>,
    mut skies: ResMut<Assets<SkyMaterial>>,
    mut stills: ResMut<Assets<StillMaterial>>,
    still: Query<&MeshMaterial2d<StillMaterial>, With<SkyQuad>>,
    mut exposures: Query<&mut Exposures>,
    mut quads: Query<(&mut Transform, &mut Visibility), With<SkyQuad>>,
    window: Query<&Window, With<PrimaryWindow>>,
) {
    let Ok(window) = window.single() else { return };
    let size = window.physical_size().max(UVec2::ONE);
    let logical = window.size();
    let sky = &mut *sky;
    let stands_still = *quality == Quality::Low || input.reduced_motion;

    let wanted = Mood::wanted(&input);
    if stands_still {
        sky.mood = wanted;
    } else {
        let share = 1.0 - (-clock.delta_s / TINT_S).exp();
        sky.mood.approach(&wanted, share);
    }
    let stamp = Stamp {
        size,
        scale: window.scale_factor(),
        panes: input.panes.clone(),
        mood: sky.mood.clone(),
    };

    // The nebula's texture has the window's shape.
    let aspect = size.x as f32 / size.y as f32;
    let nebula_size = UVec2::new(
        (NEBULA_HEIGHT as f32 * aspect).round().clamp(64.0, 2048.0) as u32,
        NEBULA_HEIGHT,
    );
    if nebula_size != sky.nebula_size {
        resize(&mut images, &sky.nebula_image, nebula_size);
        sky.nebula_size = nebula_size;
        sky.nebula_at_s = f64::NEG_INFINITY;
    }

    let draw_cache = stands_still && needs_cache(sky, &stamp, clock.now_s);
    let draw_nebula = if stands_still {
        draw_cache
    } else {
        clock.now_s - sky.nebula_at_s >= NEBULA_EVERY_S
    };
    if draw_nebula {
        sky.nebula_at_s = clock.now_s;
        if let Some(mut material) = nebulas.get_mut(&sky.nebula) {
            material.uniform.tint = Vec4::new(
                sky.mood.hue,
                sky.mood.strength,
                sky.mood.intensity,
                clock.motion_s as f32,
            );
            material.uniform.frame = Vec4::new(aspect, MARGIN, 8.0, 6.0);
        }
        if let Ok(mut exposures) = exposures.get_mut(sky.nebula_camera) {
            exposures.0 = 1;
        }
        if draw_cache {
            if sky.drawn.as_ref().is_none_or(|drawn| drawn.size != size) {
                resize(&mut images, &sky.cache, size);
                // A bind group keeps the old texture until its material changes.
                for material in &still {
                    if let Some(mut still) = stills.get_mut(&material.0) {
                        still.uniform.state = Vec4::new(0.0, 1.0, 0.0, 0.0);
                    }
                }
            }
            if let Ok(mut exposures) = exposures.get_mut(sky.sky_camera) {
                exposures.0 = 1;
            }
            sky.drawn = Some(stamp);
            sky.changing = None;
        }
    }
    if (!stands_still || draw_cache)
        && let Some(mut material) = skies.get_mut(&sky.sky)
    {
        let t = clock.motion_s;
        let drift = Vec2::new((t * 0.011).sin() as f32, (t * 0.0077).cos() as f32) * 0.035;
        let panes = panes_px(&input.panes, window.scale_factor());
        material.uniform = SkyUniform {
            frame: Vec4::new(size.x as f32, size.y as f32, window.scale_factor(), (t % 4096.0) as f32),
            drift: Vec4::new(drift.x, drift.y, if input.calm { 0.80 } else { 1.0 }, MARGIN),
            glass: Vec4::new(input.panes.len().min(MAX_PANES) as f32, UNDER_GLASS, 0.0, 0.0),
            panes,
        };
    }

    for (entity, shown) in [
        (sky.live, !stands_still),
        (sky.cached, stands_still && sky.drawn.is_some()),
    ] {
        if let Ok((mut transform, mut visibility)) = quads.get_mut(entity) {
            let scale = logical.extend(1.0);
            if transform.scale != scale {
                transform.scale = scale;
            }
            visibility.set_if_neq(if shown {
                Visibility::Inherited
            } else {
                Visibility::Hidden
            });
        }
    }
}

/// Whether the cached sky has to be drawn now: at once when there is none, else when the wish has stood still for a moment.
fn needs_cache(sky: &mut Sky, stamp: &Stamp, now_s: f64) -> bool {
    let Some(drawn) = &sky.drawn else { return true };
    if drawn == stamp {
        sky.changing = None;
        return false;
    }
    match &sky.changing {
        Some((wish, since)) if wish == stamp => now_s - since >= SETTLE_S,
        _ => {
            sky.changing = Some((stamp.clone(), now_s));
            false
        }
    }
}

/// The cached sky waits to be drawn: the next frame must come without an event.
#[must_use]
fn is_changing(sky: Option<Res<Sky>>) -> bool {
    sky.is_some_and(|sky| sky.changing.is_some())
}

fn ask_for_frames(wishes: Res<Wishes>) {
    wishes.note(std::time::Duration::ZERO);
}

fn resize(images: &mut Assets<Image>, image: &Handle<Image>, size: UVec2) {
    if let Some(mut image) = images.get_mut(image) {
        image.resize(bevy::render::render_resource::Extent3d {
            width: size.x,
            height: size.y,
            depth_or_array_layers: 1,
        });
    }
}

/// Adds the sky.
pub(super) fn plugin(app: &mut App) {
    app.add_systems(Startup, set_up.after(super::make_quad)).add_systems(
        PostUpdate,
        (move_sky, ask_for_frames.run_if(is_changing))
            .chain()
            .in_set(super::CosmosSystems::Order),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hue_takes_the_short_way_round() {
        let mut mood = Mood {
            hue: 0.95,
            strength: 1.0,
            intensity: 1.0,
        };
        mood.approach(
            &Mood {
                hue: 0.05,
                strength: 1.0,
                intensity: 1.0,
            },
            0.5,
        );
        assert!(mood.hue > 0.99 || mood.hue < 0.01, "{}", mood.hue);
    }

    #[test]
    fn an_untinted_sky_takes_the_new_hue_at_once_and_fades_in() {
        let mut mood = Mood {
            hue: 0.66,
            strength: 0.0,
            intensity: 1.0,
        };
        mood.approach(
            &Mood {
                hue: 0.1,
                strength: 0.75,
                intensity: 1.0,
            },
            0.1,
        );
        assert_eq!(mood.hue, 0.1);
        assert!(mood.strength < 0.1);
    }
}
