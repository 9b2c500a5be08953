//! Against peers that answer as the test says.

mod connections;
mod lying;
mod outages;
#[cfg(feature = "scram")]
mod refused;

use std::sync::Mutex;

use upsert_kafka_protocol::messages::find_coordinator;
use upsert_kafka_protocol::messages::metadata::MetadataResponseTopic;
use upsert_kafka_protocol::messages::{
    FindCoordinatorRequest, FindCoordinatorResponse, MetadataRequest, MetadataResponse,
};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::*;
use crate::peer::{Ask, Peer, Reply, broker, config, metadata, nowhere, versions};

const LONG: Duration = Duration::from_secs(20);

fn soon() -> Instant {
    Instant::now() + LONG
}

async fn opened(config: Config) -> Cluster {
    Cluster::open(Arc::new(config), Environment::new()).await.unwrap()
}

fn topics_of(request: &MetadataRequest) -> Vec<String> {
    let topics = request.topics.as_ref().expect("never all topics");
    topics.iter().filter_map(|topic| topic.name.as_deref()).map(str::to_owned).collect()
}

#[tokio::test]
async fn every_address_is_tried_and_the_error_tells_each_cause() {
    let (a, b) = (nowhere().await, nowhere().await);
    let limit = Duration::from_millis(50);
    let config = Config { bootstrap_timeout: limit, ..config(vec![a.clone(), b.clone()]) };
    let error = Cluster::open(Arc::new(config), Environment::new()).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    let text = error.to_string();
    assert!(
        text.contains("within 50 ms") && text.contains(&a.to_string()) && text.contains(&b.to_string()),
        "{text}"
    );
    assert_eq!(text.matches("refused").count(), 2, "{text}");
}

#[tokio::test]
async fn a_silent_address_leaves_time_for_the_next() {
    let silent = Peer::start(|_: &Ask| Reply::Nothing).await;
    let good = Peer::at(|at| move |ask: &Ask| ask.introduce(&at, &[]).unwrap()).await;
    let limit = Duration::from_millis(400);
    let servers = vec![silent.address.clone(), good.address.clone()];
    opened(Config { bootstrap_timeout: limit, ..config(servers) }).await;
}

#[tokio::test]
async fn without_an_address_nothing_is_tried() {
    let error = Cluster::open(Arc::new(Config::default()), Environment::new()).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("bootstrap.servers"), "{error}");
}

#[tokio::test]
async fn only_topics_in_use_are_asked_for() {
    let mut peer =
        Peer::at(|at| move |ask: &Ask| ask.introduce(&at, &[("orders", 3), ("other", 9)]).unwrap()).await;
    let cluster = opened(peer.config()).await;
    assert_eq!(topics_of(&peer.hears().await.1), Vec::<String>::new());
    let topic = cluster.topic("orders", TopicInterest::Lasting, soon()).await.unwrap();
    assert_eq!((topic.partitions.len(), topic.partitions[2].leader_epoch), (3, 5));
    assert_eq!(topics_of(&peer.hears().await.1), ["orders"]);
    cluster.topic("other", TopicInterest::Lasting, soon()).await.unwrap();
    assert_eq!(topics_of(&peer.hears().await.1), ["orders", "other"]);
}

#[tokio::test]
async fn of_thousands_of_topics_only_two_are_asked_for() {
    let names: Vec<&'static str> = (0..5000).map(|at| &*format!("topic-{at}").leak()).collect();
    let all: Vec<_> = names.iter().map(|name| (*name, 1)).collect();
    let mut peer = Peer::at(|at| move |ask: &Ask| ask.introduce(&at, &all).unwrap()).await;
    let cluster = opened(peer.config()).await;
    for name in ["topic-7", "topic-4711"] {
        cluster.topic(name, TopicInterest::Lasting, soon()).await.unwrap();
    }
    let mut view = cluster.watch();
    view.see();
    cluster.refresh();
    view.changed().await.unwrap();
    assert_eq!(cluster.metadata().topics.len(), 2);
    drop(cluster);
    let mut asked = Vec::new();
    while let Ok(ask) = peer.heard.try_recv() {
        asked.push(topics_of(&ask.read()));
    }
    assert!(asked.iter().all(|topics| topics.len() <= 2), "{asked:?}");
    assert_eq!(asked.last().unwrap(), &["topic-4711", "topic-7"]);
}

#[tokio::test]
async fn a_topic_that_is_idle_is_asked_for_no_longer() {
    let mut peer =
        Peer::at(|at| move |ask: &Ask| ask.introduce(&at, &[("orders", 1), ("old", 1)]).unwrap()).await;
    let idle = Duration::from_millis(30);
    let cluster = opened(Config { metadata_max_idle: idle, ..peer.config() }).await;
    cluster.topic("orders", TopicInterest::Lasting, soon()).await.unwrap();
    let used = Instant::now();
    cluster.topic("old", TopicInterest::WhileUsed, soon()).await.unwrap();
    let mut view = cluster.watch();
    while cluster.metadata().topics.contains_key("old") {
        view.see();
        cluster.refresh();
        view.changed().await.unwrap();
    }
    assert!(used.elapsed() >= idle, "{:?}", used.elapsed());
    assert!(cluster.metadata().topics.contains_key("orders"));
    cluster.topic("old", TopicInterest::WhileUsed, soon()).await.unwrap();
    let mut asked = Vec::new();
    while let Ok(ask) = peer.heard.try_recv() {
        asked.push(topics_of(&ask.read()));
    }
    assert_eq!(asked.last().unwrap(), &["old", "orders"]);
    assert!(asked.contains(&vec!["orders".to_owned()]));
}

#[tokio::test]
async fn a_broker_that_asks_to_begin_again_is_left_for_the_bootstrap_address() {
    // An impostor that the cluster names as its only broker.
    let stale = Peer::start(move |ask: &Ask| {
        if !ask.is::<MetadataRequest>() {
            return ask.answer(&versions(i16::MAX));
        }
        let error_code = ErrorCode::REBOOTSTRAP_REQUIRED;
        ask.answer(&MetadataResponse { error_code, ..Default::default() })
    })
    .await;
    let (gone, mut calls) = (stale.address.clone(), 0);
    let peer = Peer::at(|at| {
        move |ask: &Ask| {
            if !ask.is::<MetadataRequest>() {
                return ask.answer(&versions(i16::MAX));
            }
            calls += 1;
            match calls {
                1 => ask.answer(&metadata(&gone, &[])),
                _ => ask.introduce(&at, &[("orders", 1)]).unwrap(),
            }
        }
    })
    .await;
    let cluster = opened(peer.config()).await;
    // So that the next question goes to the one that is known.
    let connection = cluster.connection(1).await.unwrap();
    cluster.topic("orders", TopicInterest::Lasting, soon()).await.unwrap();
    assert_eq!(cluster.metadata().brokers[&1].address, peer.address);
    drop(connection);
}

#[tokio::test]
async fn a_broker_that_refuses_is_dialled_again_after_longer_and_longer_waits() {
    let (tell, told) = std::sync::mpsc::channel();
    let closing = Peer::start(move |_: &Ask| {
        // The test may have seen enough.
        _ = tell.send(Instant::now());
        Reply::Close
    })
    .await;
    let named = closing.address.clone();
    let peer = Peer::at(|_| {
        move |ask: &Ask| match ask.is::<MetadataRequest>() {
            true => ask.answer(&metadata(&named, &[])),
            false => ask.answer(&versions(i16::MAX)),
        }
    })
    .await;
    let ms = Duration::from_millis;
    let cluster =
        opened(Config { reconnect_backoff: ms(20), reconnect_backoff_max: ms(40), ..peer.config() }).await;
    for _ in 0..4 {
        assert_eq!(cluster.connection(1).await.err().unwrap().kind(), ErrorKind::Unreachable);
    }
    let dialled: Vec<Instant> = told.try_iter().collect();
    assert_eq!(dialled.len(), 4);
    let waits: Vec<Duration> = dialled.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // A fifth less at the most, by chance.
    assert!(waits[0] >= ms(16) && waits[1] >= ms(32) && waits[2] >= ms(32), "{waits:?}");
}

#[tokio::test]
async fn a_topic_nobody_asked_for_is_not_known() {
    let peer =
        Peer::at(|at| move |ask: &Ask| ask.introduce(&at, &[("orders", 3), ("other", 9)]).unwrap()).await;
    let cluster = opened(peer.config()).await;
    cluster.topic("orders", TopicInterest::Lasting, soon()).await.unwrap();
    assert!(!cluster.metadata().topics.contains_key("other"));
}

#[tokio::test(start_paused = true)]
async fn a_topic_is_awaited_until_it_is_there_and_has_its_deadline() {
    let mut asked = 0;
    let (peer, environment) = Peer::piped(move |ask: &Ask| {
        if !ask.is::<MetadataRequest>() {
            return ask.answer(&versions(i16::MAX));
        }
        let names = topics_of(&ask.read());
        asked += usize::from(names.iter().any(|name| name == "orders"));
        let mut answer =
            metadata(&"peer:9092".parse().unwrap(), if asked > 3 { &[("orders", 1)] } else { &[] });
        let missing = |name: &String| MetadataResponseTopic {
            name: Some(Str::from(name.clone())),
            error_code: ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            ..Default::default()
        };
        let lost = names.iter().filter(|name| asked <= 3 || *name != "orders");
        answer.topics.extend(lost.map(missing));
        ask.answer(&answer)
    });
    let cluster = Cluster::open(Arc::new(peer.config()), environment).await.unwrap();
    let soon = cluster.now() + Duration::from_millis(20);
    let error = cluster.topic("never", TopicInterest::Lasting, soon).await.unwrap_err();
    assert_eq!((error.kind(), error.topic()), (ErrorKind::UnknownTopic, Some("never")));
    assert!(error.to_string().contains("not known after"), "{error}");
    assert_eq!(
        cluster.topic("orders", TopicInterest::Lasting, cluster.now() + LONG).await.unwrap().partitions.len(),
        1
    );
}

#[tokio::test]
async fn a_topic_that_is_not_allowed_fails_at_once() {
    let peer = Peer::at(|at| {
        move |ask: &Ask| {
            if !ask.is::<MetadataRequest>() {
                return ask.answer(&versions(i16::MAX));
            }
            let error_code = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
            let name = Some(Str::from("secret"));
            let topics = vec![MetadataResponseTopic { name, error_code, ..Default::default() }];
            ask.answer(&MetadataResponse { topics, ..metadata(&at, &[]) })
        }
    })
    .await;
    let error =
        opened(peer.config()).await.topic("secret", TopicInterest::Lasting, soon()).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::TOPIC_AUTHORIZATION_FAILED));
}

#[tokio::test]
async fn a_broken_connection_is_opened_again() {
    let peer = Peer::at(|at| {
        move |ask: &Ask| match ask.key {
            10 => Reply::Close,
            _ => ask.introduce(&at, &[]).unwrap(),
        }
    })
    .await;
    let cluster = opened(peer.config()).await;
    let first = cluster.connection(1).await.unwrap();
    assert!(!cluster.connection(1).await.unwrap().is_closed());
    let request = FindCoordinatorRequest { coordinator_keys: vec!["g".into()], ..Default::default() };
    assert_eq!(first.call(&request).await.unwrap_err().kind(), ErrorKind::Disconnected);
    let second = cluster.connection(1).await.unwrap();
    assert!(first.is_closed() && !second.is_closed());
}

#[tokio::test]
async fn a_broker_that_nobody_knows_is_an_error() {
    let peer = Peer::at(|at| move |ask: &Ask| ask.introduce(&at, &[]).unwrap()).await;
    let error = opened(peer.config()).await.connection(7).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert!(error.to_string().contains("broker 7 is not known"), "{error}");
}

#[tokio::test]
async fn when_all_known_brokers_are_gone_it_begins_again_at_the_bootstrap_address() {
    let gone = nowhere().await;
    let calls = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&calls);
    let peer = Peer::at(|at| {
        move |ask: &Ask| {
            if !ask.is::<MetadataRequest>() {
                return ask.answer(&versions(i16::MAX));
            }
            let mut calls = counted.lock().unwrap();
            *calls += 1;
            match *calls {
                // The cluster claims one broker, which is dead, and the first connection breaks.
                1 => ask.answer(&metadata(&gone, &[])),
                2 => Reply::Close,
                _ => ask.introduce(&at, &[("orders", 1)]).unwrap(),
            }
        }
    })
    .await;
    let cluster = opened(peer.config()).await;
    cluster.topic("orders", TopicInterest::Lasting, soon()).await.unwrap();
    assert_eq!(cluster.metadata().brokers[&1].address, peer.address);
    assert!(!cluster.connection(1).await.unwrap().is_closed());
}

#[tokio::test]
async fn a_group_finds_its_coordinator_once_in_either_form() {
    for version in [3, i16::MAX] {
        let mut peer = Peer::at(|at| {
            move |ask: &Ask| match ask.key {
                18 => ask.answer(&versions(version)),
                10 => {
                    let (host, port) = (Str::from(at.host.clone()), i32::from(at.port));
                    let one = find_coordinator::Coordinator {
                        node_id: 9,
                        host: host.clone(),
                        port,
                        ..Default::default()
                    };
                    let answer = if ask.version < 4 {
                        FindCoordinatorResponse { node_id: 9, host, port, ..Default::default() }
                    } else {
                        FindCoordinatorResponse { coordinators: vec![one], ..Default::default() }
                    };
                    ask.answer_at(&answer, ask.version)
                }
                _ => ask.answer(&MetadataResponse { brokers: vec![broker(1, &at)], ..Default::default() }),
            }
        })
        .await;
        let cluster = opened(peer.config()).await;
        let g = Coordinator::Group("g".into());
        for _ in 0..3 {
            cluster.coordinator(&g).await.unwrap();
        }
        cluster.forget_coordinator(&g).await;
        cluster.coordinator(&g).await.unwrap();
        drop(cluster);
        let mut asked = 0;
        while let Ok(ask) = peer.heard.try_recv() {
            asked += usize::from(ask.is::<FindCoordinatorRequest>());
        }
        assert_eq!(asked, 2, "version {version}");
    }
}

#[tokio::test]
async fn a_hint_moves_the_leader_before_the_next_renewal() {
    let peer = Peer::at(|at| move |ask: &Ask| ask.introduce(&at, &[("orders", 1)]).unwrap()).await;
    let cluster = opened(peer.config()).await;
    cluster.topic("orders", TopicInterest::Lasting, soon()).await.unwrap();
    let mut view = cluster.watch();
    view.see();
    cluster.leader_moved("orders", 0, 4, 6);
    view.changed().await.unwrap();
    assert_eq!(cluster.metadata().leader("orders", 0), Some((4, 6)));
    cluster.refresh();
    view.changed().await.unwrap();
    assert_eq!(cluster.metadata().leader("orders", 0), Some((4, 6)), "epoch 5 is older");
}

#[tokio::test]
async fn an_old_view_is_renewed_by_itself() {
    let peer = Peer::at(|at| move |ask: &Ask| ask.introduce(&at, &[]).unwrap()).await;
    let config = Config { metadata_max_age: Duration::from_millis(20), ..peer.config() };
    let cluster = opened(config).await;
    let mut view = cluster.watch();
    for _ in 0..3 {
        view.changed().await.unwrap();
    }
}
