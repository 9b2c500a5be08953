//! Planning: the text of a job becomes a [`Plan`], and everything is checked that can be checked without a connection.
//!
//! A `Planner` takes the statements of [`crate::sql`] one after another, as Flink does:
//!
//! 1. CREATE TABLE puts a table into the catalog; its options stay as they were written.
//! 2. INSERT names tables. Each is checked in its role, as a source or as a sink: a connector has one file here
//!    (`kafka`, `upsert`, `print`), and they share the checks of `check`, `formats`, `scan` and `metadata`.
//! 3. The columns of the query become typed expressions over the columns of the source. They are matched with the
//!    columns of the sink by position, and cast where Flink casts by itself (`query`).
//! 4. `update_before` decides whether the sink must see old rows.
//! 5. `readers` gives the INSERT to a reader: a topic is read once per job and group, however many INSERTs want it.
//!
//! Whatever is wrong becomes a finding with its place in the text. Planning goes on behind it, so that a user sees all
//! of them at once; a plan comes out if there is none.

mod catalog;
mod check;
mod credentials;
mod explain;
mod feedback;
mod formats;
mod kafka;
mod metadata;
mod pipeline;
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

pub use self::pipeline::{InsertPlan, Pipeline, SourcePlan};
pub(crate) use self::pipeline::{PrintPlan, SinkPlan, UpsertPlan};
use self::planner::Planner;
pub(crate) use self::properties::{config, sets};
pub use self::report::{OptionReport, Origin, TableReport};
use crate::credentials::Credentials;
use crate::error::{Error, Finding, Rule};
use crate::settings::Settings;
use crate::sql::{self, Script, Statement};

/// Plans a job.
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
pub(crate) fn upsert_table(ddl: impl Into<Script>, options: &PlanOptions) -> Result<UpsertPlan, Error> {
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
///
/// ```
/// use upsert_kafka_sink::plan::PlanOptions;
///
/// let options = PlanOptions::new()
///     .with_bootstrap("localhost:9092")
///     .with_option("orders", "scan.startup.mode", "earliest-offset");
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct PlanOptions {
    bootstrap: Option<String>,
    overrides: Vec<Override>,
    allows_loop: bool,
    /// Of the client, under what each table says.
    properties: Vec<(String, String)>,
    credentials: Credentials,
    leaves_security_out: bool,
}

/// One option of one table, set by the caller.
#[derive(Clone)]
struct Override {
    table: String,
    option: String,
    value: String,
}

/// Values may be secrets.
impl fmt::Debug for PlanOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlanOptions").field("bootstrap", &self.bootstrap).finish_non_exhaustive()
    }
}

impl PlanOptions {
    /// The text alone decides.
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces `properties.bootstrap.servers` of every table.
    pub fn with_bootstrap(self, servers: impl Into<String>) -> Self {
        Self { bootstrap: Some(servers.into()), ..self }
    }

    /// Sets one more option of a table, over what stands in its WITH.
    pub fn with_option(
        mut self,
        table: impl Into<String>,
        option: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        self.overrides.push(Override { table: table.into(), option: option.into(), value: value.into() });
        self
    }

    /// Sets a property of the Kafka client for every table whose `properties.*` do not say it, nor the credentials that
    /// the table names. One that was set before keeps its value. Whoever reads these from a file tells its user what
    /// [`Config::from_properties`](upsert_kafka_client::Config::from_properties) says of them: a plan does not repeat
    /// it for each table.
    pub fn with_property(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.properties.push((key.into(), value.into()));
        self
    }

    /// The credentials that tables name by `ssl_auth_name`, `krb_auth_name` and `dew.*`, and where buckets lie.
    pub fn with_credentials(self, credentials: Credentials) -> Self {
        Self { credentials, ..self }
    }

    /// Leaves out what tables say of TLS and logins, with a notice: for a cluster that has neither, as a broker within
    /// the process, where a job runs that is written for a secured one.
    pub fn without_security(self) -> Self {
        Self { leaves_security_out: true, ..self }
    }

    /// Whether a job may read a topic that it writes, and so feed itself.
    pub fn with_loop_allowed(self, allows_loop: bool) -> Self {
        Self { allows_loop, ..self }
    }
}

/// A job, ready to be run.
#[derive(Debug)]
pub struct Plan {
    /// What SET came to.
    pub(crate) settings: Settings,
    /// One for each reader, in the order in which statements name them.
    pub(crate) pipelines: Vec<Pipeline>,
    notices: Vec<Notice>,
    tables: Vec<TableReport>,
}

impl Plan {
    /// What the user should know but need not change.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// What each table that is read or written came to, in the order of use.
    pub fn tables(&self) -> &[TableReport] {
        &self.tables
    }

    /// Every table that is read, each once.
    pub fn sources(&self) -> impl Iterator<Item = &SourcePlan> {
        self.pipelines.iter().flat_map(|pipeline| &pipeline.sources)
    }

    /// Every INSERT of the job with the table that it reads, by its source and its place there.
    pub fn inserts(&self) -> impl Iterator<Item = (&SourcePlan, &InsertPlan)> {
        self.pipelines.iter().flat_map(Pipeline::inserts)
    }

    /// The plan as text: what each table, key, value, option and default came to. Secrets are left out.
    pub fn explain(&self) -> impl fmt::Display + '_ {
        explain::Explained(self)
    }

    /// Sets a client property, as `properties.*` does, of every upsert-kafka table that is written and does not set it
    /// itself.
    pub fn set_sink_default(&mut self, key: &str, value: &str) {
        for insert in self.pipelines.iter_mut().flat_map(|pipeline| &mut pipeline.inserts) {
            if let SinkPlan::UpsertKafka(sink) = &mut insert.sink
                && !sets(&sink.properties, key)
            {
                sink.properties.push((key.to_owned(), value.to_owned()));
            }
        }
    }

    /// The readers, for tests and benches of this repository.
    #[doc(hidden)]
    pub fn pipelines(&self) -> &[Pipeline] {
        &self.pipelines
    }
}

/// A sentence for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notice {
    /// The table it is about, where it is about one.
    pub table: Option<String>,
    /// Without the table.
    pub text: String,
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
