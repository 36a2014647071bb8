//! A call as an orrery: planets on their orbits around a soft light, with coronas that burn with the voices.

use std::collections::HashMap;

use bevy::asset::{Assets, Handle};
use bevy::image::Image;
use bevy::math::{Vec3, Vec4};
use bevy::mesh::Mesh;
use bevy::prelude::*;
use bevy::window::PrimaryWindow;

use super::draw::{DrawJob, DrawQueue, planet_texture};
use super::level::follow;
use super::material::{
    CoronaMaterial, CoronaUniform, OrbitMaterial, OrbitUniform, PlanetMaterial, StillMaterial, StillUniform,
    SunMaterial, SunUniform,
};
use super::traits::PlanetTraits;
use super::{Body, CallScene, SceneClock, SceneInput, UnitQuad, ribbon};
use crate::quality::Quality;

/// Reach of a corona in planet radii with a voice …
const CORONA_EXTENT: f32 = 2.7;
/// … and without one: only rings and marks.
const QUIET_EXTENT: f32 = 1.45;
/// Width of an orbit's ribbon in points while the link is good …
const LINE_POINTS: f32 = 4.0;
/// … and while it frays.
const FRAYED_POINTS: f32 = 20.0;
/// From here on an orbit is drawn as frayed.
const FRAYS: f32 = 0.02;
/// A cached planet is drawn again when the light on it has turned by more than this (cosine of about 3.5 degrees) …
const LIGHT_TURNED: f32 = 0.998;
/// … or its size has changed by more than this share.
const SIZE_CHANGED: f32 = 0.03;
/// Time over which a mark (muted, deafened …) comes and goes to 63 %, seconds.
const MARK_S: f32 = 0.09;

/// The levels as they are shown now: smoothed, by identity key. Measured by the demo, read by plates.
#[derive(Resource, Clone, Debug, Default)]
pub struct ShownLevels(pub HashMap<[u8; 32], f32>);

/// A cached picture of a planet, and what it was drawn for.
struct Sprite {
    image: Handle<Image>,
    light: Vec3,
    side: u32,
}

/// Everything that draws one participant.
struct Actor {
    traits: PlanetTraits,
    seed: f32,
    level: f32,
    marks: Vec4,
    fray: f32,
    planet: Entity,
    planet_material: Handle<PlanetMaterial>,
    sprite_quad: Entity,
    sprite_material: Handle<StillMaterial>,
    sprite: Option<Sprite>,
    corona: Entity,
    corona_material: Handle<CoronaMaterial>,
    orbit: Entity,
    orbit_material: Handle<OrbitMaterial>,
    orbit_shape: (Vec2, f32),
}

impl Actor {
    fn entities(&self) -> [Entity; 4] {
        [self.planet, self.sprite_quad, self.corona, self.orbit]
    }
}

/// All participants now drawn, and the light between them.
#[derive(Resource, Default)]
struct Orrery {
    actors: HashMap<[u8; 32], Actor>,
    sun: Option<(Entity, Handle<SunMaterial>)>,
}

/// The material stores of the scene, as one parameter.
#[derive(bevy::ecs::system::SystemParam)]
struct Stores<'w> {
    meshes: ResMut<'w, Assets<Mesh>>,
    images: ResMut<'w, Assets<Image>>,
    planets: ResMut<'w, Assets<PlanetMaterial>>,
    stills: ResMut<'w, Assets<StillMaterial>>,
    coronas: ResMut<'w, Assets<CoronaMaterial>>,
    orbits: ResMut<'w, Assets<OrbitMaterial>>,
    suns: ResMut<'w, Assets<SunMaterial>>,
    queue: ResMut<'w, DrawQueue>,
}

fn colour(c: bevy_egui::egui::Color32, w: f32) -> Vec4 {
    let [r, g, b, _] = c.to_array();
    Vec4::new(f32::from(r) / 255.0, f32::from(g) / 255.0, f32::from(b) / 255.0, w)
}

/// Where a point of the window lies in the world of the window's camera: middle is 0, y goes up.
struct Frame {
    size: Vec2,
    scale: f32,
}

impl Frame {
    fn world(&self, point: Vec2, z: f32) -> Vec3 {
        Vec3::new(point.x - self.size.x / 2.0, self.size.y / 2.0 - point.y, z)
    }
}

fn raise(commands: &mut Commands, stores: &mut Stores, quad: &Handle<Mesh>, body: &Body, plain: bool) -> Actor {
    let traits = PlanetTraits::of(&body.key);
    let planet_material = stores.planets.add(PlanetMaterial {
        uniform: traits.uniform(Vec3::Z, 0.0, traits.extent(), body.radius),
    });
    let sprite_material = stores.stills.add(StillMaterial {
        uniform: StillUniform::default(),
        picture: Handle::default(),
        whole: false,
    });
    let corona_material = stores.coronas.add(CoronaMaterial {
        uniform: CoronaUniform::default(),
        plain,
    });
    let orbit_material = stores.orbits.add(OrbitMaterial {
        uniform: OrbitUniform::default(),
        even: true,
    });
    let hidden = Visibility::Hidden;
    let planet = commands
        .spawn((Mesh2d(quad.clone()), MeshMaterial2d(planet_material.clone()), hidden))
        .id();
    let sprite_quad = commands
        .spawn((Mesh2d(quad.clone()), MeshMaterial2d(sprite_material.clone()), hidden))
        .id();
    let corona = commands
        .spawn((Mesh2d(quad.clone()), MeshMaterial2d(corona_material.clone()), hidden))
        .id();
    let orbit = commands.spawn((MeshMaterial2d(orbit_material.clone()), hidden)).id();
    Actor {
        // Any number does, as long as two people's flames differ.
        seed: traits.hue * 61.0 + 3.0,
        traits,
        level: 0.0,
        marks: marks_of(body),
        fray: body.fray,
        planet,
        planet_material,
        sprite_quad,
        sprite_material,
        sprite: None,
        corona,
        corona_material,
        orbit,
        orbit_material,
        orbit_shape: (Vec2::ZERO, 0.0),
    }
}

fn marks_of(body: &Body) -> Vec4 {
    let on = |b: bool| f32::from(u8::from(b));
    Vec4::new(on(body.muted), on(body.deafened), on(body.connecting), on(body.pointed))
}

#[expect(clippy::too_many_arguments, reason = "one system moves the whole orrery")]
fn move_orrery(
    mut commands: Commands,
    input: Res<SceneInput>,
    clock: Res<SceneClock>,
    quality: Res<Quality>,
    quad: Res<UnitQuad>,
    mut orrery: ResMut<Orrery>,
    mut shown: ResMut<ShownLevels>,
    mut stores: Stores,
    mut placed: Placed<'_, '_>,
    window: Query<&Window, With<PrimaryWindow>>,
) {
    let orrery = &mut *orrery;
    let Some(call) = &input.call else {
        clear(&mut commands, orrery, &mut shown);
        return;
    };
    let Ok(window) = window.single() else { return };
    let frame = Frame {
        size: window.size(),
        scale: window.scale_factor(),
    };
    let low = *quality == Quality::Low;
    if quality.is_changed() {
        // What was made for the other quality is made anew.
        clear(&mut commands, orrery, &mut shown);
    }

    orrery.actors.retain(|key, actor| {
        let stays = call.bodies.iter().any(|body| body.key == *key);
        if !stays {
            for entity in actor.entities() {
                commands.entity(entity).despawn();
            }
            shown.0.remove(key);
        }
        stays
    });

    let mut voices = 0.0_f32;
    let share = 1.0 - (-clock.delta_s / MARK_S).exp();
    for (n, body) in call.bodies.iter().enumerate() {
        let actor = orrery
            .actors
            .entry(body.key)
            .or_insert_with(|| raise(&mut commands, &mut stores, &quad.0, body, low));
        let heard = if body.muted || body.connecting { 0.0 } else { body.level };
        actor.level = follow(actor.level, heard, clock.delta_s);
        let share = if input.reduced_motion { 1.0 } else { share };
        actor.marks += (marks_of(body) - actor.marks) * share;
        actor.fray += (body.fray.clamp(0.0, 1.0) - actor.fray) * (share * 0.4);
        shown.0.insert(body.key, actor.level);
        voices = voices.max(actor.level);

        let z = 3.0 + n as f32 * 0.02;
        let light = light_on(body, call);
        if low {
            place_sprite(actor, body, light, &frame, z, &mut stores, &mut placed);
        } else {
            place_planet(actor, body, light, &frame, z, &clock, &mut stores, &mut placed);
        }
        place_corona(actor, body, &frame, z + 0.01, &clock, &mut stores, &mut placed);
        let sharing = call.bodies.iter().filter(|other| same_orbit(other, body)).count();
        place_orbit(
            &mut commands,
            actor,
            body,
            // Where people stand in rows, ellipses through them would lead far out under the panels.
            if stays_within(body, call) { sharing } else { 0 },
            &frame,
            &clock,
            &mut stores,
            &mut placed,
        );
    }
    place_sun(
        &mut commands,
        orrery,
        call,
        voices,
        low,
        &frame,
        &clock,
        &quad.0,
        &mut stores,
        &mut placed,
    );
}

/// The whole orbit is on the stage.
fn stays_within(body: &Body, call: &CallScene) -> bool {
    let (left, right) = (body.orbit_centre.x - body.orbit.x, body.orbit_centre.x + body.orbit.x);
    left >= call.stage.min.x - 1.0 && right <= call.stage.max.x + 1.0
}

fn same_orbit(one: &Body, other: &Body) -> bool {
    one.orbit.abs_diff_eq(other.orbit, 1.0) && one.orbit_centre.abs_diff_eq(other.orbit_centre, 1.0)
}

fn clear(commands: &mut Commands, orrery: &mut Orrery, shown: &mut ShownLevels) {
    for (_, actor) in orrery.actors.drain() {
        for entity in actor.entities() {
            commands.entity(entity).despawn();
        }
    }
    if let Some((sun, _)) = orrery.sun.take() {
        commands.entity(sun).despawn();
    }
    if !shown.0.is_empty() {
        shown.0.clear();
    }
}

/// Light comes from the middle of the system, from somewhat in front of it.
fn light_on(body: &Body, call: &CallScene) -> Vec3 {
    let reach = (call.stage.height() * 0.32).max(1.0);
    let towards = (body.orbit_centre - body.centre) / reach;
    (towards.clamp_length_max(1.4) * 0.90).extend(0.80).normalize()
}

type Placed<'w, 's> = Query<'w, 's, (&'static mut Transform, &'static mut Visibility)>;

fn put(placed: &mut Placed<'_, '_>, entity: Entity, at: Vec3, size: Vec2) {
    if let Ok((mut transform, mut visibility)) = placed.get_mut(entity) {
        transform.set_if_neq(Transform {
            translation: at,
            scale: size.extend(1.0),
            ..default()
        });
        visibility.set_if_neq(Visibility::Inherited);
    }
}

fn hide(placed: &mut Placed<'_, '_>, entity: Entity) {
    if let Ok((_, mut visibility)) = placed.get_mut(entity) {
        visibility.set_if_neq(Visibility::Hidden);
    }
}

#[expect(clippy::too_many_arguments, reason = "a plain step of move_orrery")]
fn place_planet(
    actor: &mut Actor,
    body: &Body,
    light: Vec3,
    frame: &Frame,
    z: f32,
    clock: &SceneClock,
    stores: &mut Stores,
    placed: &mut Placed<'_, '_>,
) {
    let extent = actor.traits.extent();
    if let Some(mut material) = stores.planets.get_mut(&actor.planet_material) {
        let mut uniform = actor
            .traits
            .uniform(light, clock.motion_s as f32, extent, body.radius * frame.scale);
        uniform.state.z = dimming(actor.marks, body);
        material.uniform = uniform;
    }
    put(
        placed,
        actor.planet,
        frame.world(body.centre, z),
        Vec2::splat(2.0 * extent * body.radius),
    );
    hide(placed, actor.sprite_quad);
}

/// A muted planet has lost its colour; one that is still connecting, half of it.
fn dimming(marks: Vec4, body: &Body) -> f32 {
    let connecting = if body.connecting { 0.55 } else { 0.0 };
    marks.x.max(marks.y).max(connecting)
}

fn place_sprite(
    actor: &mut Actor,
    body: &Body,
    light: Vec3,
    frame: &Frame,
    z: f32,
    stores: &mut Stores,
    placed: &mut Placed<'_, '_>,
) {
    let extent = actor.traits.extent();
    let side = (2.0 * extent * body.radius * frame.scale).round().clamp(8.0, 2048.0) as u32;
    let stale = actor.sprite.as_ref().is_none_or(|sprite| {
        let grown = (side as f32 / sprite.side as f32 - 1.0).abs();
        sprite.light.dot(light) < LIGHT_TURNED || grown > SIZE_CHANGED
    });
    // Somebody new is drawn as soon as may be; of the others one a frame at most, the rest keep theirs a little longer.
    if stale && (actor.sprite.is_none() || stores.queue.is_empty()) {
        let image = match actor.sprite.take() {
            Some(sprite) if sprite.side == side => sprite.image,
            _ => stores.images.add(planet_texture(side)),
        };
        let uniform = actor.traits.uniform(light, 0.0, extent, side as f32 / 2.0 / extent);
        stores.queue.push(DrawJob {
            target: image.clone(),
            uniform,
        });
        actor.sprite = Some(Sprite { image, light, side });
    }
    let Some(sprite) = &actor.sprite else { return };
    if let Some(mut material) = stores.stills.get_mut(&actor.sprite_material) {
        material.picture = sprite.image.clone();
        material.uniform.state = Vec4::new(dimming(actor.marks, body), 1.0, 1.0, 0.0);
    }
    put(
        placed,
        actor.sprite_quad,
        frame.world(body.centre, z),
        Vec2::splat(2.0 * extent * body.radius),
    );
    hide(placed, actor.planet);
}

fn place_corona(
    actor: &mut Actor,
    body: &Body,
    frame: &Frame,
    z: f32,
    clock: &SceneClock,
    stores: &mut Stores,
    placed: &mut Placed<'_, '_>,
) {
    let extent = if actor.level > 0.0 { CORONA_EXTENT } else { QUIET_EXTENT };
    if let Some(mut material) = stores.coronas.get_mut(&actor.corona_material) {
        use orrery_ui::tokens;
        let time = (clock.motion_s % 4096.0) as f32;
        material.uniform = CoronaUniform {
            voice: Vec4::new(actor.level, time, actor.seed, extent),
            glow: actor.traits.air.extend(body.radius * frame.scale),
            marks: actor.marks,
            solar: colour(tokens::SOLAR, 0.0),
            giant: colour(tokens::GIANT, 0.0),
            ion: colour(tokens::ION, 0.0),
        };
    }
    put(
        placed,
        actor.corona,
        frame.world(body.centre, z),
        Vec2::splat(2.0 * extent * body.radius),
    );
}

#[expect(clippy::too_many_arguments, reason = "a plain step of move_orrery")]
fn place_orbit(
    commands: &mut Commands,
    actor: &mut Actor,
    body: &Body,
    // How many are on this orbit; none draws nothing.
    sharing: usize,
    frame: &Frame,
    clock: &SceneClock,
    stores: &mut Stores,
    placed: &mut Placed<'_, '_>,
) {
    let width = if actor.fray > FRAYS { FRAYED_POINTS } else { LINE_POINTS };
    let (axes, drawn_width) = actor.orbit_shape;
    if !axes.abs_diff_eq(body.orbit, 0.25) || drawn_width != width {
        actor.orbit_shape = (body.orbit, width);
        commands
            .entity(actor.orbit)
            .insert(Mesh2d(stores.meshes.add(ribbon::ellipse(body.orbit, width))));
    }
    if let Some(mut material) = stores.orbits.get_mut(&actor.orbit_material) {
        material.even = actor.fray <= FRAYS;
        // A line in pieces needs more light to be seen than a whole one.
        let brightness = match sharing {
            0 => 0.0,
            _ if actor.fray > FRAYS => 0.34 * (1.0 + actor.fray),
            _ => 0.34 * (1.0 + actor.fray) / sharing as f32,
        };
        material.uniform = OrbitUniform {
            colour: colour(orrery_ui::tokens::ORBIT, brightness),
            shape: Vec4::new(
                width * frame.scale,
                actor.fray,
                (clock.motion_s % 4096.0) as f32,
                body.phase,
            ),
        };
    }
    put(placed, actor.orbit, frame.world(body.orbit_centre, 1.0), Vec2::ONE);
}

#[expect(clippy::too_many_arguments, reason = "a plain step of move_orrery")]
fn place_sun(
    commands: &mut Commands,
    orrery: &mut Orrery,
    call: &CallScene,
    voices: f32,
    low: bool,
    frame: &Frame,
    clock: &SceneClock,
    quad: &Handle<Mesh>,
    stores: &mut Stores,
    placed: &mut Placed<'_, '_>,
) {
    let centre = call
        .bodies
        .first()
        .map_or(call.stage.center(), |body| body.orbit_centre);
    let side = call.stage.height().max(1.0) * if low { 0.5 } else { 0.8 };
    let (sun, material) = orrery.sun.get_or_insert_with(|| {
        let material = stores.suns.add(SunMaterial {
            uniform: SunUniform::default(),
        });
        let hidden = Visibility::Hidden;
        (
            commands
                .spawn((Mesh2d(quad.clone()), MeshMaterial2d(material.clone()), hidden))
                .id(),
            material,
        )
    });
    if let Some(mut material) = stores.suns.get_mut(&*material) {
        material.uniform = SunUniform {
            colour: colour(orrery_ui::tokens::SUN, 1.0),
            state: Vec4::new((clock.motion_s % 4096.0) as f32, side * frame.scale / 2.0, voices, 0.0),
        };
    }
    put(placed, *sun, frame.world(centre, 2.0), Vec2::splat(side));
}

/// Adds the orrery.
pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Orrery>()
        .init_resource::<ShownLevels>()
        .add_systems(PostUpdate, move_orrery.in_set(super::CosmosSystems::Order));
}
