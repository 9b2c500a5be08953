//! A broker of a test's own: it listens on loopback, and the test says what it answers.

use std::sync::{Arc, Mutex};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use upsert_kafka_protocol::header::{self, RequestHeader};
use upsert_kafka_protocol::messages::api_versions::ApiVersion;
use upsert_kafka_protocol::messages::metadata::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use upsert_kafka_protocol::messages::{
    ApiVersionsRequest, ApiVersionsResponse, MetadataRequest, MetadataResponse,
};
use upsert_kafka_protocol::{APIS, Message, Request, Segments, Str, Uuid};

use crate::Config;
use crate::config::Address;
use crate::environment::{Clock, Environment, Transport};

/// A listening broker; it ends with the value.
pub(crate) struct Peer {
    pub(crate) address: Address,
    /// Every request heard, in order, besides ApiVersions.
    pub(crate) heard: mpsc::UnboundedReceiver<Ask>,
    /// One for each connection that ended.
    pub(crate) left: mpsc::UnboundedReceiver<()>,
    task: JoinHandle<()>,
}

/// A request as the peer heard it.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) key: i16,
    pub(crate) version: i16,
    pub(crate) correlation_id: i32,
    body: Bytes,
}

/// What the peer does about a request.
pub(crate) enum Reply {
    Send(Segments),
    /// Bytes as they stand.
    Raw(Bytes),
    Nothing,
    /// No answer, and none to anything that comes on the same connection.
    Hold,
    Close,
}

type Script = Arc<Mutex<dyn FnMut(&Ask) -> Reply + Send>>;

impl Peer {
    pub(crate) async fn start(script: impl FnMut(&Ask) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = address(&listener);
        Self::serve(Source::Listener(listener), address, Arc::new(Mutex::new(script)))
    }

    /// A peer whose script knows where it listens.
    pub(crate) async fn at<F: FnMut(&Ask) -> Reply + Send + 'static>(
        script: impl FnOnce(Address) -> F,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = address(&listener);
        let script = Arc::new(Mutex::new(script(address.clone())));
        Self::serve(Source::Listener(listener), address, script)
    }

    /// A peer where one listened before.
    pub(crate) async fn again(address: Address, script: impl FnMut(&Ask) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind(address.to_string()).await.unwrap();
        Self::serve(Source::Listener(listener), address, Arc::new(Mutex::new(script)))
    }

    /// A configuration that begins here and is quick to try again.
    pub(crate) fn config(&self) -> Config {
        config(vec![self.address.clone()])
    }

    /// The next request of this kind.
    pub(crate) async fn hears<R: Request>(&mut self) -> (i16, R) {
        loop {
            let ask = self.heard.recv().await.expect("the peer is gone");
            if ask.key == R::KEY {
                return (ask.version, ask.read());
            }
        }
    }

    /// A peer at the other end of pipes: the environment's dialer leads to it, whatever the address, and its clock is
    /// tokio's.
    pub(crate) fn piped(script: impl FnMut(&Ask) -> Reply + Send + 'static) -> (Self, Environment) {
        let (streams, accepted) = mpsc::unbounded_channel::<DuplexStream>();
        let dialer = move |_: Address| {
            let (ours, theirs) = duplex(1 << 16);
            let taken = streams.send(theirs).map_err(std::io::Error::other);
            async move { taken.map(|()| ours) }
        };
        let address = "peer:9092".parse().unwrap();
        let peer = Self::serve(Source::Pipes(accepted), address, Arc::new(Mutex::new(script)));
        let environment =
            Environment::new().with_dialer(dialer).with_clock(Clock::of_runtime(0)).with_seed(1);
        (peer, environment)
    }

    /// Talks on every stream that comes, and goes on when no more do.
    fn serve(mut source: Source, address: Address, script: Script) -> Self {
        let (tell, heard) = mpsc::unbounded_channel();
        let (leave, left) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            let mut peers = tokio::task::JoinSet::new();
            while let Some(stream) = source.next().await {
                let (leave, talk) = (leave.clone(), converse(stream, Arc::clone(&script), tell.clone()));
                peers.spawn(async move {
                    talk.await;
                    // The test may not care.
                    _ = leave.send(());
                });
            }
            while peers.join_next().await.is_some() {}
        });
        Self { address, heard, left, task }
    }
}

/// Where streams come from.
enum Source {
    Listener(TcpListener),
    Pipes(mpsc::UnboundedReceiver<DuplexStream>),
}

impl Source {
    async fn next(&mut self) -> Option<Box<dyn Transport>> {
        match self {
            Self::Listener(listener) => Some(Box::new(listener.accept().await.ok()?.0)),
            Self::Pipes(accepted) => Some(Box::new(accepted.recv().await?)),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Ask {
    pub(crate) fn is<R: Request>(&self) -> bool {
        self.key == R::KEY
    }

    pub(crate) fn read<R: Request>(&self) -> R {
        R::decode(&self.body, self.version).unwrap()
    }

    pub(crate) fn answer<M: Message>(&self, response: &M) -> Reply {
        assert_eq!(self.key, M::KEY);
        Reply::Send(header::response_frame(response, self.version, self.correlation_id).unwrap())
    }

    pub(crate) fn answer_at<M: Message>(&self, response: &M, version: i16) -> Reply {
        Reply::Send(header::response_frame(response, version, self.correlation_id).unwrap())
    }

    /// Answers ApiVersions with all that this build speaks, and Metadata with one broker that leads all.
    pub(crate) fn introduce(&self, address: &Address, topics: &[(&'static str, i32)]) -> Option<Reply> {
        match self.key {
            ApiVersionsRequest::KEY => Some(self.answer(&versions(i16::MAX))),
            MetadataRequest::KEY => {
                let request: MetadataRequest = self.read();
                let asked = |name: &str| match &request.topics {
                    None => true,
                    Some(topics) => topics.iter().any(|topic| topic.name.as_deref() == Some(name)),
                };
                let topics: Vec<_> = topics.iter().copied().filter(|(name, _)| asked(name)).collect();
                Some(self.answer(&metadata(address, &topics)))
            }
            _ => None,
        }
    }
}

/// What a request is about.
pub(crate) enum Asked {
    /// Metadata of some topics.
    Topics,
    /// Metadata of no topic.
    Brokers,
    Other,
}

pub(crate) fn asks_about(ask: &Ask) -> Asked {
    if !ask.is::<MetadataRequest>() {
        return Asked::Other;
    }
    let request: MetadataRequest = ask.read();
    match request.topics {
        Some(topics) if topics.is_empty() => Asked::Brokers,
        _ => Asked::Topics,
    }
}

/// All APIs of this build, up to a version.
pub(crate) fn versions(max: i16) -> ApiVersionsResponse {
    let row = |api: &upsert_kafka_protocol::Api| ApiVersion {
        api_key: api.key.0,
        min_version: api.current.from,
        max_version: api.current.to.min(max.max(api.current.from)),
        ..Default::default()
    };
    ApiVersionsResponse { api_keys: APIS.iter().map(row).collect(), ..Default::default() }
}

/// Broker 1 at this address leads every partition, at epoch 5.
pub(crate) fn metadata(address: &Address, topics: &[(&'static str, i32)]) -> MetadataResponse {
    let partition = |index| MetadataResponsePartition {
        partition_index: index,
        leader_id: 1,
        leader_epoch: 5,
        replica_nodes: vec![1],
        isr_nodes: vec![1],
        ..Default::default()
    };
    let topic = |(name, partitions): &(&'static str, i32)| MetadataResponseTopic {
        name: Some(Str::from(*name)),
        topic_id: topic_id(name),
        partitions: (0..*partitions).map(partition).collect(),
        ..Default::default()
    };
    MetadataResponse {
        brokers: vec![broker(1, address)],
        cluster_id: Some(Str::from("test")),
        controller_id: 1,
        topics: topics.iter().map(topic).collect(),
        ..Default::default()
    }
}

pub(crate) fn broker(node_id: i32, address: &Address) -> MetadataResponseBroker {
    MetadataResponseBroker {
        node_id,
        host: Str::from(address.host.clone()),
        port: i32::from(address.port),
        ..Default::default()
    }
}

pub(crate) fn topic_id(name: &str) -> Uuid {
    Uuid([name.len() as u8; 16])
}

/// Where nobody listens: the port was free a moment ago.
pub(crate) async fn nowhere() -> Address {
    address(&TcpListener::bind("127.0.0.1:0").await.unwrap())
}

pub(crate) fn config(bootstrap_servers: Vec<Address>) -> Config {
    let ms = std::time::Duration::from_millis;
    Config {
        bootstrap_servers,
        bootstrap_timeout: ms(5_000),
        topic_metadata_propagation_max: ms(100),
        retry_backoff: ms(1),
        retry_backoff_max: ms(10),
        reconnect_backoff: ms(1),
        reconnect_backoff_max: ms(10),
        ..Config::default()
    }
}

fn address(listener: &TcpListener) -> Address {
    listener.local_addr().unwrap().to_string().parse().unwrap()
}

async fn converse(mut stream: Box<dyn Transport>, script: Script, tell: mpsc::UnboundedSender<Ask>) {
    let mut buffer = BytesMut::new();
    loop {
        while buffer.len() < 4 || buffer.len() < 4 + length(&buffer) {
            match stream.read_buf(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
        let size = length(&buffer);
        buffer.advance(4);
        let (head, body) = RequestHeader::read(&buffer.split_to(size).freeze()).unwrap();
        let (key, version, correlation_id) =
            (head.request_api_key, head.request_api_version, head.correlation_id);
        let ask = Ask { key, version, correlation_id, body };
        let reply = (script.lock().unwrap())(&ask);
        if ask.key != ApiVersionsRequest::KEY {
            // The test may not care.
            _ = tell.send(ask);
        }
        let mut bytes = match reply {
            Reply::Send(frame) => frame,
            Reply::Raw(bytes) => Segments::from(bytes),
            Reply::Nothing => continue,
            Reply::Hold => return hold(stream).await,
            Reply::Close => return,
        };
        if stream.write_all_buf(&mut bytes).await.is_err() {
            return;
        }
    }
}

/// Until the other side hangs up.
async fn hold(mut stream: Box<dyn Transport>) {
    _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
}

fn length(buffer: &BytesMut) -> usize {
    u32::from_be_bytes(*buffer.first_chunk().unwrap()) as usize
}
