//! Processes of one job share its partitions, in virtual time, while rows come without a pause: under read_committed every
//! row of every key is there once, in order.

use std::collections::BTreeMap;
use std::time::Duration;

use upsert_kafka_client::{NewTopic, Producer, Record, Topic};
use upsert_kafka_sink::JobOptions;

use crate::world::{Running, World, Written};

const PARTITIONS: i32 = 4;
const SECOND: Duration = Duration::from_secs(1);

struct Stage {
    world: World,
    producer: Producer,
    orders: Topic,
    /// The number of the next row of every key.
    next: i64,
    source: &'static str,
    /// Options of the sink.
    sink: &'static str,
}

impl Stage {
    /// `source` are options of the source.
    async fn set(source: &'static str) -> Self {
        Self::of(World::new().await, source).await
    }

    /// The sink is on a cluster of its own.
    async fn set_elsewhere() -> Self {
        Self::of(World::of_two_clusters().await, "'properties.group.protocol' = 'consumer',").await
    }

    async fn of(world: World, source: &'static str) -> Self {
        let (client, of_sink) = (world.client().await, world.client_of(&world.other_bootstrap()).await);
        for (client, name) in [(&client, "orders"), (&of_sink, "latest")] {
            let topic = NewTopic::new(name).partitions(PARTITIONS);
            let made = client.admin().create_topics(&[topic]).await.expect("an answer");
            assert!(made.iter().all(Result::is_ok), "{made:?}");
        }
        let producer = client.producer();
        let orders = producer.topic("orders").await.expect("the topic");
        Self { world, producer, orders, next: 0, source, sink: "" }
    }

    async fn start(&self, seed: u64) -> Running {
        let (bootstrap, of_sink) = (self.world.bootstrap(), self.world.other_bootstrap());
        let (source, sink) = (self.source, self.sink);
        let sql = format!(
            "SET 'execution.checkpointing.interval' = '700 ms';
            CREATE TABLE orders (id INT, number BIGINT) WITH ('connector' = 'kafka', 'topic' = 'orders',
                'properties.bootstrap.servers' = '{bootstrap}', 'properties.group.id' = 'copy', {source}
                'format' = 'json', 'scan.startup.mode' = 'earliest-offset');
            CREATE TABLE latest (id INT, number BIGINT, PRIMARY KEY (id) NOT ENFORCED) WITH (
                'connector' = 'upsert-kafka', 'topic' = 'latest', 'properties.bootstrap.servers' = '{of_sink}',
                'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = 'tx', {sink}
                'key.format' = 'json', 'value.format' = 'json');
            INSERT INTO latest SELECT id, number FROM orders;"
        );
        self.world.process(seed).run(&sql, JobOptions::new()).await.expect("a job")
    }

    /// A row for each key every twentieth of a second, for so long; each key's in a partition of its own.
    async fn feed_for(&mut self, time: Duration) {
        let until = tokio::time::Instant::now() + time;
        while tokio::time::Instant::now() < until {
            for id in 0..PARTITIONS {
                let value = format!(r#"{{"id":{id},"number":{}}}"#, self.next);
                let record = Record::new(&self.orders).value(value.as_bytes());
                let _flushed_below =
                    self.producer.send(Record { partition: Some(id), ..record }).await.expect("room");
            }
            self.next += 1;
            self.producer.flush().await.expect("written");
            tokio::time::sleep(SECOND / 20).await;
        }
    }

    /// What is committed of each key, in order.
    async fn committed(&self) -> BTreeMap<String, Vec<i64>> {
        let mut of_key: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for Written { key, value, .. } in self.world.committed("latest").await {
            let row: serde_json::Value = serde_json::from_str(&value.expect("a row")).expect("JSON");
            of_key.entry(key.expect("a key")).or_default().push(row["number"].as_i64().expect("a number"));
        }
        of_key
    }

    async fn judge(&self) {
        let committed = self.committed().await;
        assert_eq!(committed.len(), PARTITIONS as usize);
        for (key, numbers) in committed {
            assert!(numbers.iter().copied().eq(0..self.next), "key {key} of {} rows: {numbers:?}", self.next);
        }
        let of_sink = self.world.client_of(&self.world.other_bootstrap()).await;
        let listed = of_sink.admin().list_transactions(&[]).await.expect("transactions");
        let ids: Vec<_> = listed.iter().map(|it| it.transactional_id.as_str()).collect();
        assert!(
            ids.len() <= PARTITIONS as usize && ids.iter().all(|id| id.starts_with("tx-orders.")),
            "{ids:?}"
        );
        assert!(listed.iter().all(|it| it.state != "Ongoing"), "{listed:?}");
    }
}

/// Both protocols of groups.
const SOURCES: [&str; 2] = ["", "'properties.group.protocol' = 'consumer',"];

/// Two tasks that read, and three that write, in each process.
#[tokio::test(start_paused = true)]
async fn behind_an_exchange_partitions_come_and_go_and_every_row_is_there_once() {
    for source in
        ["'scan.parallelism' = '2',", "'scan.parallelism' = '2', 'properties.group.protocol' = 'consumer',"]
    {
        let stage = Stage::set(source).await;
        come_and_go(Stage { sink: "'sink.parallelism' = '3',", ..stage }).await;
    }
}

#[tokio::test(start_paused = true)]
async fn behind_an_exchange_a_process_that_is_killed_leaves_every_row_once() {
    let stage = Stage::set("'scan.parallelism' = '2', 'properties.group.protocol' = 'consumer',").await;
    killed(Stage { sink: "'sink.parallelism' = '3',", ..stage }).await;
}

#[tokio::test(start_paused = true)]
async fn behind_an_exchange_a_process_that_is_cut_off_leaves_every_row_once() {
    for source in
        ["'scan.parallelism' = '2',", "'scan.parallelism' = '2', 'properties.group.protocol' = 'consumer',"]
    {
        let stage = Stage::set(source).await;
        cut_off(Stage { sink: "'sink.parallelism' = '3',", ..stage }).await;
    }
}

#[tokio::test(start_paused = true)]
async fn with_the_sink_elsewhere_partitions_come_and_go_and_every_row_is_there_once() {
    come_and_go(Stage::set_elsewhere().await).await;
}

#[tokio::test(start_paused = true)]
async fn with_the_sink_elsewhere_a_process_that_is_killed_leaves_every_row_once() {
    killed(Stage::set_elsewhere().await).await;
}

#[tokio::test(start_paused = true)]
async fn with_the_sink_elsewhere_a_process_that_is_cut_off_leaves_every_row_once() {
    cut_off(Stage::set_elsewhere().await).await;
}

/// Its commit is on its way while its group gives it up, and arrives when another has its partitions: too late, though it
/// has heard of nothing.
#[tokio::test(start_paused = true)]
async fn with_the_sink_elsewhere_a_commit_that_comes_when_another_has_the_partitions_is_refused() {
    // It has its partitions by then, and at one of these moments at least a transaction open.
    for moment in 0..3 {
        let mut stage = Stage::set_elsewhere().await;
        let first = stage.start(1).await;
        let second = stage.start(2).await;
        stage.feed_for(15 * SECOND + moment * SECOND / 4).await;
        second.cut_off_from_first();
        second.stall_to_other();
        // Its session is 45 s long; a coordinator aborts what is open for 60.7 s by itself.
        stage.feed_for(53 * SECOND).await;
        second.mend();
        stage.feed_for(10 * SECOND).await;
        second.stop().await;
        stage.feed_for(5 * SECOND).await;
        tokio::time::sleep(2 * SECOND).await;
        first.stop().await;
        stage.judge().await;
    }
}

#[tokio::test(start_paused = true)]
async fn partitions_that_come_and_go_leave_every_row_once() {
    for source in SOURCES {
        come_and_go(Stage::set(source).await).await;
    }
}

async fn come_and_go(mut stage: Stage) {
    let first = stage.start(1).await;
    stage.feed_for(3 * SECOND).await;
    let second = stage.start(2).await;
    stage.feed_for(5 * SECOND).await;
    let third = stage.start(3).await;
    stage.feed_for(10 * SECOND).await;
    second.stop().await;
    stage.feed_for(10 * SECOND).await;
    first.stop().await;
    stage.feed_for(5 * SECOND).await;
    tokio::time::sleep(2 * SECOND).await;
    third.stop().await;
    stage.judge().await;
}

#[tokio::test(start_paused = true)]
async fn a_process_that_is_killed_in_the_middle_of_a_transaction_leaves_every_row_once() {
    for source in SOURCES {
        killed(Stage::set(source).await).await;
    }
}

async fn killed(mut stage: Stage) {
    let first = stage.start(1).await;
    let second = stage.start(2).await;
    stage.feed_for(15 * SECOND + SECOND / 3).await;
    second.kill().await;
    // Missed after its session, whose length the broker says or Java's default.
    stage.feed_for(70 * SECOND).await;
    let third = stage.start(3).await;
    stage.feed_for(10 * SECOND).await;
    first.kill().await;
    stage.feed_for(70 * SECOND).await;
    tokio::time::sleep(2 * SECOND).await;
    third.stop().await;
    stage.judge().await;
}

/// What it had is with another by then, who has fenced it. It hears so from its group, and goes on with what it is given
/// anew.
#[tokio::test(start_paused = true)]
async fn a_process_that_is_cut_off_for_longer_than_its_session_leaves_every_row_once() {
    for source in SOURCES {
        cut_off(Stage::set(source).await).await;
    }
}

async fn cut_off(mut stage: Stage) {
    let first = stage.start(1).await;
    let second = stage.start(2).await;
    stage.feed_for(15 * SECOND + SECOND / 3).await;
    second.cut_off();
    // Its session is 45 s long; after 60 s without a coordinator (max.block.ms) it would give up by itself.
    stage.feed_for(55 * SECOND).await;
    second.mend();
    stage.feed_for(30 * SECOND).await;
    second.stop().await;
    stage.feed_for(5 * SECOND).await;
    tokio::time::sleep(2 * SECOND).await;
    first.stop().await;
    stage.judge().await;
}

/// Nobody has its partitions, and its id is taken over all the same. Once may have been a process that had not heard yet that
/// it lost them; twice is another job.
#[tokio::test(start_paused = true)]
async fn a_member_that_another_job_fences_goes_on_once_and_then_ends_and_says_what_to_do() {
    let of_two = "'scan.parallelism' = '2',";
    for (source, sink) in [(SOURCES[0], ""), (SOURCES[1], ""), (of_two, "'sink.parallelism' = '3',")] {
        let mut stage = Stage { sink, ..Stage::set(source).await };
        let job = stage.start(1).await;
        stage.feed_for(5 * SECOND).await;
        let admin = stage.world.client().await.admin();
        let listed = admin.list_transactions(&[]).await.expect("transactions");
        let id = listed.into_iter().find(|it| it.state != "Empty").expect("a transaction").transactional_id;
        admin.fence_producer(&id).await.expect("it is taken over");
        // A heartbeat later it knows.
        stage.feed_for(10 * SECOND).await;
        let seen: usize = stage.committed().await.values().map(Vec::len).sum();
        assert!(seen > 9 * 20 * 3, "{seen} rows are seen: it did not go on");

        admin.fence_producer(&id).await.expect("it is taken over");
        stage.feed_for(10 * SECOND).await;
        let fenced = job.failed().await.to_string();
        for part in
            [&*format!("transactional.id {id}"), "now producer", "sink.transactional-id-prefix' = 'tx'"]
        {
            assert!(fenced.contains(part), "no {part:?} in: {fenced}");
        }
        let heir = stage.start(2).await;
        stage.feed_for(60 * SECOND).await;
        heir.stop().await;
        stage.judge().await;
    }
}

/// It was thrown out long ago, and what it says first, when it is awake, is that it takes its id over.
#[tokio::test(start_paused = true)]
async fn a_process_that_is_fenced_now_and_then_goes_on() {
    let mut stage = Stage::set(SOURCES[1]).await;
    let job = stage.start(1).await;
    let admin = stage.world.client().await.admin();
    for _ in 0..3 {
        stage.feed_for(5 * SECOND).await;
        let listed = admin.list_transactions(&[]).await.expect("transactions");
        for it in listed.iter().filter(|it| it.transactional_id.starts_with("tx-")) {
            admin.fence_producer(&it.transactional_id).await.expect("it is taken over");
        }
        stage.feed_for(65 * SECOND).await;
    }
    tokio::time::sleep(2 * SECOND).await;
    job.stop().await;
    stage.judge().await;
}
