//! One node's listener: takes connections, from its socket or handed in, and keeps them until the node or the broker
//! stops.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::{Instrument, debug_span, warn};

use crate::broker_task::Command;
use crate::limits::Limits;
use crate::peer::Peer;
use crate::security::Security;
use crate::transport::Transport;
use crate::wait::PeerId;
use socket::ReservedAddress;

mod socket;

pub(crate) use socket::Socket;

/// Where a node's number stands in those of its connections: above its listeners'.
const NODE_SHIFT: u32 = u32::BITS + 8;

/// How long to wait when no connection can be accepted, for want of file descriptors say.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(50);

/// Says whether something was done.
type Done = oneshot::Sender<io::Result<()>>;

/// What a listener is told to do, and whom to tell when it is done.
pub(crate) enum ListenerCommand {
    /// Listen again.
    Open(Done),
    /// Close every connection, and refuse new ones.
    Close(Done),
    /// Serve a connection that did not come through the socket.
    Serve(Box<dyn Transport>, Done),
}

/// A node that takes connections, and what they need.
#[derive(Debug)]
pub(crate) struct Listener {
    node: i32,
    /// Which of the node's listeners it is.
    number: usize,
    security: Security,
    limits: Limits,
    commands: mpsc::Sender<Command>,
    /// The next connection's number.
    next_peer: u64,
    /// That there is no room for another connection was logged already.
    full: bool,
}

impl Listener {
    pub(crate) fn new(
        (node, number): (i32, usize),
        security: Security,
        limits: Limits,
        commands: mpsc::Sender<Command>,
    ) -> Self {
        // A connection's number is its own among all nodes' and listeners'.
        let next_peer = u64::from(node.unsigned_abs()) << NODE_SHIFT | (number as u64) << u32::BITS;
        Self { node, number, security, limits, commands, next_peer, full: false }
    }

    /// Opens and closes as it is told, until nobody is left to tell it anything.
    pub(crate) async fn run(mut self, mut socket: Socket, mut control: mpsc::Receiver<ListenerCommand>) {
        loop {
            let Some((closed, reserved)) = self.accept(socket, &mut control).await else { return };
            // Who asked for it may have gone away.
            let _ = closed.send(reserved.outcome());
            let Some(opened) = next_open(&mut control).await else { return };
            match reserved.listen() {
                Ok(listening) => {
                    socket = listening;
                    // As above.
                    let _ = opened.send(Ok(()));
                }
                Err(error) => {
                    warn!(%error, node = self.node, "the node cannot listen again");
                    // As above.
                    let _ = opened.send(Err(error));
                    return;
                }
            }
        }
    }

    /// Accepts until told to close, and whom to tell that; then every connection has ended.
    async fn accept(
        &mut self,
        socket: Socket,
        control: &mut mpsc::Receiver<ListenerCommand>,
    ) -> Option<(Done, ReservedAddress)> {
        let mut peers = JoinSet::new();
        let close = loop {
            // Strangers come last: they alone may come without end.
            tokio::select! {
                biased;
                Some(_) = peers.join_next() => {}
                command = control.recv() => match command {
                    Some(ListenerCommand::Close(done)) => break Some(done),
                    // It is open. Who asked for it may have gone away.
                    Some(ListenerCommand::Open(done)) => drop(done.send(Ok(()))),
                    Some(ListenerCommand::Serve(transport, done)) => {
                        self.admit(transport, None, &mut peers);
                        // As above.
                        let _ = done.send(Ok(()));
                    }
                    None => break None,
                },
                accepted = socket.accept() => match accepted {
                    Ok((transport, from)) => self.admit(transport, Some(from), &mut peers),
                    Err(error) => {
                        warn!(%error, "accepting a connection failed");
                        sleep(ACCEPT_BACKOFF).await;
                    }
                },
            }
        };
        let closed = match close {
            Some(done) => Some((done, socket.close())),
            None => {
                drop(socket);
                None
            }
        };
        peers.shutdown().await;
        closed
    }

    /// Serves a connection on a task of its own, if there is room for it; else it is closed.
    fn admit(&mut self, transport: Box<dyn Transport>, from: Option<SocketAddr>, peers: &mut JoinSet<()>) {
        // What comes from this process comes from this machine.
        let host = from.map_or(IpAddr::from(Ipv4Addr::LOCALHOST), |from| from.ip().to_canonical());
        let from = from.map_or_else(|| "this process".to_owned(), |from| from.to_string());
        match self.limits.connections.clone().try_acquire_owned() {
            Ok(permit) => {
                let span = debug_span!("peer", number = self.next_peer, %from);
                let served = self.peer(host.to_string()).serve(transport).instrument(span);
                peers.spawn(async move {
                    served.await;
                    drop(permit);
                });
                (self.next_peer, self.full) = (self.next_peer + 1, false);
            }
            // Logged once, until there is room again.
            Err(_) if std::mem::replace(&mut self.full, true) => {}
            Err(_) => warn!(%from, "there are as many connections as may be; more are closed"),
        }
    }

    /// The next connection.
    fn peer(&self, host: String) -> Peer {
        Peer {
            id: PeerId(self.next_peer),
            node: self.node,
            listener: self.number,
            host,
            security: self.security.clone(),
            limits: self.limits.clone(),
            commands: self.commands.clone(),
        }
    }
}

async fn next_open(control: &mut mpsc::Receiver<ListenerCommand>) -> Option<Done> {
    loop {
        match control.recv().await? {
            ListenerCommand::Open(done) => return Some(done),
            // It is closed. Who asked for it may have gone away.
            ListenerCommand::Close(done) => drop(done.send(Ok(()))),
            // Dropped, it tells that the node is stopped.
            ListenerCommand::Serve(_, done) => drop(done),
        }
    }
}
