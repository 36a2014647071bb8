//! Every screen and state with sample data, one after another, each saved as a picture. Nothing else of the program runs:
//! no profile, no worker, no network.

mod calls;
mod hand;
mod likeness;
mod people;
mod poses;
mod screens;
mod trust;

use std::path::PathBuf;
use std::time::Duration;

use bevy::prelude::*;
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured, save_to_disk};
use bevy::window::PrimaryWindow;
use bevy_egui::PrimaryEguiContext;
use bevy_egui::input::EguiInputEvent;
use orrery_ui::layout::orrery_layout;

use crate::cli::Args;
use crate::cosmos::{AvatarStore, CallScene, Drawing, SceneInput, ShownLevels};
use crate::present::{self, Panels, Posing, Shown};
use crate::redraw::Wishes;

use poses::Pose;

/// A picture is taken when its screen has stood still for so long: fades are over, the sky and all planets drawn.
const STILL: Duration = Duration::from_millis(900);
/// … and at least so many frames have been drawn.
const FRAMES: u32 = 8;
/// Frames between two things that the hand does: the window answers the one before it is asked the next.
const ACTS_EVERY: u32 = 4;

#[derive(Resource)]
struct Gallery {
    folder: PathBuf,
    poses: Vec<Pose>,
    at: usize,
    frames: u32,
    acted: usize,
    since: f64,
    taking: bool,
}

/// Puts the pose before the camera, takes its picture when it stands still, goes on to the next.
#[expect(clippy::too_many_arguments, reason = "the gallery holds every string")]
fn turn(
    mut gallery: ResMut<Gallery>,
    mut shown: ResMut<Shown>,
    mut scene: ResMut<SceneInput>,
    panels: Res<Panels>,
    avatars: Res<AvatarStore>,
    drawing: Res<Drawing>,
    levels: Res<ShownLevels>,
    time: Res<Time<Real>>,
    wishes: Res<Wishes>,
    window: Query<&Window, With<PrimaryWindow>>,
    context: Query<Entity, With<PrimaryEguiContext>>,
    mut input: MessageWriter<EguiInputEvent>,
    mut commands: Commands,
    mut exit: MessageWriter<AppExit>,
) {
    wishes.note(Duration::ZERO);
    let now = time.elapsed_secs_f64();
    let Ok(window) = window.single() else { return };
    let gallery = &mut *gallery;
    let Some(pose) = gallery.poses.get(gallery.at) else {
        exit.write(AppExit::Success);
        return;
    };
    if gallery.frames == 0 {
        shown.screen = pose.screen.clone();
        shown.incoming = pose.incoming.clone();
        shown.banner = pose.banner.clone();
        shown.toasts = pose.toasts.clone();
        shown.meters = pose.meters;
        shown.quality = pose.quality.clone();
        shown.plates.clear();
        gallery.since = now;
        gallery.acted = 0;
    }
    gallery.frames += 1;
    let act = pose.acts.get(gallery.acted);
    if let (Some(act), 0, Ok(context)) = (act, gallery.frames % ACTS_EVERY, context.single())
        && let Some(events) = act.events(&panels.0)
    {
        hand::send(events, context, &mut input);
        gallery.acted += 1;
        gallery.since = now;
    }
    *scene = SceneInput {
        room: pose.room,
        call: None,
        calm: pose.calm,
        reduced_motion: false,
        panes: present::panes_of(&pose.screen, window.size()),
    };
    if let (Some(stage), false) = (panels.0.call_stage(), pose.persons.is_empty()) {
        let places = orrery_layout(stage, pose.persons.len(), 0.0, true);
        scene.call = Some(CallScene {
            stage: bevy::math::Rect::new(stage.min.x, stage.min.y, stage.max.x, stage.max.y),
            bodies: pose
                .persons
                .iter()
                .zip(&places)
                .map(|(person, at)| person.body(at))
                .collect(),
        });
        shown.plates = pose
            .persons
            .iter()
            .zip(&places)
            .map(|(person, at)| person.plate(at, &levels))
            .collect();
    }
    let still = act.is_none()
        && gallery.frames >= FRAMES
        && now - gallery.since > STILL.as_secs_f64()
        && avatars.is_settled()
        && !drawing.0;
    if still && !gallery.taking {
        gallery.taking = true;
        let path = gallery.folder.join(format!("{:02}-{}.png", gallery.at + 1, pose.name));
        commands
            .spawn(Screenshot::primary_window())
            .observe(save_to_disk(path))
            .observe(|_taken: On<ScreenshotCaptured>, mut gallery: ResMut<Gallery>| {
                gallery.at += 1;
                gallery.frames = 0;
                gallery.taking = false;
            });
    }
}

/// Adds the gallery.
pub(crate) fn plugin(args: &Args) -> impl Plugin + use<> {
    let folder = args.shots.clone().unwrap_or_default();
    let only = args.only.clone();
    move |app: &mut App| {
        if let Err(error) = std::fs::create_dir_all(&folder) {
            eprintln!("orrery: {} cannot be made: {error}", folder.display());
        }
        let mut poses = screens::all();
        poses.extend(calls::all());
        poses.retain(|pose| only.as_ref().is_none_or(|only| pose.name.contains(only.as_str())));
        app.add_plugins(present::panels)
            .insert_resource(Posing(true))
            .insert_resource(Gallery {
                folder: folder.clone(),
                poses,
                at: 0,
                frames: 0,
                acted: 0,
                since: 0.0,
                taking: false,
            })
            .add_systems(PostUpdate, turn.before(bevy_egui::EguiPostUpdateSet::EndPass));
    }
}
