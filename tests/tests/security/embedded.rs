//! The embedded broker with the listeners of the real Kafka of these tests.

use tokio::runtime::Runtime;
use upsert_kafka_broker::{
    Broker, BrokerConfig, ClientAuth, DelegationTokenConfig, ListenerConfig, OauthConfig, SaslConfig,
    SecurityProtocol, TlsConfig, TokenKey,
};
use upsert_kafka_tests::kafka::{Listener, PASSWORD, SESSION, Signer, Stores};

/// A broker, and the runtime it lives in; dropping it ends both.
pub(super) struct Embedded {
    broker: Broker,
    _runtime: Runtime,
}

impl Embedded {
    /// With every listener but those of which it has one for all: sessions that end, tokens that are signed.
    pub(super) fn start(stores: &Stores) -> Self {
        Self::of(stores, SaslConfig::default().with_oauth(OauthConfig::default()))
    }

    /// Sessions end as those of [`Listener::Reauthenticating`].
    pub(super) fn of_short_sessions(stores: &Stores) -> Self {
        Self::of(
            stores,
            SaslConfig::default().with_oauth(OauthConfig::default()).with_reauthentication_max(SESSION),
        )
    }

    /// Takes tokens of that signer, and no others.
    pub(super) fn of_signed_tokens(stores: &Stores, signer: &Signer) -> Self {
        let keys = std::fs::read_to_string(signer.jwks()).unwrap();
        let tokens = OauthConfig::default().with_keys([TokenKey::Jwks(keys)]).with_audience("upsert-kafka");
        Self::of(stores, SaslConfig::default().with_oauth(tokens.with_issuer("upsert-kafka-tests")))
    }

    fn of(stores: &Stores, sasl: SaslConfig) -> Self {
        let tls = TlsConfig::default().with_certificate(stores.text("server.pem"), stores.text("server.key"));
        let asks = tls.clone().with_client_auth(ClientAuth::Required).with_client_ca(stores.text("ca.pem"));
        let tokens = DelegationTokenConfig::new("delegation-hush-1f");
        let at = |protocol| ListenerConfig::new(protocol, ([127, 0, 0, 1], 0));
        let config = BrokerConfig::default()
            .with_tls(tls)
            .with_sasl(sasl.with_user("alice", PASSWORD).with_delegation_tokens(tokens))
            .with_listener(at(SecurityProtocol::Plaintext))
            .with_listener(at(SecurityProtocol::Ssl))
            .with_listener(at(SecurityProtocol::Ssl).with_name("MTLS").with_tls(asks))
            .with_listener(at(SecurityProtocol::SaslPlaintext))
            .with_listener(at(SecurityProtocol::SaslSsl));
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let broker = runtime.block_on(Broker::start(config)).unwrap();
        Self { broker, _runtime: runtime }
    }

    pub(super) fn bootstrap(&self, listener: Listener) -> String {
        let name = match listener {
            Listener::Mtls => "MTLS",
            Listener::Signed => "SASL_PLAINTEXT",
            _ => listener.protocol(),
        };
        self.broker.addresses_of(name)[0].to_string()
    }
}
