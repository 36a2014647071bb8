//! What the scene is told, by presenters and by the gallery alike. The scene knows neither entities nor panels.

use bevy::math::{Rect, Vec2};
use bevy::prelude::Resource;

/// What the sky and the orrery are to show. Written before the scene's systems run, any time it changes.
#[derive(Resource, Clone, Debug, Default, PartialEq)]
pub struct SceneInput {
    /// Whose hue tints the nebula: the other one of an open conversation.
    pub room: Option<[u8; 32]>,
    /// A call is shown: the sky is at its richest, planets circle.
    pub call: Option<CallScene>,
    /// Text is being read in front of the sky: it is calmer.
    pub calm: bool,
    /// Nothing moves that need not.
    pub reduced_motion: bool,
    /// Rectangles of the translucent panels, in points.
    pub panes: Vec<Rect>,
}

/// A call, as planets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallScene {
    /// The part of the window in which it is drawn, in points.
    pub stage: Rect,
    /// Everyone in it.
    pub bodies: Vec<Body>,
}

/// One participant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    /// Identity key.
    pub key: [u8; 32],
    /// Middle of the planet, in points.
    pub centre: Vec2,
    /// Radius of the planet, in points.
    pub radius: f32,
    /// Middle of the orbit, in points.
    pub orbit_centre: Vec2,
    /// Half axes of the orbit, in points.
    pub orbit: Vec2,
    /// Where on the orbit the planet is, 0..1 of a turn, counted from the right, clockwise on screen.
    pub phase: f32,
    /// Loudness 0..1 as measured, not smoothed.
    pub level: f32,
    /// Sends no sound.
    pub muted: bool,
    /// Hears no sound.
    pub deafened: bool,
    /// Is not connected yet.
    pub connecting: bool,
    /// How bad the link is: 0 good, 1 gone.
    pub fray: f32,
    /// The pointer or the keyboard is on it.
    pub pointed: bool,
}
