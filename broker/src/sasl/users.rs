//! Who may log in, and what is kept of their passwords.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::scram_credential::{ScramCredential, ScramHash};
use crate::secret::Secret;

/// Who may log in with a name.
#[derive(Debug)]
pub(crate) struct Users {
    all: BTreeMap<String, User>,
    /// From which salts and nonces come, and how many did.
    seed: u64,
    drawn: u64,
}

#[derive(Debug, Default)]
struct User {
    /// For PLAIN, and for SCRAM until that has credentials of its own.
    password: Option<Secret>,
    /// `None` was taken away, and is not made of the password again.
    scram: BTreeMap<ScramHash, Option<ScramCredential>>,
}

impl Users {
    pub(crate) fn new(seed: u64, users: &[(String, Secret)]) -> Self {
        let mut made = Self { all: BTreeMap::new(), seed, drawn: 0 };
        for (name, password) in users {
            made.set_password(name, Some(password.clone()));
        }
        made
    }

    /// Gives a user another password, or takes the user away.
    pub(crate) fn set_password(&mut self, name: &str, password: Option<Secret>) {
        match password {
            None => drop(self.all.remove(name)),
            Some(_) => drop(self.all.insert(name.to_owned(), User { password, scram: BTreeMap::new() })),
        }
    }

    /// The password that PLAIN wants.
    pub(super) fn password(&self, name: &str) -> Option<&str> {
        self.all.get(name)?.password.as_ref().map(Secret::reveal)
    }

    /// What SCRAM wants. Of a password it is made when it is first asked for, since that takes a moment.
    pub(super) fn scram(&mut self, name: &str, hash: ScramHash, iterations: u32) -> Option<ScramCredential> {
        let salt = self.draw();
        let user = self.all.get_mut(name)?;
        if !user.scram.contains_key(&hash) {
            let password = user.password.as_ref()?.reveal();
            let made = ScramCredential::of_password(hash, password, salt.into_bytes(), iterations);
            user.scram.insert(hash, Some(made));
        }
        user.scram.get(&hash).cloned()?
    }

    /// Keeps a credential of SCRAM, for a user that there is or for a new one.
    pub(crate) fn set_scram(&mut self, name: &str, hash: ScramHash, credential: ScramCredential) {
        self.all.entry(name.to_owned()).or_default().scram.insert(hash, Some(credential));
    }

    /// Forgets a credential of SCRAM; false when there is none.
    pub(crate) fn remove_scram(&mut self, name: &str, hash: ScramHash) -> bool {
        let Some(user) = self.all.get_mut(name) else { return false };
        let had = user.scram.get(&hash).map_or(user.password.is_some(), Option::is_some);
        user.scram.insert(hash, None);
        if user.password.is_none() && user.scram.values().all(Option::is_none) {
            self.all.remove(name);
        }
        had
    }

    /// Everyone by name, with what SCRAM has of them or would make of their password.
    pub(crate) fn described(&self, iterations: u32) -> impl Iterator<Item = (&str, Vec<(ScramHash, u32)>)> {
        self.all.iter().map(move |(name, user)| {
            let of = |hash| match user.scram.get(&hash) {
                Some(kept) => kept.as_ref().map(|it| (hash, it.iterations)),
                None => user.password.is_some().then_some((hash, iterations)),
            };
            (name.as_str(), [ScramHash::Sha256, ScramHash::Sha512].into_iter().filter_map(of).collect())
        })
    }

    /// The broker's part of a nonce, or a salt.
    pub(super) fn draw_nonce(&mut self) -> String {
        self.draw()
    }

    /// Printable text that no two draws of a broker share: what it draws follows from its seed.
    fn draw(&mut self) -> String {
        self.drawn += 1;
        let part = |half: u8| {
            let mut hasher = DefaultHasher::new();
            (self.seed, self.drawn, half).hash(&mut hasher);
            hasher.finish()
        };
        format!("{:016x}{:016x}", part(0), part(1))
    }
}
