//! The ways into a cluster, each by the properties that a user of Java's client has, and beside it what is wrong.

use serde_json::json;
use upsert_kafka_tests::kafka::{
    Identity, KERBEROS_PASSWORD, KEY_PASSWORD, Kdc, Listener, PASSWORD, Properties, STORE_PASSWORD, Signer,
    Stores, Trust, unique,
};

use super::token_server::TokenServer;
use crate::program;

/// A way: where to, and with what.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) name: String,
    pub(super) listener: Listener,
    /// All but `bootstrap.servers`.
    pub(super) properties: Properties,
}

/// By which mechanism alice logs in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Login<'a> {
    Plain,
    Scram256,
    Scram512,
    Unsecured,
    Keytab(&'a Kdc),
}

impl<'a> Login<'a> {
    /// All that a broker without Kerberos has.
    pub(super) const WITHOUT_KERBEROS: [Self; 4] =
        [Self::Plain, Self::Scram256, Self::Scram512, Self::Unsecured];

    /// All, GSSAPI among them where there is a KDC.
    pub(super) fn all(kdc: Option<&'a Kdc>) -> Vec<Self> {
        Self::WITHOUT_KERBEROS.into_iter().chain(kdc.map(Self::Keytab)).collect()
    }

    pub(super) fn mechanism(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Scram256 => "SCRAM-SHA-256",
            Self::Scram512 => "SCRAM-SHA-512",
            Self::Unsecured => "OAUTHBEARER",
            Self::Keytab(_) => "GSSAPI",
        }
    }

    /// `sasl.*` of alice.
    pub(super) fn properties(self) -> Properties {
        self.with(match self {
            Self::Plain => user(PLAIN, PASSWORD),
            Self::Scram256 | Self::Scram512 => user(SCRAM, PASSWORD),
            Self::Unsecured => format!("{OAUTH} required unsecuredLoginStringClaim_sub=\"alice\";"),
            Self::Keytab(kdc) => keytab(&kdc.path("alice.keytab"), "alice@EXAMPLE.TEST"),
        })
    }

    /// The same of somebody who is not alice: the secret is wrong, or has expired.
    pub(super) fn wrong(self) -> Properties {
        self.with(match self {
            Self::Plain => user(PLAIN, WRONG_PASSWORD),
            Self::Scram256 | Self::Scram512 => user(SCRAM, WRONG_PASSWORD),
            // The broker wants a subject, and this token has none of the name that it looks for.
            Self::Unsecured => format!(
                "{OAUTH} required unsecuredLoginStringClaim_name=\"alice\" unsecuredLoginPrincipalClaimName=\"name\";"
            ),
            // The keys are those of a password that alice has no more.
            Self::Keytab(kdc) => keytab(&kdc.path("alice.old.keytab"), "alice@EXAMPLE.TEST"),
        })
    }

    fn with(self, jaas: String) -> Properties {
        let mut properties =
            vec![("sasl.mechanism", self.mechanism().to_owned()), ("sasl.jaas.config", jaas)];
        if let Self::Keytab(kdc) = self {
            properties.push(("sasl.kerberos.service.name", "kafka".to_owned()));
            properties.push(("java.security.krb5.conf", kdc.krb5_conf()));
        }
        properties
    }
}

/// `username` and `password` of a login module.
pub(super) fn user(module: &str, password: &str) -> String {
    format!("{module} required username=\"alice\" password=\"{password}\";")
}

fn keytab(path: &str, principal: &str) -> String {
    format!(
        "com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true storeKey=true keyTab=\"{path}\" \
         principal=\"{principal}\";"
    )
}

impl Way {
    pub(super) fn new(name: impl Into<String>, listener: Listener, parts: &[Properties]) -> Self {
        let mut properties = vec![("security.protocol", listener.protocol().to_owned())];
        parts.iter().for_each(|part| properties.extend(part.iter().cloned()));
        Self { name: name.into(), listener, properties }
    }

    /// The whole properties of a client.
    pub(super) fn to(&self, bootstrap: &str) -> Properties {
        let mut properties = vec![("bootstrap.servers", bootstrap.to_owned())];
        properties.extend(self.properties.iter().cloned());
        properties
    }
}

/// Every protocol, mechanism and store; the tokens of [`Listener::Signed`] where there is who signs them.
pub(super) fn ways(stores: &Stores, kdc: Option<&Kdc>, signer: Option<&Signer>) -> Vec<Way> {
    let mut ways = vec![Way::new("PLAINTEXT", Listener::Plaintext, &[])];
    for trust in Trust::ALL {
        ways.push(Way::new(format!("SSL, {trust:?}"), Listener::Ssl, &[stores.trust(trust)]));
    }
    for identity in Identity::ALL {
        let parts = [stores.trust(Trust::Jks), stores.identity(identity)];
        ways.push(Way::new(format!("SSL and a certificate, {identity:?}"), Listener::Mtls, &parts));
    }
    for login in Login::all(kdc) {
        let name = login.mechanism();
        ways.push(Way::new(
            format!("SASL_PLAINTEXT, {name}"),
            Listener::SaslPlaintext,
            &[login.properties()],
        ));
        for trust in Trust::ALL {
            let parts = [stores.trust(trust), login.properties()];
            ways.push(Way::new(format!("SASL_SSL, {name}, {trust:?}"), Listener::SaslSsl, &parts));
        }
    }
    ways.extend(signer.map(|it| Way::new("SASL_PLAINTEXT, a signed token", Listener::Signed, &[signed(it)])));
    ways
}

/// `sasl.*` of who has a token in a file.
pub(super) fn signed(signer: &Signer) -> Properties {
    vec![
        ("sasl.mechanism", "OAUTHBEARER".to_owned()),
        ("sasl.jaas.config", format!("{OAUTH} required;")),
        ("sasl.login.callback.handler.class", TOKEN_HANDLER.to_owned()),
        ("sasl.oauthbearer.token.endpoint.url", format!("file://{}", signer.alice().display())),
    ]
}

/// `sasl.*` of who fetches a token from an endpoint.
pub(super) fn fetched(server: &TokenServer) -> Properties {
    let client = format!("clientId=\"orders\" clientSecret=\"{CLIENT_SECRET}\" scope=\"kafka\"");
    vec![
        ("sasl.mechanism", "OAUTHBEARER".to_owned()),
        ("sasl.jaas.config", format!("{OAUTH} required {client};")),
        ("sasl.login.callback.handler.class", TOKEN_HANDLER.to_owned()),
        ("sasl.oauthbearer.token.endpoint.url", server.url().to_owned()),
    ]
}

/// `sasl.*` of who proves to an endpoint by an assertion who it is (KIP-1139), in the grant of that class.
pub(super) fn asserted(server: &TokenServer, retriever: &str, assertion: Properties) -> Properties {
    let of = "org.apache.kafka.common.security.oauthbearer";
    let mut properties = vec![
        ("sasl.mechanism", "OAUTHBEARER".to_owned()),
        ("sasl.jaas.config", format!("{OAUTH} required;")),
        ("sasl.login.callback.handler.class", TOKEN_HANDLER.to_owned()),
        ("sasl.oauthbearer.jwt.retriever.class", format!("{of}.{retriever}")),
        ("sasl.oauthbearer.token.endpoint.url", server.url().to_owned()),
    ];
    properties.extend(assertion);
    properties
}

/// An assertion that is signed here by the signer's key.
pub(super) fn signed_here(signer: &Signer) -> Properties {
    let template = program::file(
        &unique("assertion"),
        &json!({ "header": { "kid": signer.key_id() }, "payload": { "scope": ["kafka"] } }).to_string(),
    );
    let of = |key: &'static str, value: &str| (key, value.to_owned());
    vec![
        of("sasl.oauthbearer.assertion.algorithm", "RS256"),
        of("sasl.oauthbearer.assertion.claim.aud", "upsert-kafka"),
        of("sasl.oauthbearer.assertion.claim.iss", "upsert-kafka-tests"),
        of("sasl.oauthbearer.assertion.claim.sub", "alice"),
        of("sasl.oauthbearer.assertion.claim.jti.include", "true"),
        of("sasl.oauthbearer.assertion.private.key.file", &signer.key().display().to_string()),
        of("sasl.oauthbearer.assertion.template.file", &template.display().to_string()),
    ]
}

/// An assertion that somebody else signs and leaves in a file.
pub(super) fn left_in_a_file(signer: &Signer) -> Properties {
    vec![("sasl.oauthbearer.assertion.file", signer.alice().display().to_string())]
}

/// What no output may hold.
pub(super) const SECRETS: [&str; 6] =
    [PASSWORD, WRONG_PASSWORD, STORE_PASSWORD, KEY_PASSWORD, KERBEROS_PASSWORD, CLIENT_SECRET];
pub(super) const CLIENT_SECRET: &str = "client-hush-3d";
pub(super) const WRONG_PASSWORD: &str = "wrong-hush-6b";
pub(super) const PLAIN: &str = "org.apache.kafka.common.security.plain.PlainLoginModule";
pub(super) const SCRAM: &str = "org.apache.kafka.common.security.scram.ScramLoginModule";
pub(super) const OAUTH: &str = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule";
const TOKEN_HANDLER: &str = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler";
