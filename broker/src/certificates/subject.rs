//! Whom a certificate is for, under which names, and how long.

use super::KeyAlgorithm;

/// Whom a certificate is for, under which names, and how long.
#[derive(Clone, Debug)]
pub struct Subject {
    pub(super) distinguished_name: Vec<(String, String)>,
    pub(super) names: Vec<String>,
    pub(super) validity: Validity,
    pub(super) usage: Usage,
    pub(super) key: KeyAlgorithm,
}

/// From when until when, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// From then on.
    pub from_unix_s: u64,
    /// Until then.
    pub until_unix_s: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Usage {
    Server,
    Client,
}

/// 1 January 2020.
const BEGIN_UNIX_S: u64 = 1_577_836_800;
/// 1 January 2021.
const LONG_AGO_UNIX_S: u64 = 1_609_459_200;
/// 1 January 2098.
const FAR_OFF_UNIX_S: u64 = 4_039_372_800;
/// 31 December 2099.
const END_UNIX_S: u64 = 4_102_358_400;

impl Validity {
    /// The years 2020 to 2099.
    pub const LONG: Self = Self { from_unix_s: BEGIN_UNIX_S, until_unix_s: END_UNIX_S };
    /// The year 2020.
    pub const PAST: Self = Self { from_unix_s: BEGIN_UNIX_S, until_unix_s: LONG_AGO_UNIX_S };
    /// The years 2098 and 2099.
    pub const FUTURE: Self = Self { from_unix_s: FAR_OFF_UNIX_S, until_unix_s: END_UNIX_S };
}

impl Subject {
    /// A broker on this machine: localhost, 127.0.0.1 and ::1.
    pub fn server() -> Self {
        Self::of("localhost", Usage::Server).with_names(["localhost", "127.0.0.1", "::1"])
    }

    /// A client of that common name; its principal is `User:CN=…`.
    pub fn client(common_name: &str) -> Self {
        Self::of(common_name, Usage::Client)
    }

    fn of(common_name: &str, usage: Usage) -> Self {
        Self {
            distinguished_name: vec![("CN".to_owned(), common_name.to_owned())],
            names: Vec::new(),
            validity: Validity::LONG,
            usage,
            key: KeyAlgorithm::default(),
        }
    }

    /// Is known by these hosts and addresses, and no others.
    #[must_use]
    pub fn with_names<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Self {
        Self { names: names.into_iter().map(Into::into).collect(), ..self }
    }

    /// Is known by these names as well.
    pub(crate) fn and_names(mut self, names: &[String]) -> Self {
        self.names.extend(names.iter().cloned());
        self
    }

    /// Has these attributes (CN, OU, O, L, ST, C) as its distinguished name, the most general first as in a
    /// certificate: RFC 2253, and so Kafka, shows them the other way round.
    #[must_use]
    pub fn with_distinguished_name<S: Into<String>>(
        self,
        attributes: impl IntoIterator<Item = (S, S)>,
    ) -> Self {
        let attributes = attributes.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self { distinguished_name: attributes.collect(), ..self }
    }

    /// Is valid then.
    #[must_use]
    pub fn with_validity(self, validity: Validity) -> Self {
        Self { validity, ..self }
    }

    /// Was valid in 2020.
    #[must_use]
    pub fn expired(self) -> Self {
        self.with_validity(Validity::PAST)
    }

    /// Will be valid in 2098.
    #[must_use]
    pub fn not_yet_valid(self) -> Self {
        self.with_validity(Validity::FUTURE)
    }

    /// Has a key of that kind.
    #[must_use]
    pub fn with_key(self, key: KeyAlgorithm) -> Self {
        Self { key, ..self }
    }
}
