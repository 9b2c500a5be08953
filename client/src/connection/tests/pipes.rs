//! Over streams that are no sockets, in tokio's paused time.

use std::io::{self, IoSlice};
use std::sync::atomic::AtomicUsize;

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use upsert_kafka_protocol::messages::ProduceRequest;
use upsert_kafka_protocol::messages::produce::{PartitionProduceData, TopicProduceData};

use super::*;
use crate::environment::{Dial, DialTarget, Dialing, Transport};

const HOUR: Duration = Duration::from_secs(3600);

fn connector(peer: &Peer, environment: Environment) -> Connector {
    let config = Config { connections_max_idle: Some(HOUR), ..peer.config() };
    let security = Security::open(&config, &environment).unwrap();
    Connector { config: Arc::new(config), environment, security }
}

#[tokio::test(start_paused = true)]
async fn an_hour_of_a_connection_passes_in_a_moment() {
    let mut asked = 0;
    let (peer, environment) = Peer::piped(move |ask: &Ask| {
        asked += 1;
        // ApiVersions and the first question are answered, the second is not.
        if asked < 3 { echo(ask) } else { Reply::Nothing }
    });
    let began = environment.clock().now();
    let connection = connector(&peer, environment.clone()).open(&peer.address, HOUR).await.unwrap();
    assert_eq!(&*connection.submit(&named("a"), 3, HOUR).await.unwrap().host, "a");
    assert!(environment.clock().since(began) < Duration::from_secs(1), "no timer had to fire");
    let error = connection.submit(&named("b"), 3, HOUR).await.unwrap_err();
    assert!(error.to_string().contains("FindCoordinator: no answer within 3600000 ms"), "{error}");
    let passed = environment.clock().since(began);
    assert!((HOUR..HOUR + Duration::from_secs(1)).contains(&passed), "{passed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_closed_after_an_idle_hour() {
    let (peer, environment) = Peer::piped(echo);
    let connection = connector(&peer, environment.clone()).open(&peer.address, HOUR).await.unwrap();
    let began = environment.clock().now();
    connection.0.queue.closed().await;
    let passed = environment.clock().since(began);
    assert!((HOUR..HOUR + Duration::from_secs(1)).contains(&passed), "{passed:?}");
}

#[tokio::test(start_paused = true)]
async fn opening_ends_at_its_limit_whatever_stage_it_is_in() {
    let (peer, environment) = Peer::piped(|_: &Ask| Reply::Nothing);
    let error = connector(&peer, environment.clone()).open(&peer.address, HOUR).await.unwrap_err();
    let wanted =
        "no connection within 3600000 ms: it was taken, and ApiVersions, the first request, was not answered";
    assert!(error.to_string().contains(wanted), "{error}");
    let never = environment.with_dialer(|_: Address| std::future::pending::<io::Result<DuplexStream>>());
    let error = connector(&peer, never).open(&peer.address, HOUR).await.unwrap_err();
    assert!(error.to_string().contains("no connection within 3600000 ms: nobody took it"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_a_dialer_says_is_what_the_user_reads() {
    let (peer, environment) = Peer::piped(echo);
    let refusing = environment
        .with_dialer(|_: Address| async { Err::<DuplexStream, _>(io::Error::other("the proxy said no")) });
    let error = connector(&peer, refusing).open(&peer.address, HOUR).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert_eq!(error.to_string(), "broker peer:9092: the proxy said no");
}

/// A pipe that counts how many slices the largest write brought.
struct CountingPipe {
    pipe: Box<dyn Transport>,
    slices_most: Arc<AtomicUsize>,
}

impl AsyncRead for CountingPipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_read(context, buffer)
    }
}

impl AsyncWrite for CountingPipe {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.slices_most.fetch_max(1, Ordering::Relaxed);
        Pin::new(&mut self.pipe).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.slices_most.fetch_max(slices.len(), Ordering::Relaxed);
        Pin::new(&mut self.pipe).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_shutdown(context)
    }
}

/// Counts on the streams of another environment.
struct CountingDialer {
    inner: Environment,
    slices_most: Arc<AtomicUsize>,
}

impl Dial for CountingDialer {
    fn dial<'a>(&'a self, target: DialTarget<'a>) -> Dialing<'a> {
        Box::pin(async move {
            let pipe = self.inner.dialer().dial(target).await?;
            let slices_most = Arc::clone(&self.slices_most);
            Ok(Box::new(CountingPipe { pipe, slices_most }) as Box<dyn Transport>)
        })
    }
}

#[tokio::test(start_paused = true)]
async fn batches_are_lent_to_the_stream_in_one_vectored_write() {
    let (mut peer, environment) =
        Peer::piped(|ask: &Ask| if ask.key == 18 { echo(ask) } else { Reply::Nothing });
    let slices_most = Arc::new(AtomicUsize::new(0));
    let dialer = CountingDialer { inner: environment.clone(), slices_most: Arc::clone(&slices_most) };
    let counting = environment.with_dialer(dialer);
    let connection = connector(&peer, counting).open(&peer.address, HOUR).await.unwrap();
    assert_eq!(slices_most.load(Ordering::Relaxed), 1, "ApiVersions is small");
    let partition = |index| PartitionProduceData {
        index,
        records: Some(Bytes::from(vec![0; 8 << 10])),
        ..Default::default()
    };
    let topic = TopicProduceData {
        name: Str::from("orders"),
        partition_data: (0..2).map(partition).collect(),
        ..Default::default()
    };
    let produce = ProduceRequest { acks: 0, topic_data: vec![topic], ..Default::default() };
    connection.submit_unanswered(&produce, 9, HOUR).await.unwrap();
    assert_eq!(peer.hears::<ProduceRequest>().await.1.topic_data.len(), 1);
    // What stands before, between and behind the two batches, and the batches.
    assert_eq!(slices_most.load(Ordering::Relaxed), 5);
}
