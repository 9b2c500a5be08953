//! A running broker, as its user holds it: start, connect, inspect, disturb, stop.
//!
//! A broker is a few tasks of the runtime it was started in:
//!
//! ```text
//!  Broker ──────────────────────────────────────┐ commands
//!    │ listener commands                        ▼
//!  listener of node 1 ──► a peer per connection ──► broker task, which owns the core (cluster.rs)
//!  listener of node 2 ──► …                                │ batches to look into
//!                                                          ▼ worker: blocking threads
//! ```
//!
//! The broker ends when nobody can send commands any more: when the handle is dropped or stopped, every listener ends
//! with its connections, and then the broker task.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use tokio::io::DuplexStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::broker_task::{self, COMMANDS_MAX, Command, Operation};
use crate::cluster::{Cluster, Stats};
use crate::config::BrokerConfig;
use crate::connector::Connector;
use crate::environment::Environment;
use crate::fault::{Fault, FaultId};
use crate::limits::Limits;
use crate::listener::{Listener, ListenerCommand};
use crate::now::Now;
use crate::secret::Secret;
use crate::security::Securities;
use crate::transport::Transport;
use startup::{ListenerHandle, NodeHandle, advertised, open};

mod startup;

/// A broker that runs on tasks of the runtime it was started in. Dropping the handle stops the broker without waiting.
#[derive(Debug)]
pub struct Broker {
    nodes: Vec<NodeHandle>,
    /// Of the listeners.
    names: Vec<String>,
    #[cfg(feature = "tls")]
    securities: Securities,
    commands: mpsc::Sender<Command>,
    task: JoinHandle<()>,
}

/// A fault in force, and how often it was applied.
#[derive(Debug)]
pub struct FaultHandle {
    id: Option<FaultId>,
    fired: watch::Receiver<u32>,
    /// Weak: a fault that someone holds on to does not keep the broker alive.
    commands: mpsc::WeakSender<Command>,
}

impl Broker {
    /// Listens and serves.
    ///
    /// # Errors
    /// When an address cannot be listened on.
    pub async fn start(config: BrokerConfig) -> io::Result<Self> {
        Self::start_in(config, Environment::new()).await
    }

    /// The same in an environment of the caller's: sockets or none, a clock, a source of chance.
    ///
    /// # Errors
    /// As [`Broker::start`].
    pub async fn start_in(mut config: BrokerConfig, environment: Environment) -> io::Result<Self> {
        if config.seed == 0 {
            config.seed = environment.seed();
        }
        let listeners = config.all_listeners();
        startup::check(&config, &listeners)?;
        let securities = Securities::new(&config, &listeners, &environment)?;
        let mut sockets = Vec::new();
        for node in 1..=config.nodes.max(1) {
            for (number, listener) in listeners.iter().enumerate() {
                sockets.push((node, number, open(listener, number, node, &config, &environment).await?));
            }
        }
        let (commands, mailbox) = mpsc::channel(COMMANDS_MAX);
        let mut cluster = Cluster::new(config.clone());
        let limits = Limits::new(&config);
        let mut nodes: Vec<NodeHandle> = Vec::new();
        for (node, number, (address, socket)) in sockets {
            let advertised = advertised(&listeners[number], node, address);
            cluster.advertise_listener(node, number, &advertised.0, advertised.1);
            let security = securities.of_listener(number);
            let listener = Listener::new((node, number), security, limits.clone(), commands.clone());
            let handle = ListenerHandle::start(node, address, advertised, listener, socket);
            match nodes.last_mut() {
                Some(last) if number > 0 => last.listeners.push(handle),
                _ => nodes.push(NodeHandle { listeners: vec![handle] }),
            }
        }
        let task = tokio::spawn(broker_task::run(cluster, environment.clock().clone(), mailbox));
        let names = listeners.into_iter().map(|listener| listener.name).collect();
        Ok(Self {
            nodes,
            names,
            #[cfg(feature = "tls")]
            securities,
            commands,
            task,
        })
    }

    /// Opens a connection to a node's first listener by a pipe within the process.
    ///
    /// # Errors
    /// When there is no such node, or it is stopped.
    pub async fn connect(&self, node: i32) -> io::Result<DuplexStream> {
        self.node(node)?.listeners[0].endpoint.connect().await
    }

    /// Serves a connection that came to a node's first listener by other ways than its socket.
    ///
    /// # Errors
    /// When there is no such node, or it is stopped.
    pub async fn serve(&self, node: i32, transport: impl Transport) -> io::Result<()> {
        self.node(node)?.listeners[0].endpoint.serve(Box::new(transport)).await
    }

    /// What connects to this broker's listeners by their hosts and ports, as a network would.
    pub fn connector(&self) -> Connector {
        let listeners = self.nodes.iter().flat_map(|node| &node.listeners);
        Connector { nodes: listeners.map(|listener| listener.endpoint.clone()).collect() }
    }

    /// Where the first node's first listener is.
    pub fn address(&self) -> SocketAddr {
        self.nodes[0].listeners[0].address
    }

    /// Where each node's first listener is, in the order of their numbers.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(|node| node.listeners[0].address).collect()
    }

    /// Where the listener of that name is, of each node; nothing where there is none.
    pub fn addresses_of(&self, listener: &str) -> Vec<SocketAddr> {
        let Some(number) = self.names.iter().position(|name| name == listener) else { return Vec::new() };
        self.nodes.iter().map(|node| node.listeners[number].address).collect()
    }

    /// The certificate to trust, as PEM, where the broker made certificates for its listeners.
    #[cfg(feature = "tls")]
    pub fn ca_pem(&self) -> Option<String> {
        self.authority().map(crate::certificates::Authority::pem)
    }

    /// Who issued the certificates that the broker made for its listeners, where it made any.
    #[cfg(feature = "tls")]
    pub fn authority(&self) -> Option<&crate::certificates::Authority> {
        self.securities.authority()
    }

    /// Gives a user another password for PLAIN and SCRAM, or takes the user away. Who is logged in stays, as in Kafka.
    pub async fn set_user(&self, name: &str, password: Option<Secret>) {
        let name = name.to_owned();
        self.run(move |cluster, _| cluster.set_user(&name, password)).await;
    }

    /// Makes a node the leader of a partition, in a new epoch; returns that epoch. `None` when there is no such
    /// partition, or the node is stopped.
    pub async fn move_leader(&self, topic: &str, partition: i32, node: i32) -> Option<i32> {
        let topic = topic.to_owned();
        self.run(move |cluster, now| cluster.move_leader(&topic, partition, node, now)).await?
    }

    /// Stops a node: its connections have closed when this returns, new ones are refused, and other nodes
    /// lead and coordinate what it did. What it knew is kept; but a partition that nobody leads meanwhile
    /// remembers of each producer the last batch alone, as after a real broker's kill -9.
    ///
    /// # Errors
    /// When there is no such node, or its address could not be kept for its return.
    pub async fn stop_node(&self, node: i32) -> io::Result<()> {
        self.run(move |cluster, now| cluster.stop_node(node, now)).await;
        self.control(node, || ListenerCommand::Close).await
    }

    /// Starts a stopped node on the port it had.
    ///
    /// # Errors
    /// When there is no such node, or its port cannot be listened on.
    pub async fn start_node(&self, node: i32) -> io::Result<()> {
        self.run(move |cluster, now| cluster.start_node(node, now)).await;
        self.control(node, || ListenerCommand::Open).await
    }

    /// Makes all partitions forget a producer, as if it had not written for `producer.id.expiration.ms`; except those
    /// where it has an open transaction.
    pub async fn expire_producer(&self, producer_id: i64) {
        self.run(move |cluster, _| cluster.expire_producer(producer_id)).await;
    }

    /// Every batch that lies in a partition, with the offset of its first record; nothing when there is no
    /// such partition.
    pub async fn log(&self, topic: &str, partition: i32) -> Vec<(i64, Bytes)> {
        let topic = topic.to_owned();
        self.run(move |cluster, _| cluster.log(&topic, partition)).await.unwrap_or_default()
    }

    /// Deletes what the topics' retention lets go and compacts those that want it, now and thoroughly: as if every
    /// batch were a segment that is closed. By the clock it happens as in Kafka, where the newest segment is left
    /// alone. A tombstone goes with the first call that comes `delete.retention.ms` after one that met it.
    pub async fn clean(&self) {
        self.run(Cluster::clean).await;
    }

    /// The node that leads a partition, and its epoch.
    pub async fn leader(&self, topic: &str, partition: i32) -> Option<(i32, i32)> {
        let topic = topic.to_owned();
        self.run(move |cluster, _| cluster.leader(&topic, partition)).await?
    }

    /// The node that coordinates a group or a transactional id.
    pub async fn coordinator(&self, key: &str) -> Option<i32> {
        let key = key.to_owned();
        self.run(move |cluster, _| cluster.coordinator(&key)).await?
    }

    /// Puts a fault in force; it is when this returns.
    pub async fn fault(&self, fault: Fault) -> FaultHandle {
        let (count, fired) = watch::channel(0);
        let (reply, id) = oneshot::channel();
        // Both fail only when the broker has stopped, and then nothing fires any more.
        let _ = self.commands.send(Command::Arm { fault, fired: count, reply }).await;
        FaultHandle { id: id.await.ok(), fired, commands: self.commands.downgrade() }
    }

    /// How much the broker holds.
    pub async fn stats(&self) -> Stats {
        self.run(|cluster, _| cluster.stats()).await.unwrap_or_default()
    }

    /// The bytes of all batches in all logs.
    pub async fn bytes_stored(&self) -> u64 {
        self.stats().await.bytes_stored
    }

    /// Closes every connection and waits until every task of the broker has ended.
    pub async fn stop(self) {
        let Self { nodes, commands, task, .. } = self;
        drop(commands);
        let listeners = nodes.into_iter().flat_map(|node| node.listeners);
        let listeners: Vec<_> = listeners.map(|listener| listener.task).collect();
        for ended in listeners.into_iter().chain([task]) {
            // A task that panicked has said so already.
            let _ = ended.await;
        }
    }

    /// Does something with the core; `None` when the broker has stopped.
    async fn run<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&mut Cluster, Now) -> T + Send + 'static,
    ) -> Option<T> {
        let (reply, done) = oneshot::channel();
        // Who asked for it may have gone away.
        let operation = move |cluster: &mut Cluster, now| drop(reply.send(operation(cluster, now)));
        // It fails only when the broker has stopped, and then no reply comes.
        let _ = self.commands.send(Command::Run(Operation(Box::new(operation)))).await;
        done.await.ok()
    }

    /// Tells a node's listeners to open or to close, and waits until they have.
    async fn control<C>(&self, node: i32, command: impl Fn() -> C) -> io::Result<()>
    where
        C: FnOnce(oneshot::Sender<io::Result<()>>) -> ListenerCommand,
    {
        let mut all = Ok(());
        for listener in &self.node(node)?.listeners {
            let (done, outcome) = oneshot::channel();
            // It fails only when the node could not listen again, and then no reply comes.
            let _ = listener.control.send(command()(done)).await;
            let ended = || Err(io::Error::other(format!("node {node} has ended")));
            all = all.and(outcome.await.unwrap_or_else(|_| ended()));
        }
        all
    }

    fn node(&self, node: i32) -> io::Result<&NodeHandle> {
        let unknown = || io::Error::new(io::ErrorKind::NotFound, format!("there is no node {node}"));
        let index = usize::try_from(node - 1).map_err(|_| unknown())?;
        self.nodes.get(index).ok_or_else(unknown)
    }
}

impl FaultHandle {
    /// How many requests the fault was applied to so far.
    pub fn fired(&self) -> u32 {
        *self.fired.borrow()
    }

    /// Waits until the fault was applied that often, or the broker has stopped; returns how often it was.
    pub async fn wait(&mut self, times: u32) -> u32 {
        // It fails only when the broker has stopped, and then the count stays.
        let _ = self.fired.wait_for(|fired| *fired >= times).await;
        self.fired()
    }

    /// Ends the fault; returns how often it was applied.
    pub async fn disarm(self) -> u32 {
        if let (Some(id), Some(commands)) = (self.id, self.commands.upgrade()) {
            // Fails only when the broker has stopped.
            let _ = commands.send(Command::Disarm(id)).await;
        }
        self.fired()
    }
}
