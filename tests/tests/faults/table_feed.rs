//! Rows that are fed to a job at a pace, and watched in its sink's topic: which came, how often, in which order, how late.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{interval, timeout};
use upsert_kafka_client::{Assignment, Client, OffsetSpec, Position, Record};

use super::PARTITIONS;
use super::pulse::{PATIENCE, Progress, Pulse};

/// Rows on their way, until [`TableFeed::finish`].
pub(super) struct TableFeed {
    sink: String,
    progress: watch::Receiver<Progress>,
    finish: oneshot::Sender<u64>,
    enough: oneshot::Sender<()>,
    gaps: Arc<Mutex<Gaps>>,
    feeding: JoinHandle<()>,
    watching: JoinHandle<Seen>,
}

/// For how long at most no row was seen of each partition of the source.
#[derive(Debug)]
struct Gaps {
    last: Vec<Instant>,
    longest: Vec<Duration>,
}

/// What came of the rows that were fed.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) rows: usize,
    pub(super) lost: usize,
    pub(super) doubled: usize,
    /// Behind a later row of its key.
    pub(super) disordered: usize,
    /// From a row's sending to its sight under read_committed, sorted.
    pub(super) delays: Vec<Duration>,
}

/// When each row was sent, by its number.
type SentAt = Arc<Mutex<Vec<Instant>>>;

struct Feed {
    client: Client,
    topic: String,
    sent_at: SentAt,
    report: watch::Sender<Progress>,
}

struct Watcher {
    sent_at: SentAt,
    report: watch::Sender<Progress>,
    /// By number.
    counts: Vec<usize>,
    /// All before this number were seen.
    settled: usize,
    last_of_key: HashMap<u64, usize>,
    gaps: Arc<Mutex<Gaps>>,
    seen: Seen,
}

impl TableFeed {
    /// Begins to feed so many rows a second into the first topic, and to read those of the second that are committed.
    pub(super) async fn start(client: &Client, committed: &Client, topics: [&str; 2], pace: u64) -> Self {
        let (report, progress) = watch::channel(Progress::default());
        let (finish, finished) = oneshot::channel();
        let (enough, told) = oneshot::channel();
        let sent_at = SentAt::default();
        let gaps = Arc::new(Mutex::new(Gaps::since(Instant::now())));
        let [source, sink] = topics.map(str::to_owned);
        let watcher = Watcher {
            sent_at: Arc::clone(&sent_at),
            report: report.clone(),
            counts: Vec::new(),
            settled: 0,
            last_of_key: HashMap::new(),
            gaps: Arc::clone(&gaps),
            seen: Seen::default(),
        };
        let feed = Feed { client: client.clone(), topic: source, sent_at, report };
        Self {
            watching: tokio::spawn(watcher.run(committed.clone(), sink.clone(), told)),
            feeding: tokio::spawn(feed.run(pace, finished)),
            sink,
            progress,
            finish,
            enough,
            gaps,
        }
    }

    pub(super) fn pulse(&self) -> Pulse {
        Pulse::new(&self.sink, self.progress.clone())
    }

    /// For how long at most no row was seen of each partition of the source, since this was last asked; what lasts now
    /// counts too.
    pub(super) fn gaps(&self) -> Vec<Duration> {
        let mut gaps = self.gaps.lock().expect("the watcher lives");
        (0..gaps.last.len()).for_each(|partition| gaps.see(partition));
        let now = Instant::now();
        std::mem::replace(&mut *gaps, Gaps::since(now)).longest
    }

    /// Feeds the rest of so many, and waits until all are seen, or until no more can be expected.
    pub(super) async fn finish(self, at_least: u64) -> Seen {
        self.finish.send(at_least).expect("the feed ended");
        self.feeding.await.expect("all are fed");
        let mut progress = self.progress.clone();
        // Those that do not come are what the watcher counts.
        let _ = timeout(PATIENCE, progress.wait_for(|it| it.settled >= it.sent)).await;
        self.enough.send(()).expect("the watcher lives");
        self.watching.await.expect("all is read")
    }
}

impl Feed {
    async fn run(self, pace: u64, mut finished: oneshot::Receiver<u64>) {
        let producer = self.client.producer();
        let topic = producer.topic(&self.topic).await.expect("the topic");
        let mut beat = interval(BEAT);
        let (mut next, mut due) = (0, 0);
        let mut at_least = None;
        while at_least.is_none_or(|at_least| next < at_least) {
            tokio::select! {
                _ = beat.tick() => due += pace / BEATS_PER_SECOND,
                told = &mut finished, if at_least.is_none() => {
                    at_least = Some(told.expect("the test ended"));
                    due = due.max(at_least.unwrap_or_default());
                }
            }
            for number in next..due {
                let (key, value) = (number % KEYS, format!("{{\"id\":{},\"n\":{number}}}", number % KEYS));
                self.sent_at.lock().expect("the watcher lives").push(Instant::now());
                let key = key.to_string();
                let partition = i32::try_from(partition_of(number % KEYS)).expect("a few");
                let record =
                    Record::new(&topic).partition(partition).key(key.as_bytes()).value(value.as_bytes());
                // What fails, the flush tells.
                let _flushed_below = producer.send(record).await.expect("room");
                self.report.send_modify(|it| it.sent = number + 1);
            }
            next = next.max(due);
        }
        producer.flush().await.expect("with time enough all are written");
    }
}

impl Watcher {
    async fn run(mut self, client: Client, sink: String, mut enough: oneshot::Receiver<()>) -> Seen {
        let mut consumer = client.consumer();
        let begins = consumer.offsets(&sink, OffsetSpec::Earliest).await.expect("the partitions");
        let begin = |(of, _): &(i32, i64)| Assignment::new(sink.as_str(), *of, Position::Earliest);
        consumer.assign(begins.iter().map(begin).collect());
        loop {
            let fetched = tokio::select! {
                fetched = consumer.poll() => fetched.expect("records"),
                _ = &mut enough => break,
            };
            for record in &fetched {
                let record = record.expect("a record");
                self.see(record.key.expect("a key"), record.value.expect("a value"));
            }
            self.settle();
        }
        let sent = self.sent_at.lock().expect("the feed lives").len();
        self.seen.rows = sent;
        self.counts.resize(sent, 0);
        self.seen.lost = self.counts.iter().filter(|it| **it == 0).count();
        self.seen.doubled = self.counts.iter().filter(|it| **it > 1).count();
        self.seen.delays.sort_unstable();
        self.seen
    }

    fn see(&mut self, key: &[u8], value: &[u8]) {
        let [key, value] = [key, value].map(|it| std::str::from_utf8(it).expect("UTF-8"));
        let (id, number) = numbers(value).unwrap_or_else(|| panic!("not a row of the feed: {value}"));
        assert_eq!(key, format!("{{\"id\":{id}}}"));
        let sent_at = self.sent_at.lock().expect("the feed lives")[number];
        self.seen.delays.push(sent_at.elapsed());
        self.counts.resize(self.counts.len().max(number + 1), 0);
        self.counts[number] += 1;
        self.gaps.lock().expect("the test lives").see(partition_of(id));
        if self.last_of_key.insert(id, number).is_some_and(|last| last > number) {
            self.seen.disordered += 1;
        }
    }

    fn settle(&mut self) {
        self.settled += self.counts[self.settled..].iter().take_while(|it| **it > 0).count();
        self.report.send_modify(|it| {
            it.settled = self.settled as u64;
            it.acknowledged = self.counts.len() as u64;
        });
    }
}

/// The id and the number of a row, as the sink's JSON has them.
fn numbers(value: &str) -> Option<(u64, usize)> {
    let (id, number) = value.strip_prefix("{\"id\":")?.strip_suffix('}')?.split_once(",\"n\":")?;
    Some((id.parse().ok()?, number.parse().ok()?))
}

/// The partition of the source in which a key's rows lie.
fn partition_of(id: u64) -> usize {
    usize::try_from(id).expect("a small id") % PARTITIONS as usize
}

impl Gaps {
    fn since(now: Instant) -> Self {
        let count = PARTITIONS as usize;
        Self { last: vec![now; count], longest: vec![Duration::ZERO; count] }
    }

    fn see(&mut self, partition: usize) {
        let gap = std::mem::replace(&mut self.last[partition], Instant::now()).elapsed();
        self.longest[partition] = self.longest[partition].max(gap);
    }
}

impl Seen {
    fn delay_at(&self, per_mille: usize) -> f64 {
        let at = (self.delays.len() * per_mille / 1000).min(self.delays.len().saturating_sub(1));
        self.delays.get(at).map_or(0.0, Duration::as_secs_f64)
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rows, lost, doubled, disordered, .. } = self;
        let [median, late, worst] = [500, 990, 1000].map(|at| self.delay_at(at));
        write!(
            f,
            "{rows} rows, {lost} lost, {doubled} doubled, {disordered} out of order; from a row's sending to its sight \
             {median:.2} s at p50, {late:.2} s at p99, {worst:.1} s at worst"
        )
    }
}

const KEYS: u64 = 600;
const BEAT: Duration = Duration::from_millis(10);
const BEATS_PER_SECOND: u64 = 100;
