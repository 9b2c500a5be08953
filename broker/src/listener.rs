//! One node's listener: takes connections, from its socket or handed in, and keeps them until the node or the broker
//! stops.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::{Instrument, debug_span, warn};

use crate::keeper::Mail;
use crate::limits::Limits;
use crate::peer::{self, Link};
use crate::security::SecurityProtocol;
use crate::transport::Transport;
use crate::wait::PeerId;
use socket::Held;

mod socket;

pub(crate) use socket::Socket;

/// How long to wait when no connection can be accepted, for want of file descriptors say.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(50);

/// What a listener is told, and whom to tell when it is done.
pub(crate) enum Turn {
    Open(oneshot::Sender<io::Result<()>>),
    Close(oneshot::Sender<io::Result<()>>),
    /// Serve a connection that did not come through the socket.
    Serve(Box<dyn Transport>, oneshot::Sender<io::Result<()>>),
}

/// Where a node listens, and what its connections need.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) node: i32,
    pub(crate) mail: mpsc::Sender<Mail>,
    pub(crate) protocol: SecurityProtocol,
    pub(crate) limits: Limits,
}

/// Open or closed in turns, until nobody is left to tell.
pub(crate) async fn listen(door: Door, mut socket: Socket, mut turns: mpsc::Receiver<Turn>) {
    // A connection's number is its own among all nodes'.
    let mut open = Open { number: u64::from(door.node.unsigned_abs()) << u32::BITS, full: false, door };
    loop {
        let Some((closed, held)) = open.accept(socket, &mut turns).await else { return };
        // Who ordered it may have gone away.
        let _ = closed.send(held.kept());
        let Some(opened) = next_open(&mut turns).await else { return };
        match held.listen() {
            Ok(listening) => {
                socket = listening;
                // As above.
                let _ = opened.send(Ok(()));
            }
            Err(error) => {
                warn!(%error, node = open.door.node, "the node cannot listen again");
                // As above.
                let _ = opened.send(Err(error));
                return;
            }
        }
    }
}

async fn next_open(turns: &mut mpsc::Receiver<Turn>) -> Option<oneshot::Sender<io::Result<()>>> {
    loop {
        match turns.recv().await? {
            Turn::Open(done) => return Some(done),
            // It is closed. Who ordered it may have gone away.
            Turn::Close(done) => drop(done.send(Ok(()))),
            // Dropped, it tells that the node is stopped.
            Turn::Serve(_, done) => drop(done),
        }
    }
}

/// A node that takes connections.
struct Open {
    door: Door,
    /// The next connection's.
    number: u64,
    /// That there is no place was said already.
    full: bool,
}

impl Open {
    /// Accepts until told to close, and whom to tell that; then every connection has ended.
    async fn accept(
        &mut self,
        socket: Socket,
        turns: &mut mpsc::Receiver<Turn>,
    ) -> Option<(oneshot::Sender<io::Result<()>>, Held)> {
        let mut peers = JoinSet::new();
        let turned = loop {
            tokio::select! {
                accepted = socket.accept() => match accepted {
                    Ok((transport, from)) => self.admit(transport, Some(from), &mut peers),
                    Err(error) => {
                        warn!(%error, "accepting a connection failed");
                        sleep(ACCEPT_BACKOFF).await;
                    }
                },
                Some(_) = peers.join_next() => {}
                turn = turns.recv() => match turn {
                    Some(Turn::Close(done)) => break Some(done),
                    // It is open. Who ordered it may have gone away.
                    Some(Turn::Open(done)) => drop(done.send(Ok(()))),
                    Some(Turn::Serve(transport, done)) => {
                        self.admit(transport, None, &mut peers);
                        // As above.
                        let _ = done.send(Ok(()));
                    }
                    None => break None,
                },
            }
        };
        let closed = match turned {
            Some(done) => Some((done, socket.close())),
            None => {
                drop(socket);
                None
            }
        };
        peers.shutdown().await;
        closed
    }

    /// Serves a connection on a task of its own, if there is a place for it; else it is closed.
    fn admit(&mut self, transport: Box<dyn Transport>, from: Option<SocketAddr>, peers: &mut JoinSet<()>) {
        let from = from.map_or_else(|| "this process".to_owned(), |from| from.to_string());
        match self.door.limits.connections.clone().try_acquire_owned() {
            Ok(place) => {
                let span = debug_span!("peer", number = self.number, %from);
                let link = self.door.link(PeerId(self.number));
                let attended = peer::attend(link, transport).instrument(span);
                peers.spawn(async move {
                    attended.await;
                    drop(place);
                });
                (self.number, self.full) = (self.number + 1, false);
            }
            // Said once, until there is a place again.
            Err(_) if std::mem::replace(&mut self.full, true) => {}
            Err(_) => warn!(%from, "there are as many connections as may be; more are closed"),
        }
    }
}

impl Door {
    fn link(&self, peer: PeerId) -> Link {
        let Self { node, protocol, limits, mail } = self;
        Link { peer, node: *node, protocol: *protocol, limits: limits.clone(), mail: mail.clone() }
    }
}
