//! What a table says of its schema registry.

use std::time::Duration;

use upsert_kafka_client::http::Url;
use upsert_kafka_client::{Secret, Store, TlsConfig};

use crate::format::{FormatError, base64};
use crate::option::{OptionKind, OptionSet, OptionSpec};

/// A registry, and how it is asked.
#[derive(Clone, Debug)]
pub(crate) struct RegistrySettings {
    /// At least one; each attempt asks the next. The sentence about one that is no URL is said when the registry is
    /// opened: as in Flink, a script whose placeholders hold anything can be planned.
    pub(super) urls: Result<Vec<Url>, String>,
    /// The header of that name.
    pub(super) authorization: Option<Secret>,
    pub(super) tls: TlsConfig,
    pub(super) connect_timeout: Duration,
    pub(super) read_timeout: Duration,
    /// Attempts after the first.
    pub(super) retries: usize,
    pub(super) retry_wait: Duration,
    /// Whether a schema that the registry does not have is added.
    pub(super) registers: bool,
    /// Whether a key's partition follows from its body alone.
    pub(crate) hashes_body: bool,
    /// The subject, where the table names one.
    pub(crate) subject: Option<String>,
    /// The schema, where the table has one of its own.
    pub(crate) schema: Option<String>,
}

const fn option(key: &'static str, kind: OptionKind, since: &'static str, about: &'static str) -> OptionSpec {
    OptionSpec { key, kind, default: None, since, about }
}

const URL: OptionSpec = option(
    "url",
    OptionKind::String,
    "1.13",
    "Where the schema registry is: https://host:8081; several between commas",
);
const OLD_URL: OptionSpec =
    option("schema-registry.url", OptionKind::String, "1.12", "The older name of 'url'");
const SUBJECT: OptionSpec = option(
    "subject",
    OptionKind::String,
    "1.13",
    "Under which the schema is registered; <topic>-key and <topic>-value where a table is written to one topic",
);
const OLD_SUBJECT: OptionSpec =
    option("schema-registry.subject", OptionKind::String, "1.12", "The older name of 'subject'");
const SCHEMA: OptionSpec = option(
    "schema",
    OptionKind::String,
    "1.17",
    "The Avro schema to read by and to register instead of the one that the columns make; it must agree with them",
);
const BASIC_SOURCE: OptionSpec = option(
    "basic-auth.credentials-source",
    OptionKind::String,
    "1.14",
    "USER_INFO, or URL where user and password stand in the url",
);
const BASIC_USER: OptionSpec =
    option("basic-auth.user-info", OptionKind::Secret, "1.14", "user:password for basic authentication");
const BEARER_SOURCE: OptionSpec =
    option("bearer-auth.credentials-source", OptionKind::String, "1.14", "STATIC_TOKEN");
const BEARER_TOKEN: OptionSpec =
    option("bearer-auth.token", OptionKind::Secret, "1.14", "The token of bearer authentication");
const KEYSTORE: OptionSpec = option(
    "ssl.keystore.location",
    OptionKind::String,
    "1.14",
    "The key store by which the registry knows the client: JKS, PKCS12 or PEM",
);
const KEYSTORE_PASSWORD: OptionSpec =
    option("ssl.keystore.password", OptionKind::Secret, "1.14", "The password of the key store");
const TRUSTSTORE: OptionSpec = option(
    "ssl.truststore.location",
    OptionKind::String,
    "1.14",
    "Whom to believe that it is the registry; the system's authorities where it is not given",
);
const TRUSTSTORE_PASSWORD: OptionSpec =
    option("ssl.truststore.password", OptionKind::Secret, "1.14", "The password of the trust store");
const PROPERTIES: OptionSpec = option(
    "properties",
    OptionKind::Map,
    "1.14",
    "Properties of Confluent's registry client: max.retries, retries.wait.ms, http.*.timeout.ms, basic.auth.*, schema.registry.ssl.*",
);
const AUTO_REGISTER: OptionSpec = OptionSpec {
    key: "auto.register.schemas",
    kind: OptionKind::Bool,
    default: Some("true"),
    since: "2.2",
    about: "Whether a schema that the subject does not have is added to it; if not, the table cannot be written then",
};

const KEY_HASH: OptionSpec = OptionSpec {
    key: "key-hash",
    kind: OptionKind::Choice(&["message", "body"]),
    default: Some("message"),
    since: "here",
    about: "What a key's partition follows from: the whole message, as in Flink, or its body alone, without the \
            schema's id in front, so that a key stays where it is when its schema changes",
};

/// The options of every format with a registry.
pub(crate) const REGISTRY_OPTIONS: &[OptionSpec] = &[
    URL,
    OLD_URL,
    SUBJECT,
    OLD_SUBJECT,
    SCHEMA,
    KEYSTORE,
    KEYSTORE_PASSWORD,
    TRUSTSTORE,
    TRUSTSTORE_PASSWORD,
    BASIC_SOURCE,
    BASIC_USER,
    BEARER_SOURCE,
    BEARER_TOKEN,
    PROPERTIES,
    AUTO_REGISTER,
    KEY_HASH,
];

impl RegistrySettings {
    /// What the options come to.
    pub(crate) fn of(options: &OptionSet) -> Result<Self, FormatError> {
        let url = options.text(URL.key).or_else(|| options.text(OLD_URL.key));
        let url = url.ok_or_else(|| FormatError::new(format!("'{}' is missing", URL.key)))?;
        let mut users = Vec::new();
        let urls = url.split(',').map(|text| parsed(text, &mut users)).collect();
        let property = |name: &str| {
            let found = options.pairs(PROPERTIES.key).iter().rev().find(|(key, _)| key == name);
            found.map(|(_, value)| value)
        };
        let millis = |name: &str, default: u64| match property(name) {
            None => Ok(Duration::from_millis(default)),
            Some(text) => text.reveal().parse().map(Duration::from_millis).map_err(|_| {
                FormatError::new(format!("'{}.{name}' is no number of milliseconds", PROPERTIES.key))
            }),
        };
        let subject = options.text(SUBJECT.key).or_else(|| options.text(OLD_SUBJECT.key));
        Ok(Self {
            urls,
            authorization: authorization(options, property, users.pop())?,
            tls: tls(options, property),
            connect_timeout: millis("http.connect.timeout.ms", CONNECT_TIMEOUT_MS)?,
            read_timeout: millis("http.read.timeout.ms", READ_TIMEOUT_MS)?,
            retries: retries(property("max.retries"))?,
            retry_wait: millis("retries.wait.ms", RETRY_WAIT_MS)?,
            registers: options.find(AUTO_REGISTER.key).is_none() || options.is_true(AUTO_REGISTER.key),
            hashes_body: options.text(KEY_HASH.key) == Some("body"),
            subject: subject.map(str::to_owned),
            schema: options.text(SCHEMA.key).map(str::to_owned),
        })
    }
}

/// A URL, and the user and password that stand in it.
fn parsed(text: &str, users: &mut Vec<Secret>) -> Result<Url, String> {
    let text = text.trim();
    let bare = match text.split_once("://") {
        Some((scheme, rest)) => {
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            match rest[..end].rsplit_once('@') {
                Some((user, host)) => {
                    users.push(user.into());
                    format!("{scheme}://{host}{}", &rest[end..])
                }
                None => text.to_owned(),
            }
        }
        None => text.to_owned(),
    };
    let refused = |why| format!("'{}' = '{bare}' is no address of a registry: {why}", URL.key);
    Url::parse(&bare).map_err(refused)
}

/// The header, from whichever of the options and properties says who asks.
fn authorization<'o>(
    options: &'o OptionSet,
    property: impl Fn(&str) -> Option<&'o Secret>,
    url_user: Option<Secret>,
) -> Result<Option<Secret>, FormatError> {
    let basic = options.secret(BASIC_USER.key);
    let basic = basic.or_else(|| property("basic.auth.user.info"));
    let basic = basic.or_else(|| property("schema.registry.basic.auth.user.info"));
    let bearer = options.secret(BEARER_TOKEN.key).or_else(|| property("bearer.auth.token"));
    let source = |spec: &OptionSpec, name: &str| {
        let given = options.text(spec.key).or_else(|| property(name).map(Secret::reveal));
        given.map(str::to_ascii_uppercase)
    };
    let basic_source = source(&BASIC_SOURCE, "basic.auth.credentials.source");
    match source(&BEARER_SOURCE, "bearer.auth.credentials.source").as_deref() {
        None | Some("STATIC_TOKEN") => {}
        Some(_) => {
            let sentence = format!("'{}' is none but STATIC_TOKEN here", BEARER_SOURCE.key);
            return Err(FormatError::new(sentence));
        }
    }
    if basic.is_some() && bearer.is_some() {
        let sentence = format!("'{}' and '{}' cannot both be given", BASIC_USER.key, BEARER_TOKEN.key);
        return Err(FormatError::new(sentence));
    }
    if let Some(token) = bearer {
        return Ok(Some(format!("Bearer {}", token.reveal()).into()));
    }
    let user = match basic_source.as_deref() {
        None => basic.cloned().or(url_user),
        Some("URL") => url_user,
        Some("USER_INFO") if basic.is_some() => basic.cloned(),
        Some("USER_INFO") => {
            let (source, user) = (BASIC_SOURCE.key, BASIC_USER.key);
            return Err(FormatError::new(format!("'{source}' = 'USER_INFO' needs '{user}'")));
        }
        Some(_) => {
            let sentence = format!("'{}' is none of USER_INFO and URL", BASIC_SOURCE.key);
            return Err(FormatError::new(sentence));
        }
    };
    Ok(user.map(|user| {
        let mut encoded = b"Basic ".to_vec();
        base64::encode(user.reveal().as_bytes(), &mut encoded);
        encoded.into_iter().map(char::from).collect::<String>().into()
    }))
}

fn tls<'o>(options: &'o OptionSet, property: impl Fn(&str) -> Option<&'o Secret>) -> TlsConfig {
    let store = |location: &OptionSpec, password: &OptionSpec| {
        let named = |spec: &OptionSpec| property(&format!("schema.registry.{}", spec.key));
        let path = options.text(location.key).or_else(|| named(location).map(Secret::reveal))?;
        let password = options.secret(password.key).or_else(|| named(password));
        let store = Store::file(path);
        Some(match password {
            Some(password) => store.password(password.clone()),
            None => store,
        })
    };
    let mut tls = TlsConfig::default();
    tls.keystore = store(&KEYSTORE, &KEYSTORE_PASSWORD);
    tls.truststore = store(&TRUSTSTORE, &TRUSTSTORE_PASSWORD);
    tls.key_password = property("schema.registry.ssl.key.password").cloned();
    tls
}

fn retries(given: Option<&Secret>) -> Result<usize, FormatError> {
    let Some(text) = given else { return Ok(RETRIES) };
    let parsed = text.reveal().parse().ok().filter(|&retries| retries <= RETRIES_MAX);
    parsed
        .ok_or_else(|| FormatError::new(format!("'properties.max.retries' is no number up to {RETRIES_MAX}")))
}

/// As Confluent's client has them.
const RETRIES: usize = 3;
const RETRY_WAIT_MS: u64 = 1_000;
const RETRIES_MAX: usize = 100;
const CONNECT_TIMEOUT_MS: u64 = 10_000;
const READ_TIMEOUT_MS: u64 = 30_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::option::OptionValue;

    fn options(pairs: &[(&'static str, &str)], properties: &[(&str, &str)]) -> OptionSet {
        let mut set = OptionSet::default();
        for &(key, text) in pairs {
            let spec = REGISTRY_OPTIONS.iter().find(|spec| spec.key == key).unwrap();
            set.insert(key, crate::options::parse(spec.kind, text).unwrap());
        }
        let pairs = properties.iter().map(|&(key, value)| (key.to_owned(), value.into())).collect();
        set.insert(PROPERTIES.key, OptionValue::Map(pairs));
        set
    }

    fn header(pairs: &[(&'static str, &str)], properties: &[(&str, &str)]) -> Option<String> {
        let settings = RegistrySettings::of(&options(pairs, properties)).unwrap();
        settings.authorization.map(|secret| secret.reveal().to_owned())
    }

    /// `dTpw` is `u:p` in base64.
    #[test]
    fn who_asks_is_found_under_every_name_of_it() {
        let basic = Some("Basic dTpw".to_owned());
        let url = ("url", "http://r:1");
        assert_eq!(header(&[url], &[]), None);
        assert_eq!(header(&[url, ("basic-auth.user-info", "u:p")], &[]), basic);
        let source = ("basic-auth.credentials-source", "USER_INFO");
        assert_eq!(header(&[url, source, ("basic-auth.user-info", "u:p")], &[]), basic);
        assert_eq!(header(&[url], &[("basic.auth.user.info", "u:p")]), basic);
        assert_eq!(header(&[("schema-registry.url", "http://u:p@r:1/x")], &[]), basic);
        assert_eq!(header(&[url, ("bearer-auth.token", "t")], &[]), Some("Bearer t".to_owned()));
    }

    #[test]
    fn what_cannot_be_is_refused_and_no_secret_is_told() {
        let url = ("url", "http://r:1");
        for (pairs, properties, why) in [
            (&[][..], &[][..], "'url' is missing"),
            (&[url, ("basic-auth.credentials-source", "USER_INFO")], &[], "needs 'basic-auth.user-info'"),
            (&[url, ("basic-auth.credentials-source", "SASL_INHERIT")], &[], "none of USER_INFO and URL"),
            (&[url, ("bearer-auth.credentials-source", "X")], &[], "none but STATIC_TOKEN"),
            (
                &[url, ("basic-auth.user-info", "u:hush"), ("bearer-auth.token", "hush")],
                &[],
                "cannot both be given",
            ),
            (&[url], &[("max.retries", "-1")], "is no number up to"),
            (&[url], &[("http.read.timeout.ms", "soon")], "is no number of milliseconds"),
        ] {
            let error = RegistrySettings::of(&options(pairs, properties)).unwrap_err().to_string();
            assert!(error.contains(why) && !error.contains("hush"), "{error}");
        }
        for (url, why) in
            [("r:1", "does not begin with https://"), ("ftp://u:hush@r", "'ftp' is neither https nor http")]
        {
            let sentence = RegistrySettings::of(&options(&[("url", url)], &[])).unwrap().urls.unwrap_err();
            assert!(sentence.contains(why) && !sentence.contains("hush"), "{sentence}");
        }
        let settings = RegistrySettings::of(&options(&[("url", "http://u:hush@r:1")], &[])).unwrap();
        assert!(!format!("{settings:?}").contains("hush"), "{settings:?}");
    }

    #[test]
    fn stores_and_times_come_from_options_or_properties() {
        let pairs = [("url", "https://a,https://b:2"), ("ssl.truststore.location", "/t.jks")];
        let more = [("schema.registry.ssl.keystore.location", "/k.p12"), ("http.read.timeout.ms", "7")];
        let settings = RegistrySettings::of(&options(&pairs, &more)).unwrap();
        assert_eq!(settings.urls.unwrap().len(), 2);
        assert_eq!(settings.tls.truststore, Some(Store::file("/t.jks")));
        assert_eq!(settings.tls.keystore, Some(Store::file("/k.p12")));
        assert_eq!(settings.read_timeout, Duration::from_millis(7));
        assert!(settings.registers);
    }
}
