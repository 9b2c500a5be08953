//! Who is at the other end of a connection.

use std::fmt;

use upsert_kafka_protocol::Str;

/// Who is at the other end of a connection, as ACLs name them: `User:alice`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Principal(Str);

impl Principal {
    /// Who was not asked to prove anything.
    pub(crate) fn anonymous() -> Self {
        Self(Str::from_static("User:ANONYMOUS"))
    }

    /// Who proved to have that name.
    pub(crate) fn user(name: &str) -> Self {
        Self(Str::from(format!("User:{name}")))
    }

    /// Somebody of any type; only who is of the type User can log in.
    pub(crate) fn of(kind: &str, name: &str) -> Self {
        Self(Str::from(format!("{kind}:{name}")))
    }

    /// Whether it is of the type that logins have.
    pub(crate) fn is_user(&self) -> bool {
        self.kind() == "User"
    }

    /// The type alone.
    pub(crate) fn kind(&self) -> &str {
        self.0.split_once(':').map_or("", |(kind, _)| kind)
    }

    /// Type and name.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The name alone.
    pub(crate) fn name(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, name)| name)
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
