//! Every known person's planet, drawn once into a texture that the panels use as avatar.

use std::collections::HashMap;
use std::sync::Mutex;

use bevy::asset::{Assets, Handle};
use bevy::image::Image;
use bevy::math::Vec3;
use bevy::prelude::*;
use bevy::window::PrimaryWindow;
use bevy_egui::{EguiTextureHandle, EguiUserTextures, egui};

use super::draw::{DrawJob, DrawQueue, planet_texture};
use super::traits::PlanetTraits;

/// Side of an avatar's texture in points.
const SIDE_POINTS: f32 = 96.0;
/// How many avatars are kept. Beyond it, the one not asked for the longest gives up its texture.
const MAX_AVATARS: usize = 256;
/// Light falls on avatars from the upper left, as on every icon.
const LIGHT: Vec3 = Vec3::new(-0.52, -0.50, 0.69);
/// A hair of room for the soft edge of a planet without rings.
const PLAIN_EXTENT: f32 = 1.03;
/// Rings reach into the square of an avatar as far as this, in planet radii.
const RINGED_EXTENT: f32 = 1.42;

struct Avatar {
    image: Handle<Image>,
    texture: egui::TextureId,
    ready: bool,
    last_used: u64,
}

/// The avatars. Asking for one that is not there yet orders it for one of the next frames.
#[derive(Resource, Default)]
pub struct AvatarStore {
    avatars: HashMap<[u8; 32], Avatar>,
    /// Keys asked for in this frame. A lock because panels hold the store by shared reference.
    asked: Mutex<Vec<[u8; 32]>>,
    frame: u64,
    scale: f32,
}

impl AvatarStore {
    /// Texture and part of it with the planet of `key`, once it is drawn.
    #[must_use]
    pub fn get(&self, key: [u8; 32]) -> Option<(egui::TextureId, egui::Rect)> {
        if let Ok(mut asked) = self.asked.lock()
            && !asked.contains(&key)
        {
            asked.push(key);
        }
        let avatar = self.avatars.get(&key).filter(|avatar| avatar.ready)?;
        Some((
            avatar.texture,
            egui::Rect::from_min_max(egui::Pos2::ZERO, egui::pos2(1.0, 1.0)),
        ))
    }

    /// Whether everything asked for so far has been drawn.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.avatars.values().all(|avatar| avatar.ready) && self.asked.lock().is_ok_and(|asked| asked.is_empty())
    }

    fn forget_oldest(&mut self, textures: &mut EguiUserTextures) {
        let oldest = self
            .avatars
            .iter()
            .min_by_key(|(_, avatar)| avatar.last_used)
            .map(|(key, _)| *key);
        if let Some(avatar) = oldest.and_then(|key| self.avatars.remove(&key)) {
            textures.remove_image(&avatar.image);
        }
    }
}

impl orrery_ui::view::Avatars for AvatarStore {
    fn planet(&self, peer: orrery_ui::view::PeerKey) -> Option<(egui::TextureId, egui::Rect)> {
        self.get(peer.0)
    }
}

/// Orders what was asked for, and notes what has been drawn.
fn serve(
    mut store: ResMut<AvatarStore>,
    mut queue: ResMut<DrawQueue>,
    mut images: ResMut<Assets<Image>>,
    mut textures: ResMut<EguiUserTextures>,
    window: Query<&Window, With<PrimaryWindow>>,
) {
    let store = &mut *store;
    for done in queue.take_done() {
        if let Some(avatar) = store.avatars.values_mut().find(|avatar| avatar.image == done) {
            avatar.ready = true;
        }
    }
    let scale = window.single().map_or(1.0, Window::scale_factor).clamp(1.0, 3.0);
    if (scale - store.scale).abs() > 0.01 {
        // Another monitor: all are drawn anew at its resolution.
        for (_, avatar) in store.avatars.drain() {
            textures.remove_image(&avatar.image);
        }
        store.scale = scale;
    }
    store.frame += 1;
    let asked = store.asked.get_mut().map(std::mem::take).unwrap_or_default();
    for key in asked {
        if let Some(avatar) = store.avatars.get_mut(&key) {
            avatar.last_used = store.frame;
            continue;
        }
        if store.avatars.len() >= MAX_AVATARS {
            store.forget_oldest(&mut textures);
        }
        let side = (SIDE_POINTS * scale).round();
        let image = images.add(planet_texture(side as u32));
        let texture = textures.add_image(EguiTextureHandle::Strong(image.clone()));
        let traits = PlanetTraits::of(&key);
        let extent = if traits.rings.is_some() {
            RINGED_EXTENT
        } else {
            PLAIN_EXTENT
        };
        let mut uniform = traits.uniform(LIGHT, 0.0, extent, side / 2.0 / extent);
        // Avatars are shown at a third of their size: an edge twice as soft stays smooth there.
        uniform.state.y *= 0.5;
        queue.push(DrawJob {
            target: image.clone(),
            uniform,
        });
        store.avatars.insert(
            key,
            Avatar {
                image,
                texture,
                ready: false,
                last_used: store.frame,
            },
        );
    }
}

/// Adds the avatars.
pub(super) fn plugin(app: &mut App) {
    app.init_resource::<AvatarStore>()
        .add_systems(PostUpdate, serve.in_set(super::CosmosSystems::Order));
}
