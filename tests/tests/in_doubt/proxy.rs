//! A proxy that can hold back what a broker answers, and loses it in the end.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Stands before a broker. Dropped, it takes no new connections.
pub(super) struct Proxy {
    address: SocketAddr,
    upstream: watch::Sender<Option<SocketAddr>>,
    accepted: watch::Receiver<u64>,
    weather: watch::Sender<Weather>,
    accepts: JoinHandle<()>,
}

/// Connections are numbered; what is said here holds for all up to a number.
#[derive(Clone, Copy, Default)]
struct Weather {
    stalled: u64,
    lost: u64,
}

impl Proxy {
    pub(super) async fn bind() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (upstream, at) = watch::channel(None);
        let (weather, known) = watch::channel(Weather::default());
        let (count, accepted) = watch::channel(0);
        let accepts = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                count.send_modify(|count| *count += 1);
                let (Some(broker), number) = (*at.borrow(), *count.borrow()) else { continue };
                tokio::spawn(carry(number, client, broker, known.clone()));
            }
        });
        Self { address, upstream, accepted, weather, accepts }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn forward_to(&self, broker: SocketAddr) {
        self.upstream.send_replace(Some(broker));
    }

    /// From now on no answer arrives on the connections that there are; not even that the broker has closed them.
    pub(super) fn stall(&self) {
        let all = *self.accepted.borrow();
        self.weather.send_modify(|it| it.stalled = all);
    }

    /// What was held back is lost with its connection.
    pub(super) fn lose(&self) {
        self.weather.send_modify(|it| it.lost = it.stalled);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepts.abort();
    }
}

/// Until one side closes, or a stall ends.
async fn carry(number: u64, client: TcpStream, broker: SocketAddr, mut weather: watch::Receiver<Weather>) {
    let Ok(broker) = TcpStream::connect(broker).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_broker, mut to_broker) = broker.into_split();
    let known = weather.clone();
    let answers = async {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = from_broker.read(&mut buffer).await;
            let stalled = number <= known.borrow().stalled;
            let Ok(bytes @ 1..) = read else { return };
            if !stalled && to_client.write_all(&buffer[..bytes]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = answers => {}
        _ = copy(&mut from_client, &mut to_broker) => {}
    }
    if number <= weather.borrow().stalled {
        // It fails only when the proxy is gone.
        let _ = weather.wait_for(|it| number <= it.lost).await;
    }
}
