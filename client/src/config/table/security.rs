//! The rows of TLS and SASL.

use std::time::Duration;

use super::super::setting::Setting;
use super::super::{Config, Store, StoreSource, StoreType};
use super::property::{ALL, Fate, Property, honoured, ignored, refused};

macro_rules! secret {
    ($name:literal, $($to:ident).+, $is_set:expr) => {
        Property {
            name: $name,
            roles: ALL,
            fate: Fate::Secret { set: |draft, secret| draft.$($to).+ = Some(secret), is_set: $is_set },
        }
    };
}

/// What a key says of a store, and how the store shows it.
macro_rules! of_store {
    ($name:literal, $($to:ident).+, $show:expr) => {
        Property {
            name: $name,
            roles: ALL,
            fate: Fate::Honoured {
                set: |draft, text| {
                    draft.$($to).+ = Setting::parse(text)?;
                    Ok(())
                },
                show: $show,
            },
        }
    };
}

/// A time that Java leaves out by default.
macro_rules! or_none {
    ($name:literal, $($field:ident).+) => {
        Property {
            name: $name,
            roles: ALL,
            fate: Fate::Honoured {
                set: |draft, text| {
                    let given = Some(text).filter(|it| !it.is_empty());
                    draft.config.$($field).+ = given.map(Duration::parse).transpose()?;
                    Ok(())
                },
                show: |config| config.$($field).+.map_or_else(String::new, |it| it.show()),
            },
        }
    };
}

/// A share or a number of seconds within Java's bounds.
macro_rules! within {
    ($name:literal, $($field:ident).+, $type:ty, $low:literal ..= $high:literal) => {
        Property {
            name: $name,
            roles: ALL,
            fate: Fate::Honoured {
                set: |draft, text| {
                    let value: $type = Setting::parse(text)?;
                    if !($low..=$high).contains(&value) {
                        return Err(format!("{text} is not within {} to {}", $low, $high));
                    }
                    draft.config.$($field).+ = value.into_field();
                    Ok(())
                },
                show: |config| <$type>::from_field(&config.$($field).+).show(),
            },
        }
    };
}

/// A number as it is written, and the type that means it.
trait Written: Setting {
    type Field;
    fn into_field(self) -> Self::Field;
    fn from_field(field: &Self::Field) -> Self;
}

impl Written for f64 {
    type Field = Self;

    fn into_field(self) -> Self {
        self
    }

    fn from_field(field: &Self) -> Self {
        *field
    }
}

/// Seconds.
impl Written for u32 {
    type Field = Duration;

    fn into_field(self) -> Duration {
        Duration::from_secs(self.into())
    }

    fn from_field(field: &Duration) -> Self {
        Self::try_from(field.as_secs()).unwrap_or(Self::MAX)
    }
}

fn file(store: &Option<Store>) -> String {
    match store.as_ref().map(|store| &store.source) {
        Some(StoreSource::File(path)) => path.display().to_string(),
        _ => String::new(),
    }
}

fn is_inline(store: &Option<Store>) -> bool {
    matches!(store, Some(Store { source: StoreSource::Inline(_), .. }))
}

fn has_password(store: &Option<Store>) -> bool {
    store.as_ref().is_some_and(|store| store.password.is_some())
}

/// Java's default where nothing was said; the first bytes decide.
fn store_type(store: &Option<Store>) -> String {
    store.as_ref().and_then(|store| store.store_type).unwrap_or(StoreType::Jks).to_string()
}

fn login_is_in_text(config: &Config) -> bool {
    config.sasl.login.is_some() && config.sasl.login_file.is_none()
}

const BROKERS: &str = "brokers check tokens by it; a client passes them on";

pub(super) static TLS: &[Property] = &[
    honoured!(ALL, "ssl.cipher.suites", tls.cipher_suites),
    honoured!(ALL, "ssl.crl.location", tls.crl_location),
    honoured!(ALL, "ssl.enabled.protocols", tls.enabled_protocols),
    honoured!(ALL, "ssl.endpoint.identification.algorithm", tls.endpoint_identification),
    refused(
        ALL,
        "ssl.engine.factory.class",
        &["org.apache.kafka.common.security.ssl.DefaultSslEngineFactory"],
        "a Java class cannot be loaded here; an application brings its own TLS as a rustls CryptoProvider",
    ),
    secret!("ssl.key.password", config.tls.key_password, |config| config.tls.key_password.is_some()),
    ignored(
        ALL,
        "ssl.keymanager.algorithm",
        "the key store's one key is shown to every broker, which is what Java's SunX509 and PKIX come to",
    ),
    secret!("ssl.keystore.certificate.chain", keystore.inline, |config| is_inline(&config.tls.keystore)),
    secret!("ssl.keystore.key", key, |config| is_inline(&config.tls.keystore)),
    of_store!("ssl.keystore.location", keystore.location, |config| file(&config.tls.keystore)),
    secret!("ssl.keystore.password", keystore.password, |config| has_password(&config.tls.keystore)),
    of_store!("ssl.keystore.type", keystore.store_type, |config| store_type(&config.tls.keystore)),
    ignored(ALL, "ssl.protocol", "ssl.enabled.protocols alone says which versions are spoken, as in Java"),
    ignored(ALL, "ssl.provider", "the JVM's security providers mean nothing here; TLS is rustls"),
    ignored(
        ALL,
        "ssl.secure.random.implementation",
        "chance comes from the operating system, and not from a class of the JVM's",
    ),
    ignored(
        ALL,
        "ssl.trustmanager.algorithm",
        "chains are checked as PKIX says (RFC 5280), and in no other way",
    ),
    secret!("ssl.truststore.certificates", truststore.inline, |config| is_inline(&config.tls.truststore)),
    of_store!("ssl.truststore.location", truststore.location, |config| file(&config.tls.truststore)),
    secret!("ssl.truststore.password", truststore.password, |config| has_password(&config.tls.truststore)),
    of_store!("ssl.truststore.type", truststore.store_type, |config| store_type(&config.tls.truststore)),
];

pub(super) static SASL: &[Property] = &[
    honoured!(ALL, "java.security.auth.login.config", sasl.login_file),
    honoured!(ALL, "java.security.krb5.conf", sasl.kerberos.krb5_conf),
    honoured!(ALL, "kerberos.domain.name", sasl.kerberos.domain_name),
    refused(
        ALL,
        "sasl.client.callback.handler.class",
        &[
            "org.apache.kafka.common.security.authenticator.SaslClientCallbackHandler",
            "org.apache.kafka.common.security.oauthbearer.internals.OAuthBearerSaslClientCallbackHandler",
            "software.amazon.msk.auth.iam.IAMClientCallbackHandler",
            "software.amazon.msk.auth.iam.IAMOAuthBearerLoginCallbackHandler",
        ],
        "a Java class cannot be loaded here; what Kafka's own and Amazon's handlers do is done without them",
    ),
    secret!("sasl.jaas.config", jaas, login_is_in_text),
    ignored(
        ALL,
        "sasl.kerberos.kinit.cmd",
        "tickets are fetched and renewed here, and no other program is started",
    ),
    honoured!(ALL, "sasl.kerberos.min.time.before.relogin", sasl.kerberos.min_time_before_relogin),
    honoured!(ALL, "sasl.kerberos.service.name", sasl.kerberos.service_name),
    // Java has no bounds for these two; beyond them they mean nothing.
    within!("sasl.kerberos.ticket.renew.jitter", sasl.kerberos.ticket_renew_jitter, f64, 0.0..=1.0),
    within!(
        "sasl.kerberos.ticket.renew.window.factor",
        sasl.kerberos.ticket_renew_window_factor,
        f64,
        0.0..=1.0
    ),
    honoured!(ALL, "sasl.login.callback.handler.class", sasl.oauth.login_handler),
    refused(
        ALL,
        "sasl.login.class",
        &[
            "org.apache.kafka.common.security.authenticator.DefaultLogin",
            "org.apache.kafka.common.security.kerberos.KerberosLogin",
            "org.apache.kafka.common.security.oauthbearer.internals.OAuthBearerRefreshingLogin",
        ],
        "a Java class cannot be loaded here; what Kafka's own logins do is done without them",
    ),
    or_none!("sasl.login.connect.timeout.ms", sasl.oauth.login_connect_timeout),
    or_none!("sasl.login.read.timeout.ms", sasl.oauth.login_read_timeout),
    within!("sasl.login.refresh.buffer.seconds", sasl.oauth.login_refresh_buffer, u32, 0..=3600),
    within!("sasl.login.refresh.min.period.seconds", sasl.oauth.login_refresh_min_period, u32, 0..=900),
    within!("sasl.login.refresh.window.factor", sasl.oauth.login_refresh_window_factor, f64, 0.5..=1.0),
    within!("sasl.login.refresh.window.jitter", sasl.oauth.login_refresh_window_jitter, f64, 0.0..=0.25),
    honoured!(ALL, "sasl.login.retry.backoff.max.ms", sasl.oauth.login_retry_backoff_max),
    honoured!(ALL, "sasl.login.retry.backoff.ms", sasl.oauth.login_retry_backoff),
    honoured!(ALL, "sasl.mechanism", sasl.mechanism),
    ignored(ALL, "sasl.oauthbearer.allow.unverified.audience", BROKERS),
    ignored(ALL, "sasl.oauthbearer.allow.unverified.issuer", BROKERS),
    honoured!(ALL, "sasl.oauthbearer.assertion.algorithm", sasl.oauth.assertion.algorithm),
    honoured!(ALL, "sasl.oauthbearer.assertion.claim.aud", sasl.oauth.assertion.claim_aud),
    within!("sasl.oauthbearer.assertion.claim.exp.seconds", sasl.oauth.assertion.claim_exp, u32, 0..=86400),
    honoured!(ALL, "sasl.oauthbearer.assertion.claim.iss", sasl.oauth.assertion.claim_iss),
    honoured!(ALL, "sasl.oauthbearer.assertion.claim.jti.include", sasl.oauth.assertion.claim_jti_include),
    within!("sasl.oauthbearer.assertion.claim.nbf.seconds", sasl.oauth.assertion.claim_nbf, u32, 0..=3600),
    honoured!(ALL, "sasl.oauthbearer.assertion.claim.sub", sasl.oauth.assertion.claim_sub),
    honoured!(ALL, "sasl.oauthbearer.assertion.file", sasl.oauth.assertion.file),
    honoured!(ALL, "sasl.oauthbearer.assertion.private.key.file", sasl.oauth.assertion.private_key_file),
    secret!(
        "sasl.oauthbearer.assertion.private.key.passphrase",
        config.sasl.oauth.assertion.private_key_passphrase,
        |config| config.sasl.oauth.assertion.private_key_passphrase.is_some()
    ),
    honoured!(ALL, "sasl.oauthbearer.assertion.template.file", sasl.oauth.assertion.template_file),
    honoured!(ALL, "sasl.oauthbearer.client.credentials.client.id", sasl.oauth.client_id),
    secret!("sasl.oauthbearer.client.credentials.client.secret", config.sasl.oauth.client_secret, |config| {
        config.sasl.oauth.client_secret.is_some()
    }),
    ignored(ALL, "sasl.oauthbearer.clock.skew.seconds", BROKERS),
    ignored(ALL, "sasl.oauthbearer.expected.audience", BROKERS),
    ignored(ALL, "sasl.oauthbearer.expected.issuer", BROKERS),
    honoured!(ALL, "sasl.oauthbearer.header.urlencode", sasl.oauth.header_urlencode),
    ignored(ALL, "sasl.oauthbearer.jwks.endpoint.refresh.ms", BROKERS),
    ignored(ALL, "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms", BROKERS),
    ignored(ALL, "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", BROKERS),
    ignored(ALL, "sasl.oauthbearer.jwks.endpoint.url", BROKERS),
    honoured!(ALL, "sasl.oauthbearer.jwt.retriever.class", sasl.oauth.jwt_retriever),
    refused(
        ALL,
        "sasl.oauthbearer.jwt.validator.class",
        &[
            "org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator",
            "org.apache.kafka.common.security.oauthbearer.ClientJwtValidator",
        ],
        "a client looks at a token's form and times, as Java's ClientJwtValidator does; brokers check its signature",
    ),
    honoured!(ALL, "sasl.oauthbearer.scope", sasl.oauth.scope),
    honoured!(ALL, "sasl.oauthbearer.scope.claim.name", sasl.oauth.scope_claim_name),
    honoured!(ALL, "sasl.oauthbearer.sub.claim.name", sasl.oauth.sub_claim_name),
    Property {
        name: "sasl.oauthbearer.token.endpoint.url",
        roles: ALL,
        fate: Fate::Honoured {
            set: |draft, text| {
                draft.config.sasl.oauth.token_endpoint_url = Setting::parse(text)?;
                Ok(())
            },
            show: |config| without_user(config.sasl.oauth.token_endpoint_url.as_deref().unwrap_or_default()),
        },
    },
];

/// A URL may have a user and a password in it.
fn without_user(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find('/').unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://***{}", &rest[at..]),
        None => url.to_owned(),
    }
}
