use std::{
    collections::BTreeMap,
    sync::{Condvar, PoisonError},
};

use orrery_crypto::DatabaseKey;
use orrery_link::Code;

use super::*;

/// A keyring in memory, with a gate that can be shut.
#[derive(Default)]
struct Shelf {
    secrets: Mutex<BTreeMap<String, Vec<u8>>>,
    shut: Mutex<bool>,
    opened: Condvar,
    broken: AtomicBool,
}

impl Shelf {
    fn shut(&self, shut: bool) {
        *self.shut.lock().unwrap() = shut;
        self.opened.notify_all();
    }

    fn pass(&self) -> Result<(), Unavailable> {
        let shut = self.shut.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.opened.wait_while(shut, |shut| *shut).unwrap());
        if self.broken.load(Ordering::Acquire) {
            Err(Unavailable)
        } else {
            Ok(())
        }
    }

    fn names(&self) -> usize {
        self.secrets.lock().unwrap().len()
    }
}

impl SecretStore for Shelf {
    fn reach(&self) -> Result<(), Unavailable> {
        Ok(())
    }

    fn get(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Unavailable> {
        self.pass()?;
        Ok(self.secrets.lock().unwrap().get(name).cloned().map(Zeroizing::new))
    }

    fn set(&self, name: &str, secret: &[u8]) -> Result<(), Unavailable> {
        self.pass()?;
        self.secrets.lock().unwrap().insert(name.to_owned(), secret.to_vec());
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), Unavailable> {
        self.pass()?;
        self.secrets.lock().unwrap().remove(name);
        Ok(())
    }
}

const SHORT: Duration = Duration::from_millis(200);

fn never() -> AtomicBool {
    AtomicBool::new(false)
}

fn key(byte: u8) -> DatabaseKey {
    DatabaseKey::from_bytes(&[byte; 32])
}

struct Bed {
    folder: tempfile::TempDir,
    shelf: Arc<Shelf>,
    memory: Memory,
}

fn bed() -> Bed {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Arc::new(Shelf::default());
    let keyring = Keyring::new(Arc::clone(&shelf) as Arc<dyn SecretStore>);
    let memory = Memory::new(folder.path(), &keyring);
    Bed { folder, shelf, memory }
}

#[test]
fn a_key_is_kept_and_forgotten_together_with_the_claim_that_it_is() {
    let bed = bed();
    assert!(!bed.memory.is_on());
    assert_eq!(bed.memory.key().map(|_| ()), Err(Code::NotRemembered));
    bed.memory.keep(&key(7), 12, &never()).unwrap();
    assert!(bed.memory.is_on());
    assert_eq!(bed.memory.key().unwrap().as_bytes(), &[7; 32]);
    assert_eq!(bed.memory.commits(), Ok(Some(12)));
    bed.memory.note(13, SHORT);
    assert_eq!(bed.memory.commits(), Ok(Some(13)));
    // The name tells nobody where the folder is.
    let marker = std::fs::read_to_string(bed.folder.path().join("remembered")).unwrap();
    assert_eq!(marker.trim_end().len(), 32);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let metadata = std::fs::metadata(bed.folder.path().join("remembered")).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    }
    bed.memory.forget(&never()).unwrap();
    assert_eq!((bed.memory.is_on(), bed.shelf.names()), (false, 0));
}

#[test]
fn a_claim_that_the_keyring_knows_nothing_of_goes() {
    for spoil in [Vec::new(), vec![1; 31], vec![1; 33]] {
        let bed = bed();
        bed.memory.keep(&key(7), 12, &never()).unwrap();
        for (name, secret) in bed.shelf.secrets.lock().unwrap().iter_mut() {
            if !name.ends_with(".count") {
                secret.clone_from(&spoil);
            }
        }
        assert_eq!(bed.memory.key().map(|_| ()), Err(Code::NotRemembered), "{spoil:?}");
        assert_eq!((bed.memory.is_on(), bed.shelf.names()), (false, 0));
    }
    let bed = bed();
    for garbage in ["", "../../x", "ABCDEF0123456789ABCDEF0123456789", &"a".repeat(4096)] {
        std::fs::write(bed.folder.path().join("remembered"), garbage).unwrap();
        assert!(!bed.memory.is_on(), "{garbage}");
    }
}

#[test]
fn a_keyring_that_refuses_changes_nothing() {
    let bed = bed();
    bed.shelf.broken.store(true, Ordering::Release);
    assert_eq!(bed.memory.keep(&key(7), 1, &never()), Err(Code::KeyringUnavailable));
    assert!(!bed.memory.is_on());
    bed.shelf.broken.store(false, Ordering::Release);
    bed.memory.keep(&key(7), 1, &never()).unwrap();
    bed.shelf.broken.store(true, Ordering::Release);
    assert_eq!(bed.memory.forget(&never()), Err(Code::KeyringUnavailable));
    assert!(
        bed.memory.is_on(),
        "the keyring has the key still, and the person should know"
    );
    assert_eq!(bed.memory.key().map(|_| ()), Err(Code::KeyringUnavailable));
    assert!(bed.memory.is_on());
}

#[test]
fn a_keyring_that_hangs_is_not_waited_for_and_what_it_does_too_late_is_undone() {
    let shelf = Arc::new(Shelf::default());
    let keyring = Keyring::new(Arc::clone(&shelf) as Arc<dyn SecretStore>).with_patience(SHORT);
    shelf.shut(true);
    assert_eq!(keyring.set("a", Zeroizing::new(vec![1]), &never()), Err(Unavailable));
    // Until there are so many questions that the next one is not even asked.
    for _ in 0..2 * MOST {
        assert_eq!(keyring.glance("a").map(|_| ()), Err(Unavailable));
    }
    assert!(keyring.waiting.load(Ordering::Acquire) <= MOST);
    shelf.shut(false);
    while keyring.waiting.load(Ordering::Acquire) > 0 {
        thread::yield_now();
    }
    assert_eq!(shelf.names(), 0);
    keyring.set("a", Zeroizing::new(vec![2]), &never()).unwrap();
    assert_eq!(keyring.get("a").unwrap().unwrap().as_slice(), [2], "it is asked again");
}

#[test]
fn whoever_is_told_to_stop_waits_no_longer() {
    let shelf = Arc::new(Shelf::default());
    let keyring = Keyring::new(Arc::clone(&shelf) as Arc<dyn SecretStore>).with_patience(Duration::MAX / 4);
    shelf.shut(true);
    let stop = AtomicBool::new(true);
    assert_eq!(keyring.set("a", Zeroizing::new(vec![1]), &stop), Err(Unavailable));
    shelf.shut(false);
}
