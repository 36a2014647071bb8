//! The materials of the scene: one uniform and one shader each.

use bevy::asset::{Asset, Assets, Handle, uuid_handle};
use bevy::image::Image;
use bevy::math::Vec4;
use bevy::mesh::MeshVertexBufferLayoutRef;
use bevy::prelude::*;
use bevy::reflect::TypePath;
use bevy::render::render_resource::{
    AsBindGroup, BlendState, RenderPipelineDescriptor, ShaderType, SpecializedMeshPipelineError,
};
use bevy::shader::{Shader, ShaderRef};
use bevy::sprite_render::{AlphaMode2d, Material2d, Material2dKey, Material2dPlugin};
use orrery_shaders as shaders;

const NEBULA: Handle<Shader> = uuid_handle!("5b1f0f0a-52d5-4b0c-8a52-0f2f3c6a1e01");
const SKY: Handle<Shader> = uuid_handle!("5b1f0f0a-52d5-4b0c-8a52-0f2f3c6a1e02");
const PLANET: Handle<Shader> = uuid_handle!("5b1f0f0a-52d5-4b0c-8a52-0f2f3c6a1e03");
const CORONA: Handle<Shader> = uuid_handle!("5b1f0f0a-52d5-4b0c-8a52-0f2f3c6a1e04");
const ORBIT: Handle<Shader> = uuid_handle!("5b1f0f0a-52d5-4b0c-8a52-0f2f3c6a1e05");
const SUN: Handle<Shader> = uuid_handle!("5b1f0f0a-52d5-4b0c-8a52-0f2f3c6a1e06");
const STILL: Handle<Shader> = uuid_handle!("5b1f0f0a-52d5-4b0c-8a52-0f2f3c6a1e07");

/// How many panes of glass the sky knows. Further ones are simply not blurred under.
pub(crate) const MAX_PANES: usize = 8;

/// `nebula.wgsl`.
#[derive(Clone, Copy, Debug, Default, ShaderType)]
pub struct NebulaUniform {
    /// Hue, strength of the hue, intensity, time.
    pub tint: Vec4,
    /// Aspect, margin, samples, layers.
    pub frame: Vec4,
}

/// `sky.wgsl`.
#[derive(Clone, Copy, Debug, Default, ShaderType)]
pub struct SkyUniform {
    /// Size in pixels, pixels per point, time.
    pub frame: Vec4,
    /// Drift x, y, brightness of stars, margin of the nebula.
    pub drift: Vec4,
    /// Number of panes, darkness under them.
    pub glass: Vec4,
    /// Panes in pixels: left, top, right, bottom.
    pub panes: [Vec4; MAX_PANES],
}

/// `planet.wgsl`.
#[derive(Clone, Copy, Debug, Default, PartialEq, ShaderType)]
pub struct PlanetUniform {
    /// To the light; spin.
    pub light: Vec4,
    /// Lean (cos, sin), rings.
    pub axis: Vec4,
    /// Kind, coarseness, seeds.
    pub style: Vec4,
    /// Main colour, threshold.
    pub ground: Vec4,
    /// Second colour, clouds.
    pub upland: Vec4,
    /// Third colour, relief.
    pub lowland: Vec4,
    /// Air, its strength.
    pub air: Vec4,
    /// Extent, radius in pixels, dimming, opacity.
    pub state: Vec4,
    /// Samples, layers, scales of craters.
    pub detail: Vec4,
}

/// `corona.wgsl`.
#[derive(Clone, Copy, Debug, Default, ShaderType)]
pub struct CoronaUniform {
    /// Loudness, time, seed, extent.
    pub voice: Vec4,
    /// Quiet glow, radius in pixels.
    pub glow: Vec4,
    /// Muted, deafened, connecting, pointed at.
    pub marks: Vec4,
    /// Colour of a voice.
    pub solar: Vec4,
    /// Colour of mute.
    pub giant: Vec4,
    /// Colour of connecting.
    pub ion: Vec4,
}

/// `orbit.wgsl`.
#[derive(Clone, Copy, Debug, Default, ShaderType)]
pub struct OrbitUniform {
    /// Colour, brightness.
    pub colour: Vec4,
    /// Ribbon width, fraying, time, place of the planet.
    pub shape: Vec4,
}

/// `sun.wgsl`.
#[derive(Clone, Copy, Debug, Default, ShaderType)]
pub struct SunUniform {
    /// Colour, brightness.
    pub colour: Vec4,
    /// Time, radius, sum of the voices.
    pub state: Vec4,
}

/// `still.wgsl`.
#[derive(Clone, Copy, Debug, Default, ShaderType)]
pub struct StillUniform {
    /// Dimming, opacity, 1 where the texture decodes sRGB on sampling.
    pub state: Vec4,
}

fn premultiplied(descriptor: &mut RenderPipelineDescriptor) {
    if let Some(Some(target)) = descriptor
        .fragment
        .as_mut()
        .and_then(|fragment| fragment.targets.first_mut())
    {
        target.blend = Some(BlendState::PREMULTIPLIED_ALPHA_BLENDING);
    }
}

macro_rules! material {
    ($(#[$doc:meta])* $name:ident, $uniform:ident, $shader:ident, $opaque:literal $(, $texture:ident)?) => {
        $(#[$doc])*
        #[derive(Asset, TypePath, AsBindGroup, Clone, Debug)]
        pub struct $name {
            /// What the shader is told.
            #[uniform(0)]
            pub uniform: $uniform,
            $(
                /// The picture it draws from.
                #[texture(1)]
                #[sampler(2)]
                pub $texture: Handle<Image>,
            )?
        }

        impl Material2d for $name {
            fn fragment_shader() -> ShaderRef {
                $shader.into()
            }

            fn alpha_mode(&self) -> AlphaMode2d {
                if $opaque { AlphaMode2d::Opaque } else { AlphaMode2d::Blend }
            }

            fn specialize(
                descriptor: &mut RenderPipelineDescriptor,
                _layout: &MeshVertexBufferLayoutRef,
                _key: Material2dKey<Self>,
            ) -> Result<(), SpecializedMeshPipelineError> {
                if !$opaque {
                    premultiplied(descriptor);
                }
                Ok(())
            }
        }
    };
}

material!(
    /// The nebula, into its small texture.
    NebulaMaterial, NebulaUniform, NEBULA, true
);
material!(
    /// The whole sky.
    SkyMaterial, SkyUniform, SKY, true, nebula
);
material!(
    /// A planet.
    PlanetMaterial, PlanetUniform, PLANET, false
);
material!(
    /// The light in the middle.
    SunMaterial, SunUniform, SUN, false
);
macro_rules! two_entries {
    ($(#[$doc:meta])* $name:ident, $uniform:ident, $shader:ident, $key:ident,
     $(#[$switch_doc:meta])* $switch:ident: $on:literal / $off:literal, opaque: $opaque:literal $(, $texture:ident)?) => {
        $(#[$doc])*
        #[derive(Asset, TypePath, AsBindGroup, Clone, Debug)]
        #[bind_group_data($key)]
        pub struct $name {
            /// What the shader is told.
            #[uniform(0)]
            pub uniform: $uniform,
            $(
                /// The picture it draws from.
                #[texture(1)]
                #[sampler(2)]
                pub $texture: Handle<Image>,
            )?
            $(#[$switch_doc])*
            pub $switch: bool,
        }

        /// Chooses the entry of the shader.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $key(bool);

        impl From<&$name> for $key {
            fn from(material: &$name) -> Self {
                Self(material.$switch)
            }
        }

        impl Material2d for $name {
            fn fragment_shader() -> ShaderRef {
                $shader.into()
            }

            fn alpha_mode(&self) -> AlphaMode2d {
                if $opaque && self.$switch { AlphaMode2d::Opaque } else { AlphaMode2d::Blend }
            }

            fn specialize(
                descriptor: &mut RenderPipelineDescriptor,
                _layout: &MeshVertexBufferLayoutRef,
                key: Material2dKey<Self>,
            ) -> Result<(), SpecializedMeshPipelineError> {
                let on = key.bind_group_data.0;
                if !($opaque && on) {
                    premultiplied(descriptor);
                }
                if let Some(fragment) = descriptor.fragment.as_mut() {
                    fragment.entry_point = Some(if on { $on } else { $off }.into());
                }
                Ok(())
            }
        }
    };
}

two_entries!(
    /// What burns around a planet.
    CoronaMaterial, CoronaUniform, CORONA, CoronaKey,
    /// Without tongues, for a processor that draws the picture itself.
    plain: "fragment_plain" / "fragment", opaque: false
);
two_entries!(
    /// An orbit.
    OrbitMaterial, OrbitUniform, ORBIT, OrbitKey,
    /// The link is good: one even line.
    even: "fragment_even" / "fragment", opaque: false
);
two_entries!(
    /// A picture drawn before.
    StillMaterial, StillUniform, STILL, StillKey,
    /// Covers everything, as the cached sky does: nothing is blended or computed.
    whole: "fragment_whole" / "fragment", opaque: true, picture
);

/// Registers the shaders and materials. Shaders are inserted as text: nothing is read from a disk.
pub(super) fn plugin(app: &mut App) {
    let mut assets = app.world_mut().resource_mut::<Assets<Shader>>();
    for (handle, source) in [
        (NEBULA, shaders::NEBULA),
        (SKY, shaders::SKY),
        (PLANET, shaders::PLANET),
        (CORONA, shaders::CORONA),
        (ORBIT, shaders::ORBIT),
        (SUN, shaders::SUN),
        (STILL, shaders::STILL),
    ] {
        if let Err(error) = assets.insert(&handle, Shader::from_wgsl(source.wgsl, source.name)) {
            tracing::error!(name = source.name, %error, "shader not registered");
        }
    }
    app.add_plugins((
        Material2dPlugin::<NebulaMaterial>::default(),
        Material2dPlugin::<SkyMaterial>::default(),
        Material2dPlugin::<PlanetMaterial>::default(),
        Material2dPlugin::<CoronaMaterial>::default(),
        Material2dPlugin::<OrbitMaterial>::default(),
        Material2dPlugin::<SunMaterial>::default(),
        Material2dPlugin::<StillMaterial>::default(),
    ));
}
