//! Against a peer that answers as the test says.

use std::time::Duration;

use upsert_kafka_protocol::Message;
use upsert_kafka_protocol::messages::create_topics::CreatableTopicResult;
use upsert_kafka_protocol::messages::delete_topics::DeletableTopicResult;
use upsert_kafka_protocol::messages::describe_configs::{
    DescribeConfigsResourceResult, DescribeConfigsResult,
};
use upsert_kafka_protocol::messages::{CreateTopicsResponse, DeleteTopicsResponse, DescribeConfigsResponse};

use super::*;
use crate::peer::{Ask, Peer, Reply, metadata, topic_id, versions};
use crate::{Client, Config};

async fn admin(peer: &Peer) -> Admin {
    Client::open(peer.config()).await.unwrap().admin()
}

fn created(name: &str, error_code: ErrorCode, message: Option<&'static str>) -> CreatableTopicResult {
    CreatableTopicResult {
        name: text(name),
        error_code,
        error_message: message.map(Str::from),
        ..Default::default()
    }
}

#[tokio::test]
async fn topics_are_made_or_refused_each_for_itself_and_again_at_the_new_controller() {
    let mut refusals = 1;
    let mut peer = Peer::at(|at| {
        move |ask: &Ask| match ask.key {
            CreateTopicsRequest::KEY => {
                let request: CreateTopicsRequest = ask.read();
                refusals -= 1;
                let result = |topic: &CreatableTopic| match &*topic.name {
                    "taken" => created(
                        "taken",
                        ErrorCode::TOPIC_ALREADY_EXISTS,
                        Some("Topic 'taken' already exists."),
                    ),
                    name if refusals >= 0 => created(name, ErrorCode::NOT_CONTROLLER, None),
                    name => created(name, ErrorCode::NONE, None),
                };
                let topics = request.topics.iter().map(result).collect();
                ask.answer(&CreateTopicsResponse { topics, ..Default::default() })
            }
            _ => ask.introduce(&at, &[]).unwrap(),
        }
    })
    .await;
    let configs = vec![("cleanup.policy".to_owned(), "compact".to_owned())];
    let new = NewTopic { partitions: Some(3), configs, ..NewTopic::new("new") };
    let outcomes = admin(&peer).await.create_topics(&[new, NewTopic::new("taken")]).await.unwrap();
    assert!(outcomes[0].is_ok());
    let refused = outcomes[1].as_ref().unwrap_err();
    assert_eq!((refused.code(), refused.topic()), (Some(ErrorCode::TOPIC_ALREADY_EXISTS), Some("taken")));
    assert!(refused.to_string().contains("Topic 'taken' already exists"), "{refused}");
    let (_, first) = peer.hears::<CreateTopicsRequest>().await;
    let topic = &first.topics[0];
    assert_eq!((topic.num_partitions, topic.replication_factor), (3, -1));
    assert_eq!(topic.configs[0].value.as_deref(), Some("compact"));
    let (_, second) = peer.hears::<CreateTopicsRequest>().await;
    assert_eq!(second.topics.iter().map(|topic| &*topic.name).collect::<Vec<_>>(), ["new"]);
}

#[tokio::test]
async fn topics_are_deleted_by_name_in_either_form() {
    for max in [1, i16::MAX] {
        let peer = Peer::at(|at| {
            move |ask: &Ask| match ask.key {
                18 => ask.answer(&versions(max)),
                DeleteTopicsRequest::KEY => {
                    let request: DeleteTopicsRequest = ask.read();
                    let by_state = request.topics.iter().filter_map(|topic| topic.name.clone());
                    let names = by_state.chain(request.topic_names.iter().cloned());
                    let result = |name| DeletableTopicResult { name: Some(name), ..Default::default() };
                    ask.answer(&DeleteTopicsResponse {
                        responses: names.map(result).collect(),
                        ..Default::default()
                    })
                }
                _ => ask.introduce(&at, &[]).unwrap(),
            }
        })
        .await;
        let outcomes = admin(&peer).await.delete_topics(&["a", "b"]).await.unwrap();
        assert!(outcomes.len() == 2 && outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    }
}

#[tokio::test]
async fn topics_are_described_and_never_made_by_asking() {
    let mut peer = Peer::at(|at| {
        move |ask: &Ask| match ask.key {
            MetadataRequest::KEY => {
                let mut answer = metadata(&at, &[("orders", 2)]);
                answer.topics.push(MetadataResponseTopic {
                    name: Some(text("lost")),
                    error_code: ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                    ..Default::default()
                });
                ask.answer(&answer)
            }
            _ => ask.introduce(&at, &[]).unwrap(),
        }
    })
    .await;
    let admin = admin(&peer).await;
    let described = admin.describe_topics(&["lost", "orders"]).await.unwrap();
    assert_eq!(described[0].as_ref().unwrap_err().kind(), ErrorKind::UnknownTopic);
    let orders = described[1].as_ref().unwrap();
    assert_eq!((orders.partitions.len(), orders.topic_id), (2, topic_id("orders")));
    assert_eq!((orders.partitions[1].leader, orders.partitions[1].leader_epoch), (Some(1), 5));
    assert_eq!(
        admin.topics().await.unwrap().iter().map(|topic| &*topic.name).collect::<Vec<_>>(),
        ["orders"]
    );
    peer.hears::<MetadataRequest>().await;
    for _ in 0..2 {
        assert!(!peer.hears::<MetadataRequest>().await.1.allow_auto_topic_creation);
    }
}

#[tokio::test]
async fn the_cluster_tells_its_brokers() {
    let peer = Peer::at(|at| move |ask: &Ask| ask.introduce(&at, &[]).unwrap()).await;
    let cluster = admin(&peer).await.cluster().await.unwrap();
    assert_eq!((cluster.cluster_id.as_deref(), cluster.controller), (Some("test"), Some(1)));
    assert_eq!(cluster.brokers, [BrokerDescription { id: 1, address: peer.address.clone(), rack: None }]);
}

#[tokio::test]
async fn a_topics_settings_say_which_were_made_on_it() {
    let peer = Peer::at(|at| {
        move |ask: &Ask| match ask.key {
            DescribeConfigsRequest::KEY => {
                let request: DescribeConfigsRequest = ask.read();
                let resource = &request.resources[0];
                assert_eq!((resource.resource_type, &resource.configuration_keys), (2, &None));
                let row = |name: &'static str, config_source| DescribeConfigsResourceResult {
                    name: text(name),
                    value: Some(text("compact")),
                    config_source,
                    ..Default::default()
                };
                let code = match &*resource.resource_name {
                    "orders" => ErrorCode::NONE,
                    _ => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                };
                let configs = vec![row("cleanup.policy", 1), row("other", 5)];
                let result = DescribeConfigsResult { error_code: code, configs, ..Default::default() };
                ask.answer(&DescribeConfigsResponse { results: vec![result], ..Default::default() })
            }
            _ => ask.introduce(&at, &[]).unwrap(),
        }
    })
    .await;
    let admin = admin(&peer).await;
    let configs = admin.topic_configs("orders").await.unwrap();
    assert_eq!((configs[0].value.as_deref(), configs[0].overridden), (Some("compact"), true));
    assert!(!configs[1].overridden);
    let error = admin.topic_configs("lost").await.unwrap_err();
    assert_eq!((error.kind(), error.topic()), (ErrorKind::UnknownTopic, Some("lost")));
}

#[tokio::test]
async fn a_cluster_that_says_nothing_is_given_up_in_time() {
    let mut asked = 0;
    let peer = Peer::at(|at| {
        move |ask: &Ask| {
            asked += usize::from(ask.is::<MetadataRequest>());
            if asked > 1 && ask.key != 18 { Reply::Nothing } else { ask.introduce(&at, &[]).unwrap() }
        }
    })
    .await;
    let config = Config { default_api_timeout: Duration::from_millis(40), ..peer.config() };
    let admin = Client::open(config).await.unwrap().admin();
    let error = admin.topics().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("40 ms"), "{error}");
}
