//! egui blended as it was designed: in display space.
//!
//! The window's camera composes in `CompositingSpace::Srgb` (an `Rgba8Unorm` target holding sRGB-encoded colours), so that
//! translucent glass looks as its tokens say. `bevy_egui` knows only the linear target, so its pipeline is made anew for
//! ours, with a shader that writes encoded colours, and put in place of the other after each queueing.

use std::path::{Path, PathBuf};

use bevy::asset::Assets;
use bevy::asset::io::embedded::EmbeddedAssetRegistry;
use bevy::camera::CompositingSpace;
use bevy::prelude::*;
use bevy::render::camera::ExtractedCamera;
use bevy::render::render_resource::{PipelineCache, SpecializedRenderPipelines, TextureFormat};
use bevy::render::sync_world::MainEntity;
use bevy::render::{Render, RenderApp, RenderSystems};
use bevy::shader::Shader;
use bevy_egui::render::systems::{EguiPipelines, queue_pipelines_system};
use bevy_egui::render::{EGUI_SHADER_HANDLE, EguiPipeline, EguiPipelineKey};

fn replace_pipelines(
    cache: Res<PipelineCache>,
    pipeline: Res<EguiPipeline>,
    mut specialized: ResMut<SpecializedRenderPipelines<EguiPipeline>>,
    chosen: Option<ResMut<EguiPipelines>>,
    cameras: Query<(&MainEntity, &ExtractedCamera)>,
) {
    let Some(mut chosen) = chosen else { return };
    for (entity, camera) in &cameras {
        if camera.compositing_space == Some(CompositingSpace::Srgb)
            && let Some(id) = chosen.0.get_mut(entity)
        {
            let key = EguiPipelineKey {
                target_format: TextureFormat::Rgba8Unorm,
            };
            *id = specialized.specialize(&cache, &pipeline, key);
        }
    }
}

/// Puts our egui shader, pipeline and blit in place. After `EguiPlugin`, which must have bindless textures off.
pub(crate) fn plugin(app: &mut App) {
    let source = orrery_shaders::EGUI;
    let mut shaders = app.world_mut().resource_mut::<Assets<Shader>>();
    if let Err(error) = shaders.insert(&EGUI_SHADER_HANDLE, Shader::from_wgsl(source.wgsl, source.name)) {
        tracing::error!(name = source.name, %error, "shader not registered");
    }
    // Read when the renderer starts, which is later: the file that Bevy put there is replaced unread.
    let blit = orrery_shaders::BLIT;
    app.world().resource::<EmbeddedAssetRegistry>().insert_asset(
        PathBuf::from(blit.name),
        Path::new("bevy_core_pipeline/blit/blit.wgsl"),
        blit.wgsl.as_bytes(),
    );
    if let Some(render) = app.get_sub_app_mut(RenderApp) {
        // `queue_pipelines_system` inserts its resource by command; the ordering edge applies it before ours.
        render.add_systems(
            Render,
            replace_pipelines
                .in_set(RenderSystems::Queue)
                .after(queue_pipelines_system),
        );
    }
}
