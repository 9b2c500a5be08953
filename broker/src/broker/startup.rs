//! What a broker begins with: its settings are checked, its listeners open.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::config::{BrokerConfig, ListenerConfig};
use crate::connector::Endpoint;
use crate::environment::Environment;
use crate::listener::{Listener, ListenerCommand, Socket};
use crate::sasl::check_keys;

/// A node: its listeners, in the order of the settings.
#[derive(Debug)]
pub(super) struct NodeHandle {
    pub(super) listeners: Vec<ListenerHandle>,
}

/// A listener, and by what it is reached.
#[derive(Debug)]
pub(super) struct ListenerHandle {
    pub(super) address: SocketAddr,
    pub(super) endpoint: Endpoint,
    /// Dropped, it tells the listener to end.
    pub(super) control: mpsc::Sender<ListenerCommand>,
    pub(super) task: JoinHandle<()>,
}

impl ListenerHandle {
    pub(super) fn start(
        node: i32,
        address: SocketAddr,
        advertised: (String, u16),
        listener: Listener,
        socket: Socket,
    ) -> Self {
        let (control, mailbox) = mpsc::channel(1);
        let listening = (address.ip().to_string(), address.port());
        let endpoint = Endpoint { node, advertised, listening, listener: control.downgrade() };
        Self { address, endpoint, control, task: tokio::spawn(listener.run(socket, mailbox)) }
    }
}

/// Refuses settings that contradict each other.
pub(super) fn check(config: &BrokerConfig, listeners: &[ListenerConfig]) -> io::Result<()> {
    let mut names = BTreeSet::new();
    if let Some(twice) = listeners.iter().find(|it| !names.insert(&it.name)) {
        return Err(invalid(format!("two listeners have the name {}", twice.name)));
    }
    if listeners.len() > LISTENERS_MAX {
        return Err(invalid(format!("more than {LISTENERS_MAX} listeners")));
    }
    if listeners.iter().any(|it| it.protocol.has_sasl()) && config.sasl.mechanisms.is_empty() {
        return Err(invalid("a listener of SASL, and no mechanism is enabled".to_owned()));
    }
    if config.sasl.users.iter().any(|(name, password)| name.is_empty() || password.reveal().is_empty()) {
        return Err(invalid("a user without a name or without a password".to_owned()));
    }
    if config.sasl.delegation_tokens.as_ref().is_some_and(|it| it.secret_key.reveal().is_empty()) {
        return Err(invalid("an empty secret key of delegation tokens, which everybody knows".to_owned()));
    }
    if !SCRAM_ITERATIONS.contains(&config.sasl.scram_iterations) {
        let (least, most) = (SCRAM_ITERATIONS.start(), SCRAM_ITERATIONS.end());
        return Err(invalid(format!("iterations of SCRAM that are not within {least} and {most}")));
    }
    check_keys(config.sasl.oauth.keys.as_deref().unwrap_or_default()).map_err(invalid)
}

/// The socket of a node's listener, and its address. Without sockets an address is a name alone.
pub(super) async fn open(
    listener: &ListenerConfig,
    number: usize,
    node: i32,
    config: &BrokerConfig,
    environment: &Environment,
) -> io::Result<(SocketAddr, Socket)> {
    let nodes = usize::try_from(config.nodes.max(1)).unwrap_or(1);
    let first = match listener.listen.port() {
        0 if environment.has_sockets() => None,
        // Names that no other listener has.
        0 => Some(KAFKA_PORT.saturating_add(u16::try_from(number * nodes).unwrap_or(u16::MAX))),
        first => Some(first),
    };
    let offset = u16::try_from(node - 1).unwrap_or(u16::MAX);
    let port = first.map_or(0, |first| first.saturating_add(offset));
    let address = SocketAddr::new(listener.listen.ip(), port);
    if !environment.has_sockets() {
        return Ok((address, Socket::None));
    }
    let named = |error: io::Error| match number {
        0 => error,
        _ => io::Error::new(error.kind(), format!("listener {} at {address}: {error}", listener.name)),
    };
    Socket::bind(address).await.map_err(named)
}

/// Where clients are told that a node is.
pub(super) fn advertised(listener: &ListenerConfig, node: i32, address: SocketAddr) -> (String, u16) {
    let host = match address.ip() {
        _ if !listener.advertised_host.is_empty() => listener.advertised_host.clone(),
        IpAddr::V4(ip) if ip.is_unspecified() => "127.0.0.1".to_owned(),
        IpAddr::V6(ip) if ip.is_unspecified() => "::1".to_owned(),
        ip => ip.to_string(),
    };
    let port = match listener.advertised_port {
        0 => address.port(),
        first => first.saturating_add(u16::try_from(node - 1).unwrap_or(u16::MAX)),
    };
    (host, port)
}

fn invalid(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

/// The port of the first node where there are no sockets, and none was chosen.
const KAFKA_PORT: u16 = 9092;
/// More would take the broker's one task seconds for each user.
const SCRAM_ITERATIONS: RangeInclusive<u32> = 1..=1_000_000;
/// A connection's number has eight bits for its listener.
const LISTENERS_MAX: usize = 256;
