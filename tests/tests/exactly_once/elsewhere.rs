//! The source is on another cluster than the sink: a progress topic keeps the positions, and fences who is too late.

use std::time::Duration;

use upsert_kafka_client::{NewTopic, Record, TopicPartition};
use upsert_kafka_sink::{JobOptions, NewTopics, Restore};

use super::*;

const PROGRESS: &str = "upsert-kafka-progress";

/// One cluster to read, and one to write.
struct Clusters {
    source: Stage,
    sink: Stage,
}

impl Clusters {
    /// Without a progress topic.
    async fn bare() -> Self {
        let source = Stage::of(BrokerConfig::default().with_cluster_id("source")).await;
        Self { source, sink: Stage::of(BrokerConfig::default().with_cluster_id("sink")).await }
    }

    async fn set() -> Self {
        let clusters = Self::bare().await;
        clusters.make_topic(NewTopic::new(PROGRESS).partitions(1).config("cleanup.policy", "compact")).await;
        clusters
    }

    async fn make_topic(&self, topic: NewTopic) {
        let made = self.sink.client.admin().create_topics(&[topic]).await.expect("an answer");
        assert!(made.iter().all(Result::is_ok), "{made:?}");
    }

    /// The job of this name, which reads the one and writes the other.
    fn job(&self, group: &str, options: &str, sink: &str) -> String {
        let sql = job(group, "tx", options, &[sink]);
        let (source, sink) = sql.split_once("CREATE TABLE dst").expect("two tables");
        let address = |stage: &Stage| stage.broker.address().to_string();
        format!(
            "{}CREATE TABLE dst{}",
            source.replace("x:1", &address(&self.source)),
            sink.replace("x:1", &address(&self.sink))
        )
    }

    async fn open(&self, sql: &str, options: JobOptions) -> Result<Job, Error> {
        Job::open(plan::plan(sql, &PlanOptions::new())?, options).await
    }

    async fn start(&self, sql: &str) -> Running {
        let job = self.open(sql, JobOptions::new().alone()).await.expect("a job");
        Running { stopper: job.stopper(), ended: tokio::spawn(job.run()) }
    }

    async fn run(&self, sql: &str) -> Result<Summary, Error> {
        let mut job = self.open(sql, JobOptions::new().alone()).await?;
        job.stop_at_end().await?;
        job.run().await
    }

    async fn refused(&self, sql: &str) -> String {
        self.open(sql, JobOptions::new().alone()).await.err().expect("a refusal").to_string()
    }
}

fn holds(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in: {text}");
    }
}

#[tokio::test]
async fn positions_are_kept_with_the_rows_and_the_group_shows_the_lag_alone() {
    let clusters = Clusters::set().await;
    clusters.source.feed(&["{\"id\":1}", "{\"id\":2}"]).await;
    let sql = clusters.job("g", "", "a");
    clusters.run(&sql).await.expect("a good end");
    assert_eq!(clusters.sink.committed("a").await, ["{\"id\":1}", "{\"id\":2}"]);
    assert_eq!(clusters.source.group_offset("g").await, Some(2), "told for its lag");
    // Whatever the group says.
    let consumer = clusters.source.client.consumer();
    for moved in [0, 99] {
        let offset = upsert_kafka_client::Commit::new(TopicPartition::new("in", 0), moved);
        consumer.commit("g", &[offset]).await.expect("moved");
        clusters.source.feed(&["{\"id\":3}"]).await;
        clusters.run(&sql).await.expect("a good end");
    }
    let all = ["{\"id\":1}", "{\"id\":2}", "{\"id\":3}", "{\"id\":3}"];
    assert_eq!(clusters.sink.committed("a").await, all);
}

#[tokio::test]
async fn what_a_job_was_dropped_with_is_not_seen_and_the_next_run_writes_it_once() {
    let clusters = Clusters::set().await;
    let sql = clusters.job("g", "", "a").replace("'20 ms'", "'10 m'");
    let running = clusters.start(&sql).await;
    clusters.source.feed(&["{\"id\":1}", "{\"id\":2}"]).await;
    clusters.sink.await_end("a", 2).await;
    running.ended.abort();
    assert!(running.ended.await.is_err(), "it was cut off");
    assert_eq!(clusters.sink.committed("a").await, [""; 0]);
    clusters.run(&sql).await.expect("a good end");
    assert_eq!(clusters.sink.committed("a").await, ["{\"id\":1}", "{\"id\":2}"]);
}

/// A start at the latest offset is kept before the first row: a job that dies then begins there again.
#[tokio::test]
async fn where_a_job_began_is_kept_before_its_first_checkpoint() {
    let clusters = Clusters::set().await;
    clusters.source.feed(&["{\"id\":1}"]).await;
    let sql =
        clusters.job("g", "", "a").replace("earliest-offset", "latest-offset").replace("'20 ms'", "'10 m'");
    drop(clusters.open(&sql, JobOptions::new().alone()).await.expect("a job"));
    clusters.source.feed(&["{\"id\":2}"]).await;
    clusters.run(&sql).await.expect("a good end");
    assert_eq!(clusters.sink.committed("a").await, ["{\"id\":2}"]);
}

#[tokio::test]
async fn a_member_goes_on_where_a_job_that_was_alone_came_to_and_the_other_way_round() {
    let clusters = Clusters::set().await;
    let sql = clusters.job("g", "", "a");
    for (at, is_alone) in [true, false, true].into_iter().enumerate() {
        let value = format!("{{\"id\":{at}}}");
        clusters.source.feed(&[&value]).await;
        let options = if is_alone { JobOptions::new().alone() } else { JobOptions::new() };
        let job = clusters.open(&sql, options).await.expect("a job");
        let running = Running { stopper: job.stopper(), ended: tokio::spawn(job.run()) };
        clusters.sink.await_committed("a", at + 1).await;
        running.stop().await.expect("a good end");
    }
    assert_eq!(clusters.sink.committed("a").await, ["{\"id\":0}", "{\"id\":1}", "{\"id\":2}"]);
}

/// The second process is alone too, and takes over what the first one has: it commits nothing after that.
#[tokio::test]
async fn whoever_had_a_partition_before_is_fenced() {
    let clusters = Clusters::set().await;
    let sql = clusters.job("g", "", "a");
    let first = clusters.start(&sql).await;
    clusters.source.feed(&["{\"id\":1}"]).await;
    clusters.sink.await_committed("a", 1).await;
    // By another prefix, so that its own ids fence nobody.
    let second = clusters.start(&sql.replace("'tx'", "'other'")).await;
    clusters.source.feed(&["{\"id\":2}"]).await;
    let fenced = tokio::time::timeout(PATIENCE, first.ended).await.expect("it does not go on");
    let fenced = fenced.expect("no panic").expect_err("it is fenced").to_string();
    holds(&fenced, &["tx-0-0", "somebody else took the id over"]);
    clusters.sink.await_committed("a", 2).await;
    second.stop().await.expect("a good end");
    assert_eq!(clusters.sink.committed("a").await, ["{\"id\":1}", "{\"id\":2}"]);
}

#[tokio::test]
async fn a_job_may_begin_as_its_startup_mode_says_whatever_is_kept() {
    let clusters = Clusters::set().await;
    clusters.source.feed(&["{\"id\":1}"]).await;
    let sql = clusters.job("g", "", "a");
    clusters.run(&sql).await.expect("a good end");
    let anew = JobOptions::new().alone().with_restore(Restore::Nothing);
    let mut job = clusters.open(&sql, anew).await.expect("a job");
    job.stop_at_end().await.expect("an end");
    job.run().await.expect("a good end");
    assert_eq!(clusters.sink.committed("a").await, ["{\"id\":1}", "{\"id\":1}"]);
}

#[tokio::test]
async fn dead_letters_stay_on_the_sources_cluster() {
    let clusters = Clusters::set().await;
    clusters.source.feed(&["{\"id\":1}", "nonsense"]).await;
    let options = ", 'error-handling.mode' = 'log', 'error-handling.dead-letter-topic' = 'dead'";
    clusters.run(&clusters.job("g", options, "a")).await.expect("a good end");
    assert_eq!(clusters.source.committed("dead").await, ["nonsense"]);
    assert_eq!(clusters.sink.committed("a").await, ["{\"id\":1}"]);
}

#[tokio::test]
async fn a_progress_topic_that_is_missing_is_named_or_made() {
    let clusters = Clusters::bare().await;
    let sql = clusters.job("g", "", "a");
    let refused = clusters.refused(&sql).await;
    holds(&refused, &["table dst_a", "'sink.progress-topic' = 'upsert-kafka-progress'", "--create-topics"]);
    let made = JobOptions::new().alone().with_new_topics(NewTopics::new().partitions(4));
    drop(clusters.open(&sql, made).await.expect("a job"));
    let configs = clusters.sink.client.admin().topic_configs(PROGRESS).await.expect("configs");
    let policy = configs.iter().find(|it| it.name == "cleanup.policy").expect("a policy");
    assert_eq!(policy.value.as_deref(), Some("compact"));
    clusters.open(&sql, JobOptions::new().alone()).await.expect("a job");
}

#[tokio::test]
async fn a_progress_topic_that_forgets_is_refused() {
    for policy in ["delete", "compact,delete"] {
        let clusters = Clusters::bare().await;
        clusters.make_topic(NewTopic::new("kept").partitions(1).config("cleanup.policy", policy)).await;
        let sql =
            clusters.job("g", "", "a").replace("'sink.del", "'sink.progress-topic' = 'kept', 'sink.del");
        holds(
            &clusters.refused(&sql).await,
            &["'sink.progress-topic' = 'kept'", &format!("cleanup.policy={policy}")],
        );
    }
}

#[tokio::test]
async fn a_progress_topic_of_other_software_or_of_another_job_is_refused() {
    let clusters = Clusters::set().await;
    clusters.source.feed(&["{\"id\":1}"]).await;
    clusters.run(&clusters.job("g", "", "a")).await.expect("a good end");
    let refused = clusters.refused(&clusters.job("g", "", "b")).await;
    holds(&refused, &["table src", "group g", "which writes a", "this one writes b"]);
    // Other groups of other jobs share it.
    clusters.run(&clusters.job("h", "", "b")).await.expect("a good end");
    let producer = clusters.sink.client.producer();
    let topic = producer.topic(PROGRESS).await.expect("the topic");
    drop(producer.send(Record::new(&topic).key(b"k").value(b"v")).await.expect("room"));
    producer.flush().await.expect("written");
    holds(&clusters.refused(&clusters.job("g", "", "a")).await, &[PROGRESS, "of another program"]);
}

#[tokio::test]
async fn ids_that_go_on_by_incrementing_are_refused() {
    let clusters = Clusters::set().await;
    let incrementing = "'sink.transaction-naming-strategy' = 'INCREMENTING', 'sink.delivery";
    let sql = clusters.job("g", "", "a").replace("'sink.delivery", incrementing);
    holds(&clusters.refused(&sql).await, &["table dst_a", "INCREMENTING", "POOLING"]);
}

#[tokio::test]
async fn an_exchange_is_refused_there() {
    let clusters = Clusters::set().await;
    let sql = clusters.job("g", "", "a").replace("'sink.del", "'sink.parallelism' = '2', 'sink.del");
    holds(&clusters.refused(&sql).await, &["table dst_a", "not supported yet", "another cluster"]);
}

/// Somebody's open transaction in the progress topic holds back who reads it, until it ends.
#[tokio::test]
async fn what_is_open_in_the_progress_topic_is_waited_for() {
    let clusters = Clusters::set().await;
    let config = clusters.sink.client.config().clone().with(|it| it.transactional_id = Some("else".into()));
    let producer = clusters.sink.client.with_config(config).expect("a client").producer();
    let topic = producer.topic(PROGRESS).await.expect("the topic");
    let transaction = producer.begin().await.expect("a transaction");
    let key = br#"{"upsert-kafka":1,"transactional-id":"else"}"#;
    drop(
        transaction.send(Record::new(&topic).key(key).value(br#"{"incarnation":"1"}"#)).await.expect("room"),
    );
    transaction.flush().await.expect("written");
    clusters.source.feed(&["{\"id\":1}"]).await;
    let sql = clusters.job("g", "", "a");
    let mut running = std::pin::pin!(clusters.run(&sql));
    assert!(tokio::time::timeout(Duration::from_millis(300), &mut running).await.is_err(), "it waits");
    transaction.commit().await.expect("committed");
    running.await.expect("a good end");
    assert_eq!(clusters.sink.committed("a").await, ["{\"id\":1}"]);
}
