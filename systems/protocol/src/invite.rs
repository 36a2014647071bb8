//! Invite links: `orrery:<id>?via=<server>&name=<name>&t=<request token>`.

use std::{fmt, net::IpAddr, str::FromStr};

use url::form_urlencoded;

use crate::{
    PeerId, Token,
    id::base32,
    limits::{MAX_NAME, MAX_VIA},
    login::canonical_host,
};

/// The longest text that is read as a link; the longest real one has about half of it.
const MAX_LINK: usize = 2048;

/// What an invite link says. It introduces a person; whether it is that person, the key in it decides.
#[derive(Clone, PartialEq, Eq)]
pub struct Invite {
    /// Who.
    pub peer: PeerId,
    /// Home server, as [`check_via`] wants it.
    pub via: String,
    /// Suggested display name.
    pub name: String,
    /// Lets one send a contact request; revocable by its owner.
    pub token: Token,
}

/// Text that is no invite link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InviteError {
    /// Does not begin with `orrery:`.
    #[error("not an Orrery link")]
    Scheme,
    /// The id is damaged; a link is often cut when copied.
    #[error("the id in the link is damaged")]
    Id,
    /// The server is missing, no address, or one without encryption that is not on this machine.
    #[error("the server in the link is missing, damaged or without encryption")]
    Via,
    /// The request token is missing or damaged.
    #[error("the link is incomplete")]
    Token,
    /// Longer than any real link.
    #[error("too long")]
    TooLong,
}

/// Checks a server address: `wss://host[:port]`, nothing behind it. `ws://` is for servers on this machine alone: on any
/// other way whoever carries the bytes would see who logs in, and for whom each envelope is.
///
/// # Errors
/// [`InviteError::Via`].
pub fn check_via(via: &str) -> Result<(), InviteError> {
    // Readers of URLs pass over line breaks and blanks in places: what is shown would not be what is dialled.
    if via.len() > MAX_VIA || via.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return Err(InviteError::Via);
    }
    let url = url::Url::parse(via).map_err(|_| InviteError::Via)?;
    let host = canonical_host(url.host_str().unwrap_or_default());
    let private = match url.scheme() {
        "wss" => !host.is_empty(),
        "ws" => is_loopback(&host),
        _ => false,
    };
    let plain = private
        && url.username().is_empty()
        && url.password().is_none()
        && matches!(url.path(), "" | "/")
        && url.query().is_none()
        && url.fragment().is_none();
    if plain { Ok(()) } else { Err(InviteError::Via) }
}

/// Whether a host in its canonical form is this machine: `localhost`, 127.0.0.0/8 or `::1`.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}

impl fmt::Display for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("via", &self.via)
            .append_pair("name", &self.name)
            .append_pair("t", &base32().encode(&self.token.0))
            .finish();
        write!(f, "orrery:{}?{query}", self.peer)
    }
}

impl fmt::Debug for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Invite({:?}, hidden)", self.peer)
    }
}

impl FromStr for Invite {
    type Err = InviteError;

    fn from_str(text: &str) -> Result<Self, InviteError> {
        let text = text.trim().trim_matches(|c| matches!(c, '<' | '>' | '"'));
        if text.len() > MAX_LINK {
            return Err(InviteError::TooLong);
        }
        let scheme = text.get(..7).ok_or(InviteError::Scheme)?;
        if !scheme.eq_ignore_ascii_case("orrery:") {
            return Err(InviteError::Scheme);
        }
        let rest = text.get(7..).ok_or(InviteError::Scheme)?;
        let (id, query) = rest.split_once('?').unwrap_or((rest, ""));
        let peer = id.trim_matches('/').parse().map_err(|_| InviteError::Id)?;
        let (mut via, mut name, mut token) = (None, String::new(), None);
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "via" => via = Some(value.into_owned()),
                "name" => name = value.chars().filter(|c| !c.is_control()).collect(),
                "t" => {
                    let bytes = base32().decode(value.as_bytes()).map_err(|_| InviteError::Token)?;
                    token = Some(Token(bytes.try_into().map_err(|_| InviteError::Token)?));
                }
                // A later version may say more in a link; what is unknown is passed over.
                _ => {}
            }
        }
        let via = via.ok_or(InviteError::Via)?;
        check_via(&via)?;
        while name.len() > MAX_NAME {
            name.pop();
        }
        Ok(Self {
            peer,
            via,
            name,
            token: token.ok_or(InviteError::Token)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invite() -> Invite {
        Invite {
            peer: PeerId([3; 32]),
            via: "wss://orrery.example:7443".into(),
            name: "Zoë & co".into(),
            token: Token([4; 32]),
        }
    }

    #[test]
    fn a_link_survives_copy_and_paste() {
        let link = invite().to_string();
        assert!(link.starts_with("orrery:"));
        assert_eq!(link.parse(), Ok(invite()));
        assert_eq!(format!("  <{link}>\n").parse(), Ok(invite()));
        assert_eq!(format!("{link}&later=1").parse(), Ok(invite()));
    }

    #[test]
    fn a_damaged_link_says_what_is_damaged() {
        let link = invite().to_string();
        assert_eq!("hello".parse::<Invite>(), Err(InviteError::Scheme));
        assert_eq!("".parse::<Invite>(), Err(InviteError::Scheme));
        assert_eq!(link[..30].parse::<Invite>(), Err(InviteError::Id));
        assert_eq!(
            link.replace("wss", "javascript").parse::<Invite>(),
            Err(InviteError::Via)
        );
        let cut = link.split("&t=").next().unwrap();
        assert_eq!(cut.parse::<Invite>(), Err(InviteError::Token));
        assert_eq!("é".repeat(2000).parse::<Invite>(), Err(InviteError::TooLong));
        assert_eq!("orreré".parse::<Invite>(), Err(InviteError::Scheme));
    }

    #[test]
    fn a_server_without_encryption_is_taken_on_this_machine_only() {
        for good in [
            "wss://orrery.example",
            "wss://192.0.2.7:7443/",
            "wss://[2001:db8::1]",
            "ws://localhost:7670",
            "ws://LOCALHOST.",
            "ws://127.0.0.1:7670",
            "ws://127.9.9.9",
            "ws://[::1]:7670",
        ] {
            assert_eq!(check_via(good), Ok(()), "{good}");
        }
        for bad in [
            "ws://orrery.example",
            "ws://192.168.0.7:7670",
            "ws://10.0.0.1",
            "ws://0.0.0.0",
            "ws://[2001:db8::1]",
            "ws://[::]",
            "ws://localhost.example",
            "ws://127.0.0.1.example",
            "ws://127.0.0.1@orrery.example",
            "w\tss://orrery.example",
            "wss://orrery\n.example",
            " wss://orrery.example",
            "http://127.0.0.1",
        ] {
            assert_eq!(check_via(bad), Err(InviteError::Via), "{bad}");
            let link = Invite {
                via: bad.into(),
                ..invite()
            };
            assert_eq!(link.to_string().parse::<Invite>(), Err(InviteError::Via), "{bad}");
        }
    }

    #[test]
    fn a_link_never_shows_its_token_in_debug() {
        assert!(!format!("{:?}", invite()).contains(&base32().encode(&[4; 32])));
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in ".{0,300}") {
            let _ = text.parse::<Invite>();
            let _ = format!("orrery:{text}").parse::<Invite>();
        }
    }
}
