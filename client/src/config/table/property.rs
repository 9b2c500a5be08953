//! The rows that the tables of properties are made of.

use super::super::draft::Draft;
use super::super::{Config, Role};
use crate::Secret;

/// One of Java's keys.
pub(in crate::config) struct Property {
    pub(in crate::config) name: &'static str,
    pub(in crate::config) roles: Roles,
    pub(in crate::config) fate: Fate,
}

/// What becomes of a key.
pub(in crate::config) enum Fate {
    /// It means here what it means in Java.
    Honoured { set: fn(&mut Draft, &str) -> Result<(), String>, show: fn(&Config) -> String },
    /// Likewise; its value is taken with its blanks, as in Java, and never shown.
    Secret { set: fn(&mut Draft, Secret), is_set: fn(&Config) -> bool },
    /// It changes nothing, because …
    Ignored(&'static str),
    /// It would change something, and cannot. Some values, and always the empty one, do no harm.
    Refused { harmless: &'static [&'static str], why: &'static str },
}

/// The clients in Java that have a key.
#[derive(Clone, Copy)]
pub(in crate::config) struct Roles(u8);

impl Roles {
    pub(in crate::config) fn include(self, role: Role) -> bool {
        let bit = match role {
            Role::Producer => PRODUCER.0,
            Role::Consumer => CONSUMER.0,
            Role::Admin => ADMIN.0,
            Role::Any => ALL.0,
        };
        self.0 & bit != 0
    }
}

impl Property {
    /// The value of what is honoured, and `***` for a secret that is set.
    pub(in crate::config) fn shown(&self, config: &Config) -> String {
        match self.fate {
            Fate::Honoured { show, .. } => show(config),
            Fate::Secret { is_set, .. } if is_set(config) => Secret::default().to_string(),
            Fate::Secret { .. } | Fate::Ignored(_) | Fate::Refused { .. } => String::new(),
        }
    }
}

pub(super) const PRODUCER: Roles = Roles(1);
pub(super) const CONSUMER: Roles = Roles(2);
pub(super) const ADMIN: Roles = Roles(4);
pub(super) const ALL: Roles = Roles(7);
pub(super) const DATA: Roles = Roles(PRODUCER.0 | CONSUMER.0);
pub(super) const READ: Roles = Roles(CONSUMER.0 | ADMIN.0);
pub(super) const WRITE: Roles = Roles(PRODUCER.0 | ADMIN.0);

/// A row of a key that is a field of the settings.
macro_rules! honoured {
    ($roles:expr, $name:literal, $($field:ident).+) => {
        Property {
            name: $name,
            roles: $roles,
            fate: Fate::Honoured {
                set: |draft, text| {
                    draft.config.$($field).+ = Setting::parse(text)?;
                    Ok(())
                },
                show: |config| config.$($field).+.show(),
            },
        }
    };
}
pub(super) use honoured;

/// A row of a key that changes nothing.
pub(super) const fn ignored(roles: Roles, name: &'static str, why: &'static str) -> Property {
    Property { name, roles, fate: Fate::Ignored(why) }
}

/// A row of a key that is refused, save for some values.
pub(super) const fn refused(
    roles: Roles,
    name: &'static str,
    harmless: &'static [&'static str],
    why: &'static str,
) -> Property {
    Property { name, roles, fate: Fate::Refused { harmless, why } }
}
