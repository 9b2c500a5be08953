//! A real Kafka with every listener: TLS, certificates of clients, each SASL mechanism, ACLs, delegation tokens.

use std::fmt::Write;
use std::sync::OnceLock;
use std::time::Duration;

use super::kdc::Kdc;
use super::listener::Listener;
use super::signer::Signer;
use super::stores::Stores;
use super::{Failure, Java, JavaError, Kafka, fresh_folder, kerberos_or_skip, or_skip};

/// One node with all of [`Listener::ALL`], shared by the tests of this process.
#[derive(Debug)]
pub struct Secured {
    kafka: Kafka,
    security: Security,
}

/// What a node needs for its listeners.
#[derive(Debug)]
pub(super) struct Security {
    stores: &'static Stores,
    kdc: Result<Kdc, Failure>,
    signer: Signer,
}

impl Secured {
    /// The node, started on first use; `None`, and loud, where the machine cannot run it.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Result<Secured, Failure>> = OnceLock::new();
        or_skip(SHARED.get_or_init(Self::start).as_ref())
    }

    /// A node of the test's own, whose ACLs are nobody else's; else as [`Secured::shared`].
    pub fn own() -> Option<Self> {
        or_skip(Self::start())
    }

    fn start() -> Result<Self, Failure> {
        let stores = Stores::of_this_process().as_ref().map_err(Clone::clone)?;
        let home = fresh_folder()?;
        let signer = Signer::new(&home.join("tokens"))?;
        signer.token_file("alice.jwt", "alice", 3600)?;
        let security = Security { stores, kdc: Kdc::start(&home.join("kdc")), signer };
        let kafka = Kafka::start_with(1, None, Some(&security))?;
        Ok(Self { kafka, security })
    }

    /// Its stores: those of this process.
    pub fn stores(&self) -> &'static Stores {
        self.security.stores
    }

    /// Who signs the tokens of [`Listener::Signed`].
    pub fn signer(&self) -> &Signer {
        &self.security.signer
    }

    /// Its KDC. Without one the Kerberos part of a test is skipped, aloud; with `UPSERT_KAFKA_REQUIRE_KDC=1` that is a
    /// failure instead.
    pub fn kdc(&self) -> Option<&Kdc> {
        kerberos_or_skip(self.security.kdc.as_ref())
    }

    /// Where a listener is.
    pub fn bootstrap(&self, listener: Listener) -> String {
        self.kafka.bootstrap_of(listener).replace("127.0.0.1", host(listener))
    }

    /// Asks the Java client, connected to the PLAINTEXT listener, where it may do anything.
    ///
    /// # Panics
    /// When it fails: with its chain of causes.
    pub fn java<T>(&self, ask: impl FnOnce(&mut Java, &str) -> Result<T, JavaError>) -> T {
        self.kafka.java(ask)
    }

    /// Asks it what it may fail at.
    ///
    /// # Errors
    /// As the question's.
    pub fn try_java<T>(
        &self,
        ask: impl FnOnce(&mut Java, &str) -> Result<T, JavaError>,
    ) -> Result<T, JavaError> {
        self.kafka.try_java(ask)
    }
}

impl Security {
    /// What stands in `server.properties` beside the listeners themselves.
    pub(super) fn broker_properties(&self, port: impl Fn(Listener) -> u16) -> String {
        let mut out = String::from(SETTINGS);
        let advertised: Vec<_> = Listener::ALL
            .into_iter()
            .filter(|it| *it != Listener::Controller)
            .map(|it| format!("{}://{}:{}", it.name(), host(it), port(it)))
            .collect();
        let [server, authority] = ["server.store.pem", "ca.pem"].map(|it| self.stores.path(it));
        // Writing to a string cannot fail.
        let _ = write!(out, "ssl.keystore.location={server}\nssl.truststore.location={authority}\n");
        let _ = writeln!(out, "advertised.listeners={}", advertised.join(","));
        for listener in Listener::ALL.into_iter().filter(|it| it.has_sasl()) {
            out.push_str(&self.sasl(listener));
        }
        out
    }

    fn sasl(&self, listener: Listener) -> String {
        let prefix = format!("listener.name.{}.", listener.name().to_lowercase());
        let mut rows = match listener {
            Listener::Signed => vec![
                ("sasl.enabled.mechanisms", "OAUTHBEARER".to_owned()),
                ("oauthbearer.sasl.jaas.config", format!("{OAUTH} required;")),
                ("oauthbearer.sasl.server.callback.handler.class", VALIDATOR.to_owned()),
                ("sasl.oauthbearer.jwks.endpoint.url", format!("file://{}", self.signer.jwks().display())),
                ("sasl.oauthbearer.expected.audience", "upsert-kafka".to_owned()),
                ("sasl.oauthbearer.expected.issuer", "upsert-kafka-tests".to_owned()),
            ],
            _ => self.mechanisms(),
        };
        if listener == Listener::Reauthenticating {
            rows.push(("connections.max.reauth.ms", SESSION.as_millis().to_string()));
        }
        rows.iter().map(|(key, value)| format!("{prefix}{key}={value}\n")).collect()
    }

    fn mechanisms(&self) -> Vec<(&'static str, String)> {
        let plain = format!("{PLAIN} required user_alice=\"{PASSWORD}\" user_bob=\"bob-hush-55\";");
        let unsecured = format!("{OAUTH} required unsecuredLoginStringClaim_sub=\"broker\";");
        let mut enabled = "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER".to_owned();
        let mut rows = vec![
            ("plain.sasl.jaas.config", plain),
            ("scram-sha-256.sasl.jaas.config", format!("{SCRAM} required;")),
            ("scram-sha-512.sasl.jaas.config", format!("{SCRAM} required;")),
            ("oauthbearer.sasl.jaas.config", unsecured),
        ];
        if let Ok(kdc) = &self.kdc {
            enabled.push_str(",GSSAPI");
            let keytab = kdc.path("kafka.keytab");
            let login = format!(
                "{KERBEROS} required useKeyTab=true storeKey=true isInitiator=false keyTab=\"{keytab}\" \
                 principal=\"kafka/localhost@EXAMPLE.TEST\";"
            );
            rows.push(("gssapi.sasl.jaas.config", login));
            rows.push(("sasl.kerberos.service.name", "kafka".to_owned()));
            rows.push(("sasl.kerberos.principal.to.local.rules", TO_LOCAL.to_owned()));
        }
        rows.push(("sasl.enabled.mechanisms", enabled));
        rows
    }

    /// Who may log in by SCRAM from the first moment on.
    pub(super) fn format_arguments(&self) -> Vec<String> {
        let users = ["SCRAM-SHA-256", "SCRAM-SHA-512"];
        users
            .iter()
            .flat_map(|it| ["--add-scram".to_owned(), format!("{it}=[name=alice,password={PASSWORD}]")])
            .collect()
    }

    /// What a JVM is told, the broker's and the client's.
    pub(super) fn java_arguments(&self) -> Vec<String> {
        let [keys, token] = [self.signer.jwks(), self.signer.alice()].map(|it| it.display().to_string());
        let mut out = vec![format!("-D{ALLOWED_URLS}=file://{keys},file://{token}")];
        out.extend(self.kdc.as_ref().ok().map(|it| format!("-Djava.security.krb5.conf={}", it.krb5_conf())));
        out
    }
}

/// A certificate names both; Kerberos has a principal for `localhost` alone.
fn host(listener: Listener) -> &'static str {
    if listener.has_sasl() { "localhost" } else { "127.0.0.1" }
}

/// Of alice, by PLAIN and SCRAM.
pub const PASSWORD: &str = "alice-hush-9a";
/// How long a session of [`Listener::Reauthenticating`] lasts.
pub const SESSION: Duration = Duration::from_secs(4);
const PLAIN: &str = "org.apache.kafka.common.security.plain.PlainLoginModule";
const SCRAM: &str = "org.apache.kafka.common.security.scram.ScramLoginModule";
const OAUTH: &str = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule";
const KERBEROS: &str = "com.sun.security.auth.module.Krb5LoginModule";
/// Users of the other realm keep their names; without it they have none here.
const TO_LOCAL: &str = "RULE:[1:$1@$0](.*@PARTNER[.]TEST)s/@.*//,DEFAULT";
const VALIDATOR: &str = "org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler";
/// Kafka reads tokens and keys from nowhere else.
const ALLOWED_URLS: &str = "org.apache.kafka.sasl.oauthbearer.allowed.urls";

const SETTINGS: &str = "\
ssl.keystore.type=PEM
ssl.truststore.type=PEM
listener.name.mtls.ssl.client.auth=required
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
allow.everyone.if.no.acl.found=true
delegation.token.secret.key=delegation-hush-1f
";
