//! Keys that a Wayland desktop lends, by its portal for global shortcuts (`org.freedesktop.portal.GlobalShortcuts`).
//!
//! The desktop asks the person, and may give other keys than those that were wished for. What it gives is its own to take
//! from other programs, so they are asked for while a profile is open and not anew for every call: it asks each time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bevy::prelude::*;
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use orrery_ecs::profile::Profile;
use orrery_link::Settings;
use orrery_ui::Shortcut;
use orrery_ui::view::{KeyReach, KeyUse};
use zbus::{Connection, Message, OwnedObjectPath, OwnedVariant, Proxy, Variant};

use super::{Hand, OwnKeys, Pressed, TalkKey, Waker, settings, takes_key};
use crate::desk::Desk;

/// The portal's name on the bus.
const PORTAL: &str = "org.freedesktop.portal.Desktop";
/// Where it stands.
const PATH: &str = "/org/freedesktop/portal/desktop";
/// What it offers.
const SHORTCUTS: &str = "org.freedesktop.portal.GlobalShortcuts";
/// Wishes on their way to the portal. While it asks the person they wait; another is refused and tried again with the next
/// frame.
const WISHES: usize = 4;

/// Keys that are wished for.
type Wish = Vec<(KeyUse, Shortcut)>;
type Options<'a> = HashMap<&'a str, Variant<'a>>;
type Results = HashMap<String, OwnedVariant>;

/// Each use with the name under which the portal knows it, and its words.
const USES: [(KeyUse, &str, &str); 3] = [
    (KeyUse::Talk, "talk", "own-key-talk"),
    (KeyUse::Mute, "mute", "key-mute"),
    (KeyUse::Deafen, "deafen", "key-deafen"),
];

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
enum Refused {
    /// The bus or the portal says so.
    #[error(transparent)]
    Bus(#[from] zbus::Error),
    /// The person said no, or the desktop did.
    #[error("the desktop does not lend its keys")]
    No,
}

/// A key as the portal is told it: modifiers and the name of an X keysym, as the shortcuts specification of freedesktop.org
/// has them.
fn trigger(shortcut: Shortcut) -> String {
    use bevy_egui::egui::Key as K;
    let mut text = String::new();
    for (on, name) in [
        (shortcut.ctrl, "CTRL+"),
        (shortcut.alt, "ALT+"),
        (shortcut.shift, "SHIFT+"),
        (shortcut.command, "LOGO+"),
    ] {
        if on {
            text.push_str(name);
        }
    }
    let key = shortcut.key.name();
    match shortcut.key {
        K::Space => text.push_str("space"),
        K::PageUp => text.push_str("Prior"),
        K::PageDown => text.push_str("Next"),
        K::Backtick => text.push_str("grave"),
        K::Minus => text.push_str("minus"),
        K::Equals => text.push_str("equal"),
        K::Comma => text.push_str("comma"),
        K::Period => text.push_str("period"),
        K::Slash => text.push_str("slash"),
        K::Semicolon => text.push_str("semicolon"),
        _ if key.len() == 1 => text.push_str(&key.to_ascii_lowercase()),
        _ => text.push_str(key),
    }
    text
}

/// Calls a method that asks the person, and waits for the answer.
async fn ask(
    connection: &Connection,
    token: &str,
    call: impl AsyncFnOnce() -> zbus::Result<()>,
) -> Result<Results, Refused> {
    let own = connection.unique_name().map(ToString::to_string).unwrap_or_default();
    let own = own.trim_start_matches(':').replace('.', "_");
    let path = format!("{PATH}/request/{own}/{token}");
    let request = Proxy::new(connection, PORTAL, path, "org.freedesktop.portal.Request").await?;
    // Before the question: the answer may come before its reply.
    let mut answers = request.receive_signal("Response").await?;
    call().await?;
    let answer = answers.next().await.ok_or(Refused::No)?;
    let body = answer.body();
    let (code, results): (u32, Results) = body.deserialize()?;
    if code == 0 { Ok(results) } else { Err(Refused::No) }
}

/// Opens a session with these keys.
async fn bind(
    connection: &Connection,
    portal: &Proxy<'_>,
    wish: &Wish,
    count: u32,
) -> Result<OwnedObjectPath, Refused> {
    let token = format!("orrery_session_{count}");
    let created = ask(connection, &token, async || {
        let options = Options::from([
            ("handle_token", Variant::from(token.as_str())),
            ("session_handle_token", Variant::from(token.as_str())),
        ]);
        portal.call_method("CreateSession", &(options,)).await.map(drop)
    })
    .await?;
    let session = created.get("session_handle").cloned().ok_or(Refused::No)?;
    let session = String::try_from(session)?;
    let session = OwnedObjectPath::try_from(session)?;
    let token = format!("orrery_bind_{count}");
    ask(connection, &token, async || {
        let wanted: Vec<(&str, Options<'_>)> = USES
            .iter()
            .filter_map(|(what, id, words)| {
                let (_, shortcut) = wish.iter().find(|(of, _)| of == what)?;
                let description = orrery_ui::strings::text(words).into_owned();
                let options = Options::from([
                    ("description", Variant::from(description)),
                    ("preferred_trigger", Variant::from(trigger(*shortcut))),
                ]);
                Some((*id, options))
            })
            .collect();
        let options = Options::from([("handle_token", Variant::from(token.as_str()))]);
        let body = (&session, wanted, "", options);
        portal.call_method("BindShortcuts", &body).await.map(drop)
    })
    .await?;
    Ok(session)
}

/// The use and the direction that a signal of the portal tells of, if it is of this session.
fn told(message: &Message, session: Option<&OwnedObjectPath>) -> Option<(KeyUse, bool)> {
    let header = message.header();
    let down = match header.member()?.as_str() {
        "Activated" => true,
        "Deactivated" => false,
        _ => return None,
    };
    let body = message.body();
    let (of, id, _time, _options): (OwnedObjectPath, String, u64, Results) = body.deserialize().ok()?;
    let (what, ..) = USES.iter().find(|(_, known, _)| *known == id)?;
    (Some(&of) == session).then_some((*what, down))
}

/// Serves wishes until nobody can have any more. `heard` is told of keys, `says` of how the portal stands.
async fn serve(
    wishes: async_channel::Receiver<Wish>,
    heard: impl Fn(KeyUse, bool),
    says: impl Fn(KeyReach),
) -> zbus::Result<()> {
    let connection = Connection::session().await?;
    let portal = Proxy::new(&connection, PORTAL, PATH, SHORTCUTS).await?;
    // Portals without it have no such property.
    let version: u32 = portal.get_property("version").await?;
    tracing::info!(version, "the desktop lends keys");
    says(KeyReach::Desktop);
    let mut signals = portal.receive_all_signals().await?;
    let mut session: Option<OwnedObjectPath> = None;
    let mut count = 0;
    loop {
        let next = select(Box::pin(wishes.recv()), signals.next()).await;
        match next {
            Either::Left((Ok(wish), _)) => {
                if let Some(old) = session.take() {
                    // What it still holds is let go; no more will be told of it.
                    heard(KeyUse::Talk, false);
                    let old = Proxy::new(&connection, PORTAL, old, "org.freedesktop.portal.Session").await?;
                    if let Err(error) = old.call_method("Close", &()).await {
                        tracing::debug!(%error, "a session of keys was gone already");
                    }
                }
                if wish.is_empty() {
                    says(KeyReach::Desktop);
                    continue;
                }
                count += 1;
                match bind(&connection, &portal, &wish, count).await {
                    Ok(new) => {
                        session = Some(new);
                        says(KeyReach::Desktop);
                    }
                    Err(error) => {
                        tracing::info!(%error, "the desktop gave no keys");
                        says(KeyReach::Refused);
                    }
                }
            }
            Either::Left((Err(_gone), _)) => return Ok(()),
            Either::Right((Some(message), _)) => {
                if let Some((what, down)) = told(&message, session.as_ref()) {
                    heard(what, down);
                }
            }
            Either::Right((None, _)) => return Ok(()),
        }
    }
}

/// The way to the thread that talks with the portal.
#[derive(Resource)]
struct Portal {
    wishes: async_channel::Sender<Wish>,
    asked: Wish,
    says: Arc<Mutex<KeyReach>>,
}

fn wish(settings: &Settings) -> Wish {
    let talk = settings.talk_key.as_ref().filter(|_| takes_key(settings.transmit));
    let keys = [
        (KeyUse::Talk, talk),
        (KeyUse::Mute, settings.mute_key.as_ref()),
        (KeyUse::Deafen, settings.deafen_key.as_ref()),
    ];
    keys.into_iter()
        .filter_map(|(what, key)| Some((what, key?.parse().ok()?)))
        .collect()
}

fn follow(mut portal: ResMut<Portal>, mut own: ResMut<OwnKeys>, desk: Res<Desk>, profile: Res<Profile>) {
    let says = *portal.says.lock().unwrap_or_else(PoisonError::into_inner);
    if own.reach != says {
        own.reach = says;
    }
    // A setting that is being chosen is not asked about before it is kept.
    let wanted = match (profile.open(), &desk.settings) {
        (None, _) => Wish::new(),
        (Some(_), Some(_)) => return,
        (Some(_), None) => settings(&desk, &profile).map(wish).unwrap_or_default(),
    };
    if wanted != portal.asked && portal.wishes.try_send(wanted.clone()).is_ok() {
        portal.asked = wanted;
    }
}

/// Asks the portal, where there is one. What it says is [`OwnKeys::reach`].
pub(super) fn plugin(app: &mut App) {
    let talk = app.world().resource::<TalkKey>().clone();
    let pressed = app.world().resource::<Pressed>().clone();
    let waker = app.world().resource::<Waker>().clone();
    let says = Arc::new(Mutex::new(KeyReach::Here));
    let (wishes, receiver) = async_channel::bounded(WISHES);
    let told = Arc::clone(&says);
    let wakes = waker.clone();
    let heard = move |what, down| {
        match what {
            KeyUse::Talk => {
                talk.hold(Hand::Desktop, down);
            }
            what if down => pressed.push(what),
            _ => return,
        }
        waker.wake();
    };
    let says_now = move |reach| {
        *told.lock().unwrap_or_else(PoisonError::into_inner) = reach;
        wakes.wake();
    };
    let thread = std::thread::Builder::new().name("orrery-portal".into()).spawn(move || {
        if let Err(error) = zbus::block_on(serve(receiver, heard, &says_now)) {
            tracing::info!(%error, "no portal for keys");
            says_now(KeyReach::Here);
        }
    });
    match thread {
        Ok(_detached) => {
            app.insert_resource(Portal {
                wishes,
                asked: Wish::new(),
                says,
            })
            .add_systems(Update, follow);
        }
        Err(error) => tracing::warn!(%error, "no thread for the portal"),
    }
}

#[cfg(test)]
mod tests;
