//! On a bus of their own, with a portal that follows the specification: `CreateSession` and `BindShortcuts` answer by a
//! signal on the request's path, keys come as `Activated` and `Deactivated`. No desktop's own portal is tried here.

use std::process::{Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use zbus::message::Header;
use zbus::{ObjectPath, interface};

use super::*;

const DEADLINE: Duration = Duration::from_secs(20);
const SESSION: &str = "/org/freedesktop/portal/desktop/session/1_1/own";

/// What the portal was asked for: (id, trigger).
type Bound = Arc<Mutex<Vec<(String, String)>>>;

struct Desktop {
    bound: Bound,
    refuses: bool,
}

/// The path of a request, which the caller works out as well, and its answer on it.
async fn answer(
    connection: &Connection,
    header: &Header<'_>,
    options: &Results,
    code: u32,
    results: Options<'_>,
) -> OwnedObjectPath {
    let caller = header.sender().unwrap().to_string();
    let caller = caller.trim_start_matches(':').replace('.', "_");
    let token = String::try_from(options["handle_token"].clone()).unwrap();
    let path = format!("{PATH}/request/{caller}/{token}");
    let sender = header.sender().map(ToString::to_string);
    connection
        .emit_signal(
            sender.as_deref(),
            path.as_str(),
            "org.freedesktop.portal.Request",
            "Response",
            &(code, results),
        )
        .await
        .unwrap();
    OwnedObjectPath::try_from(path).unwrap()
}

#[interface(name = "org.freedesktop.portal.GlobalShortcuts")]
impl Desktop {
    #[zbus(property, name = "version")]
    async fn version(&self) -> u32 {
        1
    }

    async fn create_session(
        &self,
        options: Results,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
    ) -> OwnedObjectPath {
        let results = Options::from([("session_handle", Variant::from(SESSION))]);
        answer(connection, &header, &options, 0, results).await
    }

    async fn bind_shortcuts(
        &self,
        session: OwnedObjectPath,
        shortcuts: Vec<(String, Results)>,
        _parent: String,
        options: Results,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
    ) -> OwnedObjectPath {
        assert_eq!(session.as_str(), SESSION);
        *self.bound.lock().unwrap() = shortcuts
            .into_iter()
            .map(|(id, options)| {
                assert!(!String::try_from(options["description"].clone()).unwrap().is_empty());
                (id, String::try_from(options["preferred_trigger"].clone()).unwrap())
            })
            .collect();
        answer(connection, &header, &options, u32::from(self.refuses), Options::new()).await
    }
}

async fn key(connection: &Connection, member: &str, session: &str, id: &str) {
    let session = ObjectPath::try_from(session).unwrap();
    let body = (session, id, 7_u64, Options::new());
    connection
        .emit_signal(None::<&str>, PATH, SHORTCUTS, member, &body)
        .await
        .unwrap();
}

#[test]
fn keys_are_named_as_the_specification_names_them() {
    for (ours, theirs) in [
        ("F8", "F8"),
        ("Ctrl+Shift+Space", "CTRL+SHIFT+space"),
        ("Ctrl+Alt+M", "CTRL+ALT+m"),
        ("Ctrl+1", "CTRL+1"),
        ("Alt+PageUp", "ALT+Prior"),
    ] {
        assert_eq!(trigger(ours.parse().unwrap()), theirs);
    }
}

#[test]
fn a_desktop_is_asked_lends_its_keys_and_may_refuse() {
    if Command::new("dbus-run-session")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_err()
    {
        let said =
            "keys::portal::tests::a_desktop_is_asked_lends_its_keys_and_may_refuse: dbus-run-session is not installed";
        println!("SKIPPED: {said}");
        if let Some(path) = std::env::var_os("ORRERY_SKIPS") {
            use std::io::Write;
            let mut file = std::fs::OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .unwrap();
            writeln!(file, "{said}").unwrap();
        }
        return;
    }
    let done = Command::new("dbus-run-session")
        .arg("--")
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "keys::portal::tests::on_a_bus", "--ignored", "--nocapture"])
        .status()
        .unwrap();
    assert!(done.success());
}

#[test]
#[ignore = "run by `a_desktop_is_asked_lends_its_keys_and_may_refuse`, on a bus of its own"]
fn on_a_bus() {
    #[derive(Debug, PartialEq)]
    enum Came {
        Key(KeyUse, bool),
        Reach(KeyReach),
    }
    let (sender, came) = sync_channel(64);
    let client = |receiver| {
        let (keys, reach) = (sender.clone(), sender.clone());
        std::thread::Builder::new()
            .spawn(move || {
                let heard = |what, down| keys.send(Came::Key(what, down)).unwrap();
                zbus::block_on(serve(receiver, heard, |now| reach.send(Came::Reach(now)).unwrap()))
            })
            .unwrap()
    };
    let next = || came.recv_timeout(DEADLINE).expect("nothing came");

    // Without a portal there is nothing to wait for.
    let (_wishes, receiver) = async_channel::bounded(WISHES);
    assert!(client(receiver).join().unwrap().is_err());

    let bound = Bound::default();
    let serving = |refuses| {
        let bound = Arc::clone(&bound);
        zbus::connection::Builder::session()
            .name(PORTAL)
            .serve_at(PATH, Desktop { bound, refuses })
            .build()
    };
    let desktop = zbus::block_on(serving(false)).unwrap();
    let (wishes, receiver) = async_channel::bounded(WISHES);
    let served = client(receiver);
    assert_eq!(next(), Came::Reach(KeyReach::Desktop));
    let wish: Wish = vec![
        (KeyUse::Talk, "F8".parse().unwrap()),
        (KeyUse::Deafen, "Ctrl+Alt+D".parse().unwrap()),
    ];
    wishes.send_blocking(wish.clone()).unwrap();
    assert_eq!(next(), Came::Reach(KeyReach::Desktop));
    let pair = |id: &str, trigger: &str| (id.to_owned(), trigger.to_owned());
    assert_eq!(
        *bound.lock().unwrap(),
        [pair("talk", "F8"), pair("deafen", "CTRL+ALT+d")]
    );
    zbus::block_on(async {
        key(&desktop, "Activated", SESSION, "talk").await;
        key(
            &desktop,
            "Activated",
            "/org/freedesktop/portal/desktop/session/1_1/anothers",
            "deafen",
        )
        .await;
        key(&desktop, "Activated", SESSION, "unknown").await;
        key(&desktop, "Deactivated", SESSION, "talk").await;
        key(&desktop, "Activated", SESSION, "deafen").await;
    });
    for (what, down) in [(KeyUse::Talk, true), (KeyUse::Talk, false), (KeyUse::Deafen, true)] {
        assert_eq!(next(), Came::Key(what, down));
    }
    // Other keys: what the old ones held is let go first.
    zbus::block_on(key(&desktop, "Activated", SESSION, "talk"));
    assert_eq!(next(), Came::Key(KeyUse::Talk, true));
    wishes.send_blocking(wish[..1].to_vec()).unwrap();
    assert_eq!(next(), Came::Key(KeyUse::Talk, false));
    assert_eq!(next(), Came::Reach(KeyReach::Desktop));
    assert_eq!(*bound.lock().unwrap(), [pair("talk", "F8")]);
    drop(wishes);
    served.join().unwrap().unwrap();
    zbus::block_on(desktop.close()).unwrap();

    let _desktop = zbus::block_on(serving(true)).unwrap();
    let (wishes, receiver) = async_channel::bounded(WISHES);
    let _served = client(receiver);
    assert_eq!(next(), Came::Reach(KeyReach::Desktop));
    wishes.send_blocking(wish).unwrap();
    assert_eq!(next(), Came::Reach(KeyReach::Refused));
}
