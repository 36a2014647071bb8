//! From a stable id to its entity.

use std::{collections::HashMap, hash::Hash};

use bevy_ecs::{
    component::Component, entity::Entity, lifecycle::HookContext, resource::Resource, world::DeferredWorld,
};

/// Where every id of one kind lives. Kept by the hooks of an immutable id component, so it cannot drift.
#[derive(Resource, Debug)]
pub struct Index<K: Copy + Eq + Hash + Send + Sync + 'static>(HashMap<K, Entity>);

impl<K: Copy + Eq + Hash + Send + Sync + 'static> Default for Index<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Copy + Eq + Hash + Send + Sync + 'static> Index<K> {
    /// The entity of an id.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<Entity> {
        self.0.get(key).copied()
    }

    /// All ids and their entities, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, Entity)> {
        self.0.iter().map(|(key, entity)| (key, *entity))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// An id component that an [`Index`] is kept for.
pub trait Key: Component {
    /// The id.
    type Id: Copy + Eq + Hash + Send + Sync + 'static;
    /// Reads it.
    fn id(&self) -> Self::Id;
}

/// `on_insert` hook of a key component.
pub fn enter<C: Key>(mut world: DeferredWorld<'_>, context: HookContext) {
    let Some(id) = world.get::<C>(context.entity).map(Key::id) else {
        return;
    };
    if let Some(mut index) = world.get_resource_mut::<Index<C::Id>>() {
        index.0.insert(id, context.entity);
    }
}

/// `on_discard` hook of a key component.
pub fn leave<C: Key>(mut world: DeferredWorld<'_>, context: HookContext) {
    let Some(id) = world.get::<C>(context.entity).map(Key::id) else {
        return;
    };
    if let Some(mut index) = world.get_resource_mut::<Index<C::Id>>()
        && index.get(&id) == Some(context.entity)
    {
        index.0.remove(&id);
    }
}
