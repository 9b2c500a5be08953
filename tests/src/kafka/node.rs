//! One node: its ports, its properties, its process.

use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::guard::Guarded;
use super::listener::Listener;
use super::secured::Security;
use super::{Failure, broken};

/// A node; dropping it kills it.
#[derive(Debug)]
pub(super) struct Node {
    folder: PathBuf,
    library: PathBuf,
    heap: &'static str,
    ports: Ports,
    /// What its JVM is told beside what all are.
    java_arguments: Vec<String>,
    /// `None` while it is down.
    process: Mutex<Option<Guarded>>,
}

/// One port per [`Listener`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports([u16; Listener::ALL.len()]);

/// What all nodes of a cluster are made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan<'a> {
    pub(super) home: &'a Path,
    pub(super) library: &'a Path,
    pub(super) ports: &'a [Ports],
    /// Where clients are told that the one node is.
    pub(super) advertised: Option<SocketAddr>,
    /// TLS, SASL and ACLs.
    pub(super) security: Option<&'a Security>,
}

impl Ports {
    /// Ports that are free now; all are held until all are chosen, so that they differ.
    pub(super) fn choose() -> io::Result<Self> {
        let mut held = Vec::new();
        let mut ports = [0; Listener::ALL.len()];
        for port in &mut ports {
            let listener = listener_at_chance()?;
            *port = listener.local_addr()?.port();
            held.push(listener);
        }
        Ok(Self(ports))
    }

    fn address(self, listener: Listener) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.0[listener as usize]).into()
    }
}

impl Node {
    /// Formats and starts node number `at` of those that are planned, and waits until it may serve.
    pub(super) fn start(plan: Plan<'_>, at: usize) -> Result<Self, Failure> {
        let folder = plan.home.join((at + 1).to_string());
        std::fs::create_dir_all(&folder).map_err(broken)?;
        let mut properties = properties(&folder, at, plan.ports, plan.security.is_some());
        if let Some(address) = plan.advertised {
            // Writing to a string cannot fail.
            let _ = writeln!(properties, "advertised.listeners={}://{address}", Listener::Plaintext.name());
        }
        if let Some(security) = plan.security {
            properties.push_str(&security.broker_properties(|it| plan.ports[at].address(it).port()));
        }
        std::fs::write(folder.join("server.properties"), properties).map_err(broken)?;
        let format_arguments = plan.security.map(Security::format_arguments).unwrap_or_default();
        format_storage(&folder, plan.library, plan.ports, &format_arguments)?;
        let node = Self {
            folder,
            library: plan.library.to_owned(),
            heap: if plan.ports.len() < 3 { "-Xmx512m" } else { "-Xmx256m" },
            ports: plan.ports[at],
            java_arguments: plan.security.map(Security::java_arguments).unwrap_or_default(),
            process: Mutex::new(None),
        };
        node.launch()?;
        Ok(node)
    }

    pub(super) fn address(&self, listener: Listener) -> SocketAddr {
        self.ports.address(listener)
    }

    /// Starts it where it was, with what it had, and waits until it may serve.
    pub(super) fn launch(&self) -> Result<(), Failure> {
        let mut slot = self.process();
        if slot.is_some() {
            return Err(Failure::Broken("the node runs already".into()));
        }
        let process = slot.insert(self.spawn().map_err(broken)?);
        await_port(self.address(Listener::Plaintext), process, &self.folder)
    }

    /// kill -9, and its end is waited for.
    pub(super) fn kill(&self) -> Result<(), Failure> {
        self.process().take().map(drop).ok_or_else(down)
    }

    /// SIGTERM: it hands over what it leads, and its end is waited for.
    pub(super) fn stop(&self) -> Result<(), Failure> {
        let mut slot = self.process();
        let process = slot.as_mut().ok_or_else(down)?;
        process.signal("TERM").map_err(broken)?;
        let deadline = Instant::now() + STOP_TIMEOUT;
        while process.ended().map_err(broken)?.is_none() {
            if Instant::now() > deadline {
                return Err(Failure::Broken(format!(
                    "Kafka does not stop within {STOP_TIMEOUT:?}: {}",
                    last_words(&self.folder)
                )));
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        *slot = None;
        Ok(())
    }

    /// STOP or CONT.
    pub(super) fn signal(&self, name: &str) -> Result<(), Failure> {
        self.process().as_ref().ok_or_else(down)?.signal(name).map_err(broken)
    }

    fn spawn(&self) -> io::Result<Guarded> {
        let class_path = class_path(&self.library);
        let log = format!("-Dupsert.kafka.log={}", self.folder.join("server.log").display());
        let logging = format!("-Dlog4j2.configurationFile={LOG4J}");
        let mut command = vec!["java", &log, &logging];
        command.extend(["-Xms64m", self.heap, "-XX:MaxDirectMemorySize=128m", "-Xss512k"]);
        command.extend(FAST_START);
        command.extend(self.java_arguments.iter().map(String::as_str));
        command.extend(["-cp", &class_path, "kafka.Kafka", "server.properties"]);
        Guarded::spawn(&command, &self.folder, &self.folder.join("out.log"))
    }

    /// A test that panicked while it held the slot left a process or none in it: as good as before.
    fn process(&self) -> MutexGuard<'_, Option<Guarded>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn down() -> Failure {
    Failure::Broken("the node is down".into())
}

/// Below the range from which the kernel takes the ports of outgoing connections: while a node is down, one of
/// those who dial it could otherwise be given its very port, and it could not come back.
pub(super) fn listener_at_chance() -> io::Result<TcpListener> {
    let mut last = Ok(());
    for attempt in 0..PORTS_TRIED_MAX {
        let chance = RandomState::new().hash_one(attempt) % u64::from(PORTS_END - PORTS_BEGIN);
        // Less than a `u16`, by the line above.
        let port = PORTS_BEGIN + u16::try_from(chance).unwrap_or_default();
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(listener) => return Ok(listener),
            Err(taken) => last = Err(taken),
        }
    }
    last.and(Err(io::Error::other("no port was tried")))
}

fn format_storage(folder: &Path, library: &Path, ports: &[Ports], further: &[String]) -> Result<(), Failure> {
    let mut java = Command::new("java");
    java.arg("-Xmx128m").args(FAST_START).args(["-cp", &class_path(library), "kafka.tools.StorageTool"]);
    java.args(["format", "-t", CLUSTER_ID, "-c", "server.properties"]).current_dir(folder);
    java.args(further);
    match ports {
        [_] => java.arg("--standalone"),
        _ => java.args([
            "--initial-controllers",
            &controllers(ports, |id| format!("{id}@"), |id| format!(":{}", directory_id(id))),
        ]),
    };
    let output = java.output().map_err(broken)?;
    match output.status.success() {
        true => Ok(()),
        false => {
            Err(Failure::Broken(format!("StorageTool format: {}", String::from_utf8_lossy(&output.stderr))))
        }
    }
}

/// A port is bound only when the broker may serve, so a connection is the test; nothing tells when it opens.
fn await_port(address: SocketAddr, process: &mut Guarded, folder: &Path) -> Result<(), Failure> {
    let deadline = Instant::now() + START_TIMEOUT;
    while TcpStream::connect(address).is_err() {
        if let Some(status) = process.ended().map_err(broken)? {
            return Err(Failure::Broken(format!("Kafka ended with {status}: {}", last_words(folder))));
        }
        if Instant::now() > deadline {
            return Err(Failure::Broken(format!(
                "Kafka does not listen at {address}: {}",
                last_words(folder)
            )));
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    Ok(())
}

fn last_words(folder: &Path) -> String {
    let logs =
        ["server.log", "out.log"].map(|name| std::fs::read_to_string(folder.join(name)).unwrap_or_default());
    let lines: Vec<_> = logs.iter().flat_map(|log| log.lines()).collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}

/// `1@127.0.0.1:9093:…,2@…`, each address between its two texts.
fn controllers(ports: &[Ports], before: impl Fn(usize) -> String, after: impl Fn(usize) -> String) -> String {
    let rows = ports.iter().enumerate();
    let texts: Vec<_> = rows
        .map(|(at, it)| format!("{}{}{}", before(at + 1), it.address(Listener::Controller), after(at + 1)))
        .collect();
    texts.join(",")
}

/// Any 16 bytes in base64url without padding: 22 characters, the last one carrying four zero bits.
fn directory_id(node: usize) -> String {
    format!("upsertkafkanode{node:06}A")
}

fn class_path(library: &Path) -> String {
    library.join("*").display().to_string()
}

fn properties(folder: &Path, at: usize, ports: &[Ports], secured: bool) -> String {
    let count = if secured { Listener::ALL.len() } else { Listener::OPEN };
    let rows = &Listener::ALL[..count];
    let listeners: Vec<_> =
        rows.iter().map(|it| format!("{}://{}", it.name(), ports[at].address(*it))).collect();
    let protocols: Vec<_> = rows.iter().map(|it| format!("{}:{}", it.name(), it.protocol())).collect();
    let (replicas, in_sync) = if ports.len() < 3 { (1, 1) } else { (3, 2) };
    let data: PathBuf = folder.join("data");
    let mut out = String::from(SETTINGS);
    let rows = [
        ("node.id", (at + 1).to_string()),
        ("listeners", listeners.join(",")),
        ("listener.security.protocol.map", protocols.join(",")),
        ("controller.quorum.bootstrap.servers", controllers(ports, |_| String::new(), |_| String::new())),
        ("log.dirs", data.display().to_string()),
        ("default.replication.factor", replicas.to_string()),
        ("min.insync.replicas", in_sync.to_string()),
    ];
    for (key, value) in rows {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{key}={value}");
    }
    if ports.len() >= 3 {
        // A member that is killed is missed in a test's time.
        out.push_str("group.consumer.session.timeout.ms=6000\ngroup.consumer.heartbeat.interval.ms=1000\n");
        // Consumers that tell their rack read at the node there.
        let _ = writeln!(out, "broker.rack=rack-{}\nreplica.selector.class={RACK_AWARE}", at + 1);
    }
    for topic in ["offsets.topic", "transaction.state.log", "share.coordinator.state.topic"] {
        let minimum =
            if topic == "offsets.topic" { String::new() } else { format!("{topic}.min.isr={in_sync}\n") };
        let _ = write!(out, "{topic}.replication.factor={replicas}\n{topic}.num.partitions=3\n{minimum}");
    }
    out
}

/// Small and quick: a test's cluster holds little and is asked at once.
const SETTINGS: &str = "\
process.roles=broker,controller
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
auto.create.topics.enable=false
num.network.threads=1
num.io.threads=4
num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
group.consumer.min.session.timeout.ms=1000
group.consumer.min.heartbeat.interval.ms=100
log.cleaner.dedupe.buffer.size=4194304
log.cleaner.backoff.ms=500
log.index.size.max.bytes=1048576
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
request.timeout.ms=3000
controlled.shutdown.retry.backoff.ms=200
controller.quorum.election.timeout.ms=1000
controller.quorum.fetch.timeout.ms=2000
initial.broker.registration.timeout.ms=30000
";

const RACK_AWARE: &str = "org.apache.kafka.common.replica.RackAwareReplicaSelector";

/// C1 alone starts faster, and serves slower: not for benchmarks.
pub(super) const FAST_START: [&str; 3] = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"];
pub(super) const LOG4J: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/java/log4j2.properties");
const CLUSTER_ID: &str = "a2Fma2FraXQtY2x1c3Rlcg";
const START_TIMEOUT: Duration = Duration::from_secs(180);
const STOP_TIMEOUT: Duration = Duration::from_secs(180);
/// A process does not tell when it listens or ends.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
const PORTS_BEGIN: u16 = 10_000;
/// Where Linux begins with the ports of outgoing connections.
const PORTS_END: u16 = 32_768;
const PORTS_TRIED_MAX: u32 = 100;
