//! Which certificates are believed.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, pki_types::CertificateDer};
use tokio_tungstenite::Connector;

/// TLS with the web's roots and, where one is given, one more. A clone shares the settings.
#[derive(Clone)]
pub(crate) struct Tls(Arc<ClientConfig>);

/// The extra root is not a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the extra TLS root is not a certificate")]
pub(crate) struct BadRoot;

impl Tls {
    /// `extra_root`: DER of a certificate that is believed beside the web's roots.
    ///
    /// # Errors
    /// [`BadRoot`].
    pub(crate) fn new(extra_root: Option<&[u8]>) -> Result<Self, BadRoot> {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        if let Some(root) = extra_root {
            roots.add(CertificateDer::from(root.to_vec())).map_err(|_| BadRoot)?;
        }
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|_| BadRoot)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }

    pub(crate) fn connector(&self) -> Connector {
        Connector::Rustls(Arc::clone(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_that_is_no_certificate_is_refused() {
        assert!(Tls::new(None).is_ok());
        assert_eq!(Tls::new(Some(b"garbage")).err(), Some(BadRoot));
    }
}
