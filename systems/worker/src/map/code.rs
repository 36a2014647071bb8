//! Everybody's errors as codes.

use orrery_core::Refusal;
use orrery_link::Code;
use orrery_store::StoreError;

/// Why the core refused.
pub(crate) fn of_refusal(refusal: Refusal) -> Code {
    match refusal {
        Refusal::OwnLink => Code::OwnLink,
        Refusal::AlreadyContact => Code::AlreadyContact,
        Refusal::NotAccepted => Code::NotAccepted,
        Refusal::BadPrekeys => Code::BadPrekeys,
        Refusal::NoSuchContact => Code::NoSuchContact,
        Refusal::NoSuchChannel => Code::NoSuchChannel,
        Refusal::NoSuchMessage => Code::NoSuchMessage,
        Refusal::NoSuchCall => Code::NoSuchCall,
        Refusal::NotYours => Code::NotYours,
        Refusal::Blocked => Code::Blocked,
        Refusal::BadName => Code::BadName,
        Refusal::TextEmpty => Code::TextEmpty,
        Refusal::TextTooLong => Code::TextTooLong,
        Refusal::BadReaction => Code::BadReaction,
        Refusal::Busy => Code::Busy,
        Refusal::CallFull => Code::CallFull,
        Refusal::VersionMismatch => Code::VersionMismatch,
        Refusal::ProfileExists => Code::ProfileExists,
        Refusal::BadServer => Code::BadServer,
        // The enum may grow; what is new there is a defect until it has a code here.
        _ => Code::Internal,
    }
}

/// Why the profile could not be read or written.
pub(crate) fn of_store(error: &StoreError) -> Code {
    match error {
        StoreError::InUse => Code::ProfileInUse,
        StoreError::ReadOnly => Code::ReadOnly,
        StoreError::Full => Code::DiskFull,
        StoreError::WrongPassphrase => Code::WrongPassphrase,
        StoreError::WrongPhrase => Code::WrongRecoveryPhrase,
        StoreError::BadPhrase => Code::BadRecoveryPhrase,
        StoreError::NoPhrase => Code::NoRecoveryPhrase,
        StoreError::BadExport => Code::BadExport,
        StoreError::FileExists => Code::FileExists,
        StoreError::NoSuchFile => Code::NoSuchFile,
        // It stops only when the profile is locked or the program ends.
        StoreError::Stopped => Code::Locked,
        StoreError::PassphraseEmpty | StoreError::PassphraseTooLong => Code::BadPassphrase,
        StoreError::VaultDamaged | StoreError::VaultTooDemanding | StoreError::VaultMissing => Code::VaultDamaged,
        StoreError::Damaged | StoreError::WrongKey | StoreError::DatabaseMissing => Code::DatabaseDamaged,
        StoreError::VaultNewer | StoreError::NewerVersion { .. } => Code::NewerProfile,
        StoreError::AlreadyExists => Code::ProfileExists,
        _ => Code::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_can_act_on_has_a_code_of_its_own() {
        assert_eq!(of_store(&StoreError::Full), Code::DiskFull);
        assert_eq!(
            of_store(&StoreError::NewerVersion { found: 9, known: 1 }),
            Code::NewerProfile
        );
        assert_eq!(of_store(&StoreError::Unavailable("x".into())), Code::Internal);
        assert_eq!(of_refusal(Refusal::TextTooLong), Code::TextTooLong);
        assert_eq!(of_refusal(Refusal::Internal), Code::Internal);
    }
}
