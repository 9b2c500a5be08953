//! Exactly-once sinks: what is seen, who is fenced, what is left open and ended, and what cannot be is said.

use std::time::Duration;

use tokio::task::JoinHandle;
use upsert_kafka_broker::{Acl, Action, AuthorizerConfig, Broker, BrokerConfig, Fault};
use upsert_kafka_client::{
    Assignment, Client, Config, IsolationLevel, NewTopic, OffsetSpec, Position, Record, Role, TopicPartition,
    Transaction,
};
use upsert_kafka_protocol::ApiKey;
use upsert_kafka_sink::plan::{self, PlanOptions};
use upsert_kafka_sink::{Error, Job, JobOptions, Stopper, Summary};

mod bad_input; // fenced, timed out, not allowed: a sentence each
mod commands; // transactions list, describe, abort
mod elsewhere; // the source on another cluster: the progress topic
mod exchanged; // rows go to tasks of the sink
mod lingering; // what an earlier run left open
mod members; // many processes of one job, given partitions and robbed of them
mod two_phases; // prepare, store, commit: programs with checkpoints of their own

/// A broker with the topics of a job, and the jobs that run there.
struct Stage {
    broker: Broker,
    client: Client,
}

/// A job that runs.
struct Running {
    stopper: Stopper,
    ended: JoinHandle<Result<Summary, Error>>,
}

/// A job of this group whose sinks `a` and, where they are two, `b` are written under the prefix.
fn job(group: &str, prefix: &str, options: &str, sinks: &[&str]) -> String {
    let mut sql = format!(
        "SET 'execution.checkpointing.interval' = '20 ms';
CREATE TABLE src (id INT) WITH ('connector' = 'kafka', 'topic' = 'in', 'properties.bootstrap.servers' = 'x:1',
  'properties.group.id' = '{group}', 'properties.fetch.max.wait.ms' = '20', 'scan.startup.mode' = 'earliest-offset',
  'format' = 'json'{options});\n"
    );
    for sink in sinks {
        sql += &format!(
            "CREATE TABLE dst_{sink} (id INT, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka',
  'topic' = '{sink}', 'properties.bootstrap.servers' = 'x:1', 'key.format' = 'json', 'value.format' = 'json',
  'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = '{prefix}');
INSERT INTO dst_{sink} SELECT * FROM src;\n"
        );
    }
    sql
}

impl Stage {
    async fn set() -> Self {
        Self::of(BrokerConfig::default()).await
    }

    async fn of(config: BrokerConfig) -> Self {
        let broker = Broker::start(config).await.expect("a broker");
        let address = broker.address().to_string();
        let pairs = [("bootstrap.servers", address.as_str()), ("linger.ms", "0")];
        let client = Client::open(Config::from_properties(pairs, Role::Any).expect("a config").0).await;
        let client = client.expect("a client");
        let topics = ["in", "a", "b", "dead"].map(|name| NewTopic::new(name).partitions(1));
        let made = client.admin().create_topics(&topics).await.expect("an answer");
        assert!(made.iter().all(Result::is_ok), "{made:?}");
        Self { broker, client }
    }

    async fn feed(&self, values: &[&str]) {
        let producer = self.client.producer();
        let topic = producer.topic("in").await.expect("the topic");
        for value in values {
            let _flushed_below =
                producer.send(Record::new(&topic).value(value.as_bytes())).await.expect("room");
        }
        producer.flush().await.expect("written");
    }

    async fn open(&self, sql: &str) -> Result<Job, Error> {
        let options = PlanOptions::new().with_bootstrap(self.broker.address().to_string());
        Job::open(plan::plan(sql, &options)?, JobOptions::new().alone()).await
    }

    async fn start(&self, sql: &str) -> Running {
        let job = self.open(sql).await.expect("a job");
        Running { stopper: job.stopper(), ended: tokio::spawn(job.run()) }
    }

    /// A job that runs to the end that there is now.
    async fn run(&self, sql: &str) -> Result<Summary, Error> {
        let mut job = self.open(sql).await?;
        job.stop_at_end().await?;
        job.run().await
    }

    /// The values of a topic of one partition that are in committed transactions, up to what is open.
    async fn committed(&self, topic: &str) -> Vec<String> {
        let config =
            self.client.config().clone().with(|it| it.isolation_level = IsolationLevel::ReadCommitted);
        let mut consumer = self.client.with_config(config).expect("a client").consumer();
        let end = consumer.offsets(topic, OffsetSpec::Latest).await.expect("ends")[0].1;
        consumer.assign(vec![Assignment::new(topic, 0, Position::Earliest)]);
        let mut values = Vec::new();
        while consumer.position(&TopicPartition::new(topic, 0)).unwrap_or(0) < end {
            for record in &consumer.poll().await.expect("records") {
                let value = record.expect("a record").value.expect("a value").to_vec();
                values.push(String::from_utf8(value).expect("UTF-8"));
            }
        }
        values
    }

    /// Returns when that many values are committed.
    async fn await_committed(&self, topic: &str, count: usize) -> Vec<String> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let values = self.committed(topic).await;
            if values.len() >= count {
                return values;
            }
            assert!(tokio::time::Instant::now() < deadline, "{count} values are not committed: {values:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Returns when a topic ends there, whatever of it is seen.
    async fn await_end(&self, topic: &str, end: i64) {
        let reached = async {
            while self.end(topic).await < end {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, reached).await.expect("it comes so far");
    }

    /// The end of a topic of one partition, markers and what is open included.
    async fn end(&self, topic: &str) -> i64 {
        self.client.consumer().offsets(topic, OffsetSpec::Latest).await.expect("ends")[0].1
    }

    async fn group_offset(&self, group: &str) -> Option<i64> {
        let of = [TopicPartition::new("in", 0)];
        self.client.consumer().committed(group, &of).await.expect("offsets")[0].offset
    }

    /// A transaction of somebody with this id, with a record in `a`, that is open and acknowledged.
    async fn left_open(&self, id: &str) -> Transaction {
        let config = self.client.config().clone().with(|it| it.transactional_id = Some(id.to_owned()));
        let producer = self.client.with_config(config).expect("a client").producer();
        let topic = producer.topic("a").await.expect("the topic");
        let transaction = producer.begin().await.expect("a transaction");
        drop(transaction.send(Record::new(&topic).value(b"left open")).await.expect("room"));
        transaction.flush().await.expect("written");
        transaction
    }

    async fn state_of(&self, id: &str) -> String {
        let described = self.client.admin().describe_transactions(&[id]).await.expect("an answer");
        described.into_iter().next().expect("one").expect("it is known").state
    }
}

impl Running {
    async fn stop(self) -> Result<Summary, Error> {
        self.stopper.stop();
        self.ended.await.expect("no panic")
    }
}

#[tokio::test]
async fn rows_of_all_sinks_and_the_offsets_are_one_transaction_for_each_checkpoint() {
    let stage = Stage::set().await;
    stage.feed(&["{\"id\":1}", "{\"id\":2}"]).await;
    let sql = job("g", "tx", "", &["a", "b"]);
    stage.run(&sql).await.expect("a good end");
    for topic in ["a", "b"] {
        assert_eq!(stage.committed(topic).await, ["{\"id\":1}", "{\"id\":2}"]);
    }
    let (a, b) = (stage.end("a").await, stage.end("b").await);
    assert_eq!(a, b, "as many markers in one as in the other");
    assert_eq!(stage.group_offset("g").await, Some(2));
    let listed = stage.client.admin().list_transactions(&[]).await.expect("transactions");
    let ids: Vec<_> = listed.iter().map(|it| (&*it.transactional_id, &*it.state)).collect();
    assert_eq!(ids, [("tx-0-0", "CompleteCommit")]);
    // Nothing to write and no position that moved: no marker either.
    stage.run(&sql).await.expect("a good end");
    assert_eq!((stage.end("a").await, stage.end("b").await), (a, b));
}

#[tokio::test]
async fn by_incrementing_each_transaction_has_an_id_of_its_own() {
    let stage = Stage::set().await;
    let incrementing =
        "'sink.transactional-id-prefix' = 'tx', 'sink.transaction-naming-strategy' = 'INCREMENTING'";
    let sql = job("g", "tx", "", &["a"]).replace("'sink.transactional-id-prefix' = 'tx'", incrementing);
    let running = stage.start(&sql).await;
    for (count, value) in [(1, "{\"id\":1}"), (2, "{\"id\":2}")] {
        stage.feed(&[value]).await;
        stage.await_committed("a", count).await;
    }
    running.stop().await.expect("a good end");
    let listed = stage.client.admin().list_transactions(&["CompleteCommit"]).await.expect("transactions");
    let ids: Vec<_> = listed.iter().map(|it| &*it.transactional_id).collect();
    // Golden job 26: `<prefix>-<subtask>-<checkpoint>`, counted from 1.
    assert_eq!(ids, ["tx-0-1", "tx-0-2"]);
}

/// One transaction at a time, and its rows come with its positions: what is not committed is not seen.
#[tokio::test]
async fn what_a_job_was_dropped_with_is_not_seen_and_the_next_run_writes_it_once() {
    let stage = Stage::set().await;
    let sql = job("g", "tx", "", &["a"]).replace("'20 ms'", "'10 m'");
    let running = stage.start(&sql).await;
    stage.feed(&["{\"id\":1}", "{\"id\":2}"]).await;
    stage.await_end("a", 2).await;
    running.ended.abort();
    assert!(running.ended.await.is_err(), "it was cut off");
    assert_eq!(stage.committed("a").await, [""; 0]);
    stage.run(&sql).await.expect("a good end");
    assert_eq!(stage.committed("a").await, ["{\"id\":1}", "{\"id\":2}"]);
}

#[tokio::test]
async fn dead_letters_are_in_the_transaction_too() {
    let stage = Stage::set().await;
    stage.feed(&["{\"id\":1}", "nonsense"]).await;
    let options = ", 'error-handling.mode' = 'log', 'error-handling.dead-letter-topic' = 'dead'";
    let sql = job("g", "tx", options, &["a"]).replace("'20 ms'", "'10 m'");
    let running = stage.start(&sql).await;
    stage.await_end("dead", 1).await;
    assert_eq!(stage.committed("dead").await, [""; 0], "not before the checkpoint");
    running.stop().await.expect("a good end");
    assert_eq!(stage.committed("dead").await, ["nonsense"]);
    assert_eq!(stage.committed("a").await, ["{\"id\":1}"]);
}

/// A row that one of two sinks refuses is in the other's topic already: nothing of it may be committed.
#[tokio::test]
async fn a_message_that_is_written_in_part_is_not_committed() {
    let stage = Stage::set().await;
    let sql = job("g", "tx", "", &["a", "b"]).replace("'20 ms'", "'10 m'");
    // The second table's records may not be as long as the first one's.
    let sql = sql
        .replace(
            "SELECT * FROM src;\nCREATE TABLE dst_b (id INT,",
            "SELECT * FROM src;\nCREATE TABLE dst_b (id INT, ts TIMESTAMP_LTZ(3) METADATA FROM 'timestamp',",
        )
        .replace(
            "INSERT INTO dst_b SELECT * FROM src",
            "INSERT INTO dst_b SELECT id, TO_TIMESTAMP_LTZ(-1000 * id, 3) FROM src",
        );
    stage.feed(&["{\"id\":0}", "{\"id\":5}"]).await;
    let failure = stage.run(&sql).await.expect_err("no record is from before 1970").to_string();
    assert!(failure.contains("before 1970"), "{failure}");
    assert_eq!(stage.committed("a").await, [""; 0]);
    assert_eq!(stage.group_offset("g").await, Some(0), "where it began");
}

/// A commit that is done and never answered: its offsets tell.
#[tokio::test]
async fn a_commit_that_nobody_answers_is_found_out_by_its_offsets() {
    for (action, goes_on) in [(Action::LoseAnswer, true), (Action::Close, false)] {
        let stage = Stage::set().await;
        let sql = job("g", "tx", "", &["a"])
            .replace("'sink.delivery", "'properties.max.block.ms' = '400', 'sink.delivery");
        let running = stage.start(&sql).await;
        let mut armed = stage.broker.fault(Fault::new(ApiKey::END_TXN, action).times(u32::MAX)).await;
        stage.feed(&["{\"id\":1}"]).await;
        armed.wait(1).await;
        if goes_on {
            assert_eq!(stage.await_committed("a", 1).await, ["{\"id\":1}"]);
        }
        tokio::time::sleep(Duration::from_millis(600)).await;
        armed.disarm().await;
        if goes_on {
            stage.feed(&["{\"id\":2}"]).await;
            stage.await_committed("a", 2).await;
            running.stop().await.expect("a good end");
        } else {
            let failure =
                running.ended.await.expect("no panic").expect_err("it is not committed").to_string();
            assert!(
                failure.contains("transactional id tx-0-0") && failure.contains("were not committed"),
                "{failure}"
            );
            stage.feed(&["{\"id\":2}"]).await;
            stage.run(&sql).await.expect("a good end");
        }
        assert_eq!(stage.committed("a").await, ["{\"id\":1}", "{\"id\":2}"]);
    }
}

/// Nothing here takes so long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(30);
