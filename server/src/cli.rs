//! The command line.

use std::{
    env,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};

use clap::Parser;

use crate::{
    clock::SystemClock,
    config::{DEFAULT_PORT, ServerConfig, Stun, TlsFiles},
    limits::Limits,
};

/// Orrery's signaling server: introduces peers and holds sealed mail, and can read none of it.
///
/// Without arguments it serves this machine alone. To serve others it wants a name and TLS:
///
///   orrery-server --listen 0.0.0.0:443 --name orrery.example.org --cert chain.pem --key key.pem
///
/// or, behind a reverse proxy that does TLS:
///
///   orrery-server --name orrery.example.org --behind-proxy --stun 0.0.0.0:7670
///
/// Times are written 500ms, 25s, 10m, 30d; rates BURST+REFILL/TIME, as in 60+10/s.
#[derive(Clone, Debug, Parser)]
#[command(name = "orrery-server", version, about, verbatim_doc_comment)]
pub struct Cli {
    /// Address and port to listen on.
    #[arg(long, env = "ORRERY_LISTEN", value_name = "ADDR", default_value_t = SocketAddr::from(([127, 0, 0, 1], DEFAULT_PORT)))]
    pub listen: SocketAddr,
    /// Host name under which clients dial this server; may be given several times.
    #[arg(long = "name", env = "ORRERY_NAME", value_name = "HOST", value_delimiter = ',')]
    pub names: Vec<String>,
    /// Folder of the database [default: $STATE_DIRECTORY, else the user's state folder].
    #[arg(long, env = "ORRERY_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Certificate chain in PEM, leaf first; read again on SIGHUP.
    #[arg(long, env = "ORRERY_CERT", value_name = "FILE", requires = "key")]
    pub cert: Option<PathBuf>,
    /// Private key in PEM.
    #[arg(long, env = "ORRERY_KEY", value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
    /// A reverse proxy in front does TLS and sets X-Forwarded-For.
    #[arg(long, env = "ORRERY_BEHIND_PROXY")]
    pub behind_proxy: bool,
    /// Believe X-Forwarded-For from this proxy only; may be given several times [default: this machine and private
    /// networks].
    #[arg(
        long = "proxy",
        env = "ORRERY_PROXY",
        value_name = "IP",
        value_delimiter = ',',
        requires = "behind_proxy"
    )]
    pub proxies: Vec<IpAddr>,
    /// Where STUN is answered on UDP: an address, `same` as TCP, or `off`.
    #[arg(long, env = "ORRERY_STUN", value_name = "ADDR", default_value_t = Stun::SamePort)]
    pub stun: Stun,
    /// Serve Prometheus counts here; loopback only.
    #[arg(long, env = "ORRERY_METRICS", value_name = "ADDR")]
    pub metrics: Option<SocketAddr>,
    /// All limits.
    #[command(flatten)]
    pub limits: Limits,
}

/// No folder was given and none can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no folder for the database: give one with --data DIR")]
pub struct NoDataFolder;

impl Cli {
    /// The configuration that these arguments mean.
    ///
    /// # Errors
    /// [`NoDataFolder`] when no data folder was given and the user has no home.
    pub fn into_config(self) -> Result<ServerConfig, NoDataFolder> {
        Ok(ServerConfig {
            listen: self.listen,
            names: self.names,
            data: self.data.or_else(state_folder).ok_or(NoDataFolder)?,
            tls: self.cert.zip(self.key).map(|(cert, key)| TlsFiles { cert, key }),
            behind_proxy: self.behind_proxy,
            proxies: self.proxies,
            stun: self.stun,
            metrics: self.metrics,
            limits: self.limits,
            clock: Arc::new(SystemClock),
        })
    }
}

/// systemd's `StateDirectory=`, else the user's own.
fn state_folder() -> Option<PathBuf> {
    if let Some(dir) = env::var_os("STATE_DIRECTORY").filter(|dir| !dir.is_empty()) {
        return Some(dir.into());
    }
    let dirs = directories::ProjectDirs::from("", "", "orrery-server")?;
    Some(dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent_and_every_limit_has_a_flag() {
        Cli::command().debug_assert();
        let cli = Cli::parse_from(["orrery-server", "--data", "d"]);
        assert_eq!(format!("{:?}", cli.limits), format!("{:?}", Limits::default()));
        let config = cli.into_config().unwrap();
        assert_eq!(config.validate(), Ok(()));
    }

    #[test]
    fn a_public_server_is_written_in_one_line() {
        let line = "orrery-server --data d --listen 0.0.0.0:443 --name a.example --name b.example --cert c --key k \
                    --frame-rate 5+1/10m --envelope-lifetime 7d --stun off";
        let config = Cli::parse_from(line.split_whitespace()).into_config().unwrap();
        assert_eq!(config.validate(), Ok(()));
        assert_eq!(config.names, ["a.example", "b.example"]);
        assert_eq!(config.stun, Stun::Off);
        assert_eq!(config.limits.frame_rate.to_string(), "5+1/10m");
        assert_eq!(config.limits.envelope_lifetime.millis(), 7 * 86_400_000);
        assert!(
            Cli::try_parse_from(["orrery-server", "--cert", "c"]).is_err(),
            "a certificate wants its key"
        );
    }
}
