//! One node's door: accepts connections and keeps them until the node or the broker stops.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tracing::{Instrument, debug, debug_span, warn};

use crate::cluster::PeerId;
use crate::keeper::Mail;
use crate::peer::{self, Closed, Limits, Link};

/// How long to wait when no connection can be accepted, for want of file descriptors say.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(50);

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;

/// What a door is told, and whom to tell when it is done.
#[derive(Debug)]
pub(crate) enum Turn {
    Open(oneshot::Sender<io::Result<()>>),
    Close(oneshot::Sender<io::Result<()>>),
}

/// Where a node listens, and what its connections need.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) node: i32,
    pub(crate) address: SocketAddr,
    pub(crate) mail: mpsc::Sender<Mail>,
    pub(crate) limits: Limits,
}

/// Open or closed in turns, until nobody is left to tell.
pub(crate) async fn listen(door: Door, mut listener: TcpListener, mut turns: mpsc::Receiver<Turn>) {
    // A connection's number is its own among all nodes'.
    let mut number = u64::from(door.node.unsigned_abs()) << u32::BITS;
    loop {
        let Some(closed) = door.accept(listener, &mut number, &mut turns).await else { return };
        let held = hold(door.address);
        let failed = held.as_ref().err().map(|error| io::Error::new(error.kind(), error.to_string()));
        // Who ordered it may have gone away.
        let _ = closed.send(failed.map_or(Ok(()), Err));
        let Some(opened) = next_open(&mut turns).await else { return };
        match held.or_else(|_| hold(door.address)).and_then(|socket| socket.listen(BACKLOG)) {
            Ok(open) => {
                listener = open;
                // As above.
                let _ = opened.send(Ok(()));
            }
            Err(error) => {
                warn!(%error, node = door.node, "the node cannot listen again");
                // As above.
                let _ = opened.send(Err(error));
                return;
            }
        }
    }
}

/// Keeps the address without listening, so that connections are refused and no one else takes it.
fn hold(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

async fn next_open(turns: &mut mpsc::Receiver<Turn>) -> Option<oneshot::Sender<io::Result<()>>> {
    loop {
        match turns.recv().await? {
            Turn::Open(done) => return Some(done),
            // It is closed. Who ordered it may have gone away.
            Turn::Close(done) => drop(done.send(Ok(()))),
        }
    }
}

impl Door {
    /// Accepts until told to close, and whom to tell that; then every connection has ended.
    async fn accept(
        &self,
        listener: TcpListener,
        number: &mut u64,
        turns: &mut mpsc::Receiver<Turn>,
    ) -> Option<oneshot::Sender<io::Result<()>>> {
        let (mut peers, mut full) = (JoinSet::new(), false);
        let closed = loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, from)) => match self.limits.connections.clone().try_acquire_owned() {
                        Ok(place) => {
                            let span = debug_span!("peer", number, %from);
                            let attended = self.attend(PeerId(*number), stream).instrument(span);
                            peers.spawn(async move { (attended.await, drop(place)) });
                            (*number, full) = (*number + 1, false);
                        }
                        // Said once, until there is a place again.
                        Err(_) if std::mem::replace(&mut full, true) => {}
                        Err(_) => warn!(%from, "there are as many connections as may be; more are closed"),
                    },
                    Err(error) => {
                        warn!(%error, "accepting a connection failed");
                        tokio::time::sleep(ACCEPT_BACKOFF).await;
                    }
                },
                Some(_) = peers.join_next() => {}
                turn = turns.recv() => match turn {
                    Some(Turn::Close(done)) => break Some(done),
                    // It is open. Who ordered it may have gone away.
                    Some(Turn::Open(done)) => drop(done.send(Ok(()))),
                    None => break None,
                },
            }
        };
        drop(listener);
        peers.shutdown().await;
        closed
    }

    fn attend(&self, peer: PeerId, stream: TcpStream) -> impl Future<Output = ()> + use<> {
        let link = Link { peer, node: self.node, limits: self.limits.clone(), mail: self.mail.clone() };
        async move {
            let outcome = match stream.set_nodelay(true) {
                Ok(()) => peer::serve(link, stream).await,
                Err(error) => Err(Closed::Broken(error)),
            };
            match outcome {
                Ok(()) => {}
                Err(Closed::Idle) => debug!("connection closed: nothing happened on it"),
                Err(Closed::Broken(error)) => debug!(%error, "connection broken"),
                Err(Closed::Refused(why)) => warn!(why, "connection closed"),
            }
        }
    }
}
