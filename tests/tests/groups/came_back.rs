//! Named members that were killed come back into a generation that was made without them: what is nobody's by then is
//! found, and given to somebody.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc;

use upsert_kafka_client::{Bytes, ErrorCode};
use upsert_kafka_protocol::messages::create_partitions::CreatePartitionsTopic;
use upsert_kafka_protocol::messages::{CreatePartitionsRequest, CreatePartitionsResponse};
use upsert_kafka_protocol::{Message, Str, header};

use super::*;

const NAMES: [&str; 2] = ["one", "two"];

impl Bench {
    async fn named(&self, name: &str) -> Reader {
        let config = self.config().with(|it| it.group_instance_id = Some(name.to_owned()));
        let client = Client::open(config).await.unwrap();
        let consumer = client.group_consumer(Subscription::topics([self.topic.as_str()])).unwrap();
        Reader { consumer, has: BTreeSet::new(), read: BTreeMap::new() }
    }
}

/// Both are killed while the first has yet to let go of what the second is to have: it owes the group a join.
async fn killed_before_they_let_go(bench: Bench) {
    let bench = on_another_runtime(bench, |bench| async {
        let mut first = bench.named(NAMES[0]).await;
        first.until(PARTITIONS as usize, 0).await;
        let mut second = bench.named(NAMES[1]).await;
        let asked = async {
            loop {
                if let Some(GroupEvent::Revoked(revocation)) = first.consumer.next().await.unwrap() {
                    return revocation;
                }
            }
        };
        tokio::select! {
            asked = asked => std::mem::forget(asked),
            _ = second.step() => panic!("nothing is given to the second before the first lets go"),
        }
        std::mem::forget((first, second));
        bench
    })
    .await;
    let (mut first, mut second) = (bench.named(NAMES[0]).await, bench.named(NAMES[1]).await);
    tokio::join!(first.until(3, 0), second.until(3, 0));
    assert!(first.has.is_disjoint(&second.has));
}

/// The topic grows while nobody is there: whoever comes back under the leader's name finds that too.
async fn grown_while_they_were_away(bench: Bench) {
    let grown = 2 * PARTITIONS as usize;
    let bench = on_another_runtime(bench, |bench| async {
        let mut reader = bench.named(NAMES[0]).await;
        reader.until(PARTITIONS as usize, 0).await;
        std::mem::forget(reader);
        bench
    })
    .await;
    let (bootstrap, topic) = (bench.bootstrap.clone(), bench.topic.clone());
    tokio::task::spawn_blocking(move || grow(&bootstrap, &topic, grown as i32)).await.unwrap();
    bench.named(NAMES[0]).await.until(grown, 0).await;
}

/// Gives the topic so many partitions: the client has no word for it.
fn grow(bootstrap: &str, topic: &str, count: i32) {
    const VERSION: i16 = 3;
    let name = Str::from(topic.to_owned());
    let topics = vec![CreatePartitionsTopic { name, count, assignments: None, ..Default::default() }];
    let request = CreatePartitionsRequest { topics, timeout_ms: 10_000, ..Default::default() };
    let frame = header::request_frame(&request, VERSION, 1, None).unwrap().into_bytes();
    let mut stream = TcpStream::connect(bootstrap).unwrap();
    stream.write_all(&frame).unwrap();
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    let mut answer = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut answer).unwrap();
    let answer = Bytes::from(answer);
    let (_, body) = header::response_body::<CreatePartitionsRequest>(&answer, VERSION).unwrap();
    let answer = CreatePartitionsResponse::decode(&body, VERSION).unwrap();
    assert_eq!(answer.results[0].error_code, ErrorCode::NONE);
}

/// What runs there ends as a process does that is killed: it says no word any more.
async fn on_another_runtime<F: Future<Output = Bench>>(
    bench: Bench,
    acts: impl FnOnce(Bench) -> F + Send + 'static,
) -> Bench {
    let (end, ended) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let bench = runtime.block_on(acts(bench));
        runtime.shutdown_timeout(Duration::ZERO);
        end.send(bench).unwrap();
    });
    tokio::task::spawn_blocking(move || ended.recv().expect("it comes to its end")).await.unwrap()
}

#[tokio::test]
async fn what_a_killed_member_was_to_let_go_is_given_to_somebody() {
    killed_before_they_let_go(Bench::embedded(GroupProtocol::Classic).await).await;
}

#[tokio::test]
async fn what_a_killed_member_was_to_let_go_is_given_to_somebody_on_a_real_kafka() {
    if let Some(bench) = Bench::kafka(GroupProtocol::Classic).await {
        killed_before_they_let_go(bench).await;
    }
}

#[tokio::test]
async fn partitions_that_came_while_a_named_leader_was_away_are_read() {
    for assignor in [Assignor::Range, Assignor::CooperativeSticky] {
        let bench = Bench::embedded(GroupProtocol::Classic).await;
        grown_while_they_were_away(bench.with_assignor(assignor)).await;
    }
}

#[tokio::test]
async fn partitions_that_came_while_a_named_leader_was_away_are_read_on_a_real_kafka() {
    if let Some(bench) = Bench::kafka(GroupProtocol::Classic).await {
        grown_while_they_were_away(bench.with_assignor(Assignor::Range)).await;
    }
}
