//! One question to a Kerberos KDC, by a datagram or over a connection of its own.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UdpSocket, lookup_host};
use tokio::time::timeout_at;

use super::{DialTarget, Environment};
use crate::config::Address;

impl Environment {
    /// Whether datagrams can be sent: by the machine's own network. Whoever hands in a dialer decides who is reached,
    /// and a dialer has streams alone.
    pub(crate) fn has_datagrams(&self) -> bool {
        self.has_datagrams
    }

    /// Sends a message in a datagram, and gives the one that comes back.
    pub(crate) async fn ask_by_udp(
        &self,
        kdc: &Address,
        message: &[u8],
        limit: Duration,
    ) -> io::Result<Vec<u8>> {
        let deadline = self.clock.now() + limit;
        let asked = timeout_at(deadline.into(), ask_any(kdc, message)).await;
        asked.unwrap_or_else(|_| Err(silent(limit)))
    }

    /// Sends a message after its length, and gives the one that comes back, unless it is longer than `bytes_max`.
    pub(crate) async fn ask_by_tcp(
        &self,
        kdc: &Address,
        message: &[u8],
        limit: Duration,
        bytes_max: usize,
    ) -> io::Result<Vec<u8>> {
        let deadline = self.clock.now() + limit;
        let target = DialTarget {
            address: kdc,
            deadline,
            clock: &self.clock,
            send_buffer_bytes: None,
            receive_buffer_bytes: None,
        };
        let asking = async {
            let mut stream = self.dialer().dial(target).await?;
            let length = u32::try_from(message.len()).map_err(io::Error::other)?;
            stream.write_all(&[&length.to_be_bytes(), message].concat()).await?;
            stream.flush().await?;
            let length = usize::try_from(stream.read_u32().await?).map_err(io::Error::other)?;
            if length > bytes_max {
                return Err(io::Error::other(format!("its answer would have {length} bytes")));
            }
            let mut reply = vec![0; length];
            stream.read_exact(&mut reply).await?;
            Ok(reply)
        };
        timeout_at(deadline.into(), asking).await.unwrap_or_else(|_| Err(silent(limit)))
    }
}

/// Asks the IPs of the name, all at once: whichever answers first.
async fn ask_any(kdc: &Address, message: &[u8]) -> io::Result<Vec<u8>> {
    let found = lookup_host((kdc.host.as_str(), kdc.port)).await;
    let found = found
        .map_err(|error| io::Error::new(error.kind(), format!("the name could not be looked up: {error}")))?;
    let mut asking = tokio::task::JoinSet::new();
    for ip in found.take(IPS_MAX) {
        let message = message.to_vec();
        asking.spawn(async move { ask_ip(ip, &message).await });
    }
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    while let Some(asked) = asking.join_next().await {
        match asked {
            Ok(Ok(reply)) => return Ok(reply),
            Ok(Err(error)) => failed = error,
            Err(error) => failed = io::Error::other(error),
        }
    }
    Err(failed)
}

/// A socket that is connected takes datagrams of that IP alone, and hears that nobody listens there.
async fn ask_ip(ip: SocketAddr, message: &[u8]) -> io::Result<Vec<u8>> {
    let any = match ip {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(ip).await?;
    socket.send(message).await?;
    let mut reply = vec![0; DATAGRAM_BYTES_MAX];
    let length = socket.recv(&mut reply).await?;
    reply.truncate(length);
    Ok(reply)
}

fn silent(limit: Duration) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} ms", limit.as_millis()))
}

const DATAGRAM_BYTES_MAX: usize = 65_536;
/// Of one name.
const IPS_MAX: usize = 8;
