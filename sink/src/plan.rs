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

mod answers;
mod branch;
mod catalog;
mod changelog;
mod check;
mod completion;
mod credentials;
mod declared;
mod delivery;
mod discretion;
mod distribution;
mod expansion;
mod explain;
mod expression_budget;
mod feedback;
mod format;
mod formats;
mod insert;
mod job_draft;
mod job_plan;
mod kafka;
mod like;
mod local;
mod metadata;
mod metadata_type;
mod notice;
mod parallelism;
mod path;
mod pipeline;
mod plan_options;
mod planner;
mod print;
mod program_sink;
mod properties;
mod query;
mod query_binder;
mod readers;
mod report;
mod scan;
mod table;
mod table_environment;
mod union;
mod update_before;
mod upsert;

pub use self::completion::Completion;
pub use self::discretion::holds_secret;
pub(crate) use self::distribution::Distribution;
pub use self::job_plan::{Plan, QueryForm};
pub use self::notice::Notice;
pub use self::pipeline::{InsertPlan, Pipeline, SourcePlan};
pub(crate) use self::pipeline::{KafkaSinkPlan, Layout, PrintPlan, SinkPlan};
pub use self::plan_options::PlanOptions;
use self::planner::Planner;
pub(crate) use self::program_sink::{MetadataCast, ProgramSinkPlan};
pub(crate) use self::properties::{config, sets};
pub use self::report::{OptionReport, TableReport};
pub use self::table_environment::{ParsedStatement, Statements, TableEnvironment};
use crate::error::{Error, Finding, Rule};
pub use crate::options::Origin;
use crate::sql::{self, CreateTable, Script, Statement};

/// Plans a job.
///
/// # Errors
/// The first place where the text is not SQL; or everything that is wrong with the tables and statements.
pub fn plan(script: impl Into<Script>, options: &PlanOptions) -> Result<Plan, Error> {
    let script = script.into();
    sql::on_known_stack(|| {
        let mut planner = Planner::new(options);
        for statement in sql::parse(&script)? {
            planner.add(statement);
        }
        planner.finish()
    })
}

/// The name of the table of one `CREATE TABLE`.
///
/// # Errors
/// When the text is anything else.
pub(crate) fn declared_name(ddl: &Script) -> Result<String, Error> {
    of_one_table(ddl, |table| Ok(table.name.path.join(".")))
}

/// Makes the sink of one `CREATE TABLE` of connector `upsert-kafka`: for a program that has rows of its own.
///
/// # Errors
/// As [`plan`]; and when the text is anything but one such table.
pub(crate) fn upsert_table(ddl: &Script, options: &PlanOptions) -> Result<ProgramSinkPlan, Error> {
    of_one_table(ddl, |table| Planner::new(options).upsert_table(table))
}

/// Makes the source of one `CREATE TABLE` of a Kafka connector: for a program that does with its rows what it likes.
///
/// # Errors
/// As [`plan`]; and when the text is anything but one such table.
pub(crate) fn source_table(ddl: &Script, options: &PlanOptions) -> Result<SourcePlan, Error> {
    of_one_table(ddl, |table| Planner::new(options).source_table(table))
}

fn of_one_table<T: Send>(
    ddl: &Script,
    take: impl FnOnce(CreateTable) -> Result<T, Error> + Send,
) -> Result<T, Error> {
    sql::on_known_stack(|| {
        let mut statements = sql::parse(ddl)?.into_iter();
        match (statements.next(), statements.next()) {
            (Some(Statement::CreateTable(table)), None) => take(table),
            _ => {
                let text = "one CREATE TABLE statement is expected here, and nothing else";
                Err(Finding::new(Rule::Table, text).into())
            }
        }
    })
}

#[cfg(test)]
mod tests;
