//! How many connections may be open, in all and from one place. A permit lives as long as its connection.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::address::Origin;

/// Why somebody is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crowded {
    /// The server holds as many connections as it may.
    Server,
    /// This address holds as many connections as it may.
    Origin,
}

/// Counts open connections.
#[derive(Debug)]
pub(crate) struct Admission {
    max: usize,
    per_origin: u32,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    by_origin: HashMap<Origin, u32>,
}

/// A place among the open connections, given back on drop.
#[derive(Debug)]
pub(crate) struct Permit {
    admission: Arc<Admission>,
    what: Counted,
}

#[derive(Debug)]
enum Counted {
    Server,
    Origin(Origin),
}

impl Admission {
    pub(crate) fn new(max: usize, per_origin: u32) -> Arc<Self> {
        Arc::new(Self {
            max,
            per_origin,
            open: Mutex::default(),
        })
    }

    /// A place on the server.
    pub(crate) fn enter(self: &Arc<Self>) -> Result<Permit, Crowded> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.all >= self.max {
            return Err(Crowded::Server);
        }
        open.all += 1;
        Ok(Permit {
            admission: self.clone(),
            what: Counted::Server,
        })
    }

    /// A place among those of one address; `None` where addresses are not counted.
    pub(crate) fn enter_from(self: &Arc<Self>, origin: Origin) -> Result<Option<Permit>, Crowded> {
        if origin.is_spared() {
            return Ok(None);
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.by_origin.entry(origin).or_default();
        if *count >= self.per_origin {
            return Err(Crowded::Origin);
        }
        *count += 1;
        Ok(Some(Permit {
            admission: self.clone(),
            what: Counted::Origin(origin),
        }))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self.admission.open.lock().unwrap_or_else(PoisonError::into_inner);
        match self.what {
            Counted::Server => open.all = open.all.saturating_sub(1),
            Counted::Origin(origin) => {
                if let Some(count) = open.by_origin.get_mut(&origin) {
                    *count = count.saturating_sub(1);
                    if *count == 0 {
                        open.by_origin.remove(&origin);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_given_back_and_forgotten() {
        let admission = Admission::new(2, 1);
        let (a, _b) = (admission.enter().unwrap(), admission.enter().unwrap());
        assert_eq!(admission.enter().unwrap_err(), Crowded::Server);
        drop(a);
        assert!(admission.enter().is_ok());

        let somebody = Origin::direct("203.0.113.9".parse().unwrap());
        let permit = admission.enter_from(somebody).unwrap();
        assert_eq!(admission.enter_from(somebody).unwrap_err(), Crowded::Origin);
        assert!(
            admission
                .enter_from(Origin::direct("203.0.113.8".parse().unwrap()))
                .is_ok()
        );
        drop(permit);
        assert!(
            admission.open.lock().unwrap().by_origin.is_empty(),
            "no address outlives its connections"
        );
    }

    #[test]
    fn loopback_is_not_counted() {
        let admission = Admission::new(1, 0);
        assert!(
            admission
                .enter_from(Origin::direct("127.0.0.1".parse().unwrap()))
                .unwrap()
                .is_none()
        );
    }
}
