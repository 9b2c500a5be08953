//! A running broker: start, address, faults, stop.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::cluster::{Cluster, Stats};
use crate::config::BrokerConfig;
use crate::fault::{Fault, FaultId};
use crate::keeper::{MAIL_MAX, Mail, keep};
use crate::listener::listen;

/// A broker that runs on the tasks of the runtime it was started in. Dropping it stops it, without waiting.
#[derive(Debug)]
pub struct Broker {
    address: SocketAddr,
    mail: mpsc::Sender<Mail>,
    /// Dropped, it tells the listener to end.
    stop: watch::Sender<()>,
    tasks: [JoinHandle<()>; 2],
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
    /// When the address cannot be listened on.
    pub async fn start(mut config: BrokerConfig) -> io::Result<Self> {
        let listener = TcpListener::bind(config.listen).await?;
        let address = listener.local_addr()?;
        advertise(&mut config, address);
        if config.seed == 0 {
            config.seed = RandomState::new().hash_one(address);
        }
        let (mail, heard) = mpsc::channel(MAIL_MAX);
        let (stop, stopped) = watch::channel(());
        let listening = listen(listener, mail.clone(), config.frame_bytes_max, stopped);
        let tasks = [tokio::spawn(listening), tokio::spawn(keep(Cluster::new(config), heard))];
        Ok(Self { address, mail, stop, tasks })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
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
        let (reply, stats) = oneshot::channel();
        // As above.
        let _ = self.mail.send(Mail::Stats(reply)).await;
        stats.await.unwrap_or_default()
    }

    /// The bytes of all batches it holds.
    pub async fn bytes_stored(&self) -> u64 {
        self.stats().await.bytes_stored
    }

    /// Closes every connection and waits until all is gone.
    pub async fn stop(self) {
        let Self { mail, stop, tasks, .. } = self;
        drop((mail, stop));
        for task in tasks {
            // A task that panicked has said so already.
            let _ = task.await;
        }
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
fn advertise(config: &mut BrokerConfig, address: SocketAddr) {
    if config.advertised_host.is_empty() {
        config.advertised_host = match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => "127.0.0.1".to_owned(),
            IpAddr::V6(ip) if ip.is_unspecified() => "::1".to_owned(),
            ip => ip.to_string(),
        };
    }
    if config.advertised_port == 0 {
        config.advertised_port = address.port();
    }
}
