//! Connections from within the process: pipes in place of sockets.

use std::io;

use tokio::io::{DuplexStream, duplex};
use tokio::sync::{mpsc, oneshot};

use crate::listener::ListenerCommand;
use crate::transport::Transport;

/// So much lies in a pipe in each direction; who writes more waits. About what a socket holds.
const PIPE_BYTES: usize = 64 << 10;

/// Connects to a broker's nodes as a network would, by pipes within the process. Clones are cheap, and none keeps
/// the broker alive.
#[derive(Clone, Debug)]
pub struct Connector {
    pub(crate) nodes: Vec<Endpoint>,
}

/// By what a node is found.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) node: i32,
    /// What Metadata tells.
    pub(crate) advertised: (String, u16),
    /// Where it listens, or would.
    pub(crate) listening: (String, u16),
    /// Weak: a broker ends when nobody can give it commands any more.
    pub(crate) listener: mpsc::WeakSender<ListenerCommand>,
}

impl Connector {
    /// Opens a pipe to the node that is advertised by this name and port, or listens there.
    ///
    /// # Errors
    /// As a socket would: `ConnectionRefused` when nobody is there, or the node is stopped.
    pub async fn connect(&self, host: &str, port: u16) -> io::Result<DuplexStream> {
        let is = |place: &(String, u16)| place.0 == host && place.1 == port;
        let found = self.nodes.iter().find(|it| is(&it.advertised));
        let found = found.or_else(|| self.nodes.iter().find(|it| is(&it.listening)));
        let refused = || refused(format!("no node is at {host}:{port}"));
        found.ok_or_else(refused)?.connect().await
    }
}

impl Endpoint {
    pub(crate) async fn connect(&self) -> io::Result<DuplexStream> {
        let (near, far) = duplex(PIPE_BYTES);
        self.serve(Box::new(far)).await?;
        Ok(near)
    }

    pub(crate) async fn serve(&self, transport: Box<dyn Transport>) -> io::Result<()> {
        let stopped = || refused(format!("node {} is stopped", self.node));
        let listener = self.listener.upgrade().ok_or_else(stopped)?;
        let (done, served) = oneshot::channel();
        listener.send(ListenerCommand::Serve(transport, done)).await.map_err(|_| stopped())?;
        served.await.unwrap_or_else(|_| Err(stopped()))
    }
}

fn refused(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionRefused, why)
}
