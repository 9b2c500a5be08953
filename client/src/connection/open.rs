//! From an address to a connection, step by step: dial, agree on versions; TLS and SASL will stand between.

use std::sync::Arc;
use std::sync::atomic::AtomicI32;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt, split};
use tokio::sync::mpsc;
use tokio::time::timeout_at;
use upsert_kafka_protocol::Frames;
use upsert_kafka_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse};
use upsert_kafka_protocol::{Bytes, ErrorCode, Message, Request, Str, header};

use super::task::Task;
use super::{Connection, QUEUE_MAX, Shared};
use crate::cluster::versions::BrokerVersions;
use crate::config::Address;
use crate::environment::{DialTarget, Environment, Transport};
use crate::{Config, Error, ErrorKind};

/// Opens connections as one client is told to.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    pub(crate) config: Arc<Config>,
    pub(crate) environment: Environment,
}

impl Connector {
    /// Opens a connection within `limit`.
    pub(crate) async fn open(&self, address: &Address, limit: Duration) -> Result<Connection, Error> {
        let broker: Arc<str> = address.to_string().into();
        let deadline = self.environment.clock().now() + limit;
        match timeout_at(deadline.into(), self.steps(address, deadline, &broker)).await {
            Ok(opened) => opened.map_err(|error| error.with_broker(&broker)),
            Err(_) => {
                let sentence = format!("no connection within {} ms", limit.as_millis());
                Err(Error::new(ErrorKind::Unreachable, sentence).with_broker(&broker))
            }
        }
    }

    async fn steps(
        &self,
        address: &Address,
        deadline: Instant,
        broker: &Arc<str>,
    ) -> Result<Connection, Error> {
        let Self { config, environment } = self;
        let mut stream = self.dial(address, deadline).await?;
        let client_id = match config.client_id.as_str() {
            "" => Str::from("upsert-kafka"),
            named => Str::from(named.to_owned()),
        };
        let mut frames = Frames::new(config.response_bytes_max);
        let told = negotiate(&mut stream, &mut frames, &client_id).await?;
        tracing::debug!(broker = &**broker, "connected");
        let (sender, queue) = mpsc::channel(QUEUE_MAX);
        let (reader, writer) = split(stream);
        let (idle_max, clock) = (config.connections_max_idle, environment.clock().clone());
        let task = Task { broker: Arc::clone(broker), reader, writer, queue, frames, idle_max, clock };
        tokio::spawn(task.run());
        Ok(Connection(Arc::new(Shared {
            broker: Arc::clone(broker),
            versions: spoken(&told),
            transaction_version: transaction_version(&told),
            queue: sender,
            next_id: AtomicI32::new(1),
            client_id,
            request_timeout: config.request_timeout,
            response_bytes_max: config.response_bytes_max,
            clock: environment.clock().clone(),
        })))
    }

    async fn dial(&self, address: &Address, deadline: Instant) -> Result<Box<dyn Transport>, Error> {
        let target = DialTarget {
            address,
            deadline,
            clock: self.environment.clock(),
            send_buffer_bytes: self.config.send_buffer_bytes,
            receive_buffer_bytes: self.config.receive_buffer_bytes,
        };
        self.environment.dialer().dial(target).await.map_err(|error| unreachable(error.to_string()))
    }
}

/// Asks which versions the broker speaks; one that does not know ours is asked again at version 0.
async fn negotiate(
    stream: &mut Box<dyn Transport>,
    frames: &mut Frames,
    client_id: &Str,
) -> Result<ApiVersionsResponse, Error> {
    let request = hello();
    for version in [FIRST_VERSION, 0] {
        let response = ask(stream, frames, &request, version, client_id).await?;
        if response.error_code == ErrorCode::UNSUPPORTED_VERSION && version > 0 {
            continue;
        }
        if response.error_code != ErrorCode::NONE {
            return Err(Error::from_code(response.error_code, "ApiVersions"));
        }
        return Ok(response);
    }
    Err(Error::from_code(ErrorCode::UNSUPPORTED_VERSION, "ApiVersions"))
}

/// The first words on a connection.
pub(crate) fn hello() -> ApiVersionsRequest {
    ApiVersionsRequest {
        client_software_name: Str::from("upsert-kafka"),
        client_software_version: Str::from(env!("CARGO_PKG_VERSION")),
        ..Default::default()
    }
}

/// What the broker told of its versions.
pub(crate) fn spoken(told: &ApiVersionsResponse) -> BrokerVersions {
    BrokerVersions::new(told.api_keys.iter().map(|api| (api.api_key, api.min_version, api.max_version)))
}

/// The level on which the whole cluster speaks of transactions.
pub(crate) fn transaction_version(told: &ApiVersionsResponse) -> i16 {
    let known = told.finalized_features_epoch >= 0;
    let mut finalized = told.finalized_features.iter().filter(|_| known);
    finalized.find(|feature| &*feature.name == "transaction.version").map_or(0, |it| it.max_version_level)
}

async fn ask(
    stream: &mut Box<dyn Transport>,
    frames: &mut Frames,
    request: &ApiVersionsRequest,
    version: i16,
    client_id: &Str,
) -> Result<ApiVersionsResponse, Error> {
    let mut frame = header::request_frame(request, version, i32::from(version), Some(client_id))?;
    stream.write_all_buf(&mut frame).await.map_err(broke)?;
    let frame = loop {
        if let Some(frame) = frames.next().map_err(|bad| nonsense(format!("a frame of {} bytes", bad.0)))? {
            break frame;
        }
        if let Some(bytes) = frames.announced().filter(|bytes| *bytes > FIRST_ANSWER_BYTES_MAX) {
            return Err(nonsense(format!("a first answer of {bytes} bytes")));
        }
        if stream.read_buf(frames.room()).await.map_err(broke)? == 0 {
            return Err(unreachable("the broker closed the connection at the first request".to_owned()));
        }
    };
    let (id, body) = header::response_body::<ApiVersionsRequest>(&frame, version)?;
    if id != i32::from(version) {
        return Err(nonsense(format!("an answer to request {id}, which was not asked")));
    }
    decode(&body, version)
}

/// A broker that does not know the version answers at version 0, whatever was asked.
pub(crate) fn decode(body: &Bytes, version: i16) -> Result<ApiVersionsResponse, Error> {
    type Answer = <ApiVersionsRequest as Request>::Response;
    let refused = body.first_chunk() == Some(&ErrorCode::UNSUPPORTED_VERSION.0.to_be_bytes());
    Ok(Answer::decode(body, if refused { 0 } else { version })?)
}

fn broke(error: std::io::Error) -> Error {
    unreachable(format!("the connection broke at the first request: {error}"))
}

fn nonsense(what: String) -> Error {
    Error::new(ErrorKind::Protocol, format!("the other side sent {what}; is it a Kafka broker without TLS?"))
}

fn unreachable(why: String) -> Error {
    Error::new(ErrorKind::Unreachable, why)
}

/// The longest first answer that is believed; a broker of a hundred APIs takes a kilobyte.
const FIRST_ANSWER_BYTES_MAX: usize = 1 << 20;

/// All brokers since 2.4 know it; later versions tell us nothing that we use, and cost old brokers a round trip.
pub(crate) const FIRST_VERSION: i16 = 3;
