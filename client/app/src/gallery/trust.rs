//! Safety numbers and what protects a profile, in every state.

use orrery_ui::view::{
    CompareView, ErrorView, FirstStartView, MainPane, NumberView, Outcome, ScreenView, SecurityView, SettingsView,
    UnlockView, Words, Work,
};

use super::hand::Act;
use super::people::{key, name};
use super::poses::Pose;
use super::screens::screen;

const DIGITS: &str = "300354477692869396892869876765458257569162576843440918079131";

fn compare() -> CompareView {
    CompareView {
        peer: key(1),
        me: key(0),
        name: name(1).into(),
        verified: false,
        contact: true,
        number: Some(NumberView {
            digits: DIGITS.into(),
            code: (0..74_u8).map(|at| at.wrapping_mul(73).wrapping_add(8)).collect(),
        }),
        outcome: Outcome::None,
    }
}

/// Comparing.
pub(super) fn comparing() -> Vec<Pose> {
    let pose = |name: &str, view| Pose::new(name, screen(MainPane::Compare(Box::new(view))));
    let with = |outcome| CompareView { outcome, ..compare() };
    vec![
        pose("compare", compare()),
        pose(
            "compare-waiting",
            CompareView {
                number: None,
                ..compare()
            },
        ),
        pose("compare-same", with(Outcome::Same)),
        pose("compare-differs", with(Outcome::Differs)),
        pose("compare-bad", with(Outcome::Bad(ErrorView::code("bad_safety_number")))),
        pose(
            "compare-verified",
            CompareView {
                verified: true,
                name: "Somebody with a name that goes on for as long as names may".into(),
                ..compare()
            },
        ),
    ]
}

/// The settings' section, beside the others of the same view.
pub(super) fn security(view: &SettingsView) -> Vec<Pose> {
    let words = "legal winner thank year wave sausage worth useful legal winner thank yellow";
    let there = SecurityView {
        recovery: true,
        export_path: "/home/you/Documents/You-2026-03-03.orrery".into(),
        lock_after_min: 15,
        ..SecurityView::default()
    };
    let pose = |name: &str, security: SecurityView, acts: &[Act]| {
        let view = SettingsView {
            security,
            ..view.clone()
        };
        Pose::new(name, screen(MainPane::Settings(Box::new(view)))).after(acts)
    };
    let tab = Act::Press("settings.tab.security");
    vec![
        pose("settings-security", there.clone(), &[tab]),
        pose(
            "settings-security-passphrase",
            there.clone(),
            &[
                tab,
                Act::Press("security.passphrase"),
                Act::Press("security.new"),
                Act::Write("three quiet"),
            ],
        ),
        pose(
            "settings-security-phrase",
            SecurityView {
                words: Some(Words(words.split(' ').map(str::to_owned).collect())),
                recovery: false,
                count: 1,
                ..there.clone()
            },
            &[tab],
        ),
        pose(
            "settings-security-exporting",
            SecurityView {
                work: Some(Work::Export),
                progress: Some(0.4),
                count: 2,
                ..there.clone()
            },
            &[tab, Act::Press("security.export")],
        ),
        pose(
            "settings-security-remembered",
            SecurityView {
                remembered: true,
                done: Some(Work::Remember),
                count: 5,
                ..there.clone()
            },
            &[tab],
        ),
        pose(
            "settings-security-done",
            SecurityView {
                done: Some(Work::Export),
                exported: Some("/home/you/Documents/You-2026-03-03.orrery".into()),
                count: 3,
                ..there.clone()
            },
            &[tab],
        ),
        pose(
            "settings-security-failed",
            SecurityView {
                failed: Some((Work::Export, ErrorView::code("file_exists"))),
                count: 4,
                ..there
            },
            &[tab],
        ),
    ]
}

/// Other ways into a profile.
pub(super) fn ways_in(first: &FirstStartView, unlock: &UnlockView) -> Vec<Pose> {
    let with = |recovery, error: Option<&str>| {
        ScreenView::Unlock(UnlockView {
            recovery,
            error: error.map(ErrorView::code),
            ..unlock.clone()
        })
    };
    let back = Act::Press("recover.back");
    let by_keyring = |error: Option<&str>| {
        ScreenView::Unlock(UnlockView {
            remembered: true,
            error: error.map(ErrorView::code),
            ..unlock.clone()
        })
    };
    vec![
        Pose::new("unlock-keyring", by_keyring(None)),
        Pose::new("unlock-keyring-bad", by_keyring(Some("keyring_unavailable"))),
        Pose::new("unlock-recover", with(true, None)).after(&[Act::Press("unlock.forgot")]),
        Pose::new("unlock-recover-bad", with(true, Some("bad_recovery_phrase")))
            .after(&[Act::Press("recover.phrase"), Act::Write("legal winner thank yeer")]),
        Pose::new("unlock-no-phrase", with(false, None)),
        Pose::new("unlock-again", with(false, None)).after(&[back]),
        Pose::new("restore", ScreenView::FirstStart(first.clone())).after(&[Act::Press("firststart.restore")]),
        Pose::new(
            "restore-bad",
            ScreenView::FirstStart(FirstStartView {
                error: Some(ErrorView::code("bad_export")),
                ..first.clone()
            }),
        )
        .after(&[Act::Press("restore.path"), Act::Write("~/Documents/Ada.orrery")]),
    ]
}
