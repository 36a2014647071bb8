//! Names that look alike although they belong to different keys. A name is only what somebody says of themselves: who
//! somebody is, their key says.

use std::collections::HashMap;

use bevy::prelude::*;
use orrery_ecs::call::Participant;
use orrery_ecs::peer::Peer;
use orrery_ecs::profile::Profile;
use orrery_link::ContactView;
use orrery_protocol::PeerId;
use orrery_protocol::record::ContactState;
use orrery_ui::view::{NameDoubt, Namesake, Notice};
use unicode_normalization::UnicodeNormalization as _;
use unicode_security::skeleton;

use crate::desk::Desk;

/// Characters of an id that tell apart who looks alike.
const ID_CHARS: usize = 8;

/// What a name looks like to a reader, whatever letters it is written with: the skeleton of UTS #39 over NFKC, without
/// case, accents, blanks and signs, and with one letter for `i`, `l`, `I` and `1`. Two names that could be taken for one
/// another give the same.
pub(crate) fn look(name: &str) -> String {
    let name: String = orrery_ui::clean_name(name).nfkc().collect();
    let small = skeleton(&name).collect::<String>().to_lowercase();
    // Letters that come to look alike only once they are small.
    let small: String = skeleton(&small).flat_map(char::to_lowercase).collect();
    let whole = |signs: bool| -> String {
        small
            .chars()
            .filter(|letter| !matches!(letter, '\u{300}'..='\u{36f}'))
            .filter(|letter| signs || letter.is_alphanumeric())
            .map(|letter| match letter {
                'i' | '1' | '|' => 'l',
                '0' => 'o',
                _ => letter,
            })
            .collect()
    };
    // A name of nothing but signs is compared by its signs.
    Some(whole(false))
        .filter(|letters| !letters.is_empty())
        .unwrap_or_else(|| whole(true))
}

/// Somebody whose name stands somewhere in the window.
#[derive(Clone, Debug, Default)]
struct Person {
    name: String,
    look: String,
    /// The name they gave themselves, where another one is shown.
    given: Option<(String, String)>,
    /// One's contact, asked to be one, or blocked: a name that others may want to borrow.
    known: bool,
    /// Stands in the list or in a call, where others of the same name may stand.
    listed: bool,
    verified: bool,
    blocked: bool,
}

impl Person {
    fn of(contact: &ContactView, before: Option<&Self>) -> Self {
        let name = contact.shown_name();
        let look_of = |name: &str| match before {
            Some(before) if before.name == name => before.look.clone(),
            _ => look(name),
        };
        let asked = matches!(contact.state, ContactState::Contact | ContactState::RequestedByUs);
        Self {
            name: name.to_owned(),
            look: look_of(name),
            given: contact.alias.is_some().then(|| {
                let kept = before.and_then(|before| before.given.as_ref());
                let look = kept.filter(|(name, _)| *name == contact.name);
                (
                    contact.name.clone(),
                    look.map_or_else(|| self::look(&contact.name), |(_, look)| look.clone()),
                )
            }),
            known: asked || contact.blocked,
            listed: asked,
            verified: contact.verified,
            blocked: contact.blocked,
        }
    }
}

/// Who looks like whom.
#[derive(Resource, Debug, Default)]
pub(crate) struct Likeness {
    me: Option<(PeerId, String)>,
    people: HashMap<PeerId, Person>,
    by_look: HashMap<String, Vec<PeerId>>,
}

impl Likeness {
    fn others<'a>(&'a self, peer: PeerId, look: &str) -> impl Iterator<Item = (&'a Person, bool)> + use<'a> {
        let all = self.by_look.get(look).map(Vec::as_slice).unwrap_or_default();
        let look = look.to_owned();
        all.iter()
            .filter(move |other| **other != peer)
            .filter_map(move |other| self.people.get(other))
            .map(move |person| (person, person.look == look))
    }

    fn is_mine(&self, peer: PeerId, look: &str) -> bool {
        self.me.as_ref().is_some_and(|(me, mine)| *me != peer && mine == look)
    }

    /// Why somebody with this key and this name may not be who one takes them for. The gravest reason of all.
    pub(crate) fn doubt(&self, peer: PeerId, name: &str) -> Option<NameDoubt> {
        let look = look(name);
        let gravest = self
            .others(peer, &look)
            .filter(|(person, _)| person.known)
            .max_by_key(|(person, shown)| (person.verified, !person.blocked, *shown));
        if let Some((person, shown)) = gravest {
            // Known here by another name than the one that is borrowed: both are said.
            let name = match &person.given {
                Some((given, _)) if !shown => format!("{} ({given})", person.name),
                _ => person.name.clone(),
            };
            return Some(NameDoubt::Like {
                name,
                verified: person.verified,
                blocked: person.blocked,
            });
        }
        self.is_mine(peer, &look).then_some(NameDoubt::Yours)
    }

    /// What the key is called here, where that looks otherwise than `name`.
    pub(crate) fn known_as(&self, peer: PeerId, name: &str) -> Option<String> {
        let person = self.people.get(&peer)?;
        let look = look(name);
        let same = person.look == look || person.given.as_ref().is_some_and(|(_, given)| *given == look);
        (!same).then(|| person.name.clone())
    }

    /// What tells somebody apart from others of the same look.
    pub(crate) fn namesake(&self, peer: PeerId) -> Option<Namesake> {
        let person = self.people.get(&peer)?;
        let alike = self
            .others(peer, &person.look)
            .any(|(other, shown)| shown && other.listed);
        (alike || self.is_mine(peer, &person.look)).then(|| Namesake {
            id: short_id(peer),
            doubtful: !person.verified,
        })
    }

    /// Their safety number was compared.
    pub(crate) fn is_verified(&self, peer: PeerId) -> bool {
        self.people.get(&peer).is_some_and(|person| person.verified)
    }

    /// Whom somebody looks like, by name; one's own name is none.
    fn alike(&self, peer: PeerId) -> Option<Option<String>> {
        let look = &self.people.get(&peer)?.look;
        let other = self
            .others(peer, look)
            .find(|(other, shown)| *shown && other.listed)
            .map(|(other, _)| other.name.clone());
        match other {
            Some(name) => Some(Some(name)),
            None => self.is_mine(peer, look).then_some(None),
        }
    }
}

/// Beginning of an id.
pub(crate) fn short_id(peer: PeerId) -> String {
    peer.to_string().chars().take(ID_CHARS).collect()
}

/// Keeps up with everybody's names, and says so when a contact takes a name that looks like another's.
#[expect(clippy::too_many_arguments, reason = "names come from everywhere")]
pub(crate) fn follow(
    mut likeness: ResMut<Likeness>,
    mut desk: ResMut<Desk>,
    profile: Res<Profile>,
    changed: Query<(), Or<(Changed<Peer>, Changed<Participant>)>>,
    mut gone: RemovedComponents<Peer>,
    mut left: RemovedComponents<Participant>,
    people: Query<&Peer>,
    participants: Query<&Participant>,
) {
    let someone_left = gone.read().count() + left.read().count() > 0;
    if changed.is_empty() && !someone_left && !profile.is_changed() {
        return;
    }
    let before = std::mem::take(&mut *likeness);
    likeness.me = profile.open().map(|own| (own.peer, look(&own.name)));
    let mut renamed = Vec::new();
    for Peer(contact) in &people {
        let was = before.people.get(&contact.peer);
        let person = Person::of(contact, was);
        if let Some(was) = was
            && contact.state == ContactState::Contact
            && contact.alias.is_none()
            && was.given.is_none()
            && was.look != person.look
        {
            renamed.push((contact.peer, was.name.clone()));
        }
        likeness.people.insert(contact.peer, person);
    }
    // In a call may be people who are nobody's contact here.
    for participant in &participants {
        let (peer, name) = (participant.0.peer, &participant.0.name);
        likeness.people.entry(peer).or_insert_with(|| Person {
            name: name.clone(),
            look: look(name),
            ..Person::default()
        });
        if let Some(person) = likeness.people.get_mut(&peer) {
            person.listed = true;
        }
    }
    let mut by_look: HashMap<String, Vec<PeerId>> = HashMap::new();
    for (peer, person) in &likeness.people {
        by_look.entry(person.look.clone()).or_default().push(*peer);
        if let Some((_, given)) = person.given.as_ref().filter(|(_, given)| *given != person.look) {
            by_look.entry(given.clone()).or_default().push(*peer);
        }
    }
    likeness.by_look = by_look;
    for (peer, was) in renamed {
        if let Some(like) = likeness.alike(peer) {
            let name = likeness.people.get(&peer).map(|person| person.name.clone());
            let notice = Notice::LooksLike {
                was,
                name: name.unwrap_or_default(),
                like,
            };
            desk.toast(notice, Some(peer.into()), Some(peer));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::look;

    #[test]
    fn names_that_a_reader_takes_for_one_another_look_the_same() {
        for other in [
            "rhea",
            "RHEA",
            " Rhea ",
            "Rhea\u{200b}",
            "R h e a",
            "Rhéa",
            "Rhea ✓",
            "Ｒｈｅａ",
            "R\u{4bb}\u{435}\u{430}",
            "𝐑𝐡𝐞𝐚",
            "Rhea\u{202e}",
        ] {
            assert_eq!(look(other), look("Rhea"), "{other:?}");
        }
        for (one, other) in [
            ("Iris", "lris"),
            ("IRIS", "iris"),
            ("Io", "l0"),
            ("Emma", "Ernrna"),
            ("Ariel", "Arie1"),
        ] {
            assert_eq!(look(one), look(other), "{one} {other}");
        }
        assert_eq!(look("★"), look("★ "));
    }

    #[test]
    fn names_that_differ_to_the_eye_look_different() {
        for (one, other) in [
            ("Rhea", "Thea"),
            ("Rhea", "Rhea 2"),
            ("Ada", "Adam"),
            ("★", "☆"),
            ("李", "王"),
            ("Анна", "Инна"),
        ] {
            assert_ne!(look(one), look(other), "{one} {other}");
        }
    }
}
