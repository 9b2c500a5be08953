//! Clusters that are away: what is said, how long is waited, and that whoever goes leaves nothing behind.

use std::future::Future;
use std::task::Poll;

use super::*;
use crate::{Client, Record};

/// The lines that were logged while it ran, on a runtime of this thread's.
fn said(work: impl Future<Output = ()>) -> Vec<String> {
    crate::heard::lines(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(work);
    })
}

async fn until(cluster: &Cluster, holds: impl Fn(&Metadata) -> bool) {
    let mut view = cluster.watch();
    while !holds(&view.see()) {
        cluster.refresh();
        view.changed().await.unwrap();
    }
}

#[test]
fn a_cluster_that_goes_and_comes_back_is_said_once_each_however_many_clients_see_it() {
    let lines = said(async {
        let peer = Peer::at(|at| move |ask: &Ask| ask.introduce(&at, &[]).unwrap()).await;
        let (one, other) = (opened(peer.config()).await, opened(peer.config()).await);
        let at = peer.address.clone();
        drop(peer);
        for cluster in [&one, &other] {
            until(cluster, |view| view.problem.is_some()).await;
            let mut view = cluster.watch();
            for _ in 0..3 {
                view.changed().await.unwrap();
            }
        }
        let again = at.clone();
        let peer = Peer::again(at, move |ask: &Ask| ask.introduce(&again, &[]).unwrap()).await;
        for cluster in [&one, &other] {
            until(cluster, |view| view.problem.is_none()).await;
        }
        drop(peer);
    });
    let lines: Vec<_> = lines.iter().filter(|line| line.contains("the cluster at 127.0.0.1:")).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with("WARN") && lines[0].contains("does not answer"), "{lines:?}");
    assert!(lines[0].contains("refused") || lines[0].contains("closed"), "{lines:?}");
    assert!(lines[1].starts_with("WARN") && lines[1].contains("answers again, after 0."), "{lines:?}");
}

#[test]
fn whoever_waits_for_the_first_connection_hears_for_what_after_a_second() {
    let lines = said(async {
        let silent = Peer::start(|_: &Ask| Reply::Nothing).await;
        let good = Peer::at(|at| move |ask: &Ask| ask.introduce(&at, &[]).unwrap()).await;
        let servers = vec![silent.address.clone(), good.address.clone()];
        opened(Config { bootstrap_timeout: Duration::from_millis(2_600), ..config(servers) }).await;
    });
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with("WARN still connecting to 127.0.0.1:"), "{lines:?}");
    assert!(
        lines[0].contains("no answer") && lines[0].contains("1.6 s more (bootstrap.timeout.ms)"),
        "{lines:?}"
    );
    assert!(
        lines[1].starts_with("WARN connected to 127.0.0.1:") && lines[1].contains("after 1."),
        "{lines:?}"
    );
    let lines = said(async {
        let dead = nowhere().await;
        let limit = Duration::from_millis(1_200);
        let error = Cluster::open(
            Arc::new(Config { bootstrap_timeout: limit, ..config(vec![dead]) }),
            Environment::new(),
        )
        .await;
        assert_eq!(error.err().unwrap().kind(), ErrorKind::Unreachable);
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("refused"), "the error so far: {lines:?}");
}

#[test]
fn whoever_is_served_at_once_hears_nothing() {
    let lines = said(async {
        let peer = Peer::at(|at| move |ask: &Ask| ask.introduce(&at, &[("orders", 1)]).unwrap()).await;
        opened(peer.config()).await.topic("orders", TopicInterest::Lasting, soon()).await.unwrap();
    });
    assert_eq!(lines, [""; 0]);
}

/// Polls it so often and drops it.
async fn dropped_after<T>(polls: usize, work: impl Future<Output = T>) -> Option<T> {
    let (mut work, mut left) = (Box::pin(work), polls);
    std::future::poll_fn(|context| {
        left -= 1;
        match work.as_mut().poll(context) {
            Poll::Pending if left == 0 => Poll::Ready(None),
            polled => polled.map(Some),
        }
    })
    .await
}

#[tokio::test]
async fn opening_and_calling_can_be_dropped_at_any_time_and_leave_nothing_behind() {
    let peer = Peer::at(|at| move |ask: &Ask| ask.introduce(&at, &[("orders", 1)]).unwrap()).await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    for polls in 1.. {
        let work = async {
            let client = Client::open(peer.config()).await.unwrap();
            let topic = client.producer().topic("orders").await.unwrap();
            let described = client.admin().describe_topics(&["orders"]).await.unwrap();
            (topic.partitions(), described.len())
        };
        let done = dropped_after(polls, work).await;
        let gone = async {
            while tasks() > before {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LONG, gone).await.expect("tasks are left");
        if done.is_some() {
            assert!(polls > 5, "only {polls} places to drop it at");
            break;
        }
    }
}

#[tokio::test]
async fn closing_and_dropping_do_not_wait_for_a_broker_that_is_away() {
    let mut asked = 0;
    let peer = Peer::at(|at| {
        move |ask: &Ask| {
            asked += usize::from(ask.is::<MetadataRequest>());
            // It says who leads, and nothing more.
            if asked > 2 || ![3, 18].contains(&ask.key) {
                Reply::Nothing
            } else {
                ask.introduce(&at, &[("orders", 1)]).unwrap()
            }
        }
    })
    .await;
    let client = Client::open(peer.config()).await.unwrap();
    let (producer, mut consumer) = (client.producer(), client.consumer());
    let topic = producer.topic("orders").await.unwrap();
    drop(producer.send(Record::new(&topic).value(b"v")).await.unwrap());
    let position = crate::Position::Earliest;
    consumer.assign(vec![crate::Assignment::new("orders", 0, position)]);
    assert!(dropped_after(1, consumer.poll()).await.is_none());
    let began = Instant::now();
    let error = producer.close(Duration::from_millis(50)).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Timeout && error.may_have_been_written(), "{error:?}");
    drop((producer, consumer, client, topic));
    assert!(began.elapsed() < LONG / 4, "{:?}", began.elapsed());
}

/// What runs in the background goes with the runtime, though the broker never answers.
#[test]
fn a_runtime_ends_while_a_broker_is_silent() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let peer = runtime.block_on(Peer::start(|_: &Ask| Reply::Nothing));
    let config = peer.config();
    runtime.spawn(async move { Client::open(config).await.map(drop) });
    let began = Instant::now();
    drop((peer, runtime));
    assert!(began.elapsed() < LONG / 4, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_topic_is_awaited_for_max_block_though_no_broker_answers() {
    let mut asked = 0;
    let peer = Peer::at(|at| {
        move |ask: &Ask| {
            asked += usize::from(ask.is::<MetadataRequest>());
            if asked > 1 { Reply::Nothing } else { ask.introduce(&at, &[]).unwrap() }
        }
    })
    .await;
    let config = Config { max_block: Duration::from_millis(60), ..peer.config() };
    let producer = Client::open(config).await.unwrap().producer();
    let began = Instant::now();
    let error = producer.topic("orders").await.unwrap_err();
    assert_eq!((error.kind(), error.topic()), (ErrorKind::Timeout, Some("orders")));
    assert!(error.to_string().contains("60 ms"), "{error}");
    assert!(
        began.elapsed() >= Duration::from_millis(60) && began.elapsed() < LONG / 4,
        "{:?}",
        began.elapsed()
    );
}
