//! A signaling server process.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// How a server is started.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Program to run: `env!("CARGO_BIN_EXE_e2e-server")`.
    pub program: PathBuf,
    /// TCP port; 0 lets the system choose.
    pub port: u16,
}

/// A running server, which keeps its port and its data across [`Server::restart`].
#[derive(Debug)]
pub struct Server {
    child: Child,
    data: PathBuf,
    options: ServerOptions,
    url: String,
}

fn spawn(data: &Path, options: &ServerOptions) -> (Child, String) {
    let mut child = Command::new(&options.program)
        .args(["--listen", &format!("127.0.0.1:{}", options.port)])
        .arg("--data")
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("server process");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("stdout"))
        .read_line(&mut line)
        .expect("first line");
    let url = line
        .trim()
        .strip_prefix("listening on ")
        .unwrap_or_else(|| panic!("the server said {line:?}"))
        .to_owned();
    (child, url)
}

impl Server {
    /// Starts a server on a data folder and waits until it listens.
    ///
    /// # Panics
    /// When it does not.
    #[must_use]
    pub fn start(data: &Path, options: &ServerOptions) -> Self {
        std::fs::create_dir_all(data).expect("folder");
        let (child, url) = spawn(data, options);
        let port = url
            .rsplit(':')
            .next()
            .and_then(|port| port.parse().ok())
            .expect("a port");
        let options = ServerOptions {
            port,
            ..options.clone()
        };
        Self {
            child,
            data: data.to_path_buf(),
            options,
            url,
        }
    }

    /// `ws://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Kills it as a power cut would.
    ///
    /// # Panics
    /// When the process cannot be waited for.
    pub fn kill(&mut self) {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
    }

    /// Kills it if it still runs, and starts it again on the same port and data.
    ///
    /// # Panics
    /// When it does not come back.
    pub fn restart(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let (child, url) = spawn(&self.data, &self.options);
        assert_eq!(url, self.url);
        self.child = child;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
