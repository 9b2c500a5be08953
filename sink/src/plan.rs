//! Statements become a job: tables bound, columns resolved, casts and rules decided. No I/O.

mod catalog;
mod check;
mod feedback;
mod formats;

mod kafka;
mod metadata;
mod planner;
mod print;
mod properties;
mod query;
mod readers;
mod report;
mod scan;
mod table;
mod update_before;
mod upsert;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use self::planner::Planner;
pub(crate) use self::properties::{config, sets};
pub use self::report::{OptionReport, Origin, TableReport};
use crate::deserializer::DeserializerPlan;
use crate::error::{Error, Finding, Rule};
pub use crate::expr::OnNull;
use crate::expr::{Expr, Projection};
use crate::format::{DecodingFormat, EncodingFormat};
pub use crate::scan::{Bounded, Startup};
use crate::settings::Settings;
use crate::sql::{self, Script, Statement};
use crate::types::Field;

/// Makes a job of a script: everything that can be known without a connection is checked.
///
/// # Errors
/// The first place where the text is not SQL; or everything that is wrong with the tables and statements.
pub fn plan(script: impl Into<Script>, options: &PlanOptions) -> Result<Plan, Error> {
    let mut planner = Planner::new(options);
    for statement in sql::parse(&script.into())? {
        planner.add(statement);
    }
    planner.finish()
}

/// Makes the sink of one `CREATE TABLE` of connector `upsert-kafka`: for a program that has rows of its own.
///
/// # Errors
/// As [`plan`]; and when the text is anything but one such table.
pub fn upsert_table(ddl: impl Into<Script>, options: &PlanOptions) -> Result<UpsertPlan, Error> {
    let mut statements = sql::parse(&ddl.into())?.into_iter();
    match (statements.next(), statements.next()) {
        (Some(Statement::CreateTable(table)), None) => Planner::new(options).upsert_table(table),
        _ => {
            Err(Finding::new(Rule::Table, "one CREATE TABLE statement is expected here, and nothing else")
                .into())
        }
    }
}

/// What the caller says over the text of the job.
#[derive(Clone, Debug, Default)]
pub struct PlanOptions {
    /// Replaces `properties.bootstrap.servers` of every table.
    pub bootstrap: Option<String>,
    /// Replace single options.
    pub set: Vec<Override>,
    /// A job may read what it writes.
    pub allow_loop: bool,
}

/// One option of one table, set by the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The table's name.
    pub table: String,
    /// As in WITH.
    pub option: String,
    /// As in WITH.
    pub value: String,
}

/// A job, ready to be run.
#[derive(Debug)]
pub struct Plan {
    /// What SET came to.
    pub settings: Settings,
    /// One for each reader, in the order in which statements name them.
    pub pipelines: Vec<Pipeline>,
    /// What the user should know but need not change.
    pub notices: Vec<Notice>,
    /// What each table that is read or written came to, in the order of use.
    pub tables: Vec<TableReport>,
}

impl Plan {
    /// Every INSERT of the job, by its source and its place there.
    pub fn inserts(&self) -> impl Iterator<Item = (&SourcePlan, &InsertPlan)> {
        self.pipelines.iter().flat_map(Pipeline::inserts)
    }

    /// Every table that is read, each once.
    pub fn sources(&self) -> impl Iterator<Item = &SourcePlan> {
        self.pipelines.iter().flat_map(|pipeline| &pipeline.sources)
    }
}

impl Pipeline {
    /// What says where and how the topics are read: the same for every source.
    pub fn reader(&self) -> &SourcePlan {
        &self.sources[0]
    }

    /// Every INSERT with the table that it reads.
    pub fn inserts(&self) -> impl Iterator<Item = (&SourcePlan, &InsertPlan)> {
        self.inserts.iter().map(|insert| (&self.sources[insert.source], insert))
    }
}

impl InsertPlan {
    /// What is written.
    pub fn sink(&self) -> &SinkPlan {
        &self.sink
    }
}

impl SinkPlan {
    /// The table's name.
    pub fn table(&self) -> &str {
        match self {
            Self::UpsertKafka(sink) => &sink.table,
            Self::Print(sink) => &sink.table,
        }
    }
}

/// A sentence for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The table it is about, where it is about one.
    pub table: Option<String>,
    /// Without the table.
    pub text: String,
}

/// One reader and every INSERT that it feeds: a topic is read once per job, however many INSERTs want it, so
/// that one position per partition stands for all of them.
#[derive(Debug)]
pub struct Pipeline {
    /// The tables that are read, at least one. They agree in all that concerns the reader: topics, group,
    /// properties, start and end; each has a format and columns of its own.
    pub sources: Vec<SourcePlan>,
    /// At least one, in the order of the statements.
    pub inserts: Vec<InsertPlan>,
}

/// One INSERT: a source's rows through a projection into a sink.
#[derive(Debug)]
pub struct InsertPlan {
    /// Which of the pipeline's sources.
    pub source: usize,
    /// Rows of the source for which this is not TRUE are left out; `None` takes all.
    pub(crate) filter: Option<Expr>,
    /// The source's row to the sink's.
    pub(crate) projection: Projection,
    /// Whether UPDATE_BEFORE is thrown away before the sink.
    pub drop_update_before: bool,
    /// Why, in a sentence.
    pub update_before: &'static str,
    /// What is written.
    pub sink: SinkPlan,
}

/// A table that is read.
pub struct SourcePlan {
    /// Its name.
    pub table: String,
    /// At least one.
    pub topics: Vec<String>,
    /// `properties.*` without the prefix, in the order of their keys.
    pub properties: Vec<(String, String)>,
    /// `properties.group.id`
    pub group_id: Option<String>,
    /// Where it begins.
    pub startup: Startup,
    /// Where it ends.
    pub bounded: Bounded,
    /// How often new partitions are looked for; `None` is never.
    pub discovery_interval: Option<Duration>,
    /// Makes rows of `columns` of a record.
    pub(crate) deserializer: DeserializerPlan,
    /// Where the value's decoder passes over what it cannot read, one that says why.
    pub(crate) strict_decoder: Option<Box<dyn DecodingFormat>>,
    /// Whether the format tells updates and deletes; if not, every row is an insert.
    pub carries_changes: bool,
    /// The physical columns, in declared order.
    pub columns: Arc<[Field]>,
    /// The primary key's columns among `columns`, if the table has one.
    pub primary_key: Vec<usize>,
}

/// A table that is written.
#[derive(Debug)]
pub enum SinkPlan {
    /// Connector `upsert-kafka`.
    UpsertKafka(UpsertPlan),
    /// Connector `print`.
    Print(PrintPlan),
}

/// An upsert-kafka table that is written.
pub struct UpsertPlan {
    /// Its name.
    pub table: String,
    /// The topic.
    pub topic: String,
    /// `properties.*` without the prefix, in the order of their keys.
    pub properties: Vec<(String, String)>,
    /// Writes the primary key's columns of a row of `columns`.
    pub(crate) key: Box<dyn EncodingFormat>,
    /// Writes the value's columns of a row of `columns`.
    pub(crate) value: Box<dyn EncodingFormat>,
    /// The row that both encoders read.
    pub columns: Arc<[Field]>,
    /// The primary key's columns among `columns`, in the order of the PRIMARY KEY clause.
    pub primary_key: Vec<usize>,
    /// `sink.parallelism`
    pub parallelism: Option<u32>,
}

/// A print table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrintPlan {
    /// Its name.
    pub table: String,
    /// The row that is printed.
    pub columns: Arc<[Field]>,
    /// `print-identifier`: stands before each line.
    pub identifier: Option<String>,
    /// `standard-error`
    pub standard_error: bool,
}

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

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.table {
            Some(table) => write!(f, "table {table}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

#[cfg(test)]
mod tests;
