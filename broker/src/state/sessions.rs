//! What is known of every connection.

use std::collections::BTreeMap;

use upsert_kafka_protocol::ApiKey;

use super::principal::Principal;
use super::session::{Admission, Session};
use crate::config::{BrokerConfig, ListenerConfig, SecurityProtocol};
use crate::now::Now;
use crate::wait::PeerId;

/// How a connection came, as the shell knows it.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Connection {
    /// The number of its listener, in the order of the settings.
    pub listener: usize,
    /// Where it comes from: an address, as ACLs name hosts.
    pub host: String,
    /// What the client is called by its certificate, where it showed one that is trusted: by default the subject, by
    /// RFC 2253.
    pub certificate: Option<String>,
}

/// Every connection that was said to be there.
#[derive(Debug)]
pub(crate) struct Sessions {
    all: BTreeMap<PeerId, (i32, Session)>,
    listeners: Vec<ListenerConfig>,
}

impl Sessions {
    pub(crate) fn new(config: &BrokerConfig) -> Self {
        Self { all: BTreeMap::new(), listeners: config.all_listeners() }
    }

    /// A connection is there.
    pub(crate) fn open(&mut self, peer: PeerId, node: i32, connection: &Connection) {
        let session = self.session(connection);
        self.all.insert(peer, (node, session));
    }

    /// It is gone.
    pub(crate) fn close(&mut self, peer: PeerId) {
        self.all.remove(&peer);
    }

    /// All of a node's are gone.
    pub(crate) fn close_node(&mut self, node: i32) {
        self.all.retain(|_, (of, _)| *of != node);
    }

    /// Looks whether a request may be served. A connection that nobody told of came by the first listener, from this
    /// machine; it is remembered only if it must log in.
    pub(crate) fn admit(
        &mut self,
        (peer, node): (PeerId, i32),
        api: ApiKey,
        readable: bool,
        now: Now,
    ) -> Admission {
        if let Some((_, session)) = self.all.get_mut(&peer) {
            return session.admit(api, readable, now);
        }
        let mut session = self.session(&Connection { host: LOOPBACK.to_owned(), ..Connection::default() });
        let admission = session.admit(api, readable, now);
        if self.listeners.first().is_some_and(|it| it.protocol.has_sasl()) {
            self.all.insert(peer, (node, session));
        }
        admission
    }

    /// By which protocol a listener's connections come; one that is not there is as open as can be.
    pub(crate) fn protocol(&self, listener: usize) -> SecurityProtocol {
        self.listeners.get(listener).map_or(SecurityProtocol::Plaintext, |it| it.protocol)
    }

    /// A connection that is known.
    pub(crate) fn known(&mut self, peer: PeerId) -> Option<&mut Session> {
        self.all.get_mut(&peer).map(|(_, session)| session)
    }

    fn session(&self, connection: &Connection) -> Session {
        let Connection { listener, host, certificate } = connection;
        let logs_in = self.listeners.get(*listener).is_none_or(|it| it.protocol.has_sasl());
        match (logs_in, certificate) {
            (true, _) => Session::initial(*listener, host),
            (false, Some(name)) => Session::open(*listener, host, Principal::user(name)),
            (false, None) => Session::open(*listener, host, Principal::anonymous()),
        }
    }
}

const LOOPBACK: &str = "127.0.0.1";
