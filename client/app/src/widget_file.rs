//! For tests that drive the window by pointer: where every named widget is, written each time it changes.

use std::path::PathBuf;

use bevy::prelude::*;
use bevy::window::PrimaryWindow;

use crate::cli::Args;
use crate::present::Panels;

#[derive(Resource, Debug)]
struct WidgetFile {
    path: PathBuf,
    written: String,
}

fn write(panels: Option<Res<Panels>>, window: Query<&Window, With<PrimaryWindow>>, mut file: ResMut<WidgetFile>) {
    let (Some(panels), Ok(window)) = (panels, window.single()) else {
        return;
    };
    let json = panels.0.widgets().to_json(window.scale_factor());
    if json == file.written {
        return;
    }
    // A reader sees the old map or the new one, never half of one.
    let new = file.path.with_extension("new");
    if let Err(error) = std::fs::write(&new, &json).and_then(|()| std::fs::rename(&new, &file.path)) {
        tracing::warn!(kind = ?error.kind(), "the widget map was not written");
    }
    file.written = json;
}

/// Adds it where the command line asks for it.
pub(crate) fn plugin(args: &Args) -> impl Plugin + use<> {
    let path = args.widget_map.clone();
    move |app: &mut App| {
        if let Some(path) = path.clone() {
            app.insert_resource(WidgetFile {
                path,
                written: String::new(),
            })
            .add_systems(Last, write);
        }
    }
}
