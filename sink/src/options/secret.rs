//! Which values may be shown: those of keys that are known and hold no secret. Every other value stays hidden.

use std::collections::HashSet;
use std::sync::LazyLock;

use upsert_kafka_client::{Config, Role};

use super::connectors::{CONNECTORS, FIELD_OPTIONS, PROPERTIES};
use super::settings::SETTINGS;
use crate::format::table::FORMATS;

/// What stands for a value that is not shown.
pub(crate) const HIDDEN: &str = "***";

/// Known keys whose value is a secret or may hold one: a URL may have a password in it, a JAAS text has.
/// Unknown keys need no row, since their values are never shown.
const SECRET: &[&str] = &[
    "properties.sasl.jaas.config",
    "properties.sasl.kerberos.kinit.cmd",
    "properties.sasl.oauthbearer.assertion.private.key.passphrase",
    "properties.sasl.oauthbearer.client.credentials.client.secret",
    "properties.sasl.oauthbearer.jwks.endpoint.url",
    "properties.sasl.oauthbearer.token.endpoint.url",
    "properties.ssl.key.password",
    "properties.ssl.keystore.key",
    "properties.ssl.keystore.password",
    "properties.ssl.truststore.password",
];

/// A key with one of these in it is a secret even when it is known: a row that is added later is safe by itself.
const SECRET_WORDS: &[&str] = &[
    "access.key",
    "api.key",
    "api-key",
    "apikey",
    "credential",
    "jaas",
    "keystore.key",
    "passphrase",
    "passwd",
    "password",
    "private.key",
    "secret",
    "token",
    "user.info",
    "user-info",
];

/// Names of secrets, and what DLI's service reads: none is a secret itself, whatever its key is like.
const NAMES: &[&str] = &[
    "dew.csms.decrypt.fields",
    "dew.csms.secretName",
    "dew.csms.version",
    "properties.connector.auth.open",
    "properties.connector.kerberos.keytab",
    "properties.connector.kerberos.krb5",
    "properties.connector.kerberos.principal",
];

/// Options without a secret of formats that we do not have yet.
const HARMLESS: &[&str] = &[
    "csv.allow-comments",
    "csv.array-element-delimiter",
    "csv.disable-quote-character",
    "csv.escape-character",
    "csv.field-delimiter",
    "csv.ignore-parse-errors",
    "csv.null-literal",
    "csv.quote-character",
    "canal-json.database.include",
    "canal-json.ignore-parse-errors",
    "canal-json.table.include",
    "raw.charset",
    "raw.endianness",
];

/// Whether the value of a key in WITH or SET may be shown.
pub(crate) fn is_harmless(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    NAMES.contains(&key)
        || is_field_option(key)
        || KNOWN.contains(key)
            && !SECRET.contains(&key)
            && !SECRET_WORDS.iter().any(|word| lower.contains(word))
}

/// `fields.COLUMN.min` and its like, which shape numbers and hold none that anyone hides.
fn is_field_option(key: &str) -> bool {
    let option = key.strip_prefix("fields.").and_then(|rest| rest.rsplit_once('.'));
    option.is_some_and(|(_, option)| FIELD_OPTIONS.contains(&option))
}

/// The value, or `***` where its key or the value itself says that it may hold a secret.
pub(crate) fn shown<'a>(key: &str, value: &'a str) -> &'a str {
    if is_harmless(key) && !looks_secret(value) { value } else { HIDDEN }
}

/// Whether a value holds a password whatever its key is: `http://user:word@host`, `password=word`.
pub(crate) fn looks_secret(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let has_user = lower
        .split_once("://")
        .is_some_and(|(_, rest)| rest.split('/').next().is_some_and(|host| host.contains('@')));
    has_user || lower.contains("password") || lower.contains("secret=")
}

/// Every key of WITH and SET that is known.
pub(crate) fn known_keys() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().map(String::as_str)
}

/// Every key there is: of connectors, of formats behind each of their prefixes, of the client, and of SET.
static KNOWN: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let mut known: HashSet<String> = ["connector", "property-version"].map(str::to_owned).into();
    known.extend(CONNECTORS.iter().flat_map(|it| it.options).map(|spec| spec.key.to_owned()));
    known.extend(SETTINGS.iter().map(|spec| spec.key.to_owned()));
    for prefix in ["", "key.", "value."] {
        known.extend(HARMLESS.iter().map(|key| format!("{prefix}{key}")));
        for format in FORMATS {
            known.extend(format.options.iter().map(|spec| format!("{prefix}{}.{}", format.name, spec.key)));
        }
    }
    for role in [Role::Producer, Role::Consumer, Role::Admin] {
        let keys = Config::default();
        known.extend(keys.explain(role).map(|(name, _)| format!("{PROPERTIES}{name}")));
    }
    known
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_key_without_a_secret_is_harmless() {
        for key in [
            "connector",
            "topic",
            "key.format",
            "properties.bootstrap.servers",
            "properties.linger.ms",
            "properties.ssl.truststore.location",
            "value.json.ignore-parse-errors",
            "pipeline.name",
            "fields.password.min",
        ] {
            assert!(is_harmless(key), "{key}");
        }
    }

    #[test]
    fn a_secret_or_unknown_key_is_not() {
        for key in [
            "properties.sasl.jaas.config",
            "properties.ssl.keystore.key",
            "properties.basic.auth.user.info",
            "properties.bearer.auth.token",
            "value.avro-confluent.basic-auth.user-info",
            "value.avro-confluent.ssl.keystore.password",
            "value.avro-confluent.properties.basic.auth.user.info",
            "password",
            "topicc",
            "",
        ] {
            assert!(!is_harmless(key), "{key}");
        }
        for key in SECRET {
            assert!(KNOWN.contains(*key), "{key} is unknown and needs no row");
        }
    }

    #[test]
    fn a_value_with_a_password_in_it_is_hidden_whatever_its_key() {
        assert_eq!(shown("topic", "orders"), "orders");
        assert_eq!(shown("topic", "http://me:hush@host/x"), HIDDEN);
        assert_eq!(shown("avro-confluent.url", "http://me:hush@host"), HIDDEN);
        assert_eq!(shown("avro-confluent.url", "http://host"), "http://host");
        assert_eq!(shown("properties.client.id", "user=a password=b"), HIDDEN);
        assert_eq!(shown("properties.bootstrap.servers", "a:1,b:2"), "a:1,b:2");
    }
}
