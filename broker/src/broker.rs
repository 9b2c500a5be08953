//! A running broker: start, addresses, orders, faults, stop.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::cluster::{Cluster, Now, Stats};
use crate::config::BrokerConfig;
use crate::fault::{Fault, FaultId};
use crate::keeper::{MAIL_MAX, Mail, Order, keep};
use crate::listener::{Door, Turn, listen};
use crate::peer::Limits;

/// A broker that runs on the tasks of the runtime it was started in. Dropping it stops it, without waiting.
#[derive(Debug)]
pub struct Broker {
    nodes: Vec<Node>,
    mail: mpsc::Sender<Mail>,
    keeper: JoinHandle<()>,
}

/// Where a node listens.
#[derive(Debug)]
struct Node {
    address: SocketAddr,
    /// Dropped, it tells the listener to end.
    turns: mpsc::Sender<Turn>,
    listener: JoinHandle<()>,
}

/// A fault in force, and how often it has struck.
#[derive(Debug)]
pub struct Armed {
    id: Option<FaultId>,
    fired: watch::Receiver<u32>,
    /// Weak: a fault that someone holds on to does not keep the broker alive.
    mail: mpsc::WeakSender<Mail>,
}

impl Broker {
    /// Listens and serves.
    ///
    /// # Errors
    /// When an address cannot be listened on.
    pub async fn start(mut config: BrokerConfig) -> io::Result<Self> {
        let mut listeners = Vec::new();
        for offset in 0..u16::try_from(config.nodes.max(1)).unwrap_or(u16::MAX) {
            let port =
                if config.listen.port() == 0 { 0 } else { config.listen.port().saturating_add(offset) };
            let listener = TcpListener::bind(SocketAddr::new(config.listen.ip(), port)).await?;
            listeners.push((listener.local_addr()?, listener));
        }
        if config.seed == 0 {
            config.seed = RandomState::new().hash_one(listeners.first().map(|(address, _)| address));
        }
        let (mail, heard) = mpsc::channel(MAIL_MAX);
        let mut cluster = Cluster::new(config.clone());
        let limits = Limits::new(&config);
        let mut nodes = Vec::new();
        for (node, (address, listener)) in (1..).zip(listeners) {
            advertise(&mut cluster, &config, node, address);
            let door = Door { node, address, mail: mail.clone(), limits: limits.clone() };
            let (turns, told) = mpsc::channel(1);
            nodes.push(Node { address, turns, listener: tokio::spawn(listen(door, listener, told)) });
        }
        Ok(Self { nodes, mail, keeper: tokio::spawn(keep(cluster, heard)) })
    }

    /// Where the first node listens.
    pub fn address(&self) -> SocketAddr {
        self.nodes[0].address
    }

    /// Where each node listens, in the order of their numbers.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(|node| node.address).collect()
    }

    /// Makes a node the leader of a partition, in a new epoch; that epoch. `None` when there is no such
    /// partition, or the node does not live.
    pub async fn move_leader(&self, topic: &str, partition: i32, node: i32) -> Option<i32> {
        let topic = topic.to_owned();
        self.order(move |cluster, now| cluster.move_leader(&topic, partition, node, now)).await?
    }

    /// Stops a node: its connections have closed when this returns, new ones are refused, and other nodes
    /// lead and coordinate what it did. What it knew is kept; but a partition that nobody leads meanwhile
    /// remembers of each producer the last batch alone, as after a real broker's kill -9.
    ///
    /// # Errors
    /// When there is no such node, or its address could not be kept for its return.
    pub async fn stop_node(&self, node: i32) -> io::Result<()> {
        self.order(move |cluster, now| cluster.stop_node(node, now)).await;
        self.turn(node, Turn::Close).await
    }

    /// Starts a stopped node on the port it had.
    ///
    /// # Errors
    /// When there is no such node, or its port cannot be listened on.
    pub async fn start_node(&self, node: i32) -> io::Result<()> {
        self.order(move |cluster, now| cluster.start_node(node, now)).await;
        self.turn(node, Turn::Open).await
    }

    /// Makes all partitions forget a producer, as when it has not written for long; but those where it has an
    /// open transaction.
    pub async fn expire_producer(&self, producer_id: i64) {
        self.order(move |cluster, _| cluster.expire_producer(producer_id)).await;
    }

    /// Every batch that lies in a partition, with the offset of its first record; nothing when there is no
    /// such partition.
    pub async fn log(&self, topic: &str, partition: i32) -> Vec<(i64, Bytes)> {
        let topic = topic.to_owned();
        self.order(move |cluster, _| cluster.log(&topic, partition)).await.unwrap_or_default()
    }

    /// Deletes what the topics' retention lets go and compacts those that want it, now and thoroughly: as if every
    /// batch were a segment that is closed. By the clock it happens as in Kafka, where the newest segment is left
    /// alone. A tombstone goes with the first call that comes `delete.retention.ms` after one that met it.
    pub async fn clean(&self) {
        self.order(Cluster::clean).await;
    }

    /// The node that leads a partition, and its epoch.
    pub async fn leader(&self, topic: &str, partition: i32) -> Option<(i32, i32)> {
        let topic = topic.to_owned();
        self.order(move |cluster, _| cluster.leader(&topic, partition)).await?
    }

    /// The node that coordinates a group or a transactional id.
    pub async fn coordinator(&self, key: &str) -> Option<i32> {
        let key = key.to_owned();
        self.order(move |cluster, _| cluster.coordinator(&key)).await?
    }

    /// Orders a fault, in force when this returns.
    pub async fn fault(&self, fault: Fault) -> Armed {
        let (count, fired) = watch::channel(0);
        let (reply, id) = oneshot::channel();
        // Both fail only when the broker has stopped, and then nothing fires any more.
        let _ = self.mail.send(Mail::Arm { fault, fired: count, reply }).await;
        Armed { id: id.await.ok(), fired, mail: self.mail.downgrade() }
    }

    /// What it holds.
    pub async fn stats(&self) -> Stats {
        self.order(|cluster, _| cluster.stats()).await.unwrap_or_default()
    }

    /// The bytes of all batches it holds.
    pub async fn bytes_stored(&self) -> u64 {
        self.stats().await.bytes_stored
    }

    /// Closes every connection and waits until all is gone.
    pub async fn stop(self) {
        let Self { nodes, mail, keeper } = self;
        drop(mail);
        let listeners: Vec<_> = nodes.into_iter().map(|node| node.listener).collect();
        for task in listeners.into_iter().chain([keeper]) {
            // A task that panicked has said so already.
            let _ = task.await;
        }
    }

    /// Does something with the core; `None` when the broker has stopped.
    async fn order<T: Send + 'static>(
        &self,
        order: impl FnOnce(&mut Cluster, Now) -> T + Send + 'static,
    ) -> Option<T> {
        let (reply, done) = oneshot::channel();
        // Who ordered it may have gone away.
        let order = move |cluster: &mut Cluster, now| drop(reply.send(order(cluster, now)));
        // It fails only when the broker has stopped, and then no reply comes.
        let _ = self.mail.send(Mail::Order(Order(Box::new(order)))).await;
        done.await.ok()
    }

    async fn turn(
        &self,
        node: i32,
        turn: impl FnOnce(oneshot::Sender<io::Result<()>>) -> Turn,
    ) -> io::Result<()> {
        let unknown = || io::Error::new(io::ErrorKind::NotFound, format!("there is no node {node}"));
        let index = usize::try_from(node - 1).map_err(|_| unknown())?;
        let (done, heard) = oneshot::channel();
        // It fails only when the node could not listen again, and then no reply comes.
        let _ = self.nodes.get(index).ok_or_else(unknown)?.turns.send(turn(done)).await;
        heard.await.unwrap_or_else(|_| Err(io::Error::other(format!("node {node} has ended"))))
    }
}

impl Armed {
    /// How often it has struck so far.
    pub fn fired(&self) -> u32 {
        *self.fired.borrow()
    }

    /// Waits until it has struck so often, or the broker has stopped; how often it has.
    pub async fn wait(&mut self, times: u32) -> u32 {
        // It fails only when the broker has stopped, and then the count stays.
        let _ = self.fired.wait_for(|fired| *fired >= times).await;
        self.fired()
    }

    /// Takes it back; how often it has struck.
    pub async fn disarm(self) -> u32 {
        if let (Some(id), Some(mail)) = (self.id, self.mail.upgrade()) {
            // Fails only when the broker has stopped.
            let _ = mail.send(Mail::Disarm(id)).await;
        }
        self.fired()
    }
}

/// Fills in what the configuration leaves open about the address that clients are told.
fn advertise(cluster: &mut Cluster, config: &BrokerConfig, node: i32, address: SocketAddr) {
    let host = match address.ip() {
        _ if !config.advertised_host.is_empty() => config.advertised_host.clone(),
        IpAddr::V4(ip) if ip.is_unspecified() => "127.0.0.1".to_owned(),
        IpAddr::V6(ip) if ip.is_unspecified() => "::1".to_owned(),
        ip => ip.to_string(),
    };
    let port = match config.advertised_port {
        0 => address.port(),
        first => first.saturating_add(u16::try_from(node - 1).unwrap_or(u16::MAX)),
    };
    cluster.advertise(node, &host, port);
}
