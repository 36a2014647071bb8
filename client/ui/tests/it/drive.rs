//! A window of a given size that is fed events and asked what was done.

use egui::{Event, Key, Modifiers, MouseWheelUnit, PointerButton, Pos2, RawInput, Rect, TouchPhase, Vec2, vec2};
use orrery_ui::view::{Clock, NoAvatars, RootView};
use orrery_ui::{UiAction, UiState, show};

use crate::sample::{NOW, Scene};

pub struct Window {
    pub ctx: egui::Context,
    pub state: UiState,
    pub size: Vec2,
    pub focused: bool,
    pub reduced_motion: bool,
    /// Ask egui for a second pass in every frame.
    pub twice: bool,
    /// What was put on the clipboard in the last frame.
    pub copied: Option<String>,
    /// How long until egui wants to draw again.
    pub wakes_in: std::time::Duration,
    /// Every text drawn in the last frame.
    pub words: Vec<String>,
    /// Every plain rectangle drawn in the last frame.
    pub fills: Vec<(Rect, egui::Color32)>,
    time: f64,
}

pub const WIDE: Vec2 = vec2(1280.0, 720.0);

impl Window {
    pub fn new(size: Vec2) -> Self {
        let ctx = egui::Context::default();
        orrery_ui::install(&ctx);
        let mut state = UiState::default();
        state.without_system_fonts();
        let wakes_in = std::time::Duration::ZERO;
        Self {
            ctx,
            state,
            size,
            focused: true,
            reduced_motion: false,
            twice: false,
            copied: None,
            wakes_in,
            words: Vec::new(),
            fills: Vec::new(),
            time: 0.0,
        }
    }

    /// A window that has shown `scene` long enough for everything to have come to rest.
    pub fn open(scene: &Scene) -> Self {
        let mut window = Self::new(WIDE);
        window.settle(scene);
        window
    }

    pub fn rect(&self) -> Rect {
        Rect::from_min_size(Pos2::ZERO, self.size)
    }

    /// One frame; gives what was done in it.
    pub fn frame(&mut self, scene: &Scene, events: Vec<Event>) -> Vec<UiAction> {
        self.time += 0.05;
        let plates = scene.plates(self.state.call_stage().unwrap_or(Scene::stage(self.rect())));
        let view = RootView {
            clock: Clock {
                now_ms: NOW,
                utc_offset_s: 0,
            },
            reduced_motion: self.reduced_motion,
            screen: &scene.screen,
            incoming: scene.incoming.as_ref(),
            banner: scene.banner.as_ref(),
            toasts: &scene.toasts,
            plates: &plates,
            meters: scene.meters,
            quality: &scene.quality,
            avatars: &NoAvatars,
        };
        let input = RawInput {
            screen_rect: Some(self.rect()),
            time: Some(self.time),
            focused: self.focused,
            events,
            ..RawInput::default()
        };
        let mut actions = Vec::new();
        let (state, twice) = (&mut self.state, self.twice);
        let mut passes = 0;
        let mut output = self.ctx.run_ui(input, |ui| {
            passes += 1;
            if twice && passes == 1 {
                ui.ctx().request_discard("a test wants a second pass");
            }
            show(ui.ctx(), state, &view, &mut actions);
        });
        assert!(!twice || passes == 2);
        output.textures_delta.clear();
        self.copied = output
            .platform_output
            .commands
            .iter()
            .find_map(|command| match command {
                egui::OutputCommand::CopyText(text) => Some(text.clone()),
                _ => None,
            });
        self.words.clear();
        self.fills.clear();
        for clipped in &output.shapes {
            collect(&clipped.shape, &mut self.words, &mut self.fills);
        }
        self.wakes_in = output.viewport_output[&egui::ViewportId::ROOT].repaint_delay;
        actions
    }

    /// Frames until everything has come to rest; gives what was done without anybody doing anything.
    pub fn settle(&mut self, scene: &Scene) -> Vec<UiAction> {
        (0..8).flat_map(|_| self.frame(scene, Vec::new())).collect()
    }

    pub fn key(&mut self, scene: &Scene, key: Key, modifiers: Modifiers) -> Vec<UiAction> {
        let event = |pressed| Event::Key {
            key,
            physical_key: None,
            pressed,
            repeat: false,
            modifiers,
        };
        let mut actions = self.frame(scene, vec![event(true)]);
        actions.extend(self.frame(scene, vec![event(false)]));
        actions
    }

    pub fn press(&mut self, scene: &Scene, key: Key) -> Vec<UiAction> {
        self.key(scene, key, Modifiers::NONE)
    }

    pub fn write(&mut self, scene: &Scene, text: &str) -> Vec<UiAction> {
        self.frame(scene, vec![Event::Text(text.into())])
    }

    pub fn click_at(&mut self, scene: &Scene, pos: Pos2) -> Vec<UiAction> {
        let button = |pressed| Event::PointerButton {
            pos,
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        };
        let mut actions = self.frame(scene, vec![Event::PointerMoved(pos)]);
        actions.extend(self.frame(scene, vec![button(true)]));
        actions.extend(self.frame(scene, vec![button(false)]));
        actions.extend(self.frame(scene, Vec::new()));
        actions
    }

    /// Presses a widget by its name, in its middle.
    pub fn click(&mut self, scene: &Scene, name: &str) -> Vec<UiAction> {
        let rect = self.place(name);
        self.click_at(scene, rect.center())
    }

    pub fn place(&self, name: &str) -> Rect {
        let names: Vec<&str> = self.state.widgets().iter().map(|(name, _)| name).collect();
        self.state
            .widgets()
            .get(name)
            .unwrap_or_else(|| panic!("no widget `{name}` among {names:?}"))
    }

    pub fn has(&self, name: &str) -> bool {
        self.state.widgets().get(name).is_some()
    }

    /// Whether these words were drawn in the last frame, alone or within others.
    pub fn says(&self, words: &str) -> bool {
        self.words.iter().any(|text| text.contains(words))
    }

    pub fn wheel(&mut self, scene: &Scene, at: Pos2, points: f32) -> Vec<UiAction> {
        let event = Event::MouseWheel {
            unit: MouseWheelUnit::Point,
            delta: vec2(0.0, points),
            phase: TouchPhase::Move,
            modifiers: Modifiers::NONE,
        };
        let mut actions = self.frame(scene, vec![Event::PointerMoved(at)]);
        actions.extend(self.frame(scene, vec![event]));
        // egui spreads a turn of the wheel over some frames.
        for _ in 0..12 {
            actions.extend(self.frame(scene, Vec::new()));
        }
        actions
    }
}

fn collect(shape: &egui::Shape, words: &mut Vec<String>, fills: &mut Vec<(Rect, egui::Color32)>) {
    match shape {
        egui::Shape::Text(text) => words.push(text.galley.text().to_owned()),
        egui::Shape::Rect(shape) => fills.push((shape.rect, shape.fill)),
        egui::Shape::Vec(shapes) => shapes.iter().for_each(|shape| collect(shape, words, fills)),
        _ => {}
    }
}

/// Only the actions of a kind.
pub fn named<'a>(actions: &'a [UiAction], name: &str) -> Vec<&'a UiAction> {
    actions.iter().filter(|action| action.name() == name).collect()
}
