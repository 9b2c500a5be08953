//! Credentials by name, as Huawei's DLI stores them: the TOML file that holds them here, and where its buckets lie.
//!
//! A table says `'ssl_auth_name' = 'orders_tls'`, so that no secret stands in the job. The section of that name becomes
//! properties of the Kafka client, which lie *under* the table's own `properties.*`: what the table says itself wins.
//!
//! ```toml
//! [orders_tls]                                   # what DLI calls Kafka_SSL
//! kind = "kafka_ssl"
//! truststore = "obs://bucket-a/client.jks"       # by the map of [_paths]
//! truststore_password = { env = "ORDERS_TRUST" } # or { file = "…" }, or the text itself
//!
//! [mrs_prod]
//! kind = "kerberos"
//! username = "flink_orders"
//! krb5_conf = "mrs/krb5.conf"                    # from this file's folder
//! keytab = "mrs/user.keytab"
//!
//! [kafka_login]                                  # stands for a secret that 'dew.csms.secretName' names
//! kind = "secret"
//! version = "v1"
//! values = { jaas = { file = "secrets/jaas.txt" } }
//!
//! [_paths]
//! "obs://bucket-a/" = "certs-of-bucket-a/"
//! ```

use std::collections::BTreeMap;

pub use self::load::MACHINE;
pub use self::lookup::SecretLookup;
pub(crate) use self::path_map::OBJECT_STORE;
pub use self::path_map::PathMap;
pub(crate) use self::section::{CredentialKind, Section};

mod load;
mod lookup;
mod path_map;
mod reading;
mod section;

/// The credentials of a file, read and checked, and a map from buckets to folders. Secrets are shown nowhere.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Credentials {
    /// The file, for sentences; `None` without one.
    file: Option<String>,
    sections: BTreeMap<String, Section>,
    paths: PathMap,
    notices: Vec<String>,
}

impl Credentials {
    /// No credentials: all that is known is where buckets lie.
    pub fn of_paths(paths: PathMap) -> Self {
        Self { paths, ..Self::default() }
    }

    /// What the user should know of the file but need not change.
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    /// The file, if there is one.
    pub(crate) fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// The section of that name.
    pub(crate) fn find(&self, name: &str) -> Option<&Section> {
        self.sections.get(name)
    }

    /// Every name with its kind: `orders_tls (kafka_ssl), mrs_prod (kerberos)`.
    pub(crate) fn names(&self) -> String {
        let names = self.sections.iter().map(|(name, section)| format!("{name} ({})", section.kind().name()));
        listed(names)
    }

    /// The names of one kind.
    pub(crate) fn names_of(&self, kind: CredentialKind) -> String {
        let of_kind = self.sections.iter().filter(|(_, section)| section.kind() == kind);
        listed(of_kind.map(|(name, _)| name.clone()))
    }

    /// Where buckets lie.
    pub(crate) fn paths(&self) -> &PathMap {
        &self.paths
    }
}

/// `a, b`, or `nothing`; of many the first.
pub(crate) fn listed(names: impl Iterator<Item = String>) -> String {
    let mut names: Vec<String> = names.take(NAMES_SHOWN_MAX + 1).collect();
    if names.len() > NAMES_SHOWN_MAX {
        names[NAMES_SHOWN_MAX] = "…".to_owned();
    }
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

/// Every field of a credentials file, for the README: its kind, its name, another spelling of it, and the client's property
/// that it becomes; the last two may be empty.
#[doc(hidden)]
pub fn credential_fields() -> impl Iterator<Item = [&'static str; 4]> {
    section::FIELDS.iter().map(|it| [it.kind.name(), it.name, it.also, it.property])
}

/// How many names a sentence lists.
const NAMES_SHOWN_MAX: usize = 40;
