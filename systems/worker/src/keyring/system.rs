//! The keyring of the system. It is looked for anew at each question: one that was not there, or began anew, is found.

use keyring_core::{Entry, Error};
use zeroize::Zeroizing;

use super::{SecretStore, Unavailable};

/// Under which everything stands there.
const SERVICE: &str = "Orrery";

#[cfg(target_os = "macos")]
use apple_native_keyring_store::keychain::Store;
#[cfg(windows)]
use windows_native_keyring_store::Store;
#[cfg(all(unix, not(target_os = "macos")))]
use zbus_secret_service_keyring_store::Store;

/// Secret Service, macOS Keychain or Windows Credential Manager.
pub(super) struct System;

fn entry(name: &str) -> Result<Entry, Unavailable> {
    use keyring_core::api::CredentialStoreApi as _;
    let store = Store::new().map_err(|_| Unavailable)?;
    #[cfg(all(unix, not(target_os = "macos")))]
    let shown = std::collections::HashMap::from([("label", SERVICE)]);
    #[cfg(all(unix, not(target_os = "macos")))]
    let shown = Some(&shown);
    #[cfg(not(all(unix, not(target_os = "macos"))))]
    let shown = None;
    store.build(SERVICE, name, shown).map_err(|_| Unavailable)
}

impl SecretStore for System {
    fn reach(&self) -> Result<(), Unavailable> {
        Store::new().map(|_| ()).map_err(|_| Unavailable)
    }

    fn get(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Unavailable> {
        match entry(name)?.get_secret() {
            Ok(secret) => Ok(Some(Zeroizing::new(secret))),
            // Of two of one name nobody knows which is ours.
            Err(Error::NoEntry | Error::Ambiguous(_)) => Ok(None),
            Err(_) => Err(Unavailable),
        }
    }

    fn set(&self, name: &str, secret: &[u8]) -> Result<(), Unavailable> {
        let entry = entry(name)?;
        match entry.set_secret(secret) {
            Err(Error::Ambiguous(_)) => {
                self.remove(name)?;
                entry.set_secret(secret).map_err(|_| Unavailable)
            }
            result => result.map_err(|_| Unavailable),
        }
    }

    fn remove(&self, name: &str) -> Result<(), Unavailable> {
        match entry(name)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(Error::Ambiguous(all)) => all
                .iter()
                .try_for_each(Entry::delete_credential)
                .map_err(|_| Unavailable),
            Err(_) => Err(Unavailable),
        }
    }
}
