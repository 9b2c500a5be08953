//! The sections of a credentials file: a table of kinds and fields, from which reading and merging are made.

use std::collections::BTreeMap;

use upsert_kafka_client::Secret;

/// What a section holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CredentialKind {
    /// The stores of TLS.
    KafkaSsl,
    /// A login to Kerberos.
    Kerberos,
    /// Values by key, in the place of a secret of DEW.
    Secret,
    /// A user of a database: kept, so that a whole list of DLI can be carried over.
    Password,
    /// A user of Elasticsearch: kept likewise.
    Css,
}

/// A field of a section.
#[derive(Debug)]
pub(crate) struct CredentialField {
    pub(crate) kind: CredentialKind,
    pub(crate) name: &'static str,
    /// Another spelling that is taken; empty without one.
    pub(crate) also: &'static str,
    pub(crate) holds: Holds,
    /// The client's property that it becomes; empty where it becomes a part of something else.
    pub(crate) property: &'static str,
}

/// What a field's text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    Text,
    /// A file, from the credentials file's folder or by the map.
    Path,
    Secret,
}

const fn field(
    kind: CredentialKind,
    name: &'static str,
    also: &'static str,
    holds: Holds,
    property: &'static str,
) -> CredentialField {
    CredentialField { kind, name, also, holds, property }
}

use CredentialKind::{Css, KafkaSsl, Kerberos, Password};

/// Every field, with the property that it becomes.
pub(crate) static FIELDS: &[CredentialField] = &[
    field(KafkaSsl, "truststore", "truststore_path", Holds::Path, "ssl.truststore.location"),
    field(KafkaSsl, "truststore_password", "", Holds::Secret, "ssl.truststore.password"),
    field(KafkaSsl, "truststore_type", "", Holds::Text, "ssl.truststore.type"),
    field(KafkaSsl, "keystore", "keystore_path", Holds::Path, "ssl.keystore.location"),
    field(KafkaSsl, "keystore_password", "", Holds::Secret, "ssl.keystore.password"),
    field(KafkaSsl, "keystore_type", "", Holds::Text, "ssl.keystore.type"),
    field(KafkaSsl, "key_password", "", Holds::Secret, "ssl.key.password"),
    field(Kerberos, "username", "principal", Holds::Text, ""),
    field(Kerberos, "keytab", "keytab_path", Holds::Path, ""),
    field(Kerberos, "krb5_conf", "krb5_conf_path", Holds::Path, "java.security.krb5.conf"),
    field(Kerberos, "service_name", "", Holds::Text, "sasl.kerberos.service.name"),
    field(Kerberos, "domain_name", "", Holds::Text, "kerberos.domain.name"),
    field(CredentialKind::Secret, "version", "", Holds::Text, ""),
    field(Password, "username", "", Holds::Text, ""),
    field(Password, "password", "", Holds::Secret, ""),
    field(Css, "username", "", Holds::Text, ""),
    field(Css, "password", "", Holds::Secret, ""),
    field(Css, "certificate", "certificate_path", Holds::Path, ""),
];

impl CredentialKind {
    /// All, by the names that a file has; case does not count there.
    pub(crate) const ALL: [(Self, &str); 5] = [
        (Self::KafkaSsl, "kafka_ssl"),
        (Self::Kerberos, "kerberos"),
        (Self::Secret, "secret"),
        (Self::Password, "password"),
        (Self::Css, "css"),
    ];

    /// What a section of a file calls it.
    pub(crate) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    pub(super) fn fields(self) -> impl Iterator<Item = &'static CredentialField> {
        FIELDS.iter().filter(move |field| field.kind == self)
    }
}

/// A section of the file. Fields that were not given are absent.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    kind: CredentialKind,
    fields: Vec<Stored>,
    /// Of kind `secret`: its values by their keys.
    values: BTreeMap<String, Held>,
}

/// A field that was given. A path is one of this machine already.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) field: &'static CredentialField,
    pub(crate) held: Held,
}

impl Section {
    pub(super) fn new(kind: CredentialKind) -> Self {
        Self { kind, fields: Vec::new(), values: BTreeMap::new() }
    }

    pub(super) fn put(&mut self, field: &'static CredentialField, held: Held) {
        self.fields.push(Stored { field, held });
    }

    pub(super) fn put_value(&mut self, key: String, held: Held) {
        self.values.insert(key, held);
    }

    pub(crate) fn kind(&self) -> CredentialKind {
        self.kind
    }

    /// Every field that was given.
    pub(crate) fn fields(&self) -> &[Stored] {
        &self.fields
    }

    /// The field of that name, if it was given.
    pub(crate) fn field(&self, name: &str) -> Option<&Held> {
        self.fields.iter().find(|stored| stored.field.name == name).map(|stored| &stored.held)
    }

    /// The value of that key, in a section of kind `secret`.
    pub(crate) fn value(&self, key: &str) -> Option<&Held> {
        self.values.get(key)
    }

    /// The keys of its values.
    pub(crate) fn keys(&self) -> impl Iterator<Item = String> {
        self.values.keys().cloned()
    }
}

/// A text that a field holds, or why it could not be had: said when somebody asks for it.
pub(crate) type Held = Result<Secret, String>;
