//! One's own keys in this window: the talk key held and let go, mute and deafen.

use egui::{Context, Event};

use crate::action::UiAction;
use crate::cx::Cx;
use crate::shortcut::Shortcut;
use crate::view::HomeView;

/// What holds the talk key down in this window.
#[derive(Default)]
pub(crate) struct TalkHands {
    key: bool,
    pointer: bool,
    /// The button for talking was drawn since the keys were last looked at.
    drawn: bool,
    /// What the app was told last.
    told: bool,
}

impl TalkHands {
    /// The button for talking is pressed, or not.
    pub(super) fn point(&mut self, cx: &mut Cx<'_>, held: bool) {
        (self.pointer, self.drawn) = (held, true);
        self.tell(cx);
    }

    fn tell(&mut self, cx: &mut Cx<'_>) {
        let held = self.key || self.pointer;
        if std::mem::replace(&mut self.told, held) != held {
            cx.emit(UiAction::HoldTalkKey(held));
        }
    }
}

/// Takes one's own keys out of the input, wherever one is: what is said cannot wait.
pub(crate) fn own_keys(ctx: &Context, cx: &mut Cx<'_>, hands: &mut TalkHands, home: &HomeView) {
    let read = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<Shortcut>().ok());
    let keys = &home.keys;
    let talk = read(&keys.talk).filter(|_| keys.talks);
    let (mute, deafen) = (read(&keys.mute), read(&keys.deafen));
    let (mut mutes, mut deafens, mut taken) = (false, false, false);
    ctx.input_mut(|input| {
        input.events.retain(|event| {
            let Event::Key {
                key,
                pressed,
                repeat,
                modifiers,
                ..
            } = event
            else {
                // Alt and a letter also writes it on some systems.
                return !(taken && matches!(event, Event::Text(_)));
            };
            let is = |own: Option<Shortcut>| own.is_some_and(|own| own.is(*key, *modifiers));
            let ours = match pressed {
                true if is(talk) => {
                    hands.key |= !repeat;
                    true
                }
                // Whatever is still held beside it: the key itself is up.
                false if talk.is_some_and(|own| own.key == *key) && hands.key => {
                    hands.key = false;
                    true
                }
                true if is(mute) => {
                    mutes |= !repeat;
                    true
                }
                true if is(deafen) => {
                    deafens |= !repeat;
                    true
                }
                _ => false,
            };
            taken |= ours;
            !ours
        });
    });
    // Of a key that comes up while another window has the focus nobody tells this one.
    if talk.is_none() || !ctx.input(|input| input.focused) {
        hands.key = false;
    }
    // Nor does a button that is no longer there come up by itself.
    let drawn = std::mem::take(&mut hands.drawn);
    if !keys.talks || !drawn || !ctx.input(|input| input.focused) {
        hands.pointer = false;
    }
    hands.tell(cx);
    if mutes {
        cx.emit(UiAction::SetMuted(!home.me.is_silent()));
    }
    if deafens {
        cx.emit(UiAction::SetDeafened(!home.me.deafened));
    }
}
