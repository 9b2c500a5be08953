//! Apache's Java client, one JVM kept open: a JSON line asked, a JSON line answered.

mod secured;

use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

pub use secured::Token;
use serde_json::{Value, json};

use super::health::{Cluster, Partition};
use super::node::{FAST_START, LOG4J};
use crate::hex;
use crate::record::{NewRecord, Record};

/// The client. It ends when its stdin does, so it cannot outlive us.
#[derive(Debug)]
pub struct Java {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// What the client threw: class, message and causes.
#[derive(Debug)]
pub struct JavaError(String);

impl fmt::Display for JavaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<io::Error> for JavaError {
    fn from(cause: io::Error) -> Self {
        Self(format!("talking to the JVM: {cause}"))
    }
}

/// A topic to create.
#[derive(Clone, Debug)]
pub struct NewTopic<'a> {
    /// Its name.
    pub name: &'a str,
    /// How many.
    pub partitions: i32,
    /// `cleanup.policy` and the like.
    pub configs: &'a [(&'a str, &'a str)],
}

/// One committed offset of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Committed {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// Where to read on.
    pub offset: i64,
    /// What the committer wrote beside it.
    pub metadata: String,
}

/// A part of a partition, as a consumer sees it.
#[derive(Clone, Debug)]
pub struct Page {
    /// What may be seen of it.
    pub records: Vec<Record>,
    /// Where the next one begins.
    pub next: i64,
    /// Where the partition ends.
    pub end: i64,
}

/// A transaction of one producer.
#[derive(Clone, Debug, Default)]
pub struct NewTransaction<'a> {
    /// What it writes.
    pub records: &'a [NewRecord],
    /// A group, and the positions given for it.
    pub offsets: Option<(&'a str, &'a [Committed])>,
    /// Whether it is committed; else it is aborted.
    pub commit: bool,
    /// Before the end another producer takes the transactional id over.
    pub rival: bool,
}

/// What the members of a group had, by the numbers of the partitions.
#[derive(Clone, Debug)]
pub struct GroupLife {
    /// The first member while it was alone.
    pub alone: Vec<i32>,
    /// The first and the second while there were two.
    pub shared: Vec<Vec<i32>>,
    /// The first when the second had left.
    pub again: Vec<i32>,
    /// The values that both have read, sorted.
    pub values: Vec<Vec<u8>>,
}

/// What a member of a group has at a moment, and has read so far: partitions, and values by partition.
#[derive(Clone, Debug)]
pub struct MemberSeen {
    /// The partitions that it has.
    pub has: Vec<i32>,
    /// Partition and value of each record, in the order in which they came.
    pub read: Vec<(i32, Vec<u8>)>,
}

impl MemberSeen {
    fn of(answer: &Value) -> Self {
        let record = |it: &Value| Some((int(&it[0]), bytes(&it[1])?));
        Self {
            has: rows(&answer["has"]).iter().map(int).collect(),
            read: rows(&answer["read"]).iter().filter_map(record).collect(),
        }
    }
}

impl Java {
    /// Starts the JVM; its log goes into the folder.
    pub(super) fn start(library: &Path, folder: &Path, arguments: &[String]) -> io::Result<Self> {
        let mut process = Command::new("java")
            .args(["-Xmx256m"])
            .args(FAST_START)
            .args(arguments)
            .arg(format!("-Dupsert.kafka.log={}", folder.join("client.log").display()))
            .arg(format!("-Dlog4j2.configurationFile={LOG4J}"))
            .args(["-cp", &library.join("*").display().to_string(), SOURCE])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(folder.join("client.err"))?)
            .spawn()?;
        let input = process.stdin.take();
        let output = process.stdout.take().ok_or_else(|| io::Error::other("no stdout"))?;
        Ok(Self { process, input, output: BufReader::new(output) })
    }

    /// Creates topics.
    ///
    /// # Errors
    /// When the broker refuses one.
    pub fn create(&mut self, bootstrap: &str, topics: &[NewTopic<'_>]) -> Result<(), JavaError> {
        let topics: Vec<_> = topics.iter().map(topic).collect();
        self.ask(json!({"do": "create", "config": servers(bootstrap), "topics": topics})).map(drop)
    }

    /// Writes records in order; for each its partition and offset. `config` is of the producer.
    ///
    /// # Errors
    /// The first failure.
    pub fn produce(
        &mut self,
        bootstrap: &str,
        config: &[(&str, &str)],
        records: &[NewRecord],
    ) -> Result<Vec<(i32, i64)>, JavaError> {
        let config = with(servers(bootstrap), config);
        let records: Vec<_> = records.iter().map(new_record).collect();
        let answer = self.ask(json!({"do": "produce", "config": config, "records": records}))?;
        Ok(places(&answer))
    }

    /// Runs transactions, one after the other, of one producer; `config` is the producer's. For each, where its
    /// records lie, be they committed or not.
    ///
    /// # Errors
    /// The first failure.
    pub fn transact(
        &mut self,
        bootstrap: &str,
        config: &[(&str, &str)],
        transactions: &[NewTransaction<'_>],
    ) -> Result<Vec<Vec<(i32, i64)>>, JavaError> {
        let config = with(servers(bootstrap), config);
        let transactions: Vec<_> = transactions.iter().map(transaction).collect();
        let answer = self.ask(json!({"do": "transact", "config": config, "transactions": transactions}))?;
        Ok(rows(&answer).iter().map(places).collect())
    }

    /// Reads a whole topic up to its end; a JVM of 256 MB holds it all: thousands of records, not a hundred thousand.
    ///
    /// # Errors
    /// When there is no such topic, or a record cannot be read.
    pub fn consume(
        &mut self,
        bootstrap: &str,
        topic: &str,
        read_committed: bool,
    ) -> Result<Vec<Record>, JavaError> {
        self.consume_where(bootstrap, topic, read_committed, 0)
    }

    /// Reads a topic until so many records have come; they may be still to be written.
    ///
    /// # Errors
    /// When they have not come within a minute.
    pub fn consume_count(
        &mut self,
        bootstrap: &str,
        topic: &str,
        count: usize,
    ) -> Result<Vec<Record>, JavaError> {
        self.consume_where(bootstrap, topic, false, count)
    }

    fn consume_where(
        &mut self,
        bootstrap: &str,
        topic: &str,
        read_committed: bool,
        count: usize,
    ) -> Result<Vec<Record>, JavaError> {
        let mut config = servers(bootstrap);
        config["isolation.level"] = json!(isolation(read_committed));
        let answer = self.ask(json!({"do": "consume", "config": config, "topic": topic, "count": count}))?;
        Ok(rows(&answer).iter().map(record).collect())
    }

    /// Reads a part of a partition: about so many records from there, or up to its end.
    ///
    /// # Errors
    /// When there is no such partition, or a record cannot be read.
    pub fn page(
        &mut self,
        bootstrap: &str,
        (topic, partition): (&str, i32),
        from: i64,
        limit: usize,
        read_committed: bool,
    ) -> Result<Page, JavaError> {
        let mut config = servers(bootstrap);
        config["isolation.level"] = json!(isolation(read_committed));
        let answer = self.ask(json!({
            "do": "page", "config": config, "topic": topic, "partition": partition, "from": from, "limit": limit,
        }))?;
        Ok(Page {
            records: rows(&answer["records"]).iter().map(record).collect(),
            next: long(&answer["next"]),
            end: long(&answer["end"]),
        })
    }

    /// Sets a feature of the whole cluster to a level: `transaction.version` to 1.
    ///
    /// # Errors
    /// When the controller refuses.
    pub fn downgrade(&mut self, bootstrap: &str, feature: &str, level: i16) -> Result<(), JavaError> {
        let config = servers(bootstrap);
        self.ask(json!({"do": "downgrade", "config": config, "feature": feature, "level": level})).map(drop)
    }

    /// Brokers, partitions and controllers.
    ///
    /// # Errors
    /// When no broker answers within a few seconds.
    pub fn describe(&mut self, bootstrap: &str) -> Result<Cluster, JavaError> {
        let patience = [("request.timeout.ms", "2000"), ("default.api.timeout.ms", "5000")];
        let answer = self.ask(json!({"do": "describe", "config": with(servers(bootstrap), &patience)}))?;
        let behind =
            |it: &Value| Duration::from_millis(u64::try_from(long(&it["behind"])).unwrap_or_default());
        Ok(Cluster {
            brokers: rows(&answer["brokers"]).iter().map(int).collect(),
            partitions: rows(&answer["partitions"]).iter().map(partition).collect(),
            voters: rows(&answer["voters"]).iter().map(|it| (int(&it["id"]), behind(it))).collect(),
        })
    }

    /// The life of a group of two members, which read all the records of a topic, so many.
    ///
    /// # Errors
    /// When the broker refuses, or one of its stages has not come within 40 seconds.
    pub fn group(
        &mut self,
        bootstrap: &str,
        config: &[(&str, &str)],
        group: &str,
        (topic, partitions): (&str, usize),
        count: usize,
    ) -> Result<GroupLife, JavaError> {
        let config = with(servers(bootstrap), config);
        let answer = self.ask(json!({
            "do": "group", "config": config, "group": group, "topic": topic, "partitions": partitions, "count": count,
        }))?;
        let indexes = |value: &Value| rows(value).iter().map(int).collect();
        Ok(GroupLife {
            alone: indexes(&answer["alone"]),
            shared: rows(&answer["shared"]).iter().map(indexes).collect(),
            again: indexes(&answer["again"]),
            values: rows(&answer["values"]).iter().filter_map(bytes).collect(),
        })
    }

    /// Starts a member of a group, which reads the topic under that name until it leaves.
    ///
    /// # Errors
    /// When the configuration is refused.
    pub fn join(
        &mut self,
        bootstrap: &str,
        config: &[(&str, &str)],
        name: &str,
        (group, topic): (&str, &str),
    ) -> Result<(), JavaError> {
        let config = with(servers(bootstrap), config);
        let request = json!({"do": "join", "config": config, "name": name, "group": group, "topic": topic});
        self.ask(request).map(drop)
    }

    /// What the member of that name has and has read.
    ///
    /// # Errors
    /// What ended it; partitions that it lost.
    pub fn seen(&mut self, name: &str) -> Result<MemberSeen, JavaError> {
        Ok(MemberSeen::of(&self.ask(json!({"do": "seen", "name": name}))?))
    }

    /// Has the member of that name leave: it commits what it read.
    ///
    /// # Errors
    /// What ended it before; partitions that it lost.
    pub fn leave(&mut self, name: &str) -> Result<MemberSeen, JavaError> {
        Ok(MemberSeen::of(&self.ask(json!({"do": "leave", "name": name}))?))
    }

    /// The end offset of each partition, in order.
    ///
    /// # Errors
    /// When there is no such topic.
    pub fn ends(&mut self, bootstrap: &str, topic: &str) -> Result<Vec<i64>, JavaError> {
        let answer = self.ask(json!({"do": "ends", "config": servers(bootstrap), "topic": topic}))?;
        Ok(rows(&answer).iter().map(long).collect())
    }

    /// One setting of a topic.
    ///
    /// # Errors
    /// When there is no such topic.
    pub fn topic_config(
        &mut self,
        bootstrap: &str,
        topic: &str,
        key: &str,
    ) -> Result<Option<String>, JavaError> {
        let answer = self.ask(json!({"do": "configs", "config": servers(bootstrap), "topic": topic}))?;
        Ok(answer[key].as_str().map(str::to_owned))
    }

    /// Commits offsets of a group that has no members.
    ///
    /// # Errors
    /// When the broker refuses.
    pub fn commit(&mut self, bootstrap: &str, group: &str, offsets: &[Committed]) -> Result<(), JavaError> {
        let offsets: Vec<_> = offsets.iter().map(offset).collect();
        self.ask(json!({"do": "commit", "config": servers(bootstrap), "group": group, "offsets": offsets}))
            .map(drop)
    }

    /// What a group has committed, by topic and partition.
    ///
    /// # Errors
    /// When the broker refuses.
    pub fn committed(&mut self, bootstrap: &str, group: &str) -> Result<Vec<Committed>, JavaError> {
        let answer = self.ask(json!({"do": "committed", "config": servers(bootstrap), "group": group}))?;
        let mut all: Vec<_> = rows(&answer).iter().map(committed).collect();
        all.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
        Ok(all)
    }

    fn ask(&mut self, request: Value) -> Result<Value, JavaError> {
        let input = self.input.as_mut().ok_or_else(|| JavaError("the JVM's input is closed".into()))?;
        input.write_all(format!("{request}\n").as_bytes())?;
        input.flush()?;
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err(JavaError("the JVM ended; see client.err under target/tmp".into()));
        }
        let mut answer: Value = serde_json::from_str(&line).map_err(|e| JavaError(format!("{e}: {line}")))?;
        match answer["error"].as_str() {
            Some(error) => Err(JavaError(error.into())),
            None => Ok(answer["ok"].take()),
        }
    }
}

impl Drop for Java {
    fn drop(&mut self) {
        drop(self.input.take());
        // It halts at the end of its input; whether that went well interests nobody.
        let _ = self.process.wait();
    }
}

fn servers(bootstrap: &str) -> Value {
    json!({"bootstrap.servers": bootstrap})
}

fn with(mut config: Value, further: &[(&str, &str)]) -> Value {
    further.iter().for_each(|(key, value)| config[*key] = json!(value));
    config
}

fn isolation(read_committed: bool) -> &'static str {
    if read_committed { "read_committed" } else { "read_uncommitted" }
}

fn topic(it: &NewTopic<'_>) -> Value {
    let configs: serde_json::Map<_, _> =
        it.configs.iter().map(|(key, value)| ((*key).into(), json!(value))).collect();
    json!({"name": it.name, "partitions": it.partitions, "replication": -1, "configs": configs})
}

fn transaction(it: &NewTransaction<'_>) -> Value {
    let records: Vec<_> = it.records.iter().map(new_record).collect();
    let offsets = it.offsets.map(|(group, offsets)| {
        let offsets: Vec<_> = offsets.iter().map(offset).collect();
        json!({"group": group, "offsets": offsets})
    });
    json!({"records": records, "offsets": offsets, "commit": it.commit, "rival": it.rival})
}

fn offset(it: &Committed) -> Value {
    json!({"topic": it.topic, "partition": it.partition, "offset": it.offset, "metadata": it.metadata})
}

fn new_record(it: &NewRecord) -> Value {
    let hex = |bytes: &Option<Vec<u8>>| bytes.as_deref().map(hex::encode);
    let headers: Vec<_> = it.headers.iter().map(|(name, value)| json!([name, hex(value)])).collect();
    json!({
        "topic": it.topic, "partition": it.partition, "timestamp": it.timestamp_ms,
        "key": hex(&it.key), "value": hex(&it.value), "headers": headers,
    })
}

fn record(it: &Value) -> Record {
    Record {
        topic: text(&it["topic"]),
        partition: int(&it["partition"]),
        offset: long(&it["offset"]),
        timestamp_ms: long(&it["timestamp"]),
        headers: rows(&it["headers"]).iter().map(|it| (text(&it[0]), bytes(&it[1]))).collect(),
        key: bytes(&it["key"]),
        value: bytes(&it["value"]),
    }
}

fn committed(it: &Value) -> Committed {
    Committed {
        topic: text(&it["topic"]),
        partition: int(&it["partition"]),
        offset: long(&it["offset"]),
        metadata: text(&it["metadata"]),
    }
}

/// The partition and offset of each record written.
fn places(value: &Value) -> Vec<(i32, i64)> {
    rows(value).iter().map(|it| (int(&it["partition"]), long(&it["offset"]))).collect()
}

fn partition(it: &Value) -> Partition {
    Partition {
        topic: text(&it["topic"]),
        partition: int(&it["partition"]),
        leader: it["leader"].as_i64().map(|_| int(&it["leader"])),
        replicas: rows(&it["replicas"]).iter().map(int).collect(),
        in_sync: rows(&it["in_sync"]).iter().map(int).collect(),
    }
}

fn rows(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn long(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("not a number: {value}"))
}

fn int(value: &Value) -> i32 {
    i32::try_from(long(value)).unwrap_or_else(|e| panic!("{value}: {e}"))
}

fn bytes(value: &Value) -> Option<Vec<u8>> {
    value.as_str().map(|digits| hex::decode(digits).unwrap_or_else(|| panic!("not hexadecimal: {digits}")))
}

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/java/Client.java");
