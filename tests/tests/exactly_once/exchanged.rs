//! Rows go to tasks of the sink: they, and the positions of all tasks that read, are one transaction.

use super::*;

/// Two topics of two partitions each, whose rows two tasks of one sink write.
async fn set() -> Stage {
    let stage = Stage::set().await;
    let topics = ["east", "west"].map(|name| NewTopic::new(name).partitions(2));
    let made = stage.client.admin().create_topics(&topics).await.expect("an answer");
    assert!(made.iter().all(Result::is_ok), "{made:?}");
    stage
}

fn sql(interval: &str, options: &str) -> String {
    let source = |name: &str| {
        format!(
            "CREATE TABLE {name} (id INT) WITH ('connector' = 'kafka', 'topic' = '{name}',
  'properties.bootstrap.servers' = 'x:1', 'properties.group.id' = 'g', 'properties.fetch.max.wait.ms' = '20',
  'scan.startup.mode' = 'earliest-offset', 'scan.parallelism' = '2', 'format' = 'json'{options});\n"
        )
    };
    format!(
        "SET 'execution.checkpointing.interval' = '{interval}';\n{}{}
CREATE TABLE dst (id INT, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka', 'topic' = 'a',
  'properties.bootstrap.servers' = 'x:1', 'key.format' = 'json', 'value.format' = 'json', 'sink.parallelism' = '3',
  'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = 'tx');
INSERT INTO dst SELECT * FROM east UNION ALL SELECT * FROM west;",
        source("east"),
        source("west")
    )
}

impl Stage {
    async fn feed_to(&self, topic: &str, partition: i32, ids: std::ops::Range<i32>) {
        let producer = self.client.producer();
        let topic = producer.topic(topic).await.expect("the topic");
        for id in ids {
            let value = format!("{{\"id\":{id}}}");
            let record = Record { partition: Some(partition), ..Record::new(&topic).value(value.as_bytes()) };
            let _flushed_below = producer.send(record).await.expect("room");
        }
        producer.flush().await.expect("written");
    }

    async fn committed_sorted(&self) -> Vec<String> {
        let mut values = self.committed("a").await;
        values.sort();
        values
    }

    async fn positions(&self) -> Vec<Option<i64>> {
        let of: Vec<_> =
            ["east", "west"].iter().flat_map(|it| [0, 1].map(|at| TopicPartition::new(*it, at))).collect();
        let kept = self.client.consumer().committed("g", &of).await.expect("offsets");
        kept.iter().map(|it| it.offset).collect()
    }
}

fn values(ids: std::ops::Range<i32>) -> Vec<String> {
    let mut values: Vec<_> = ids.map(|id| format!("{{\"id\":{id}}}")).collect();
    values.sort();
    values
}

#[tokio::test]
async fn rows_of_all_tasks_and_their_positions_are_one_transaction() {
    let stage = set().await;
    stage.feed_to("east", 0, 0..5).await;
    stage.feed_to("west", 1, 5..9).await;
    stage.run(&sql("10 m", "")).await.expect("a good end");
    assert_eq!(stage.committed_sorted().await, values(0..9));
    assert_eq!(stage.positions().await, [Some(5), Some(0), Some(0), Some(4)]);
    let listed = stage.client.admin().list_transactions(&[]).await.expect("transactions");
    let ids: Vec<_> = listed.iter().map(|it| (&*it.transactional_id, &*it.state)).collect();
    assert_eq!(ids, [("tx-0-0", "CompleteCommit")]);
    // Its tasks end one after another, each behind a checkpoint of all: the first has everything in it.
    assert_eq!(stage.end("a").await, 9 + 1, "one marker");
}

#[tokio::test]
async fn what_a_job_was_dropped_with_is_not_seen_whoever_read_it() {
    let stage = set().await;
    stage.feed_to("east", 0, 0..5).await;
    stage.feed_to("west", 1, 5..9).await;
    let running = stage.start(&sql("10 m", "")).await;
    stage.await_end("a", 9).await;
    running.ended.abort();
    assert!(running.ended.await.is_err(), "it was cut off");
    assert_eq!(stage.committed("a").await, [""; 0]);
    stage.run(&sql("10 m", "")).await.expect("a good end");
    assert_eq!(stage.committed_sorted().await, values(0..9));
}

/// Rows that a task of the sink would hold back for long: no position is committed before them.
#[tokio::test]
async fn what_tasks_of_the_sink_hold_back_is_in_the_checkpoint() {
    let stage = set().await;
    let buffer =
        "'sink.buffer-flush.max-rows' = '1000', 'sink.buffer-flush.interval' = '10 min', 'sink.parallelism'";
    let sql = sql("30 ms", "").replace("'sink.parallelism'", buffer);
    let running = stage.start(&sql).await;
    stage.feed_to("east", 0, 0..5).await;
    let kept = async {
        while stage.positions().await[0] != Some(5) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, kept).await.expect("its position is committed");
    running.ended.abort();
    assert!(running.ended.await.is_err(), "it was cut off");
    stage.run(&sql).await.expect("a good end");
    assert_eq!(stage.committed_sorted().await, values(0..5));
}

/// Of four tasks that read three have nothing: they come all the same, and keep coming.
#[tokio::test]
async fn a_task_that_reads_nothing_holds_nobody_back() {
    let stage = set().await;
    let running = stage.start(&sql("30 ms", "")).await;
    for round in 0..5 {
        stage.feed_to("west", 0, round..round + 1).await;
        stage.await_committed("a", round as usize + 1).await;
    }
    running.stop().await.expect("a good end");
    assert_eq!(stage.committed_sorted().await, values(0..5));
}

/// One task ends at once and another reads for long: the one is not waited for, nor does it wait.
#[tokio::test]
async fn tasks_of_a_bounded_job_end_one_after_another() {
    let stage = set().await;
    stage.feed_to("east", 1, 0..2_000).await;
    let bounded =
        sql("5 ms", ", 'scan.bounded.mode' = 'latest-offset', 'properties.max.poll.records' = '100'");
    let options = PlanOptions::new().with_bootstrap(stage.broker.address().to_string());
    let plan = plan::plan(&*bounded, &options).expect("a plan");
    Job::open(plan, JobOptions::new()).await.expect("a job").run().await.expect("a good end");
    assert_eq!(stage.committed_sorted().await, values(0..2_000));
    assert_eq!(stage.positions().await, [Some(0), Some(2_000), Some(0), Some(0)]);
}

/// All tasks hear of it, at once: none waits for the others until the stop is given up.
#[tokio::test]
async fn a_job_that_is_fenced_ends_with_the_id_and_nothing_of_it_is_seen() {
    let stage = set().await;
    let running = stage.start(&sql("30 ms", "")).await;
    stage.feed_to("east", 0, 0..1).await;
    stage.await_committed("a", 1).await;
    stage.client.admin().fence_producer("tx-0-0").await.expect("fenced");
    stage.feed_to("east", 0, 1..2).await;
    let ended = tokio::time::timeout(Duration::from_secs(15), running.ended).await.expect("it ends soon");
    let fenced = ended.expect("no panic").expect_err("it is fenced").to_string();
    assert!(fenced.contains("tx-0-0") && fenced.contains("took the id over"), "{fenced}");
    assert_eq!(stage.committed_sorted().await, values(0..1));
    stage.run(&sql("30 ms", "")).await.expect("a good end");
    assert_eq!(stage.committed_sorted().await, values(0..2));
}

/// A row that cannot be read ends the job, and what lies before it is committed, of every task.
#[tokio::test]
async fn a_task_that_fails_commits_what_lies_before_and_holds_nobody_back() {
    let stage = set().await;
    stage.feed_to("west", 0, 0..3).await;
    let producer = stage.client.producer();
    let topic = producer.topic("east").await.expect("the topic");
    let record = Record { partition: Some(0), ..Record::new(&topic).value(b"nonsense") };
    let _flushed_below = producer.send(record).await.expect("room");
    producer.flush().await.expect("written");
    let running = stage.start(&sql("30 ms", "")).await;
    let ended = tokio::time::timeout(Duration::from_secs(15), running.ended).await.expect("it ends soon");
    let failed = ended.expect("no panic").expect_err("it fails").to_string();
    assert!(failed.contains("topic east, partition 0, offset 0"), "{failed}");
    let (read, committed) = (stage.positions().await[2], stage.committed("a").await.len());
    assert_eq!(read, Some(committed as i64), "positions and rows agree");
}
