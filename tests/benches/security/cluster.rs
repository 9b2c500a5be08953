//! The embedded broker with a listener for each protocol, and clients of it.

use std::fmt;
use std::sync::mpsc;
use std::thread;

use upsert_kafka_broker::{Broker, BrokerConfig, ListenerConfig, OauthConfig, SaslConfig, SecurityProtocol};
use upsert_kafka_client::{Client, Config, Role};

/// A broker in a thread of its own, until the process ends.
pub(crate) struct Cluster {
    addresses: Vec<(&'static str, String)>,
    ca_pem: String,
}

/// How a client gets there.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    Plaintext,
    Tls,
    /// By a mechanism, in the open.
    Sasl(&'static str),
    /// The same in TLS.
    SaslTls(&'static str),
}

impl Way {
    fn protocol(self) -> &'static str {
        match self {
            Self::Plaintext => "PLAINTEXT",
            Self::Tls => "SSL",
            Self::Sasl(_) => "SASL_PLAINTEXT",
            Self::SaslTls(_) => "SASL_SSL",
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plaintext | Self::Tls => f.pad(self.protocol()),
            Self::Sasl(mechanism) | Self::SaslTls(mechanism) => {
                f.pad(&format!("{} {mechanism}", self.protocol()))
            }
        }
    }
}

impl Cluster {
    pub(crate) fn start(pinned: bool) -> Self {
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            if pinned {
                pin(BROKER_CORE);
            }
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let broker = Broker::start(config()).await.expect("a broker");
                let addresses = PROTOCOLS.map(|it| (it.name(), address(&broker, it)));
                let ca_pem = broker.ca_pem().expect("it has TLS");
                sender.send(Self { addresses: addresses.to_vec(), ca_pem }).expect("somebody waits");
                std::future::pending::<()>().await;
            });
        });
        receiver.recv().expect("a broker")
    }

    pub(crate) fn address(&self, protocol: &str) -> &str {
        let found = self.addresses.iter().find(|(name, _)| *name == protocol);
        found.map(|(_, address)| address.as_str()).expect("a listener of each protocol")
    }

    pub(crate) fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// A client of another broker, which is in TLS where a file of its authority is given.
    pub(crate) async fn client_at(address: &str, ca: Option<String>) -> Client {
        let mut properties = settings(address, if ca.is_some() { "SSL" } else { "PLAINTEXT" });
        if let Some(path) = ca {
            properties.push(("ssl.truststore.type", "PEM".to_owned()));
            properties.push(("ssl.truststore.location", path));
        }
        open(&properties).await
    }

    pub(crate) async fn client(&self, way: Way) -> Client {
        let protocol = way.protocol();
        let mut properties = settings(self.address(protocol), protocol);
        if protocol.ends_with("SSL") {
            properties.push(("ssl.truststore.type", "PEM".to_owned()));
            properties.push(("ssl.truststore.certificates", self.ca_pem.clone()));
        }
        if let Way::Sasl(mechanism) | Way::SaslTls(mechanism) = way {
            properties.push(("sasl.mechanism", mechanism.to_owned()));
            properties.push(("sasl.jaas.config", jaas(mechanism)));
        }
        open(&properties).await
    }
}

fn settings(address: &str, protocol: &str) -> Vec<(&'static str, String)> {
    vec![
        ("bootstrap.servers", address.to_owned()),
        ("security.protocol", protocol.to_owned()),
        ("batch.size", "524288".to_owned()),
        ("linger.ms", "5".to_owned()),
    ]
}

pub(crate) async fn open(properties: &[(&'static str, String)]) -> Client {
    let pairs = properties.iter().map(|(key, value)| (*key, value.as_str()));
    let (config, _) = Config::from_properties(pairs, Role::Any).expect("a config");
    Client::open(config).await.unwrap_or_else(|e| panic!("no client: {e}"))
}

/// `sasl.jaas.config` of alice, or of who has Amazon's key.
pub(crate) fn jaas(mechanism: &str) -> String {
    if mechanism == "AWS_MSK_IAM" {
        return "software.amazon.msk.auth.iam.IAMLoginModule required;".to_owned();
    }
    let module = match mechanism {
        "PLAIN" => "plain.PlainLoginModule",
        "OAUTHBEARER" => "oauthbearer.OAuthBearerLoginModule",
        _ => "scram.ScramLoginModule",
    };
    let options = match mechanism {
        "OAUTHBEARER" => "unsecuredLoginStringClaim_sub=\"alice\"",
        _ => "username=\"alice\" password=\"alice-hush-9a\"",
    };
    format!("org.apache.kafka.common.security.{module} required {options};")
}

fn config() -> BrokerConfig {
    let config = BrokerConfig::default().with_sasl(
        SaslConfig::default()
            .with_oauth(OauthConfig::default())
            .with_user("alice", "alice-hush-9a")
            .with_msk_iam_key(AMAZONS_KEY[0].1, AMAZONS_KEY[1].1),
    );
    PROTOCOLS
        .into_iter()
        .fold(config, |config, it| config.with_listener(ListenerConfig::new(it, ([127, 0, 0, 1], 0))))
}

fn address(broker: &Broker, protocol: SecurityProtocol) -> String {
    broker.addresses_of(protocol.name())[0].to_string()
}

/// Where there is such a core; where not, it runs anywhere.
pub(crate) fn pin(core: usize) {
    if let Some(core) = core_affinity::get_core_ids().and_then(|cores| cores.get(core).copied()) {
        core_affinity::set_for_current(core);
    }
}

/// What a process has in its environment that logs in by AWS_MSK_IAM.
pub(crate) const AMAZONS_KEY: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "hush/secret/of/a/bench"),
    ("AWS_REGION", "eu-west-1"),
];

pub(crate) const CLIENT_CORE: usize = 0;
const BROKER_CORE: usize = 1;
const PROTOCOLS: [SecurityProtocol; 4] = [
    SecurityProtocol::Plaintext,
    SecurityProtocol::Ssl,
    SecurityProtocol::SaslPlaintext,
    SecurityProtocol::SaslSsl,
];
