//! What a plan says of each reader, INSERT and table.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::distribution::Distribution;
use crate::delivery_guarantee::DeliveryGuarantee;
use crate::deserializer::{DeserializerPlan, PartPlan};
use crate::error_handling::ErrorHandling;
use crate::expr::Projection;
use crate::format::{DecodingFormat, EncodingFormat};
use crate::local_source::LocalPlan;
use crate::normalize::NormalizePlan;
use crate::once::Once;
use crate::record_metadata::MetadataColumns;
use crate::scan::{Bounded, Startup};
use crate::serializer::ChangeMode;
use crate::step::Step;
use crate::topic_selector::{TopicPattern, TopicSelector};
use crate::types::Field;

/// One reader and every INSERT that it feeds: a topic is read once per job, however many INSERTs want it, so
/// that one position per partition stands for all of them.
#[derive(Debug)]
pub struct Pipeline {
    /// The tables that are read, at least one. They agree in all that concerns the reader: topics, group,
    /// properties, start and end; each has a format and columns of its own.
    pub(crate) sources: Vec<SourcePlan>,
    /// At least one, in the order of the statements.
    pub(crate) inserts: Vec<InsertPlan>,
    /// How many tasks share the partitions, at least one.
    pub(crate) tasks: u32,
}

/// One INSERT, or a branch of it: a source's rows through a projection into a sink.
#[derive(Debug)]
pub struct InsertPlan {
    /// Which of the pipeline's sources.
    pub(crate) source: usize,
    /// Which INSERT or SELECT of the script: the branches of one have one sink.
    pub(crate) statement: usize,
    /// What happens to the source's rows first.
    pub(crate) steps: Vec<Step>,
    /// The source's row to the sink's.
    pub(crate) projection: Projection,
    /// Whether UPDATE_BEFORE is thrown away before the sink.
    pub(crate) drop_update_before: bool,
    /// Why, in a sentence.
    pub(crate) update_before: &'static str,
    /// Whether deletes have the columns of their key alone, the others NULL.
    pub(crate) key_only_deletes: bool,
    /// What is written.
    pub(crate) sink: SinkPlan,
    /// Which task writes a row.
    pub(crate) distribution: Distribution,
}

/// A table that is read.
pub struct SourcePlan {
    /// Its name.
    pub(crate) table: String,
    /// At least one, but of a table without Kafka.
    pub(crate) topics: Vec<String>,
    /// All topics that match are read, those to come among them; then `topics` is empty.
    pub(crate) topic_pattern: Option<TopicPattern>,
    /// `properties.*` without the prefix, in the order of their keys.
    pub(crate) properties: Vec<(String, String)>,
    /// `properties.group.id`
    pub(crate) group_id: Option<String>,
    /// Where it begins.
    pub(crate) startup: Startup,
    /// Where it ends.
    pub(crate) bounded: Bounded,
    /// How often new partitions are looked for; `None` is never.
    pub(crate) discovery_interval: Option<Duration>,
    /// Makes rows of `columns` of a record.
    pub(crate) deserializer: DeserializerPlan,
    /// Where the value's decoder passes over what it cannot read, one that says why.
    pub(crate) strict_decoder: Option<Box<dyn DecodingFormat>>,
    /// Whether the format tells updates and deletes; if not, every row is an insert.
    pub(crate) carries_changes: bool,
    /// The row: the physical columns in declared order, then the metadata.
    pub(crate) columns: Arc<[Field]>,
    /// The primary key's columns among `columns`, if the table has one.
    pub(crate) primary_key: Vec<usize>,
    /// Whether it is an upsert-kafka table: its rows replace or delete that of their key.
    pub(crate) upsert_mode: bool,
    /// Of an upsert-kafka table whose old rows somebody must know: how they are kept.
    pub(crate) normalize: Option<NormalizePlan>,
    /// `scan.parallelism`
    pub(crate) parallelism: Option<u32>,
    /// `error-handling.*`
    pub(crate) errors: ErrorHandling,
    /// What is read instead of topics.
    pub(crate) local: Option<LocalPlan>,
}

/// A table that is written.
#[derive(Debug)]
pub(crate) enum SinkPlan {
    /// Connectors `upsert-kafka` and `kafka`.
    Kafka(Box<KafkaSinkPlan>),
    /// Connector `print`.
    Print(PrintPlan),
    /// Connector `blackhole`.
    Blackhole(BlackholePlan),
}

/// A table in topics that is written.
pub(crate) struct KafkaSinkPlan {
    /// Its name.
    pub(crate) table: String,
    /// Where rows go.
    pub(crate) topics: TopicSelector,
    /// `properties.*` without the prefix, in the order of their keys.
    pub(crate) properties: Vec<(String, String)>,
    /// Writes the key's columns of a row of `columns`; `None`: records have no key.
    pub(crate) key: Option<Box<dyn EncodingFormat>>,
    /// Writes the value's columns of a row of `columns`.
    pub(crate) value: Box<dyn EncodingFormat>,
    /// The row that both encoders read: physical columns and those of metadata that is written, in declared order.
    pub(crate) columns: Arc<[Field]>,
    /// The primary key's columns among `columns`, in the order of the PRIMARY KEY clause.
    pub(crate) primary_key: Vec<usize>,
    /// Which columns are metadata of the record, and headers that every record has.
    pub(crate) metadata: MetadataColumns,
    /// How rows that change and go are told.
    pub(crate) changes: ChangeMode,
    /// Whether rows can only be inserted.
    pub(crate) is_insert_only: bool,
    /// Whether each task writes to one partition (`sink.partitioner` = fixed).
    pub(crate) fixed_partition: bool,
    /// `sink.buffer-flush.*`
    pub(crate) buffer: Option<BufferPlan>,
    /// `sink.parallelism`
    pub(crate) parallelism: Option<u32>,
    /// `sink.delivery-guarantee`
    pub(crate) delivery: DeliveryGuarantee,
    /// `sink.progress-topic`
    pub(crate) progress_topic: String,
}

/// `sink.buffer-flush.max-rows` and `interval`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BufferPlan {
    /// Keys that are held back at most.
    pub(crate) max_rows: usize,
    /// How long at most.
    pub(crate) interval: Duration,
}

/// A blackhole table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BlackholePlan {
    /// Its name.
    pub(crate) table: String,
    /// The row that is forgotten.
    pub(crate) columns: Arc<[Field]>,
    /// The primary key's columns among `columns`, if the table has one.
    pub(crate) primary_key: Vec<usize>,
    /// `sink.parallelism`
    pub(crate) parallelism: Option<u32>,
}

/// A print table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PrintPlan {
    /// Its name.
    pub(crate) table: String,
    /// The row that is printed.
    pub(crate) columns: Arc<[Field]>,
    /// The primary key's columns among `columns`, if the table has one.
    pub(crate) primary_key: Vec<usize>,
    /// `print-identifier`: stands before each line.
    pub(crate) identifier: Option<String>,
    /// `standard-error`
    pub(crate) standard_error: bool,
    /// How a change is written.
    pub(crate) layout: Layout,
    /// `sink.parallelism`
    pub(crate) parallelism: Option<u32>,
}

/// How a change is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `+I[1, a]`, as connector `print` does.
    Row,
    /// `| +I | 1 | a |`, as Flink's client shows a query's changes; the first branch of a query begins with the names.
    Changelog { has_header: bool },
    /// `{"op":"+I","row":{"id":1,"name":"a"}}`, of a query.
    Json,
    /// The operation and the cells of a query's change, with tabs between.
    Raw,
    /// The cells of a query's change, for a program that shows them.
    Cells,
}

/// What a SELECT of its own is called where a table's name is asked for.
pub(crate) const SELECT: &str = "SELECT";

impl Pipeline {
    /// What says where and how the topics are read: the same for every source.
    pub(crate) fn reader(&self) -> &SourcePlan {
        &self.sources[0]
    }

    /// The branches of each statement, which one writer takes in a task.
    pub(crate) fn sinks(&self) -> impl Iterator<Item = &[InsertPlan]> {
        self.inserts.chunk_by(|one, next| one.statement == next.statement)
    }

    /// Its sinks whose rows are written in transactions, each once.
    pub(crate) fn exactly_once_sinks(&self) -> impl Iterator<Item = &KafkaSinkPlan> {
        self.sinks().filter_map(<[InsertPlan]>::first).filter_map(|insert| match &insert.sink {
            SinkPlan::Kafka(sink) if sink.delivery.naming().is_some() => Some(&**sink),
            _ => None,
        })
    }

    /// Every INSERT with the table that it reads.
    pub(crate) fn inserts(&self) -> impl Iterator<Item = (&SourcePlan, &InsertPlan)> {
        self.inserts.iter().map(|insert| (&self.sources[insert.source], insert))
    }
}

impl SourcePlan {
    /// The table's name.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// Whether processes of the job share its partitions: it reads for ever, as a group, topics that it names.
    pub(crate) fn may_share(&self) -> bool {
        let names_topics = self.local.is_none() && self.topic_pattern.is_none();
        names_topics && self.group_id.is_some() && self.bounded == Bounded::Unbounded
    }

    /// `properties.group.instance.id`
    pub(crate) fn group_instance_id(&self) -> Option<&str> {
        let given = self.properties.iter().find(|(key, _)| key == "group.instance.id");
        given.map(|(_, name)| name.as_str())
    }

    /// One row without columns, once.
    pub(crate) fn once() -> Self {
        Self {
            table: ONCE.to_owned(),
            topics: Vec::new(),
            properties: Vec::new(),
            group_id: None,
            startup: Startup::EarliestOffset,
            bounded: Bounded::LatestOffset,
            topic_pattern: None,
            discovery_interval: None,
            deserializer: DeserializerPlan {
                key: None,
                value: PartPlan { format: Box::new(Once), slots: Vec::new() },
                metadata: Vec::new(),
                arity: 0,
                upsert_mode: false,
            },
            strict_decoder: None,
            carries_changes: false,
            columns: Arc::new([]),
            primary_key: Vec::new(),
            upsert_mode: false,
            normalize: None,
            parallelism: None,
            errors: ErrorHandling::default(),
            local: Some(LocalPlan::Rows { count: Some(1), per_second: 1_000_000 }),
        }
    }

    /// The topics that are read: at least one, except of VALUES, which reads none.
    pub fn topics(&self) -> &[String] {
        &self.topics
    }

    /// Whether what is made of a record depends on those before, so that a restart must read them again.
    pub(crate) fn keeps_state(&self) -> bool {
        self.normalize.is_some()
    }
}

impl InsertPlan {
    /// Whether an expression asks for the time or for chance.
    pub(crate) fn reads_clock(&self) -> bool {
        self.steps
            .iter()
            .flat_map(Step::exprs)
            .chain(self.projection.exprs())
            .any(|expr| !expr.is_deterministic())
    }

    /// The name of the table that is written.
    pub fn table(&self) -> &str {
        self.sink.table()
    }

    /// The topic that is written; of several the first, and `None` for a table without topics.
    pub fn topic(&self) -> Option<&str> {
        match &self.sink {
            SinkPlan::Kafka(sink) => sink.topics.names().first().map(String::as_str),
            SinkPlan::Print(_) | SinkPlan::Blackhole(_) => None,
        }
    }

    /// For deletes that have their key alone: the projection with NOT NULL for the sink's key alone.
    pub(crate) fn delete_projection(&self) -> Option<Projection> {
        let key = match &self.sink {
            SinkPlan::Kafka(sink) => &sink.primary_key[..],
            SinkPlan::Print(_) | SinkPlan::Blackhole(_) => &[],
        };
        self.key_only_deletes.then(|| self.projection.not_null_only(key))
    }
}

impl SinkPlan {
    /// The table's name.
    pub(crate) fn table(&self) -> &str {
        match self {
            Self::Kafka(sink) => &sink.table,
            Self::Print(sink) => &sink.table,
            Self::Blackhole(sink) => &sink.table,
        }
    }

    /// The row that is written.
    pub(crate) fn columns(&self) -> &Arc<[Field]> {
        match self {
            Self::Kafka(sink) => &sink.columns,
            Self::Print(sink) => &sink.columns,
            Self::Blackhole(sink) => &sink.columns,
        }
    }

    /// Whether it shows what a SELECT gives.
    pub(crate) fn is_query(&self) -> bool {
        matches!(self, Self::Print(sink) if sink.layout != Layout::Row)
    }

    /// The columns of its primary key in the row that is written, if it has one.
    pub(crate) fn primary_key(&self) -> &[usize] {
        match self {
            Self::Kafka(sink) => &sink.primary_key,
            Self::Print(sink) => &sink.primary_key,
            Self::Blackhole(sink) => &sink.primary_key,
        }
    }

    /// `sink.parallelism`
    pub(crate) fn parallelism(&self) -> Option<u32> {
        match self {
            Self::Kafka(sink) => sink.parallelism,
            Self::Print(sink) => sink.parallelism,
            Self::Blackhole(sink) => sink.parallelism,
        }
    }
}

/// What the source of VALUES is called where a table's name is asked for.
const ONCE: &str = "VALUES";

impl fmt::Debug for SourcePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourcePlan").field("table", &self.table).finish_non_exhaustive()
    }
}

impl fmt::Debug for KafkaSinkPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaSinkPlan").field("table", &self.table).finish_non_exhaustive()
    }
}
