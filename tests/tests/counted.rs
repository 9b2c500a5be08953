//! Connections whose bytes are counted, both ways and for each broker.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use upsert_kafka_client::{Address, Client, Config, Environment};

/// How many bytes came from a broker and went to it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) read: usize,
    pub(crate) written: usize,
}

/// What passed until now, by the brokers' ports. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counter(Arc<Mutex<BTreeMap<u16, Traffic>>>);

impl Counter {
    /// A client whose connections are counted.
    pub(crate) async fn client(&self, config: Config) -> Client {
        let counter = self.clone();
        let environment = Environment::new().with_dialer(move |address: Address| {
            let counter = counter.clone();
            async move {
                let inner = TcpStream::connect((&*address.host, address.port)).await?;
                Ok(CountedStream { inner, port: address.port, counter })
            }
        });
        Client::open_in(config, environment).await.unwrap()
    }

    /// Of one broker.
    pub(crate) fn of(&self, port: u16) -> Traffic {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&port).copied().unwrap_or_default()
    }

    /// What went to all brokers together.
    pub(crate) fn written(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().map(|it| it.written).sum()
    }

    fn count(&self, port: u16, read: usize, written: usize) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let traffic = all.entry(port).or_default();
        (traffic.read, traffic.written) = (traffic.read + read, traffic.written + written);
    }
}

struct CountedStream {
    inner: TcpStream,
    port: u16,
    counter: Counter,
}

impl AsyncRead for CountedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(context, buffer);
        self.counter.count(self.port, buffer.filled().len() - before, 0);
        read
    }
}

impl AsyncWrite for CountedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(context, bytes);
        if let Poll::Ready(Ok(count)) = written {
            self.counter.count(self.port, 0, count);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
