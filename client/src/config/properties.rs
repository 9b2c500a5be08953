//! Java's property names to a typed configuration.

use std::collections::HashSet;

use super::draft::Draft;
use super::java_class::unshaded;
use super::nearest::nearest;
use super::other_names::elsewhere;
use super::refusal::refused;
use super::table::{self, Fate, Property};
use super::{Config, Explained, Notice, NoticeKind, Role, contradictions};
use crate::{Error, Secret};

impl Config {
    /// Takes Java's keys. Values are parsed here and nowhere else; unknown and ignored keys are told,
    /// impossible and contradictory ones refused.
    pub fn from_properties<K: AsRef<str>, V: AsRef<str>>(
        pairs: impl IntoIterator<Item = (K, V)>,
        role: Role,
    ) -> Result<(Self, Vec<Notice>), Error> {
        let (config, notices, mut refusals) = Self::from_properties_lossy(pairs, role);
        match refusals.is_empty() {
            true => Ok((config, notices)),
            false => Err(refusals.swap_remove(0)),
        }
    }

    /// The same, but what is refused is left out, so that the rest can be looked at: the refusals come beside, each
    /// with its key or keys. Where there are any, the settings are those of no client.
    pub fn from_properties_lossy<K: AsRef<str>, V: AsRef<str>>(
        pairs: impl IntoIterator<Item = (K, V)>,
        role: Role,
    ) -> (Self, Vec<Notice>, Vec<Error>) {
        parse(pairs, role)
    }

    /// Every key of Java's client of that role, and what became of it.
    pub fn explain(&self, role: Role) -> impl Iterator<Item = (&'static str, Explained)> {
        explain(self, role)
    }
}

fn parse<K: AsRef<str>, V: AsRef<str>>(
    pairs: impl IntoIterator<Item = (K, V)>,
    role: Role,
) -> (Config, Vec<Notice>, Vec<Error>) {
    let mut draft = Draft::new(Config::for_role(role));
    let (mut notices, mut refusals) = (Vec::new(), Vec::new());
    let mut given = HashSet::new();
    for (key, value) in pairs {
        match take(&mut draft, key.as_ref().trim(), value.as_ref(), role) {
            Ok(Taken::Set(key)) => _ = given.insert(key),
            Ok(Taken::Told(notice)) => notices.push(notice),
            Ok(Taken::Nothing) => {}
            Err(refusal) => refusals.push(refusal),
        }
    }
    refusals.extend(draft.finish(&mut notices).err());
    let mut config = draft.config;
    contradictions::adjust(&mut config, &given, &mut notices);
    contradictions::security::tell(&config, &mut notices);
    // What was left out would be missed again.
    if refusals.is_empty() {
        refusals.extend(contradictions::check(&config).err());
    }
    (config, notices, refusals)
}

fn explain(config: &Config, role: Role) -> impl Iterator<Item = (&'static str, Explained)> {
    let of_role = table::rows().filter(move |property| property.roles.include(role));
    // With all roles at once, a key that two of them have tells what the first makes of it.
    let first = move |property: &&Property| {
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

#[cfg(test)]
mod tests;
