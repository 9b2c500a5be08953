//! What a node listens on, and how its address is reserved while the node is stopped.

use std::future::pending;
use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

use crate::transport::Transport;

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;

/// A node's socket, or none.
#[derive(Debug)]
pub(crate) enum Socket {
    /// Connections are handed in alone.
    None,
    Tcp {
        address: SocketAddr,
        listener: TcpListener,
    },
}

/// What is left of a socket while its node is stopped.
pub(crate) enum ReservedAddress {
    None,
    /// Bound and not listening, so that connections are refused and no one else takes the address.
    Tcp {
        address: SocketAddr,
        reserved: io::Result<TcpSocket>,
    },
}

impl Socket {
    /// Listens there; on which port, if that was 0.
    pub(crate) async fn bind(address: SocketAddr) -> io::Result<(SocketAddr, Self)> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok((address, Self::Tcp { address, listener }))
    }

    /// The next connection, and where it comes from. Cancel-safe, as tokio's is.
    pub(super) async fn accept(&self) -> io::Result<(Box<dyn Transport>, SocketAddr)> {
        match self {
            Self::None => pending().await,
            Self::Tcp { listener, .. } => {
                let (stream, from) = listener.accept().await?;
                // It fails when the client has gone already, which reading will say.
                let _ = stream.set_nodelay(true);
                Ok((Box::new(stream), from))
            }
        }
    }

    pub(super) fn close(self) -> ReservedAddress {
        match self {
            Self::None => ReservedAddress::None,
            Self::Tcp { address, listener } => {
                drop(listener);
                ReservedAddress::Tcp { address, reserved: reserve(address) }
            }
        }
    }
}

impl ReservedAddress {
    /// Whether the address is kept for the node's return.
    pub(super) fn outcome(&self) -> io::Result<()> {
        match self {
            Self::Tcp { reserved: Err(error), .. } => Err(io::Error::new(error.kind(), error.to_string())),
            Self::None | Self::Tcp { .. } => Ok(()),
        }
    }

    pub(super) fn listen(self) -> io::Result<Socket> {
        match self {
            Self::None => Ok(Socket::None),
            Self::Tcp { address, reserved } => {
                let listener =
                    reserved.or_else(|_| reserve(address)).and_then(|socket| socket.listen(BACKLOG))?;
                Ok(Socket::Tcp { address, listener })
            }
        }
    }
}

/// Binds the address without listening.
fn reserve(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}
