//! Not tests: an embedded broker in virtual time, and processes that reach it over pipes and can be killed.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::task::JoinHandle;
use tokio::time::sleep_until;
use upsert_kafka_broker::{Broker, BrokerConfig};
use upsert_kafka_client::{
    Address, Assignment, Client, Clock, Config, Environment, IsolationLevel, Position, Role, TopicPartition,
};
use upsert_kafka_sink::plan::{self, PlanOptions};
use upsert_kafka_sink::{Error, Job, JobOptions, NewTopics, Progress, Stopper, Summary};

/// The first second of 2026.
pub(crate) const BEGAN_UNIX_MS: i64 = 1_767_225_600_000;

/// A broker, and a world in which it is the only one there is.
pub(crate) struct World {
    pub(crate) broker: Broker,
    /// A cluster beside it, where there is one.
    pub(crate) other: Option<Broker>,
    pub(crate) began: Instant,
    /// The clock of every process.
    clock: Clock,
}

/// A process of this world: a machine of its own, until it is killed.
#[derive(Clone)]
pub(crate) struct Process {
    pub(crate) environment: Environment,
    is_alive: Arc<AtomicBool>,
    /// Whether it reaches the one broker, and not only the other.
    reaches_first: Arc<AtomicBool>,
    /// On its way to the other.
    stall: Arc<Stall>,
}

/// Where bytes stand still for a while, and arrive all the same.
#[derive(Default)]
struct Stall {
    is_on: AtomicBool,
    waiting: Mutex<Vec<Waker>>,
}

/// A job at work in a process.
pub(crate) struct Running {
    process: Process,
    stopper: Stopper,
    pub(crate) progress: Arc<Progress>,
    /// What the user was told when it was opened.
    pub(crate) notices: Vec<String>,
    ended: JoinHandle<Result<Summary, Error>>,
}

/// A record as it lies in a topic.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) key: Option<String>,
    pub(crate) value: Option<String>,
    pub(crate) timestamp_ms: i64,
}

impl World {
    pub(crate) async fn new() -> Self {
        let clock = upsert_kafka_broker::Clock::of_runtime(BEGAN_UNIX_MS);
        let machine =
            upsert_kafka_broker::Environment::new().with_clock(clock).with_seed(7).without_sockets();
        let broker = Broker::start_in(BrokerConfig::default(), machine).await.expect("a broker");
        let clock = Clock::of_runtime(BEGAN_UNIX_MS);
        Self { broker, other: None, began: clock.now(), clock }
    }

    /// With a cluster more.
    pub(crate) async fn of_two_clusters() -> Self {
        let clock = upsert_kafka_broker::Clock::of_runtime(BEGAN_UNIX_MS);
        let machine =
            upsert_kafka_broker::Environment::new().with_clock(clock).with_seed(8).without_sockets();
        let config = BrokerConfig::default()
            .with_cluster_id("other")
            .with_listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 19_092)));
        let other = Broker::start_in(config, machine).await.expect("a broker");
        Self { other: Some(other), ..Self::new().await }
    }

    /// Where the other one listens; the only one, where there is no other.
    pub(crate) fn other_bootstrap(&self) -> String {
        self.other.as_ref().unwrap_or(&self.broker).address().to_string()
    }

    /// Where the broker listens.
    pub(crate) fn bootstrap(&self) -> String {
        self.broker.address().to_string()
    }

    /// Another process.
    pub(crate) fn process(&self, seed: u64) -> Process {
        let (network, is_alive) = (self.broker.connector(), Arc::new(AtomicBool::new(true)));
        let reaches_first = Arc::new(AtomicBool::new(true));
        let stall = Arc::new(Stall::default());
        let of_other = Arc::clone(&stall);
        let other = self.other.as_ref().map(|it| (it.connector(), it.address().port()));
        let (alive, first) = (Arc::clone(&is_alive), Arc::clone(&reaches_first));
        let dialer = move |address: Address| {
            let other = other.clone().filter(|(_, port)| *port == address.port);
            let reached = vec![Arc::clone(&alive)];
            let stall = other.as_ref().map(|_| Arc::clone(&of_other));
            let reached =
                if other.is_some() { reached } else { [reached, vec![Arc::clone(&first)]].concat() };
            let network = other.map_or_else(|| network.clone(), |(network, _)| network);
            async move {
                if reached.iter().any(|it| !it.load(Ordering::Relaxed)) {
                    return Err(io::ErrorKind::NetworkUnreachable.into());
                }
                let pipe = network.connect(&address.host, address.port).await?;
                Ok(MortalStream { pipe, reached, stall })
            }
        };
        let environment =
            Environment::new().with_dialer(dialer).with_clock(self.clock.clone()).with_seed(seed);
        Process { environment, is_alive, reaches_first, stall }
    }

    pub(crate) async fn client(&self) -> Client {
        self.client_of(&self.bootstrap()).await
    }

    /// Of one of the clusters.
    pub(crate) async fn client_of(&self, servers: &str) -> Client {
        let (config, _) =
            Config::from_properties([("bootstrap.servers", servers)], Role::Producer).expect("a config");
        Client::open_in(config, self.process(7).environment).await.expect("a client")
    }

    /// Waits until so long after the beginning.
    pub(crate) async fn until(&self, after: Duration) {
        sleep_until((self.began + after).into()).await;
    }

    /// Everything in the partitions of a topic, by partition and offset.
    pub(crate) async fn written(&self, topic: &str) -> Vec<Written> {
        self.read(self.client().await, topic, IsolationLevel::ReadUncommitted).await
    }

    /// The same of committed transactions alone, up to the first open one of each partition; on the other cluster, where
    /// there is one.
    pub(crate) async fn committed(&self, topic: &str) -> Vec<Written> {
        let client = self.client_of(&self.other_bootstrap()).await;
        self.read(client, topic, IsolationLevel::ReadCommitted).await
    }

    async fn read(&self, client: Client, topic: &str, isolation_level: IsolationLevel) -> Vec<Written> {
        let config = client.config().clone().with(|it| it.isolation_level = isolation_level);
        let mut consumer = client.with_config(config).expect("a client").consumer();
        let ends = consumer.offsets(topic, upsert_kafka_client::OffsetSpec::Latest).await.expect("its ends");
        let begins = ends.iter().map(|(index, _)| Assignment::new(topic, *index, Position::Earliest));
        consumer.assign(begins.collect());
        let mut written = Vec::new();
        let is_read = |consumer: &upsert_kafka_client::Consumer| {
            let at = |index| consumer.position(&TopicPartition::new(topic, index)).unwrap_or(0);
            ends.iter().all(|(index, end)| at(*index) >= *end)
        };
        while !is_read(&consumer) {
            let fetched = consumer.poll().await.expect("records");
            for records in fetched.partitions() {
                for record in records.records() {
                    let record = record.expect("a record");
                    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
                    written.push(Written {
                        key: record.key.map(text),
                        value: record.value.map(text),
                        timestamp_ms: record.timestamp_ms,
                    });
                }
            }
        }
        written
    }
}

impl Process {
    /// Plans and opens a job, which makes the topics that it lacks.
    pub(crate) async fn open(&self, sql: &str, options: JobOptions) -> Result<Job, Error> {
        let options = options.with_new_topics(NewTopics::new()).with_environment(self.environment.clone());
        Job::open(plan::plan(sql, &PlanOptions::default())?, options).await
    }

    /// Opens a job and runs it.
    pub(crate) async fn run(&self, sql: &str, options: JobOptions) -> Result<Running, Error> {
        let job = self.open(sql, options).await?;
        let notices = job.notices().iter().map(ToString::to_string).collect();
        let (stopper, progress) = (job.stopper(), job.progress());
        Ok(Running { process: self.clone(), stopper, progress, notices, ended: tokio::spawn(job.run()) })
    }
}

impl Running {
    /// Has it checkpoint and end.
    pub(crate) async fn stop(self) -> Summary {
        self.stopper.stop();
        self.ended.await.expect("no panic").expect("a job that ends well")
    }

    /// Its end, which nobody asked for.
    pub(crate) async fn failed(self) -> Error {
        self.ended.await.expect("no panic").expect_err("a failure")
    }

    /// From this moment on its connections break and no other is made, until that is [mended](Self::mend).
    pub(crate) fn cut_off(&self) {
        self.process.is_alive.store(false, Ordering::Relaxed);
    }

    /// The same for the one cluster alone: the other one hears it.
    pub(crate) fn cut_off_from_first(&self) {
        self.process.reaches_first.store(false, Ordering::Relaxed);
    }

    /// What it sends to the other cluster from now on stands still, until that is [mended](Self::mend).
    pub(crate) fn stall_to_other(&self) {
        self.process.stall.is_on.store(true, Ordering::Relaxed);
    }

    /// It reaches every broker again.
    pub(crate) fn mend(&self) {
        self.process.stall.end();
        self.process.is_alive.store(true, Ordering::Relaxed);
        self.process.reaches_first.store(true, Ordering::Relaxed);
    }

    /// kill -9: from this moment on nothing that it says is heard.
    pub(crate) async fn kill(self) {
        self.process.is_alive.store(false, Ordering::Relaxed);
        self.ended.abort();
        _ = self.ended.await;
    }
}

/// A stream that ends with its process: what is written after that goes nowhere.
struct MortalStream {
    pipe: DuplexStream,
    /// All of which are true while it lives.
    reached: Vec<Arc<AtomicBool>>,
    stall: Option<Arc<Stall>>,
}

impl Stall {
    fn poll(&self, cx: &Context<'_>) -> Poll<()> {
        if !self.is_on.load(Ordering::Relaxed) {
            return Poll::Ready(());
        }
        self.waiting.lock().expect("no panic").push(cx.waker().clone());
        Poll::Pending
    }

    fn end(&self) {
        self.is_on.store(false, Ordering::Relaxed);
        self.waiting.lock().expect("no panic").drain(..).for_each(Waker::wake);
    }
}

impl MortalStream {
    fn check(&self) -> io::Result<()> {
        let is_alive = self.reached.iter().all(|it| it.load(Ordering::Relaxed));
        if is_alive { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
    }
}

impl AsyncRead for MortalStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.pipe).poll_read(cx, buffer)
    }
}

impl AsyncWrite for MortalStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        if let Some(stall) = &self.stall {
            ready!(stall.poll(cx));
        }
        Pin::new(&mut self.pipe).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.pipe).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_shutdown(cx)
    }
}
