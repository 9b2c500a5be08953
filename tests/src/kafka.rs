//! A real Apache Kafka 4.4.0, made from Maven artifacts: KRaft, each node broker and controller.

mod guard;
mod health;
mod java;
mod kdc;
mod library;
mod listener;
mod node;
mod secured;
mod signer;
mod skipped;
mod stores;
mod tool;

use std::borrow::Borrow;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

pub use health::{Cluster, Partition};
pub use java::{Committed, GroupLife, Java, JavaError, MemberSeen, NewTopic, NewTransaction, Page, Token};
pub use kdc::{KERBEROS_PASSWORD, Kdc};
pub use listener::Listener;
use node::{Node, Plan, Ports};
use secured::Security;
pub use secured::{PASSWORD, SESSION, Secured};
pub use signer::Signer;
pub use skipped::say_skipped;
pub use stores::{Identity, KEY_PASSWORD, Properties, STORE_PASSWORD, Stores, Trust};

/// A running cluster; dropping it ends it, and so does the end of this process.
#[derive(Debug)]
pub struct Kafka {
    nodes: Vec<Node>,
    java: Mutex<Java>,
}

/// Why there is no real Kafka.
#[derive(Clone, Debug)]
pub enum Failure {
    /// The machine lacks `java` or `mvn`, or the artifacts cannot be had.
    Missing(String),
    /// It is all there, and Kafka does not start.
    Broken(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(what) | Self::Broken(what) => f.write_str(what),
        }
    }
}

impl Kafka {
    /// The cluster of one node that all tests of this process share, started on first use.
    ///
    /// `None` when the machine cannot run it: a loud line says so for each test, which should return, and a last one
    /// how many there were. With
    /// `UPSERT_KAFKA_REQUIRE_JAVA=1` that is a failure instead.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Result<Kafka, Failure>> = OnceLock::new();
        or_skip(SHARED.get_or_init(|| Self::start(1)).as_ref())
    }

    /// A cluster of the test's own, to be hurt; else as [`Kafka::shared`].
    pub fn own(nodes: usize) -> Option<Self> {
        or_skip(Self::start(nodes))
    }

    /// A cluster of one node of the test's own, of which clients are told that it is found at this address, where
    /// a proxy may stand; else as [`Kafka::shared`].
    pub fn behind(address: SocketAddr) -> Option<Self> {
        or_skip(Self::start_with(1, Some(address), None))
    }

    /// Starts so many nodes and waits until each may serve.
    ///
    /// # Errors
    /// When the machine lacks something, or a node ends before it is ready.
    pub fn start(nodes: usize) -> Result<Self, Failure> {
        Self::start_with(nodes, None, None)
    }

    fn start_with(
        nodes: usize,
        advertised: Option<SocketAddr>,
        security: Option<&Security>,
    ) -> Result<Self, Failure> {
        let library = library::find()?;
        let mut outcome = Self::try_start(nodes, advertised, security, &library);
        for _ in 0..PORT_RACES {
            // A port that was free a moment ago may be another's now.
            match &outcome {
                Err(Failure::Broken(why)) if why.contains("BindException") => {
                    outcome = Self::try_start(nodes, advertised, security, &library)
                }
                _ => break,
            }
        }
        outcome
    }

    fn try_start(
        nodes: usize,
        advertised: Option<SocketAddr>,
        security: Option<&Security>,
        library: &Path,
    ) -> Result<Self, Failure> {
        let home = fresh_folder()?;
        let ports: Vec<Ports> =
            (0..nodes).map(|_| Ports::choose()).collect::<Result<_, _>>().map_err(broken)?;
        let started: Result<Vec<_>, _> = std::thread::scope(|scope| {
            let plan = Plan { home: &home, library, ports: &ports, advertised, security };
            let threads: Vec<_> = (0..nodes).map(|at| scope.spawn(move || Node::start(plan, at))).collect();
            threads.into_iter().map(|it| it.join().unwrap_or_else(|e| std::panic::resume_unwind(e))).collect()
        });
        let arguments = security.map(Security::java_arguments).unwrap_or_default();
        let java = Java::start(library, &home, &arguments).map_err(broken)?;
        Ok(Self { nodes: started?, java: Mutex::new(java) })
    }

    /// The PLAINTEXT addresses, as `bootstrap.servers` wants them.
    pub fn bootstrap(&self) -> String {
        self.bootstrap_of(Listener::Plaintext)
    }

    fn bootstrap_of(&self, listener: Listener) -> String {
        let addresses: Vec<_> = self.nodes.iter().map(|node| node.address(listener).to_string()).collect();
        addresses.join(",")
    }

    /// Asks the Java client, connected to this cluster's PLAINTEXT listener.
    ///
    /// # Panics
    /// When it fails: with its chain of causes.
    pub fn java<T>(&self, ask: impl FnOnce(&mut Java, &str) -> Result<T, JavaError>) -> T {
        self.try_java(ask).unwrap_or_else(|e| panic!("the Java client: {e}"))
    }

    /// Asks the Java client what it may fail at, as it may while nodes are down.
    ///
    /// # Errors
    /// As the question's.
    pub fn try_java<T>(
        &self,
        ask: impl FnOnce(&mut Java, &str) -> Result<T, JavaError>,
    ) -> Result<T, JavaError> {
        // A test that panicked while it asked leaves the client between two lines: as good as before.
        let mut java = self.java.lock().unwrap_or_else(PoisonError::into_inner);
        ask(&mut java, &self.bootstrap())
    }

    /// The ids of its nodes.
    pub fn nodes(&self) -> impl Iterator<Item = i32> + use<> {
        1..=i32::try_from(self.nodes.len()).unwrap_or(i32::MAX)
    }

    /// kill -9: the node is gone when this returns.
    ///
    /// # Errors
    /// When it is down already.
    pub fn kill(&self, node: i32) -> Result<(), Failure> {
        self.node(node)?.kill()
    }

    /// SIGSTOP: its connections stay open, and silent.
    ///
    /// # Errors
    /// When it is down.
    pub fn pause(&self, node: i32) -> Result<(), Failure> {
        self.node(node)?.signal("STOP")
    }

    /// SIGCONT.
    ///
    /// # Errors
    /// When it is down.
    pub fn resume(&self, node: i32) -> Result<(), Failure> {
        self.node(node)?.signal("CONT")
    }

    /// SIGTERM: the node hands over what it leads, and is gone when this returns.
    ///
    /// # Errors
    /// When it is down already, or does not stop.
    pub fn stop(&self, node: i32) -> Result<(), Failure> {
        self.node(node)?.stop()
    }

    /// Starts a node that is down, on its ports and with its data, and waits until it may serve.
    ///
    /// # Errors
    /// When it runs, or ends before it is ready.
    pub fn restart(&self, node: i32) -> Result<(), Failure> {
        self.node(node)?.launch()
    }

    /// What the cluster says of itself.
    ///
    /// # Errors
    /// When no broker answers within a few seconds.
    pub fn describe(&self) -> Result<Cluster, JavaError> {
        self.try_java(Java::describe)
    }

    /// Waits until every node is registered, votes, and every partition's replicas are in sync.
    ///
    /// # Errors
    /// What is still amiss when the time is over.
    pub fn await_health(&self, within: Duration) -> Result<(), Failure> {
        let deadline = Instant::now() + within;
        loop {
            let ills = match self.describe() {
                Ok(cluster) => cluster.ills(self.nodes.len()),
                Err(error) => vec![error.to_string()],
            };
            if ills.is_empty() {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(Failure::Broken(format!("not healthy after {within:?}: {}", ills.join("; "))));
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    fn node(&self, id: i32) -> Result<&Node, Failure> {
        let at = usize::try_from(id - 1).ok();
        at.and_then(|at| self.nodes.get(at)).ok_or_else(|| Failure::Broken(format!("there is no node {id}")))
    }
}

/// The policy of tests that want a real Kafka: run, say loudly that none can be had, or fail.
fn or_skip<T>(outcome: Result<T, impl Borrow<Failure>>) -> Option<T> {
    let failure = match outcome {
        Ok(kafka) => return Some(kafka),
        Err(failure) => failure,
    };
    let required = std::env::var("UPSERT_KAFKA_REQUIRE_JAVA").is_ok_and(|it| it == "1");
    match failure.borrow() {
        Failure::Missing(why) if !required => {
            skipped::skip(why);
            None
        }
        failure => panic!("no real Apache Kafka: {failure}"),
    }
}

/// The same of what wants a KDC.
fn kerberos_or_skip<T>(outcome: Result<T, impl Borrow<Failure>>) -> Option<T> {
    let failure = match outcome {
        Ok(kdc) => return Some(kdc),
        Err(failure) => failure,
    };
    let required = std::env::var("UPSERT_KAFKA_REQUIRE_KDC").is_ok_and(|it| it == "1");
    match failure.borrow() {
        Failure::Missing(why) if !required => {
            skipped::skip_kerberos(why);
            None
        }
        failure => panic!("no KDC: {failure}. {}", skipped::HOW_KERBEROS),
    }
}

/// A name that no other test of any process uses: `orders-1f3a-7`.
pub fn unique(name: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{name}-{:x}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

fn fresh_folder() -> Result<PathBuf, Failure> {
    let all = crate::repository().join("target/tmp");
    sweep(&all);
    let home = all.join(unique("kafka"));
    std::fs::create_dir_all(&home).map_err(broken)?;
    home.canonicalize().map_err(broken)
}

/// Removes what processes left that are no more; the newest logs stay until the next run.
fn sweep(all: &Path) {
    for entry in std::fs::read_dir(all).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner =
            name.to_str().and_then(|it| it.strip_prefix("kafka-")).and_then(|it| it.split('-').next());
        let owner = owner.and_then(|it| u32::from_str_radix(it, 16).ok());
        if owner
            .is_some_and(|id| Path::new("/proc/self").exists() && !Path::new(&format!("/proc/{id}")).exists())
        {
            // Another process may sweep at the same time.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn broken(cause: impl fmt::Display) -> Failure {
    Failure::Broken(cause.to_string())
}

const PORT_RACES: usize = 2;
/// A cluster does not tell when it is well: it is asked this often.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
