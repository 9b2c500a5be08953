//! A producer that writes for a member is over once the member has lost its partitions, and the next one writes on.

use upsert_kafka_broker::{Action, Fault};
use upsert_kafka_client::{ErrorCode, ErrorKind};
use upsert_kafka_protocol::ApiKey;

use super::*;

async fn is_over_when_its_member_is_lost(bench: Bench, api: ApiKey, code: ErrorCode) {
    let client = bench.client().await;
    let mut member = client.member(Subscription::topics([bench.topic.as_str()])).unwrap();
    while !matches!(member.next().await.unwrap(), Some(MemberEvent::Given(_))) {}
    let producer = client.producer();
    producer.write_for(member.lease());
    let topic = producer.topic(&bench.topic).await.unwrap();
    producer.send(Record::new(&topic).value(b"before")).await.unwrap().await.unwrap();

    let broker = bench.broker.as_ref().unwrap();
    let armed = broker.fault(Fault::new(api, Action::Answer(code))).await;
    let lost = loop {
        if let Some(MemberEvent::Lost(lost)) = member.next().await.unwrap() {
            break lost;
        }
    };
    drop(armed);
    let told = match producer.send(Record::new(&topic).value(b"after")).await {
        Ok(delivery) => delivery.await.map(drop),
        Err(error) => Err(error),
    };
    let error = told.expect_err("another may have the partitions");
    assert_eq!((error.kind(), error.may_have_been_written()), (ErrorKind::MembershipLost, false), "{error}");
    _ = producer.close(Duration::ZERO).await;

    let next = client.producer();
    next.write_for(member.lease());
    drop(lost);
    let topic = next.topic(&bench.topic).await.unwrap();
    next.send(Record::new(&topic).value(b"again")).await.unwrap().await.unwrap();
}

#[tokio::test]
async fn a_producer_is_over_when_the_member_is_lost_that_it_writes_for() {
    let config = BrokerConfig::default().with_consumer_heartbeat_interval(Duration::from_millis(100));
    for (protocol, api, code) in [
        (GroupProtocol::Classic, ApiKey::HEARTBEAT, ErrorCode::ILLEGAL_GENERATION),
        (GroupProtocol::Consumer, ApiKey::CONSUMER_GROUP_HEARTBEAT, ErrorCode::FENCED_MEMBER_EPOCH),
    ] {
        let bench = Bench::embedded_as(config.clone(), protocol).await;
        timeout(PATIENCE, is_over_when_its_member_is_lost(bench, api, code)).await.expect("it goes on");
    }
}
