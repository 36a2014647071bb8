//! A server and peers in one temporary folder.

use std::path::PathBuf;

use orrery_tests::{Peer, PeerOptions, Server, ServerOptions};
use tempfile::TempDir;

pub(crate) struct Bed {
    pub(crate) folder: TempDir,
    pub(crate) server: Server,
}

impl Bed {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(&folder.path().join("server"), &server_options());
        Self { folder, server }
    }

    pub(crate) fn options(&self, name: &str) -> PeerOptions {
        peer_options(name, &self.server.url())
    }

    pub(crate) fn home(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn peer(&self, name: &str) -> Peer {
        Peer::start(&self.home(name), &self.options(name))
    }

    pub(crate) fn peer_with(&self, name: &str, args: &[&str]) -> Peer {
        let mut options = self.options(name);
        options.args = args.iter().map(|arg| (*arg).to_owned()).collect();
        Peer::start(&self.home(name), &options)
    }

    /// Two peers that are contacts.
    pub(crate) fn pair(&self) -> (Peer, Peer) {
        let (mut a, mut b) = (self.peer("ariel"), self.peer("rhea"));
        a.befriend(&mut b);
        (a, b)
    }
}

pub(crate) fn server_options() -> ServerOptions {
    ServerOptions {
        program: env!("CARGO_BIN_EXE_e2e-server").into(),
        port: 0,
    }
}

pub(crate) fn peer_options(name: &str, server: &str) -> PeerOptions {
    PeerOptions {
        program: env!("CARGO_BIN_EXE_e2e-peer").into(),
        name: name.to_owned(),
        server: server.to_owned(),
        passphrase: Some("seven planets drift quietly".to_owned()),
        bind: "127.0.0.1:0".to_owned(),
        log: None,
        args: Vec::new(),
    }
}
