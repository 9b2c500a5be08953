//! What a plan says of each reader, INSERT and table.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::deserializer::DeserializerPlan;
use crate::expr::Projection;
use crate::format::{DecodingFormat, EncodingFormat};
use crate::once::Once;
use crate::scan::{Bounded, Startup};
use crate::step::Step;
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
}

/// One INSERT: a source's rows through a projection into a sink.
#[derive(Debug)]
pub struct InsertPlan {
    /// Which of the pipeline's sources.
    pub(crate) source: usize,
    /// What happens to the source's rows first.
    pub(crate) steps: Vec<Step>,
    /// The source's row to the sink's.
    pub(crate) projection: Projection,
    /// Whether UPDATE_BEFORE is thrown away before the sink.
    pub(crate) drop_update_before: bool,
    /// Why, in a sentence.
    pub(crate) update_before: &'static str,
    /// What is written.
    pub(crate) sink: SinkPlan,
}

/// A table that is read.
pub struct SourcePlan {
    /// Its name.
    pub(crate) table: String,
    /// At least one.
    pub(crate) topics: Vec<String>,
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
    /// Whether there is no topic, but one row without columns, once: what VALUES and a SELECT without FROM read.
    pub(crate) is_once: bool,
    /// The row: the physical columns in declared order, then the metadata.
    pub(crate) columns: Arc<[Field]>,
    /// The primary key's columns among `columns`, if the table has one.
    pub(crate) primary_key: Vec<usize>,
}

/// A table that is written.
#[derive(Debug)]
pub(crate) enum SinkPlan {
    /// Connector `upsert-kafka`.
    UpsertKafka(UpsertPlan),
    /// Connector `print`.
    Print(PrintPlan),
}

/// An upsert-kafka table that is written.
pub(crate) struct UpsertPlan {
    /// Its name.
    pub(crate) table: String,
    /// The topic.
    pub(crate) topic: String,
    /// `properties.*` without the prefix, in the order of their keys.
    pub(crate) properties: Vec<(String, String)>,
    /// Writes the primary key's columns of a row of `columns`.
    pub(crate) key: Box<dyn EncodingFormat>,
    /// Writes the value's columns of a row of `columns`.
    pub(crate) value: Box<dyn EncodingFormat>,
    /// The row that both encoders read.
    pub(crate) columns: Arc<[Field]>,
    /// The primary key's columns among `columns`, in the order of the PRIMARY KEY clause.
    pub(crate) primary_key: Vec<usize>,
}

/// A print table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PrintPlan {
    /// Its name.
    pub(crate) table: String,
    /// The row that is printed.
    pub(crate) columns: Arc<[Field]>,
    /// `print-identifier`: stands before each line.
    pub(crate) identifier: Option<String>,
    /// `standard-error`
    pub(crate) standard_error: bool,
    /// How a change is written.
    pub(crate) layout: Layout,
}

/// How a change is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `+I[1, a]`, as connector `print` does.
    Row,
    /// `| +I | 1 | a |`, as Flink's client shows a query's changes.
    Changelog,
}

/// What a SELECT of its own is called where a table's name is asked for.
pub(crate) const SELECT: &str = "SELECT";

impl Pipeline {
    /// What says where and how the topics are read: the same for every source.
    pub(crate) fn reader(&self) -> &SourcePlan {
        &self.sources[0]
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

    /// One row without columns, once.
    pub(crate) fn once() -> Self {
        Self {
            table: ONCE.to_owned(),
            topics: Vec::new(),
            properties: Vec::new(),
            group_id: None,
            startup: Startup::EarliestOffset,
            bounded: Bounded::LatestOffset,
            discovery_interval: None,
            deserializer: DeserializerPlan::of_value(Box::new(Once), 0),
            strict_decoder: None,
            carries_changes: false,
            is_once: true,
            columns: Arc::new([]),
            primary_key: Vec::new(),
        }
    }

    /// The topics that are read: at least one, except of VALUES, which reads none.
    pub fn topics(&self) -> &[String] {
        &self.topics
    }
}

impl InsertPlan {
    /// Whether an expression asks for the time or for chance.
    pub(crate) fn reads_clock(&self) -> bool {
        self.steps.iter().flat_map(Step::exprs).chain(self.projection.exprs()).any(|expr| !expr.is_deterministic())
    }

    /// The name of the table that is written.
    pub fn table(&self) -> &str {
        self.sink.table()
    }

    /// The topic that is written; `None` for a print table.
    pub fn topic(&self) -> Option<&str> {
        match &self.sink {
            SinkPlan::UpsertKafka(sink) => Some(&sink.topic),
            SinkPlan::Print(_) => None,
        }
    }
}

impl SinkPlan {
    /// The table's name.
    pub(crate) fn table(&self) -> &str {
        match self {
            Self::UpsertKafka(sink) => &sink.table,
            Self::Print(sink) => &sink.table,
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

impl fmt::Debug for UpsertPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpsertPlan").field("table", &self.table).finish_non_exhaustive()
    }
}
