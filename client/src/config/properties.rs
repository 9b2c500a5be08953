//! Java's property names to a typed configuration.

use std::collections::HashSet;
use std::fmt;

use super::draft::Draft;
use super::java_class::unshaded;
use super::nearest::nearest;
use super::other_names::elsewhere;
use super::table::{self, Fate};
use super::{Config, Role, contradictions};
use crate::{Error, ErrorKind, Secret};

/// Something about a property that the user should hear, though work goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notice {
    /// What happened to it.
    pub kind: NoticeKind,
    /// The key it is about.
    pub key: String,
    sentence: String,
}

/// What happened to a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoticeKind {
    /// Nobody knows the key.
    Unknown,
    /// The key is known and changes nothing.
    Ignored,
    /// Another value than the one that would have been taken was needed.
    Adjusted,
    /// It is honoured, and the other settings have no use for it.
    Unused,
    /// It is honoured, and leaves out a guard that others rely on.
    Insecure,
}

impl Notice {
    pub(super) fn insecure(key: &str, sentence: &str) -> Self {
        Self { kind: NoticeKind::Insecure, key: key.to_owned(), sentence: sentence.to_owned() }
    }

    pub(super) fn adjusted(key: &str, sentence: String) -> Self {
        Self { kind: NoticeKind::Adjusted, key: key.to_owned(), sentence }
    }

    pub(super) fn unused(key: &str, sentence: String) -> Self {
        Self { kind: NoticeKind::Unused, key: key.to_owned(), sentence }
    }

    fn ignored(key: &str, sentence: String) -> Self {
        Self { kind: NoticeKind::Ignored, key: key.to_owned(), sentence }
    }
}

/// What becomes of one of Java's keys here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Explained {
    /// It means what it means in Java, and has this value.
    Honoured(String),
    /// It changes nothing, because …
    Ignored(&'static str),
    /// It is refused unless it changes nothing, because …
    Refused(&'static str),
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

pub(super) fn parse<K: AsRef<str>, V: AsRef<str>>(
    pairs: impl IntoIterator<Item = (K, V)>,
    role: Role,
) -> Result<(Config, Vec<Notice>), Error> {
    let mut draft = Draft::new(Config::for_role(role));
    let mut notices = Vec::new();
    let mut given = HashSet::new();
    for (key, value) in pairs {
        match take(&mut draft, key.as_ref().trim(), value.as_ref(), role)? {
            Taken::Set(key) => _ = given.insert(key),
            Taken::Told(notice) => notices.push(notice),
            Taken::Nothing => {}
        }
    }
    let mut config = draft.finish(&mut notices)?;
    contradictions::adjust(&mut config, &given, &mut notices);
    contradictions::security::tell(&config, &mut notices);
    contradictions::check(&config)?;
    Ok((config, notices))
}

pub(super) fn explain(config: &Config, role: Role) -> impl Iterator<Item = (&'static str, Explained)> {
    let of_role = table::rows().filter(move |property| property.roles.include(role));
    // With all roles at once, a key that two of them have tells what the first makes of it.
    let first = move |property: &&table::Property| {
        table::find(property.name, role).is_some_and(|first| std::ptr::eq(first, *property))
    };
    of_role.filter(first).map(|property| {
        let explained = match property.fate {
            Fate::Honoured { .. } | Fate::Secret { .. } => Explained::Honoured(property.shown(config)),
            Fate::Ignored(why) => Explained::Ignored(why),
            Fate::Refused { why, .. } => Explained::Refused(why),
        };
        (property.name, explained)
    })
}

enum Taken {
    Set(&'static str),
    Told(Notice),
    Nothing,
}

fn take(draft: &mut Draft, key: &str, given: &str, role: Role) -> Result<Taken, Error> {
    let value = given.trim();
    let Some(property) = table::find(key, role) else { return Ok(Taken::Told(unknown(key))) };
    if !property.roles.include(role) {
        let whose = if property.roles.include(Role::Producer) { "producers" } else { "consumers" };
        return Ok(Taken::Told(ignored(key, &format!("it is a property of {whose}"))));
    }
    match property.fate {
        Fate::Honoured { set, .. } => {
            set(draft, value).map_err(|why| refused(key, &why))?;
            Ok(Taken::Set(property.name))
        }
        Fate::Secret { .. } if value.is_empty() => Ok(Taken::Nothing),
        Fate::Secret { set, .. } => {
            set(draft, Secret::from(given));
            Ok(Taken::Set(property.name))
        }
        Fate::Ignored(why) => Ok(Taken::Told(ignored(key, why))),
        Fate::Refused { harmless, .. } if value.is_empty() || harmless.contains(&unshaded(value)) => {
            Ok(Taken::Nothing)
        }
        Fate::Refused { why, .. } => Err(refused(key, &format!("'{value}' is refused: {why}"))),
    }
}

fn unknown(key: &str) -> Notice {
    let known = table::rows().map(|property| property.name);
    let sentence = match (elsewhere(key), nearest(key, known)) {
        (Some(whose), _) => format!("property {key} is unknown and ignored: {whose}"),
        (None, Some(near)) => format!("property {key} is unknown and ignored; did you mean {near}?"),
        (None, None) => format!("property {key} is unknown and ignored"),
    };
    Notice { kind: NoticeKind::Unknown, key: key.to_owned(), sentence }
}

fn ignored(key: &str, why: &str) -> Notice {
    let sentence = format!("property {key} is ignored: {why}");
    Notice::ignored(key, sentence)
}

pub(super) fn refused(key: &str, why: &str) -> Error {
    Error::new(ErrorKind::Config, format!("property {key}: {why}"))
}

#[cfg(test)]
mod tests;
