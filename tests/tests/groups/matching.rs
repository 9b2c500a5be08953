//! Members whose topics a function takes, by either protocol: those that come later are read too.

use super::*;

/// Where `age` is short, new topics are found as metadata ages; else by being asked for.
async fn topics_that_come_later_are_read(bench: Bench, age: Duration) {
    let (prefix, other) = (unique("match"), unique("other"));
    let admin = bench.client().await.admin();
    let create = async |name: &str| {
        let new = NewTopic::new(name).partitions(2);
        admin.create_topics(&[new]).await.unwrap().remove(0).unwrap();
    };
    create(&format!("{prefix}-1")).await;
    create(&other).await;
    let takes = prefix.clone();
    let member = || {
        let takes = takes.clone();
        Subscription::matching(format!("{takes}*"), move |topic| topic.starts_with(&takes))
    };
    let client = Client::open(bench.config().with(|it| it.metadata_max_age = age)).await.unwrap();
    let mut one = client.member(member()).unwrap();
    let mut has = BTreeSet::new();
    let mut until = async |count: usize, one: &mut Member| {
        let given = async {
            while has.len() < count {
                match one.next().await.unwrap() {
                    Some(MemberEvent::Given(given)) => {
                        has.extend(given.iter().map(|of| (of.topic.to_string(), of.partition)))
                    }
                    Some(MemberEvent::Revoked(gone) | MemberEvent::Lost(gone)) => {
                        gone.partitions()
                            .iter()
                            .for_each(|of| _ = has.remove(&(of.topic.to_string(), of.partition)));
                    }
                    other => panic!("{other:?}"),
                }
            }
        };
        timeout(PATIENCE, given).await.expect("its partitions");
        has.clone()
    };
    let of = |number: i32| [0, 1].map(|partition| (format!("{prefix}-{number}"), partition));
    assert_eq!(until(2, &mut one).await, of(1).into());
    create(&format!("{prefix}-2")).await;
    one.refresh_topics();
    assert_eq!(until(4, &mut one).await, [of(1), of(2)].concat().into_iter().collect());
}

#[tokio::test]
async fn topics_that_come_later_are_read_on_the_embedded_broker() {
    for protocol in [GroupProtocol::Classic, GroupProtocol::Consumer] {
        topics_that_come_later_are_read(Bench::embedded(protocol).await, Duration::from_secs(300)).await;
    }
}

#[tokio::test]
async fn topics_that_come_later_are_read_on_a_real_kafka() {
    for protocol in [GroupProtocol::Classic, GroupProtocol::Consumer] {
        let Some(bench) = Bench::kafka(protocol).await else { return };
        // The broker may not have heard of the new topic when it is asked the first time.
        topics_that_come_later_are_read(bench, Duration::from_millis(200)).await;
    }
}
