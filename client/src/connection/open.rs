//! From an address to a connection that is ready, stage by stage: dial, then agree on versions.
//!
//! Each stage is a function of its own name, and takes over what the one before made of the stream:
//!
//! | stage | takes | gives | fails with |
//! |---|---|---|---|
//! | `dial` | an address | a stream of bytes | `Unreachable` |
//! | `secure` | the stream | the same, or TLS over it | `Authentication`: one side is not accepted |
//! | `negotiate` | a [`Handshake`] over the stream | the broker's versions | `Protocol`: no Kafka broker |
//! | `authenticate` | the same handshake | how to log in again | `Authentication`: the login is refused |
//! | `ready` | the handshake and the versions | a [`Connection`] with its task | – |
//!
//! Logging in again on a connection in use (KIP-368) is the
//! stage `authenticate` once more, run by the connection's task, which owns the stream and its frames.

use std::sync::Arc;
use std::sync::atomic::AtomicI32;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::timeout_at;
use upsert_kafka_protocol::{ErrorCode, Str};

use super::authenticate::{Authenticator, Requester};
use super::handshake::{Handshake, unreachable};
use super::reauthentication::{InBandSettings, Reauthentication};
use super::task::SocketTask;
use super::versions::{self, BrokerVersions};
use super::{Channel, Connection, QUEUE_MAX};
use crate::config::Address;
use crate::environment::{DialTarget, Environment, Transport};
use crate::security::Security;
use crate::{Config, Error, ErrorKind};

/// Opens connections by a client's settings, in its environment.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    pub(crate) config: Arc<Config>,
    pub(crate) environment: Environment,
    pub(crate) security: Security,
}

impl Connector {
    /// Opens a connection within `limit`, which bounds all stages together.
    pub(crate) async fn open(&self, address: &Address, limit: Duration) -> Result<Connection, Error> {
        let broker: Arc<str> = address.to_string().into();
        let deadline = self.environment.clock().now() + limit;
        let mut stage = OpenStage::Dial;
        match timeout_at(deadline.into(), self.stages(address, deadline, &broker, &mut stage)).await {
            Ok(opened) => opened.map_err(|error| error.with_broker(&broker)),
            Err(_) => {
                let sentence =
                    format!("no connection within {} ms: {}", limit.as_millis(), stage.unfinished());
                Err(Error::new(ErrorKind::Unreachable, sentence).with_broker(&broker))
            }
        }
    }

    async fn stages(
        &self,
        address: &Address,
        deadline: Instant,
        broker: &Arc<str>,
        stage: &mut OpenStage,
    ) -> Result<Connection, Error> {
        let stream = self.dial(address, deadline).await?;
        *stage = OpenStage::Secure;
        let stream = self.security.secure(stream, address).await?;
        *stage = OpenStage::Negotiate;
        let mut handshake = Handshake::new(stream, self.client_id(), self.config.response_bytes_max);
        let versions = negotiate(&mut handshake).await?;
        *stage = OpenStage::Authenticate;
        let reauthentication = self.authenticate(&mut handshake, address, &versions).await?;
        tracing::debug!(broker = &**broker, "connected");
        Ok(self.ready(handshake, versions, reauthentication, broker))
    }

    /// Logs in, where the protocol wants it.
    pub(super) async fn authenticate<S: Transport>(
        &self,
        handshake: &mut Handshake<S>,
        address: &Address,
        versions: &BrokerVersions,
    ) -> Result<Option<Reauthentication>, Error> {
        let Some(login) = self.security.login() else { return Ok(None) };
        let authenticator = Authenticator::new(login, address, versions)?;
        let lifetime = authenticator.log_in(handshake).await?;
        let settings = InBandSettings {
            authenticator,
            client_id: self.client_id(),
            request_timeout: self.config.request_timeout,
            clock: self.environment.clock().clone(),
        };
        Ok(Some(Reauthentication::new(settings, lifetime, self.environment.chance())))
    }

    pub(super) async fn dial(
        &self,
        address: &Address,
        deadline: Instant,
    ) -> Result<Box<dyn Transport>, Error> {
        let target = DialTarget {
            address,
            deadline,
            clock: self.environment.clock(),
            send_buffer_bytes: self.config.send_buffer_bytes,
            receive_buffer_bytes: self.config.receive_buffer_bytes,
        };
        self.environment
            .dialer()
            .dial(target)
            .await
            .map_err(|error| unreachable(error.to_string()).with_cause(error))
    }

    /// Hands the stream to a task of its own, and gives the handle to it.
    fn ready<S: Transport>(
        &self,
        handshake: Handshake<S>,
        versions: BrokerVersions,
        reauthentication: Option<Reauthentication>,
        broker: &Arc<str>,
    ) -> Connection {
        let Self { config, environment, .. } = self;
        let (stream, frames) = handshake.finish();
        let (sender, queue) = mpsc::channel(QUEUE_MAX);
        let (idle_max, clock) = (config.connections_max_idle, environment.clock().clone());
        let broker_name = Arc::clone(broker);
        let task =
            SocketTask { broker: broker_name, stream, queue, frames, idle_max, clock, reauthentication };
        tokio::spawn(task.run());
        Connection(Arc::new(Channel {
            broker: Arc::clone(broker),
            versions,
            queue: sender,
            next_id: AtomicI32::new(1),
            client_id: self.client_id(),
            request_timeout: config.request_timeout,
            response_bytes_max: config.response_bytes_max,
            clock: environment.clock().clone(),
        }))
    }

    pub(super) fn client_id(&self) -> Str {
        match self.config.client_id.as_str() {
            "" => Str::from("upsert-kafka"),
            named => Str::from(named.to_owned()),
        }
    }
}

/// How far a connection has come.
#[derive(Clone, Copy)]
enum OpenStage {
    Dial,
    Secure,
    Negotiate,
    Authenticate,
}

impl OpenStage {
    /// What was still missing when there was no time left.
    fn unfinished(self) -> &'static str {
        match self {
            Self::Dial => "nobody took it",
            Self::Secure => "the TLS handshake did not end",
            Self::Negotiate => "it was taken, and ApiVersions, the first request, was not answered",
            Self::Authenticate => "the login did not end",
        }
    }
}

/// Asks which versions the broker speaks; one that does not know ours is asked again at version 0.
pub(super) async fn negotiate<S: Transport>(handshake: &mut Handshake<S>) -> Result<BrokerVersions, Error> {
    let request = versions::request();
    let body = handshake.exchange(&request, versions::FIRST_VERSION).await?;
    let mut response = versions::decode(&body, versions::FIRST_VERSION)?;
    if response.error_code == ErrorCode::UNSUPPORTED_VERSION {
        response = handshake.ask(request, 0).await?;
    }
    match response.error_code {
        ErrorCode::NONE => Ok(BrokerVersions::of(&response)),
        code => Err(Error::from_code(code, "ApiVersions")),
    }
}
