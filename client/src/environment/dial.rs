//! From an address to a stream of bytes: by TCP, or by whatever is handed in.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::timeout_at;

use super::Clock;
use crate::config::Address;

/// A stream of bytes in both directions: a socket, or a pipe to a broker in the same process. Large requests leave
/// in one vectored write where the stream can.
pub trait Transport: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Transport for T {}

/// What a dialer does in its own time. It may be dropped at any time, for instance when the deadline has passed.
pub type Dialing<'a> = Pin<Box<dyn Future<Output = io::Result<Box<dyn Transport>>> + Send + 'a>>;

/// The IPs of an address in the making; `None` of a dialer that looks no names up.
pub type Resolving<'a> = Pin<Box<dyn Future<Output = io::Result<Option<Vec<SocketAddr>>>> + Send + 'a>>;

/// Opens streams to brokers. A closure from an [`Address`] to a future of a stream is one.
pub trait Dial: Send + Sync + 'static {
    /// Opens a stream. The error's sentence is shown to the user, after the broker's address.
    fn dial<'a>(&'a self, target: DialTarget<'a>) -> Dialing<'a>;

    /// The IPs that it would dial, for a [`Doctor`](crate::Doctor) to show.
    fn resolve<'a>(&'a self, address: &'a Address) -> Resolving<'a> {
        _ = address;
        Box::pin(async { Ok(None) })
    }
}

/// Where a dialer is to connect to, and how.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct DialTarget<'a> {
    /// Where the broker listens.
    pub address: &'a Address,
    /// When the attempt is given up.
    pub deadline: Instant,
    /// By what the deadline is measured.
    pub clock: &'a Clock,
    /// `send.buffer.bytes`; `None` leaves it to the system.
    pub send_buffer_bytes: Option<u32>,
    /// `receive.buffer.bytes`; `None` leaves it to the system.
    pub receive_buffer_bytes: Option<u32>,
}

impl<F, Opening, Opened> Dial for F
where
    F: Fn(Address) -> Opening + Send + Sync + 'static,
    Opening: Future<Output = io::Result<Opened>> + Send + 'static,
    Opened: Transport,
{
    fn dial<'a>(&'a self, target: DialTarget<'a>) -> Dialing<'a> {
        let opening = self(target.address.clone());
        Box::pin(async move { Ok(Box::new(opening.await?) as Box<dyn Transport>) })
    }
}

/// Dials TCP: every IP of the name, one after the other.
pub(super) struct Tcp;

impl Dial for Tcp {
    fn dial<'a>(&'a self, target: DialTarget<'a>) -> Dialing<'a> {
        Box::pin(async move { Ok(Box::new(dial_name(&target).await?) as Box<dyn Transport>) })
    }

    fn resolve<'a>(&'a self, address: &'a Address) -> Resolving<'a> {
        Box::pin(async move { look_up(address).await.map(Some) })
    }
}

async fn dial_name(target: &DialTarget<'_>) -> io::Result<TcpStream> {
    dial_any(&look_up(target.address).await?, target).await
}

async fn look_up(address: &Address) -> io::Result<Vec<SocketAddr>> {
    let Address { host, port, .. } = address;
    let found = lookup_host((host.as_str(), *port)).await;
    let found = found
        .map_err(|error| io::Error::new(error.kind(), format!("the name could not be looked up: {error}")))?;
    Ok(found.collect())
}

/// Tries one IP after the other; the error names each with its cause, and is of the last one's kind.
async fn dial_any(ips: &[SocketAddr], target: &DialTarget<'_>) -> io::Result<TcpStream> {
    let (mut causes, mut kind) = (Vec::new(), io::ErrorKind::NotFound);
    for (at, ip) in ips.iter().enumerate() {
        // One silent IP must leave time for the others.
        let now = target.clock.now();
        let left = target.deadline.saturating_duration_since(now);
        let until = now + left / u32::try_from(ips.len() - at).unwrap_or(1);
        match timeout_at(until.into(), dial_ip(*ip, target)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => {
                kind = error.kind();
                causes.push(if ips.len() == 1 { error.to_string() } else { format!("{ip}: {error}") });
            }
            Err(_) => {
                kind = io::ErrorKind::TimedOut;
                causes.push(format!("{ip}: no answer"));
            }
        }
    }
    let why = if causes.is_empty() { "the name has no address".to_owned() } else { causes.join("; ") };
    Err(io::Error::new(kind, why))
}

async fn dial_ip(ip: SocketAddr, target: &DialTarget<'_>) -> io::Result<TcpStream> {
    let socket = if ip.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(bytes) = target.send_buffer_bytes {
        socket.set_send_buffer_size(bytes)?;
    }
    if let Some(bytes) = target.receive_buffer_bytes {
        socket.set_recv_buffer_size(bytes)?;
    }
    let stream = socket.connect(ip).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::peer::{Ask, Peer, Reply, nowhere};

    #[tokio::test]
    async fn every_ip_of_a_name_is_tried_and_an_error_names_each() {
        let peer = Peer::start(|_: &Ask| Reply::Nothing).await;
        let ip = |address: &Address| format!("{}:{}", address.host, address.port).parse().unwrap();
        let (dead, other, alive) = (nowhere().await, nowhere().await, peer.address.clone());
        let clock = Clock::system();
        let target = DialTarget {
            address: &alive,
            deadline: clock.now() + Duration::from_secs(5),
            clock: &clock,
            send_buffer_bytes: None,
            receive_buffer_bytes: None,
        };
        let stream = dial_any(&[ip(&dead), ip(&alive)], &target).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), ip(&alive));
        let error = dial_any(&[ip(&dead), ip(&other)], &target).await.unwrap_err().to_string();
        assert!(error.contains(&dead.to_string()) && error.contains(&other.to_string()), "{error}");
    }
}
