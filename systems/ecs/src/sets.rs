//! The order of one frame.

use bevy_ecs::schedule::SystemSet;

/// What touches the link.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkSystems {
    /// `PreUpdate`: takes events off the lane.
    Drain,
    /// `PreUpdate`: looks at the gauges.
    Sample,
    /// `PreUpdate`: turns both into entities.
    Apply,
    /// `PostUpdate`: sends commands.
    Flush,
}

/// What the program does with it.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AppSystems {
    /// `Update`: counts and orders that follow from entities.
    Derive,
    /// `PostUpdate`: turns what the person did into commands.
    Decide,
}
