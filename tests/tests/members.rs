//! Processes of one job share its partitions, in virtual time: given, taken, killed, come back.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::task::JoinHandle;
use upsert_kafka_broker::{Action, Fault};
use upsert_kafka_client::{
    Client, Config, MemberEvent, NewTopic, Producer, Record, Role, Subscription, Topic,
};
use upsert_kafka_protocol::{ApiKey, ErrorCode};
use upsert_kafka_sink::{JobOptions, Restore};

use crate::world::{Running, World, Written};

const PARTITIONS: i32 = 4;
const SECOND: Duration = Duration::from_secs(1);

const CLASSIC: &str = "'properties.group.protocol' = 'classic',";
const CONSUMER: &str = "'properties.group.protocol' = 'consumer',";

/// Copies `orders` to `latest`; `more` are options of the source, `sink` of the sink.
fn copying(world: &World, more: &str, sink: &str) -> String {
    let bootstrap = world.bootstrap();
    format!(
        "SET 'execution.checkpointing.interval' = '1 s';
        CREATE TABLE orders (id INT, number BIGINT) WITH ('connector' = 'kafka', 'topic' = 'orders',
            'properties.bootstrap.servers' = '{bootstrap}', 'properties.group.id' = 'copy', {more}
            'format' = 'json', 'scan.startup.mode' = 'earliest-offset');
        CREATE TABLE latest (id INT, number BIGINT, PRIMARY KEY (id) NOT ENFORCED) WITH (
            'connector' = 'upsert-kafka', 'topic' = 'latest', 'properties.bootstrap.servers' = '{bootstrap}', 'properties.client.id' = 'job',
            {sink} 'key.format' = 'json', 'value.format' = 'json');
        INSERT INTO latest SELECT id, number FROM orders;"
    )
}

/// A world with the topic `orders`, and who feeds it.
struct Stage {
    world: World,
    producer: Producer,
    orders: Topic,
    next: i64,
    /// Options of the sink.
    sink: &'static str,
}

impl Stage {
    async fn set() -> Self {
        Self::of(PARTITIONS).await
    }

    async fn of(partitions: i32) -> Self {
        let world = World::new().await;
        let client = world.client().await;
        let latest = NewTopic::new("latest").partitions(2).config("cleanup.policy", "compact");
        let topics = [NewTopic::new("orders").partitions(partitions), latest];
        let made = client.admin().create_topics(&topics).await.expect("an answer");
        assert!(made.iter().all(Result::is_ok), "{made:?}");
        let producer = client.producer();
        let orders = producer.topic("orders").await.expect("the topic");
        Self { world, producer, orders, next: 0, sink: "" }
    }

    async fn run(&self, seed: u64, more: &str, options: JobOptions) -> Running {
        self.begin(seed, more, options).await.expect("no panic")
    }

    /// Opens a job and runs it, while the test goes on.
    fn begin(&self, seed: u64, more: &str, options: JobOptions) -> JoinHandle<Running> {
        let (sql, process) = (copying(&self.world, more, self.sink), self.world.process(seed));
        tokio::spawn(async move { process.run(&sql, options).await.expect("a job") })
    }

    /// One row for each of so many keys, each key in a partition of its own number; `number` grows with each row.
    async fn feed(&mut self, keys: i32, partitions: i32) {
        self.send(keys, partitions).await;
        self.producer.flush().await.expect("written");
    }

    /// So many rows of each key at once.
    async fn feed_burst(&mut self, rows: usize) {
        for _ in 0..rows {
            self.send(PARTITIONS, PARTITIONS).await;
        }
        self.producer.flush().await.expect("written");
    }

    async fn send(&mut self, keys: i32, partitions: i32) {
        for id in 0..keys {
            let value = format!(r#"{{"id":{id},"number":{}}}"#, self.next);
            let record = Record::new(&self.orders).value(value.as_bytes());
            let record = Record { partition: Some(id % partitions), ..record };
            let _flushed_by_the_caller = self.producer.send(record).await.expect("room");
            self.next += 1;
        }
    }

    /// Feeds a row to each partition every tenth of a second, for so long.
    async fn feed_for(&mut self, time: Duration) {
        let until = tokio::time::Instant::now() + time;
        while tokio::time::Instant::now() < until {
            self.feed(PARTITIONS, PARTITIONS).await;
            tokio::time::sleep(SECOND / 10).await;
        }
    }

    /// Which partitions each member has, once all are with somebody and so many members have some.
    async fn shared_by(&self, members: usize) -> Vec<BTreeSet<i32>> {
        let admin = self.world.client().await.admin();
        loop {
            let group = admin.describe_group("copy").await.expect("a group");
            let shares = group.members.iter().map(|it| it.partitions.iter().map(|of| of.partition).collect());
            let shares: Vec<BTreeSet<i32>> = shares.filter(|it: &BTreeSet<i32>| !it.is_empty()).collect();
            let all: usize = shares.iter().map(BTreeSet::len).sum();
            if shares.len() == members && all == PARTITIONS as usize {
                return shares;
            }
            tokio::time::sleep(SECOND / 10).await;
        }
    }

    /// What was written of each key, in order; the sink's records of a key lie in one partition.
    async fn written(&self) -> BTreeMap<String, Vec<i64>> {
        let mut of_key: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for Written { key, value, .. } in self.world.written("latest").await {
            let value = value.expect("a row");
            let number = value.rsplit_once(':').and_then(|(_, it)| it.trim_end_matches('}').parse().ok());
            of_key.entry(key.expect("a key")).or_default().push(number.expect("a number"));
        }
        of_key
    }
}

/// What is due of each key: every row, in the order of feeding.
fn due(keys: i32, rows: i64) -> BTreeMap<String, Vec<i64>> {
    let numbers = |id: i32| (0..rows).filter(|number| number % i64::from(keys) == i64::from(id)).collect();
    (0..keys).map(|id| (format!("{{\"id\":{id}}}"), numbers(id))).collect()
}

#[tokio::test(start_paused = true)]
async fn processes_share_the_partitions_and_every_row_is_written_once_in_order() {
    for more in [CLASSIC, CONSUMER] {
        let mut stage = Stage::set().await;
        let first = stage.run(1, more, JobOptions::new()).await;
        stage.feed_for(2 * SECOND).await;
        let second = stage.begin(2, more, JobOptions::new());
        stage.feed_for(20 * SECOND).await;
        let second = second.await.expect("no panic");
        let shares = stage.shared_by(2).await;
        assert!(shares.iter().all(|it| it.len() == 2), "{shares:?}");
        stage.feed_for(SECOND).await;
        let second = second.stop().await;
        stage.feed_for(10 * SECOND).await;
        assert_eq!(stage.shared_by(1).await[0].len(), 4);
        stage.feed_for(SECOND).await;
        let first = first.stop().await;
        assert!(second.counts.rows_in > 0, "the second had its part");
        let rows = stage.next as u64;
        assert_eq!(first.counts.rows_in + second.counts.rows_in, rows, "nobody reads what another has read");
        assert_eq!(stage.written().await, due(PARTITIONS, stage.next), "{more}");
    }
}

/// What it had is with another by then, who has written newer rows. What it had not written yet it drops: a row that came
/// then would be the last of its key.
#[tokio::test(start_paused = true)]
async fn a_process_that_is_cut_off_for_longer_than_its_session_writes_no_old_row_behind_newer_ones() {
    let of_two = |protocol: &str| format!("{protocol} 'scan.parallelism' = '2',");
    for (source, sink) in [
        (CLASSIC.to_owned(), ""),
        (CONSUMER.to_owned(), ""),
        (of_two(CLASSIC), "'sink.parallelism' = '3',"),
        (of_two(CONSUMER), "'sink.parallelism' = '3',"),
        (CONSUMER.to_owned(), "'sink.buffer-flush.max-rows' = '1000', 'sink.buffer-flush.interval' = '1 s',"),
    ] {
        let mut stage = Stage { sink, ..Stage::set().await };
        let first = stage.run(1, &source, JobOptions::new()).await;
        let second = stage.run(2, &source, JobOptions::new()).await;
        stage.feed_for(15 * SECOND + SECOND / 3).await;
        second.cut_off();
        // Its session is 45 s long; what it has not written it would send for two minutes, and after one it gives up reading.
        stage.feed_for(51 * SECOND).await;
        tokio::time::sleep(4 * SECOND).await;
        let rows = due(PARTITIONS, stage.next);
        let newest = |of_key: &BTreeMap<String, Vec<i64>>| -> BTreeMap<String, Option<i64>> {
            of_key.iter().map(|(key, numbers)| (key.clone(), numbers.last().copied())).collect()
        };
        assert_eq!(newest(&stage.written().await), newest(&rows), "{source} {sink}: the first caught up");
        second.mend();
        tokio::time::sleep(30 * SECOND).await;
        let written = stage.written().await;
        assert_eq!(newest(&written), newest(&rows), "{source} {sink}");
        // It goes on.
        stage.feed_for(5 * SECOND).await;
        let second = second.stop().await;
        let first = first.stop().await;
        assert!(first.counts.rows_in > 0 && second.counts.rows_in > 0);
        let (written, rows) = (stage.written().await, due(PARTITIONS, stage.next));
        assert_eq!(newest(&written), newest(&rows), "{source} {sink}");
        if !sink.contains("buffer") {
            let seen = |of_key: &BTreeMap<String, Vec<i64>>| -> BTreeSet<i64> {
                of_key.values().flatten().copied().collect()
            };
            assert_eq!(seen(&written), seen(&rows), "{source} {sink}");
        }
    }
}

/// Rows are on their way to tasks of the sink, which have no room for them, when the process is cut off.
#[tokio::test(start_paused = true)]
async fn behind_an_exchange_rows_on_their_way_are_not_written_by_a_process_that_lost_them() {
    let source = format!("{CLASSIC} 'scan.parallelism' = '2',");
    let sink =
        "'sink.parallelism' = '3', 'properties.buffer.memory' = '2048', 'properties.batch.size' = '512',";
    for moment in 0..3 {
        let mut stage = Stage { sink, ..Stage::set().await };
        let first = stage.run(1, &source, JobOptions::new()).await;
        let second = stage.run(2, &source, JobOptions::new()).await;
        stage.feed_for(15 * SECOND).await;
        stage.feed_burst(4_000).await;
        // Later and later, until all is written.
        for _ in 0..(1 << moment) {
            tokio::task::yield_now().await;
        }
        second.cut_off();
        stage.feed_for(51 * SECOND).await;
        tokio::time::sleep(4 * SECOND).await;
        second.mend();
        tokio::time::sleep(30 * SECOND).await;
        let rows = due(PARTITIONS, stage.next);
        for (key, numbers) in stage.written().await {
            assert_eq!(numbers.last(), rows[&key].last(), "{moment}: {key}");
        }
        second.stop().await;
        first.stop().await;
    }
}

/// Tasks of the sink write for two members, of which one is lost with rows on their way: those of the other are dropped with
/// them, and read again.
#[tokio::test(start_paused = true)]
async fn behind_an_exchange_a_member_that_is_lost_takes_no_row_of_another_with_it() {
    for protocol in [CLASSIC, CONSUMER] {
        let (code, api) = match protocol {
            CLASSIC => (ErrorCode::UNKNOWN_MEMBER_ID, ApiKey::HEARTBEAT),
            _ => (ErrorCode::FENCED_MEMBER_EPOCH, ApiKey::CONSUMER_GROUP_HEARTBEAT),
        };
        let source = format!("{protocol} 'scan.parallelism' = '2',");
        let mut stage = Stage { sink: "'sink.parallelism' = '3',", ..Stage::set().await };
        let job = stage.run(1, &source, JobOptions::new()).await;
        stage.feed_for(5 * SECOND).await;
        let broker = &stage.world.broker;
        // What is on its way when the member hears of it stays so for a while.
        let slow = Fault::new(ApiKey::PRODUCE, Action::Delay(7 * SECOND)).of_client("job").times(u32::MAX);
        let slow = broker.fault(slow).await;
        let mut lost = broker.fault(Fault::new(api, Action::Answer(code))).await;
        stage.feed_for(10 * SECOND).await;
        lost.wait(1).await;
        slow.disarm().await;
        // The broker has the lost one in its group until its session ends.
        stage.feed_for(50 * SECOND).await;
        tokio::time::sleep(10 * SECOND).await;
        job.stop().await;
        let rows = due(PARTITIONS, stage.next);
        for (key, numbers) in stage.written().await {
            let seen: BTreeSet<i64> = numbers.iter().copied().collect();
            assert!(seen.iter().eq(&rows[&key]), "{protocol} {key}: {numbers:?}");
            assert_eq!(numbers.last(), rows[&key].last(), "{protocol} {key}");
        }
    }
}

/// What the issue asks of a rolling upgrade, of whoever is not moved: a row waits for no rebalance.
#[tokio::test(start_paused = true)]
async fn partitions_that_do_not_move_are_read_without_a_pause_while_others_do() {
    for (protocol, heartbeat_ms) in [(CLASSIC, 3_000), (CONSUMER, 5_000)] {
        let pauses = pauses_of_a_process_that_comes_and_goes(protocol).await;
        // A row every tenth of a second: the keys of the two that stayed never waited, whichever two they are.
        assert!(pauses[..2].iter().all(|ms| *ms <= 250), "{protocol} {pauses:?}");
        // Those that moved waited for a heartbeat, in which their next reader heard of it, and no more.
        assert!(pauses.iter().all(|ms| *ms <= heartbeat_ms + 500), "{protocol} {pauses:?}");
    }
}

/// The longest time between two rows of each key, in milliseconds, the shortest first.
async fn pauses_of_a_process_that_comes_and_goes(protocol: &str) -> Vec<i64> {
    let mut stage = Stage::set().await;
    let first = stage.run(1, protocol, JobOptions::new()).await;
    stage.feed_for(2 * SECOND).await;
    let second = stage.begin(2, protocol, JobOptions::new());
    stage.feed_for(20 * SECOND).await;
    let second = second.await.expect("no panic");
    stage.shared_by(2).await;
    second.stop().await;
    stage.feed_for(10 * SECOND).await;
    first.stop().await;

    let mut last: BTreeMap<String, i64> = BTreeMap::new();
    let mut pauses: BTreeMap<String, i64> = BTreeMap::new();
    for Written { key, timestamp_ms, .. } in stage.world.written("latest").await {
        let key = key.expect("a key");
        if let Some(before) = last.insert(key.clone(), timestamp_ms) {
            let pause = pauses.entry(key).or_default();
            *pause = (*pause).max(timestamp_ms - before);
        }
    }
    let mut pauses: Vec<i64> = pauses.into_values().collect();
    pauses.sort_unstable();
    pauses
}

#[tokio::test(start_paused = true)]
async fn a_process_that_is_killed_is_missed_after_its_session_and_another_reads_on() {
    for protocol in [CLASSIC, CONSUMER] {
        a_process_is_killed(protocol).await;
    }
}

async fn a_process_is_killed(protocol: &str) {
    let mut stage = Stage::set().await;
    let first = stage.run(1, protocol, JobOptions::new()).await;
    let second = stage.run(2, protocol, JobOptions::new()).await;
    stage.feed_for(20 * SECOND).await;
    stage.shared_by(2).await;
    stage.feed_for(SECOND / 2).await;
    second.kill().await;
    stage.feed_for(60 * SECOND).await;
    assert_eq!(stage.shared_by(1).await[0].len(), 4);
    first.stop().await;
    let (written, due) = (stage.written().await, due(PARTITIONS, stage.next));
    for (key, due) in due {
        let written = &written[&key];
        // At-least-once: nothing is missing, and nothing older comes after newer but what is read again.
        let mut seen = BTreeSet::new();
        let first_times: Vec<i64> = written.iter().copied().filter(|it| seen.insert(*it)).collect();
        assert_eq!(first_times, due, "{key}");
        assert_eq!(written.last(), due.last(), "{key}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_named_process_has_its_partitions_again_at_once_when_it_was_killed() {
    let mut stage = Stage::set().await;
    let first = stage.run(1, "", JobOptions::new().with_instance("one")).await;
    let second = stage.run(2, "", JobOptions::new().with_instance("two")).await;
    stage.feed_for(20 * SECOND).await;
    let before = stage.shared_by(2).await;
    second.kill().await;
    stage.feed(PARTITIONS, PARTITIONS).await;
    let killed = tokio::time::Instant::now();
    let again = stage.run(3, "", JobOptions::new().with_instance("two")).await;
    assert!(killed.elapsed() < SECOND, "{:?}", killed.elapsed());
    let rows_before = first.progress.counts().rows_in;
    stage.feed_for(2 * SECOND).await;
    let after = stage.shared_by(2).await;
    assert_eq!(before.iter().collect::<BTreeSet<_>>(), after.iter().collect(), "nobody else was given them");
    assert!(first.progress.counts().rows_in > rows_before);
    again.stop().await;
    first.stop().await;
    let written = stage.written().await;
    for (key, due) in due(PARTITIONS, stage.next) {
        assert!(due.iter().all(|it| written[&key].contains(it)), "{key}");
    }
}

/// By the consumer protocol a name is another member's until the session of who was killed is over.
#[tokio::test(start_paused = true)]
async fn a_named_process_that_was_killed_waits_for_its_name_where_the_broker_assigns() {
    let mut stage = Stage::set().await;
    let first = stage.run(1, CONSUMER, JobOptions::new().with_instance("one")).await;
    let second = stage.run(2, CONSUMER, JobOptions::new().with_instance("two")).await;
    stage.feed_for(20 * SECOND).await;
    stage.shared_by(2).await;
    second.kill().await;
    let killed = tokio::time::Instant::now();
    let again = stage.begin(3, CONSUMER, JobOptions::new().with_instance("two"));
    stage.feed_for(50 * SECOND).await;
    let again = again.await.expect("no panic");
    stage.shared_by(2).await;
    assert!(killed.elapsed() < 60 * SECOND, "{:?}", killed.elapsed());
    again.stop().await;
    first.stop().await;
    let written = stage.written().await;
    for (key, due) in due(PARTITIONS, stage.next) {
        assert!(due.iter().all(|it| written[&key].contains(it)), "{key}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_second_of_one_name_takes_the_firsts_place_and_the_first_says_so() {
    let mut stage = Stage::set().await;
    let first = stage.run(1, CLASSIC, JobOptions::new().with_instance("one")).await;
    stage.feed(PARTITIONS, PARTITIONS).await;
    let second = stage.run(2, CLASSIC, JobOptions::new().with_instance("one")).await;
    stage.feed(PARTITIONS, PARTITIONS).await;
    let text = first.failed().await.to_string();
    for part in ["table orders", "group copy", "one-0", "another"] {
        assert!(text.contains(part), "{text}");
    }
    second.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_process_for_which_no_partition_is_left_says_so() {
    let stage = Stage::of(1).await;
    let first = stage.run(1, "", JobOptions::new()).await;
    assert!(first.notices.is_empty(), "{:?}", first.notices);
    let second = stage.run(2, "", JobOptions::new()).await;
    let told = "table orders: group copy has 2 members for 1 partitions: this one reads nothing until another leaves";
    assert_eq!(second.notices, [told]);
    first.stop().await;
    second.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_shared_does_not_begin_anew() {
    let mut stage = Stage::set().await;
    stage.feed(PARTITIONS, PARTITIONS).await;
    let first = stage.run(1, "", JobOptions::new()).await;
    let sql = copying(&stage.world, "", "");
    let anew = JobOptions::new().with_restore(Restore::Nothing);
    let refused = stage.world.process(2).open(&sql, anew.clone()).await.err().expect("a refusal").to_string();
    for part in ["table orders", "group copy has members", "--from-start-mode"] {
        assert!(refused.contains(part), "{refused}");
    }
    tokio::time::sleep(2 * SECOND).await;
    first.stop().await;
    let again = stage.world.process(3).run(&sql, anew).await.expect("a job");
    tokio::time::sleep(2 * SECOND).await;
    assert_eq!(again.stop().await.counts.rows_in, PARTITIONS as u64, "it reads all of it again");
}

/// What is kept of an upsert-kafka table follows its partitions: whoever is given one knows what was there before.
#[tokio::test(start_paused = true)]
async fn the_state_of_a_table_follows_its_partitions() {
    let world = World::new().await;
    let bootstrap = world.bootstrap();
    let client = world.client().await;
    let topics = [NewTopic::new("u").partitions(2), NewTopic::new("told").partitions(1)];
    assert!(client.admin().create_topics(&topics).await.expect("an answer").iter().all(Result::is_ok));
    let producer = client.producer();
    let u = producer.topic("u").await.expect("the topic");
    let put = async |id: i32, v: &str| {
        let (key, value) = (format!("{{\"id\":{id}}}"), format!("{{\"id\":{id},\"v\":\"{v}\"}}"));
        let record = Record::new(&u).key(key.as_bytes()).value(value.as_bytes());
        producer
            .send(Record { partition: Some(id % 2), ..record })
            .await
            .expect("room")
            .await
            .expect("written");
    };
    let sql = format!(
        "SET 'execution.checkpointing.interval' = '1 s';
        CREATE TABLE u (id INT, v STRING, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka',
            'topic' = 'u', 'properties.bootstrap.servers' = '{bootstrap}', 'properties.group.id' = 'state',
            'key.format' = 'json', 'value.format' = 'json');
        CREATE TABLE told (id INT, v STRING) WITH ('connector' = 'kafka', 'topic' = 'told',
            'properties.bootstrap.servers' = '{bootstrap}', 'format' = 'debezium-json');
        INSERT INTO told SELECT * FROM u;"
    );
    put(0, "a").await;
    put(1, "b").await;
    let first = world.process(1).run(&sql, JobOptions::new()).await.expect("a job");
    tokio::time::sleep(3 * SECOND).await;
    assert_eq!(first.progress.state().0, 2, "both keys are kept");
    let second = world.process(2).run(&sql, JobOptions::new()).await.expect("a job");
    tokio::time::sleep(15 * SECOND).await;
    assert_eq!((first.progress.state().0, second.progress.state().0), (1, 1), "each keeps its own");
    put(0, "c").await;
    put(1, "d").await;
    tokio::time::sleep(3 * SECOND).await;
    first.stop().await;
    tokio::time::sleep(10 * SECOND).await;
    put(0, "e").await;
    put(1, "f").await;
    tokio::time::sleep(3 * SECOND).await;
    assert_eq!(second.progress.state().0, 2, "what the first kept was rebuilt");
    second.stop().await;
    let mut told: Vec<String> = world.written("told").await.into_iter().filter_map(|it| it.value).collect();
    told.sort();
    let image = |id: i32, v: &str| format!("{{\"id\":{id},\"v\":\"{v}\"}}");
    let mut due = Vec::new();
    for (id, values) in [(0, ["a", "c", "e"]), (1, ["b", "d", "f"])] {
        for (at, v) in values.iter().enumerate() {
            if at > 0 {
                due.push(format!("{{\"before\":{},\"after\":null,\"op\":\"d\"}}", image(id, values[at - 1])));
            }
            due.push(format!("{{\"before\":null,\"after\":{},\"op\":\"c\"}}", image(id, v)));
        }
    }
    due.sort();
    assert_eq!(told, due);
}

/// A consumer of some other program reads with the job's group: neither could do its work, and the job says so.
#[tokio::test(start_paused = true)]
async fn a_group_in_which_another_program_reads_is_said() {
    let stage = Stage::set().await;
    let servers = stage.world.bootstrap();
    let properties = [
        ("bootstrap.servers", &*servers),
        ("group.id", "copy"),
        ("partition.assignment.strategy", "org.apache.kafka.clients.consumer.RangeAssignor"),
    ];
    let (config, _) = Config::from_properties(properties, Role::Consumer).expect("a config");
    let client = Client::open_in(config, stage.world.process(9).environment).await.expect("a client");
    let mut other = client.member(Subscription::topics(["orders"])).expect("a member");
    assert!(matches!(other.next().await, Ok(Some(MemberEvent::Given(_)))));
    for protocol in [CLASSIC, CONSUMER] {
        let sql = copying(&stage.world, protocol, "");
        let refused = stage.world.process(1).open(&sql, JobOptions::new()).await.err().expect("a refusal");
        let text = refused.to_string();
        for part in ["table orders", "group copy", "properties.group.id"] {
            assert!(text.contains(part), "{protocol}: {text}");
        }
    }
}

/// All is committed when a process leaves its group; a coordinator that does not hear that keeps no stop waiting.
#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_a_group_that_does_not_answer() {
    for (protocol, api) in [(CLASSIC, ApiKey::LEAVE_GROUP), (CONSUMER, ApiKey::CONSUMER_GROUP_HEARTBEAT)] {
        let mut stage = Stage::set().await;
        let job = stage.run(1, protocol, JobOptions::new()).await;
        stage.feed_for(SECOND).await;
        stage.world.broker.fault(Fault::new(api, Action::Delay(3600 * SECOND)).times(u32::MAX)).await;
        let asked = tokio::time::Instant::now();
        let rows = job.stop().await.counts.rows_in;
        assert_eq!(rows, stage.next as u64, "{protocol}");
        assert!(asked.elapsed() < 5 * SECOND, "{protocol} {:?}", asked.elapsed());
    }
}
