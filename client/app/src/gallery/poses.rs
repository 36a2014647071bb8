//! One picture of the gallery.

use bevy::math::Vec2;
use orrery_ui::layout::PlanetPlacement;
use orrery_ui::view::{
    BannerView, IncomingCallView, Meters, Namesake, PeerKey, PlateStatus, PlateView, QualityView, ScreenView, ToastView,
};

use super::hand::Act;
use crate::cosmos::level::LIT;
use crate::cosmos::{Body, ShownLevels};

/// A screen in one state.
pub(super) struct Pose {
    pub(super) name: String,
    pub(super) screen: ScreenView,
    pub(super) incoming: Option<IncomingCallView>,
    pub(super) banner: Option<BannerView>,
    pub(super) toasts: Vec<ToastView>,
    pub(super) meters: Meters,
    pub(super) quality: QualityView,
    pub(super) persons: Vec<Person>,
    pub(super) room: Option<[u8; 32]>,
    pub(super) calm: bool,
    /// What a person does on it before it looks as it should.
    pub(super) acts: Vec<Act>,
}

impl Pose {
    pub(super) fn new(name: &str, screen: ScreenView) -> Self {
        let calm = matches!(screen, ScreenView::Home(_));
        Self {
            name: name.into(),
            screen,
            incoming: None,
            banner: None,
            toasts: Vec::new(),
            meters: Meters::default(),
            quality: QualityView::default(),
            persons: Vec::new(),
            room: None,
            calm,
            acts: Vec::new(),
        }
    }

    /// The same after somebody did this.
    pub(super) fn after(self, acts: &[Act]) -> Self {
        Self {
            acts: acts.iter().copied().chain([Act::Leave]).collect(),
            ..self
        }
    }
}

/// Somebody in a sample call.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) key: PeerKey,
    pub(super) name: String,
    pub(super) me: bool,
    pub(super) level: f32,
    pub(super) muted: bool,
    pub(super) deafened: bool,
    pub(super) connecting: bool,
    pub(super) fray: f32,
    pub(super) volume: u16,
    pub(super) silenced: bool,
    pub(super) echo: bool,
    pub(super) status: PlateStatus,
    pub(super) verified: bool,
    pub(super) namesake: Option<Namesake>,
}

impl Person {
    pub(super) fn new(key: PeerKey, name: &str) -> Self {
        Self {
            key,
            name: name.into(),
            me: false,
            level: 0.0,
            muted: false,
            deafened: false,
            connecting: false,
            fray: 0.0,
            volume: 100,
            silenced: false,
            echo: false,
            status: PlateStatus::None,
            verified: false,
            namesake: None,
        }
    }

    pub(super) fn body(&self, at: &PlanetPlacement) -> Body {
        Body {
            key: self.key.0,
            centre: Vec2::new(at.center.x, at.center.y),
            radius: at.radius,
            orbit_centre: Vec2::new(at.orbit.center.x, at.orbit.center.y),
            orbit: Vec2::new(at.orbit.rx, at.orbit.ry),
            phase: (at.phase / std::f32::consts::TAU).rem_euclid(1.0),
            level: self.level,
            muted: self.muted,
            deafened: self.deafened,
            connecting: self.connecting,
            fray: self.fray,
            pointed: false,
        }
    }

    pub(super) fn plate(&self, at: &PlanetPlacement, levels: &ShownLevels) -> PlateView {
        PlateView {
            peer: self.key,
            me: self.me,
            name: self.name.clone(),
            verified: self.verified,
            namesake: self.namesake.clone(),
            center: at.center,
            radius: at.radius,
            speaking: levels.0.get(&self.key.0).is_some_and(|level| *level > LIT),
            muted: self.muted,
            deafened: self.deafened,
            volume: self.volume,
            silenced: self.silenced,
            echo: self.echo,
            status: self.status,
        }
    }
}
