//! The metadata that a job commits with its offsets: whose checkpoint they are, and of which topic.

use std::collections::HashMap;
use std::fmt;

use upsert_kafka_client::Uuid;

use crate::plan::{Plan, SinkPlan};

/// What the metadata of one offset says: the version of its form, the topic's id, the job, and of which partitions the
/// job began the topic.
///
/// `upsert-kafka/2 topic=AAAAAAAAAAAAAAAAAAAAAQ job=00f067aa0ba902b7 begun=4 sinks=orders,users`
///
/// Version 1 did not say `begun`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CheckpointMetadata {
    pub(crate) topic_id: Uuid,
    pub(crate) job: JobIdentity,
    /// How many partitions the topic had when the job began it. One from this number on that has no offset was created
    /// since; one below it has no offset because the member that it was given to has committed none yet.
    pub(crate) begun: i32,
}

/// Which job a checkpoint belongs to: the sinks of its INSERTs, topic and cluster, however they are ordered. A job
/// file that gained or lost an INSERT is another job, since its checkpoint says nothing of the rows that the new sink
/// misses; so is one whose sink is on another cluster now.
#[derive(Clone, Debug)]
pub(crate) struct JobIdentity {
    /// Of all sinks and their clusters' ids.
    hash: u64,
    /// The sinks as a person reads them; cut where there are many.
    sinks: String,
}

/// Who committed an offset, as its metadata tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CommittedBy {
    /// Some other program.
    Other,
    /// A version of this program that did not say yet which job it was.
    UnnamedJob,
    /// A later version of this program, which says more than this one reads.
    LaterVersion,
    /// A job, as its checkpoint.
    Checkpoint(CheckpointMetadata),
}

impl CommittedBy {
    pub(crate) fn of(metadata: &str) -> Self {
        let Some(rest) = metadata.strip_prefix(NAME) else { return Self::Other };
        if rest.is_empty() {
            return Self::UnnamedJob;
        }
        let Some(rest) = rest.strip_prefix('/') else { return Self::Other };
        let (version, fields) = rest.split_once(' ').unwrap_or((rest, ""));
        match version.parse::<u32>() {
            Ok(version @ 1..=VERSION) => {
                CheckpointMetadata::parse(version, fields).map_or(Self::Other, Self::Checkpoint)
            }
            Ok(_) => Self::LaterVersion,
            Err(_) => Self::Other,
        }
    }
}

impl CheckpointMetadata {
    fn parse(version: u32, fields: &str) -> Option<Self> {
        let mut fields = fields.splitn(if version == 1 { 3 } else { 4 }, ' ');
        let mut value = |name: &str| fields.next()?.strip_prefix(name)?.strip_prefix('=');
        let topic_id = value("topic")?.parse().ok()?;
        let hash = u64::from_str_radix(value("job")?, 16).ok()?;
        let begun = if version == 1 { 0 } else { value("begun")?.parse().ok()? };
        Some(Self { topic_id, job: JobIdentity { hash, sinks: value("sinks")?.to_owned() }, begun })
    }
}

impl fmt::Display for CheckpointMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { topic_id, job: JobIdentity { hash, sinks }, begun } = self;
        write!(f, "{NAME}/{VERSION} topic={topic_id} job={hash:016x} begun={begun} sinks={sinks}")
    }
}

impl JobIdentity {
    /// `clusters` has the id of the cluster that each table is written to.
    pub(crate) fn of(plan: &Plan, clusters: &HashMap<String, String>) -> Self {
        let sinks = plan.inserts().map(|(_, insert)| match &insert.sink {
            SinkPlan::Kafka(sink) => (sink.topics.to_string(), clusters.get(&sink.table).cloned()),
            SinkPlan::Print(sink) => (format!("print({})", sink.table), None),
            SinkPlan::Blackhole(sink) => (format!("blackhole({})", sink.table), None),
        });
        Self::new(sinks.collect())
    }

    /// A program that reads this table and does with its rows what it likes: what that is, it does not say.
    pub(crate) fn of_program(table: &str) -> Self {
        Self::new(vec![(format!("program({table})"), None)])
    }

    fn new(mut sinks: Vec<(String, Option<String>)>) -> Self {
        sinks.sort_unstable();
        let whole = |(sink, cluster): &(String, Option<String>)| match cluster {
            Some(cluster) => format!("{sink}@{cluster}"),
            None => sink.clone(),
        };
        let hash = fnv1a(sinks.iter().map(whole).collect::<Vec<_>>().join(",").as_bytes());
        let all = sinks.iter().map(|(sink, _)| sink.as_str()).collect::<Vec<_>>().join(",");
        let mut cut = all.floor_char_boundary(SINKS_BYTES_MAX);
        if cut == all.len() {
            return Self { hash, sinks: all };
        }
        cut = all[..cut].rfind(',').unwrap_or(cut);
        Self { hash, sinks: format!("{},… ({} in all)", &all[..cut], sinks.len()) }
    }
}

impl PartialEq for JobIdentity {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
    }
}

impl Eq for JobIdentity {}

/// The sinks.
impl fmt::Display for JobIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sinks)
    }
}

/// FNV-1a of 64 bits: equal on every machine and in every version, as what is committed must be.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

const NAME: &str = "upsert-kafka";
const VERSION: u32 = 2;

/// The names of sinks in the metadata, in bytes: the offset of every partition carries them, and a broker takes at most
/// 4,096 bytes (`offset.metadata.max.bytes`).
const SINKS_BYTES_MAX: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    fn job(sinks: &[&str]) -> JobIdentity {
        JobIdentity::new(sinks.iter().map(|&it| (it.to_owned(), None)).collect())
    }

    #[test]
    fn what_is_written_is_read() {
        let written = CheckpointMetadata { topic_id: Uuid([7; 16]), job: job(&["b", "a"]), begun: 4 };
        let text = written.to_string();
        assert_eq!(
            text,
            format!("upsert-kafka/2 topic={} job={:016x} begun=4 sinks=a,b", Uuid([7; 16]), fnv1a(b"a,b"))
        );
        assert_eq!(CommittedBy::of(&text), CommittedBy::Checkpoint(written.clone()));
        let first = text.replace("/2", "/1").replace(" begun=4", "");
        let of_first = CheckpointMetadata { begun: 0, ..written };
        assert_eq!(
            CommittedBy::of(&first),
            CommittedBy::Checkpoint(of_first),
            "what an earlier version wrote"
        );
    }

    #[test]
    fn the_hash_is_fnv_1a() {
        // Test vectors of draft-eastlake-fnv.
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn metadata_of_others_is_told_apart() {
        for (text, by) in [
            ("", CommittedBy::Other),
            ("flink", CommittedBy::Other),
            ("upsert-kafkaesque", CommittedBy::Other),
            ("upsert-kafka/1 nonsense", CommittedBy::Other),
            ("upsert-kafka", CommittedBy::UnnamedJob),
            ("upsert-kafka/2 topic=AAAAAAAAAAAAAAAAAAAAAQ job=1 sinks=a", CommittedBy::Other),
            ("upsert-kafka/0 whatever", CommittedBy::LaterVersion),
            ("upsert-kafka/3 whatever", CommittedBy::LaterVersion),
        ] {
            assert_eq!(CommittedBy::of(text), by, "{text}");
        }
    }

    #[test]
    fn a_job_is_its_sinks_in_any_order_each_as_often_as_it_is_written() {
        assert_eq!(job(&["a", "b"]), job(&["b", "a"]));
        assert_ne!(job(&["a"]), job(&["a", "a"]));
        assert_ne!(job(&["a"]), job(&["a", "b"]));
        let on = |cluster: &str| JobIdentity::new(vec![("a".into(), Some(cluster.to_owned()))]);
        assert_eq!(on("x"), on("x"));
        assert_ne!(on("x"), on("y"), "the same topic of another cluster");
    }

    #[test]
    fn many_sinks_fit_into_the_metadata() {
        let names = (0..1000).map(|at| (format!("a-topic-with-a-long-name-{at}"), None));
        let job = JobIdentity::new(names.collect());
        let text = CheckpointMetadata { topic_id: Uuid::ZERO, job: job.clone(), begun: 1 }.to_string();
        assert!(text.len() < 1024 && text.ends_with("… (1000 in all)"), "{text}");
        assert!(matches!(CommittedBy::of(&text), CommittedBy::Checkpoint(read) if read.job == job));
    }
}
