//! V-AUTH: whether protocol, mechanism, JAAS text and names fit each other, before anything connects. Nothing of it is
//! guessed from a name.

use upsert_kafka_client::{Config, LoginModule, Role};

use super::resolved::{KEYS, KRB_AUTH, Resolved, SSL_AUTH};
use crate::options::PASSWORD_AUTH;

const PROTOCOL: &str = "properties.security.protocol";
const MECHANISM: &str = "properties.sasl.mechanism";
const JAAS: &str = "properties.sasl.jaas.config";

/// What a table says of its security, before credentials are laid under it.
pub(super) struct Judge {
    protocol: Option<String>,
    mechanism: String,
    jaas: Option<Jaas>,
    ssl_name: Option<String>,
    krb_name: Option<String>,
    has_kerberos_options: bool,
    /// A file of logins may hold what no option says.
    has_login_file: bool,
    has_password_name: bool,
}

/// A JAAS text.
struct Jaas {
    /// The mechanism that its login module is for; `None` of one that nobody knows.
    mechanism: Option<&'static str>,
    /// A login to Kerberos: who, by which keys.
    kerberos: Option<(String, String)>,
    /// Whether the table says it, and not only the caller's properties.
    is_said: bool,
}

impl Judge {
    pub(super) fn of(resolved: &Resolved<'_>) -> Self {
        let given = |key: &str| resolved.given(key).map(|value| value.trim().to_owned());
        let mechanism = given(MECHANISM).filter(|value| !value.is_empty());
        Self {
            protocol: given(PROTOCOL).map(|value| value.to_uppercase()),
            mechanism: mechanism.unwrap_or_else(|| GSSAPI.to_owned()),
            jaas: given(JAAS)
                .filter(|text| !text.is_empty())
                .map(|text| Jaas::of(&text, resolved.is_said(JAAS))),
            ssl_name: given(SSL_AUTH),
            krb_name: given(KRB_AUTH),
            has_kerberos_options: resolved.table.options.keys().any(|key| key.starts_with(KEYS)),
            has_login_file: given("properties.java.security.auth.login.config").is_some(),
            has_password_name: given(PASSWORD_AUTH).is_some(),
        }
    }

    /// Whether the table has a JAAS text that says another login than this one.
    pub(super) fn has_other_login(&self, principal: &str, keytab: &str) -> bool {
        let Some(jaas) = self.jaas.as_ref().filter(|jaas| jaas.is_said) else { return false };
        jaas.kerberos.as_ref().is_none_or(|(who, keys)| who != principal || keys != keytab)
    }

    /// Finds what does not fit.
    pub(super) fn judge(&self, resolved: &mut Resolved<'_>) {
        if self.has_password_name {
            let text = format!(
                "'{PASSWORD_AUTH}' belongs to database tables; a Kafka user and password stand in '{JAAS}'"
            );
            resolved.refuse(PASSWORD_AUTH, text);
        }
        self.names(resolved);
        if self.krb_name.is_some() && self.has_kerberos_options {
            let text = format!("two logins: '{KRB_AUTH}' and '{KEYS}*'; keep one");
            resolved.refuse(KRB_AUTH, text);
        } else if self.has_sasl() {
            self.login(resolved);
        }
    }

    /// Each name wants its protocol and its mechanism.
    fn names(&self, resolved: &mut Resolved<'_>) {
        let protocol = self.protocol.as_deref().unwrap_or("unset");
        if let Some(name) = self.ssl_name.as_ref().filter(|_| !["SSL", "SASL_SSL"].contains(&protocol)) {
            let text =
                format!("'{SSL_AUTH}' = '{name}' needs '{PROTOCOL}' = 'SSL' or 'SASL_SSL', not {protocol}");
            resolved.refuse(SSL_AUTH, text);
        }
        let (key, who) = match &self.krb_name {
            Some(name) => (KRB_AUTH.to_owned(), format!("'{KRB_AUTH}' = '{name}'")),
            None if self.has_kerberos_options => (format!("{KEYS}principal"), format!("'{KEYS}*'")),
            None => return,
        };
        if self.mechanism != GSSAPI {
            let text = format!("{who} needs '{MECHANISM}' = 'GSSAPI', not {}", self.mechanism);
            resolved.refuse(&key, text);
        }
        if !self.has_sasl() {
            let text = format!("{who} needs '{PROTOCOL}' = 'SASL_PLAINTEXT' or 'SASL_SSL', not {protocol}");
            resolved.refuse(&key, text);
        }
    }

    /// Whether there is something to log in with.
    fn login(&self, resolved: &mut Resolved<'_>) {
        let mechanism = &self.mechanism;
        let is_kerberos = mechanism == GSSAPI;
        let by_options = self.krb_name.is_some() || self.has_kerberos_options;
        match &self.jaas {
            // With a name beside it there are two logins, which has been told.
            Some(Jaas { mechanism: Some(other), .. }) if is_kerberos && *other != GSSAPI && !by_options => {
                let text = format!(
                    "'{JAAS}' is for {other}, but '{MECHANISM}' = 'GSSAPI'; set {other}, or remove the text and name \
                     '{KRB_AUTH}'"
                );
                resolved.refuse(JAAS, text);
            }
            None if self.has_login_file => {}
            None if is_kerberos && !by_options => {
                let text = format!(
                    "'{MECHANISM}' = 'GSSAPI' needs a login: '{KRB_AUTH}', or '{KEYS}principal', '.krb5' and '.keytab'"
                );
                resolved.refuse(MECHANISM, text);
            }
            None if !by_options && (mechanism == PLAIN || mechanism.starts_with(SCRAM)) => {
                let text = format!(
                    "'{MECHANISM}' = '{mechanism}' needs a user: '{JAAS}' = '…LoginModule required username=\"…\" \
                     password=\"…\";'"
                );
                resolved.refuse(MECHANISM, text);
            }
            _ => {}
        }
    }

    fn has_sasl(&self) -> bool {
        matches!(self.protocol.as_deref(), Some("SASL_PLAINTEXT" | "SASL_SSL"))
    }
}

const GSSAPI: &str = "GSSAPI";
const PLAIN: &str = "PLAIN";
const SCRAM: &str = "SCRAM-";

/// Login modules, by the end of their class names, and the mechanism of each.
const MODULES: [(&str, &str); 4] = [
    ("PlainLoginModule", PLAIN),
    ("ScramLoginModule", "SCRAM"),
    ("Krb5LoginModule", GSSAPI),
    ("OAuthBearerLoginModule", "OAUTHBEARER"),
];

impl Jaas {
    fn of(text: &str, is_said: bool) -> Self {
        let class = text.split_whitespace().next().unwrap_or_default();
        let module = MODULES.iter().find(|(module, _)| class.rsplit('.').next() == Some(module));
        let mechanism = module.map(|(_, mechanism)| *mechanism);
        let kerberos = (mechanism == Some(GSSAPI)).then(|| kerberos(text)).flatten();
        Self { mechanism, kerberos, is_said }
    }
}

/// Who logs in by a JAAS text for Kerberos, as the client reads it.
fn kerberos(text: &str) -> Option<(String, String)> {
    let pairs = [
        ("security.protocol", "SASL_PLAINTEXT"),
        ("sasl.mechanism", GSSAPI),
        ("sasl.kerberos.service.name", "kafka"),
        ("sasl.jaas.config", text),
    ];
    let (config, _) = Config::from_properties(pairs, Role::Admin).ok()?;
    match config.sasl.login? {
        LoginModule::Kerberos(login) => {
            Some((login.principal?, login.keytab?.to_string_lossy().into_owned()))
        }
        _ => None,
    }
}
