//! A profile's durable side: the folder, the vault that holds the key, and the encrypted database.
//!
//! - [`profile`]: the folder of one identity, its lock, and what is found in it.
//! - [`vault`]: the small file in which the passphrase wraps the database key.
//! - [`database`]: opening SQLCipher the one right way, and checking it.
//! - [`schema`]: tables and migrations.
//! - [`store`]: the open database; [`transaction`]: writing it, as the core's [`Archive`](orrery_protocol::archive::Archive).
//! - [`history`]: pages, search, unread counts; [`search`]: what a person's words become for the index.
//! - [`export`]: a whole profile in one file, without its sessions.
//! - [`counter`]: how a database that was put back to an older copy is noticed.
//!
//! Everything is synchronous and blocks on the disk: a [`Store`] belongs on a thread of its own. Logs say that things
//! happened, never where or with whom.

pub mod counter;
pub mod database;
pub mod error;
pub mod export;
mod file;
pub mod history;
pub mod integrity;
mod lock;
pub mod profile;
mod rows;
pub mod schema;
pub mod search;
pub mod store;
pub mod transaction;
pub mod vault;

pub use error::StoreError;
pub use export::Export;
pub use history::{ChannelSummary, History, Page, Unread};
pub use integrity::{Integrity, IntegrityCheck, Stopper};
pub use profile::{ProfileDamage, ProfileFolder, ProfileState};
pub use search::{Search, SearchCursor, SearchHit};
pub use store::Store;
pub use transaction::Transaction;
pub use vault::{DatabaseKey, VaultParams};
