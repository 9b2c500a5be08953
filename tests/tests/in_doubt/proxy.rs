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
    stalled: watch::Sender<bool>,
    accepts: JoinHandle<()>,
}

impl Proxy {
    pub(super) async fn bind() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (upstream, at) = watch::channel(None);
        let (stalled, stalls) = watch::channel(false);
        let accepts = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Some(broker) = *at.borrow() else { continue };
                tokio::spawn(carry(client, broker, stalls.clone()));
            }
        });
        Self { address, upstream, stalled, accepts }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn forward_to(&self, broker: SocketAddr) {
        self.upstream.send_replace(Some(broker));
    }

    /// From now on no answer arrives.
    pub(super) fn stall(&self) {
        self.stalled.send_replace(true);
    }

    /// What was held back is lost with its connection; new ones flow.
    pub(super) fn flow(&self) {
        self.stalled.send_replace(false);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepts.abort();
    }
}

/// Until one side closes, or a stall ends.
async fn carry(client: TcpStream, broker: SocketAddr, mut stalls: watch::Receiver<bool>) {
    let Ok(broker) = TcpStream::connect(broker).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_broker, mut to_broker) = broker.into_split();
    let mut held = stalls.clone();
    let answers = async {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = from_broker.read(&mut buffer).await;
            if *held.borrow() {
                // It fails only when the proxy is gone.
                let _ = held.wait_for(|stalled| !stalled).await;
                return;
            }
            let Ok(bytes @ 1..) = read else { return };
            if to_client.write_all(&buffer[..bytes]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = answers => {}
        _ = copy(&mut from_client, &mut to_broker) => {}
    }
    // The client learns nothing before the stall ends, not even that the broker has closed.
    let _ = stalls.wait_for(|stalled| !stalled).await;
}
