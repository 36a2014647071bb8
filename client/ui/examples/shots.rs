//! Pictures of every screen and state, drawn without a window or GPU: `cargo run -p orrery-ui --example shots -- DIR`.
//!
//! egui's triangles are filled by a small rasteriser over a painted sky. The sky and the planets of the stage stand in for
//! the scene that the program draws by GPU; everything else is the real panels.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a tool for developers: it may stop at the first surprise"
)]

#[path = "../tests/it/sample.rs"]
mod sample;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use egui::epaint::{ClippedPrimitive, ImageData, Primitive, Vertex};
use egui::{Color32, Event, Key, Modifiers, Pos2, RawInput, Rect, TextureId, pos2, vec2};
use orrery_ui::view::{Clock, NoAvatars, RootView};
use orrery_ui::{UiState, key_hue, show, tokens};
use sample::{NOW, Scene, scenes};

struct Texture {
    size: [usize; 2],
    pixels: Vec<Color32>,
}

struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<[f32; 3]>,
}

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).expect("usage: shots DIR [NAME-PART]"));
    let only = std::env::args().nth(2).unwrap_or_default();
    std::fs::create_dir_all(&folder).unwrap();
    let sizes = [
        (1280.0, 720.0, 1.0, ""),
        (2560.0, 1440.0, 1.0, "-2560x1440"),
        (360.0, 640.0, 2.0, "-narrow"),
    ];
    for (width, height, scale, suffix) in sizes {
        for scene in scenes() {
            if format!("{}{suffix}", scene.name).contains(&only) {
                shoot(&folder, &scene, vec2(width, height), scale, suffix, &[]);
            }
        }
    }
    // States that come from what a person does.
    let key = |key, modifiers| Event::Key {
        key,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers,
    };
    let size = vec2(1280.0, 720.0);
    let done: Vec<(&str, Scene, Vec<Vec<Event>>)> = vec![
        (
            "palette",
            find("talk"),
            vec![vec![key(Key::K, Modifiers::COMMAND)], vec![Event::Text("ca".into())]],
        ),
        (
            "talk-hover",
            find("talk-busy"),
            vec![vec![Event::PointerMoved(pos2(600.0, 520.0))]],
        ),
        (
            "talk-reply",
            find("talk"),
            vec![vec![Event::Text("A draft of several\nlines".into())]],
        ),
        ("first-start-filled", find("first-start"), filled()),
        ("talk-menu", find("talk"), click(pos2(1249.0, 28.0))),
        ("settings-sound", find("settings"), click(pos2(541.0, 96.0))),
        ("settings-privacy", find("settings"), click(pos2(623.0, 96.0))),
        ("settings-keys", find("settings"), click(pos2(766.0, 96.0))),
        ("add-contact-bad", find("add-contact-bad"), {
            let mut steps = click(pos2(600.0, 180.0));
            steps.push(vec![Event::Text("not a link".into())]);
            steps
        }),
        ("call-add", find("call-4"), click(pos2(829.0, 661.0))),
        ("call-person", find("call-heard"), click(pos2(929.0, 360.0))),
        (
            "call-quality",
            find("call-4"),
            vec![vec![key(Key::Q, Modifiers::NONE)], vec![], vec![], vec![]],
        ),
    ];
    // Whole sections, without scrolling.
    for (name, scene, at) in [
        ("sound-whole", find("settings-voice"), pos2(541.0, 96.0)),
        ("sound-push-whole", find("settings-push"), pos2(541.0, 96.0)),
        ("keys-whole", find("settings-push"), pos2(766.0, 96.0)),
    ] {
        if name.contains(&only) {
            let scene = Scene { name, ..scene };
            shoot(&folder, &scene, vec2(1280.0, 1500.0), 1.0, "", &click(at));
        }
    }
    for (name, mut scene, steps) in done {
        if name.contains(&only) {
            scene.name = name;
            shoot(&folder, &scene, size, 1.0, "", &steps);
        }
    }
}

fn find(name: &str) -> Scene {
    scenes().into_iter().find(|scene| scene.name == name).unwrap()
}

fn click(at: Pos2) -> Vec<Vec<Event>> {
    let button = |pressed| Event::PointerButton {
        pos: at,
        button: egui::PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    vec![
        vec![Event::PointerMoved(at)],
        vec![button(true)],
        vec![button(false)],
        vec![],
    ]
}

fn filled() -> Vec<Vec<Event>> {
    let tab = Event::Key {
        key: Key::Tab,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: Modifiers::NONE,
    };
    let words = "tundra lantern oboe moons";
    vec![
        vec![Event::Text("Tethys".into())],
        vec![tab.clone()],
        vec![Event::Text(words.into())],
        vec![tab.clone()],
        vec![tab],
        vec![Event::Text(words.into())],
    ]
}

fn shoot(folder: &Path, scene: &Scene, size: egui::Vec2, scale: f32, suffix: &str, steps: &[Vec<Event>]) {
    let ctx = egui::Context::default();
    orrery_ui::install(&ctx);
    let mut state = UiState::default();
    let mut textures: HashMap<TextureId, Texture> = HashMap::new();
    let window = Rect::from_min_size(Pos2::ZERO, size);
    let mut stage = Scene::stage(window);
    let mut plates = Vec::new();
    let frames = 6 + steps.len() + 6;
    let mut primitives: Vec<ClippedPrimitive> = Vec::new();
    for frame in 0..frames {
        let mut input = RawInput {
            screen_rect: Some(window),
            time: Some(frame as f64 * 0.1),
            ..RawInput::default()
        };
        input
            .viewports
            .entry(egui::ViewportId::ROOT)
            .or_default()
            .native_pixels_per_point = Some(scale);
        if let Some(events) = frame.checked_sub(6).and_then(|at| steps.get(at)) {
            input.events.clone_from(events);
        }
        if frame == 3 {
            // System fonts are looked for in the background.
            std::thread::sleep(std::time::Duration::from_millis(if scene.name == "talk-busy" {
                1500
            } else {
                0
            }));
        }
        // As in the program: the plates follow the stage of the frame before.
        stage = state.call_stage().unwrap_or(stage);
        plates = scene.plates(stage);
        let view = RootView {
            clock: Clock {
                now_ms: NOW,
                utc_offset_s: 0,
            },
            reduced_motion: false,
            screen: &scene.screen,
            incoming: scene.incoming.as_ref(),
            banner: scene.banner.as_ref(),
            toasts: &scene.toasts,
            plates: &plates,
            meters: scene.meters,
            quality: &scene.quality,
            avatars: &NoAvatars,
        };
        let mut output = ctx.run_ui(input, |ui| {
            let mut actions = Vec::new();
            show(ui.ctx(), &mut state, &view, &mut actions);
        });
        let deltas = std::mem::take(&mut output.textures_delta.set);
        output.textures_delta.clear();
        for (id, delta) in deltas
            .iter()
            .flat_map(|(id, deltas)| deltas.iter().map(move |delta| (id, delta)))
        {
            let ImageData::Color(image) = &delta.image;
            if let Some([x, y]) = delta.pos {
                let texture = textures.get_mut(id).unwrap();
                for row in 0..image.size[1] {
                    let from = row * image.size[0];
                    let to = (y + row) * texture.size[0] + x;
                    texture.pixels[to..to + image.size[0]].copy_from_slice(&image.pixels[from..from + image.size[0]]);
                }
            } else {
                textures.insert(
                    *id,
                    Texture {
                        size: image.size,
                        pixels: image.pixels.clone(),
                    },
                );
            }
        }
        primitives = ctx.tessellate(output.shapes, output.pixels_per_point);
    }
    let mut canvas = sky(size, scale);
    if state.call_stage().is_some() && scene.people > 0 && size.x > 700.0 {
        orrery(&mut canvas, scale, stage, scene.people, &plates);
    }
    for primitive in &primitives {
        if let Primitive::Mesh(mesh) = &primitive.primitive {
            let texture = textures.get(&mesh.texture_id).expect("texture");
            for triangle in mesh.indices.chunks_exact(3) {
                let [a, b, c] = [0, 1, 2].map(|corner| mesh.vertices[triangle[corner] as usize]);
                fill(&mut canvas, texture, primitive.clip_rect, scale, [a, b, c]);
            }
        }
    }
    let path = folder.join(format!("{}{suffix}.png", scene.name));
    write(&path, &canvas);
    println!("{}", path.display());
}

/// Fills one triangle, blending premultiplied colours in gamma space as the renderer does.
fn fill(canvas: &mut Canvas, texture: &Texture, clip: Rect, scale: f32, corners: [Vertex; 3]) {
    let [a, b, c] = corners.map(|corner| (corner.pos.to_vec2() * scale).to_pos2());
    let area = (b - a).x * (c - a).y - (b - a).y * (c - a).x;
    if area.abs() < 1e-6 {
        return;
    }
    let clip = Rect::from_min_max(
        (clip.min.to_vec2() * scale).round().to_pos2(),
        (clip.max.to_vec2() * scale).round().to_pos2(),
    );
    let bounds = Rect::from_points(&[a, b, c]).intersect(clip);
    let (left, right) = (
        bounds.left().floor().max(0.0) as usize,
        (bounds.right().ceil() as usize).min(canvas.width),
    );
    let (top, bottom) = (
        bounds.top().floor().max(0.0) as usize,
        (bounds.bottom().ceil() as usize).min(canvas.height),
    );
    for y in top..bottom {
        for x in left..right {
            let at = pos2(x as f32 + 0.5, y as f32 + 0.5);
            if !clip.contains(at) {
                continue;
            }
            let edge = |p: Pos2, q: Pos2| (q - p).x * (at - p).y - (q - p).y * (at - p).x;
            let (wa, wb, wc) = (edge(b, c) / area, edge(c, a) / area, edge(a, b) / area);
            // A shared edge belongs to one side only, or seams would be drawn twice.
            let inside = |weight: f32, p: Pos2, q: Pos2| {
                let d = (q - p) * area.signum();
                weight > 0.0 || (weight == 0.0 && (d.y < 0.0 || (d.y == 0.0 && d.x > 0.0)))
            };
            if !(inside(wa, b, c) && inside(wb, c, a) && inside(wc, a, b)) {
                continue;
            }
            let weights = [wa, wb, wc];
            let mut color = [0.0_f32; 4];
            let mut uv = [0.0_f32; 2];
            for (corner, weight) in corners.iter().zip(weights) {
                for (sum, part) in color.iter_mut().zip(corner.color.to_array()) {
                    *sum += f32::from(part) / 255.0 * weight;
                }
                uv[0] += corner.uv.x * weight;
                uv[1] += corner.uv.y * weight;
            }
            let texel = sample_texture(texture, uv);
            let [r, g, b, alpha] = [0, 1, 2, 3].map(|channel| color[channel] * texel[channel]);
            let pixel = &mut canvas.pixels[y * canvas.width + x];
            for (below, above) in pixel.iter_mut().zip([r, g, b]) {
                *below = above + *below * (1.0 - alpha);
            }
        }
    }
}

fn sample_texture(texture: &Texture, uv: [f32; 2]) -> [f32; 4] {
    let [width, height] = texture.size;
    let (x, y) = (uv[0] * width as f32 - 0.5, uv[1] * height as f32 - 0.5);
    let (x0, y0) = (x.floor(), y.floor());
    let (fx, fy) = (x - x0, y - y0);
    let at = |x: f32, y: f32| {
        let (x, y) = (
            (x.max(0.0) as usize).min(width - 1),
            (y.max(0.0) as usize).min(height - 1),
        );
        texture.pixels[y * width + x]
            .to_array()
            .map(|part| f32::from(part) / 255.0)
    };
    let (a, b, c, d) = (at(x0, y0), at(x0 + 1.0, y0), at(x0, y0 + 1.0), at(x0 + 1.0, y0 + 1.0));
    [0, 1, 2, 3].map(|n| (a[n] * (1.0 - fx) + b[n] * fx) * (1.0 - fy) + (c[n] * (1.0 - fx) + d[n] * fx) * fy)
}

fn noise(x: f32, y: f32) -> f32 {
    let hash = |x: f32, y: f32| ((x * 127.1 + y * 311.7).sin() * 43_758.547).rem_euclid(1.0);
    let (x0, y0) = (x.floor(), y.floor());
    let ease = |v: f32| v * v * (3.0 - 2.0 * v);
    let (fx, fy) = (ease(x - x0), ease(y - y0));
    let top = hash(x0, y0) * (1.0 - fx) + hash(x0 + 1.0, y0) * fx;
    let foot = hash(x0, y0 + 1.0) * (1.0 - fx) + hash(x0 + 1.0, y0 + 1.0) * fx;
    top * (1.0 - fy) + foot * fy
}

fn clouds(x: f32, y: f32) -> f32 {
    (0..5)
        .map(|octave| noise(x * (1 << octave) as f32, y * (1 << octave) as f32) / (2 << octave) as f32)
        .sum()
}

/// A night sky: void, soft clouds, stars.
fn sky(size: egui::Vec2, scale: f32) -> Canvas {
    let (width, height) = ((size.x * scale) as usize, (size.y * scale) as usize);
    let mut pixels = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let (u, v) = (x as f32 / height as f32 * 2.4, y as f32 / height as f32 * 2.4);
            let blue = clouds(u + 3.0, v + 1.0).powf(3.0) * 1.3;
            let red = clouds(u * 1.3 + 9.0, v * 1.3 + 4.0).powf(4.5) * 1.5;
            let star = ((x as f32 * 12.989 + y as f32 * 78.233).sin() * 43_758.547).rem_euclid(1.0);
            let star = if star > 0.9993 { (star - 0.9993) * 900.0 } else { 0.0 };
            pixels.push([
                0.02 + red * 0.5 + star,
                0.024 + blue * 0.12 + red * 0.08 + star,
                0.05 + blue * 0.55 + red * 0.3 + star,
            ]);
        }
    }
    Canvas { width, height, pixels }
}

/// Stand-ins for orbits, planets and coronas.
fn orrery(canvas: &mut Canvas, scale: f32, stage: Rect, people: usize, plates: &[orrery_ui::view::PlateView]) {
    let placed = orrery_ui::layout::orrery_layout(stage, people, 3.0, true);
    for y in 0..canvas.height {
        for x in 0..canvas.width {
            let at = pos2((x as f32 + 0.5) / scale, (y as f32 + 0.5) / scale);
            let pixel = &mut canvas.pixels[y * canvas.width + x];
            for place in &placed {
                let away = at - place.orbit.center;
                let share = ((away.x / place.orbit.rx).powi(2) + (away.y / place.orbit.ry).powi(2)).sqrt();
                let line = 1.0 - ((share - 1.0).abs() * place.orbit.rx.min(place.orbit.ry)).min(1.0);
                for (part, tint) in pixel.iter_mut().zip([0.10, 0.13, 0.28]) {
                    *part += line * tint / people as f32 * 1.6;
                }
            }
            for (place, plate) in placed.iter().zip(plates) {
                let away = (at - place.center) / place.radius;
                let r = away.length();
                if r > 3.0 {
                    continue;
                }
                if r > 1.0 && plate.speaking {
                    let glow = (-(r - 1.0) * 3.0).exp() * 0.9 + (1.0 - ((r - 1.24).abs() * 24.0).min(1.0)) * 0.8;
                    for (part, tint) in pixel.iter_mut().zip([1.0, 0.8, 0.42]) {
                        *part = (*part + glow * tint).min(1.0);
                    }
                }
                if r <= 1.0 {
                    let z = (1.0 - r * r).max(0.0).sqrt();
                    let light = (-away.x * 0.5 - away.y * 0.45 + z * 0.74).max(0.0) * 1.1 + 0.05;
                    let bands = 0.5 + 0.5 * (away.y * 9.0 + noise(away.x * 3.0 + 7.0, away.y * 3.0) * 4.0).sin();
                    let color = tokens::hsl(key_hue(plate.peer), 0.5, 0.35 + 0.25 * bands);
                    let grey = if plate.muted { 0.4 } else { 1.0 };
                    for (part, tint) in pixel.iter_mut().zip(color.to_array()) {
                        *part = f32::from(tint) / 255.0 * light * grey;
                    }
                }
            }
        }
    }
}

fn write(path: &Path, canvas: &Canvas) {
    let file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    let mut encoder = png::Encoder::new(file, canvas.width as u32, canvas.height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let bytes: Vec<u8> = canvas
        .pixels
        .iter()
        .flatten()
        .map(|part| (part.clamp(0.0, 1.0) * 255.0).round() as u8)
        .collect();
    encoder.write_header().unwrap().write_image_data(&bytes).unwrap();
}
