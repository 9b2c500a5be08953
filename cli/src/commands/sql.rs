//! `sql`: statements one after another, typed at a prompt or read from a file or a pipe.

use std::io::{IsTerminal, Read};

use upsert_kafka_sink::plan::{ParsedStatement, Plan, PlanOptions, Statements, TableEnvironment};
use upsert_kafka_sink::sql::limits::SCRIPT_BYTES_MAX;
use upsert_kafka_sink::{NewTopics, Restore};

use super::{job, run as running};
use crate::args::Args;
use crate::exit::{Exit, Failure};
use crate::listing::OutputFormat;
use crate::live::Live;
use crate::output::Output;
use crate::signal::Stop;
use crate::stderr::say;
use sql_cluster::SqlCluster;

mod editor;
mod history;
mod prompt;
mod sql_cluster;

/// Whether statements are typed: there is no script, and standard input is a terminal.
pub(super) fn is_prompt(args: &Args) -> bool {
    args.optional_operand(0).is_none() && std::io::stdin().is_terminal()
}

pub(super) async fn run(args: &Args, stop: &Stop, out: &mut Output) -> Result<(), Failure> {
    OutputFormat::of(args)?;
    running::restore(args)?;
    let script = if is_prompt(args) {
        None
    } else {
        let Some(script) = stop.unless_asked(read(args)).await else { return running::stopped_early() };
        Some(script?)
    };
    let Some(cluster) = stop.unless_asked(SqlCluster::find(args)).await else {
        return running::stopped_early();
    };
    let cluster = cluster?;
    let runner = Runner { args, cluster: &cluster };
    let outcome = match script {
        Some((path, statements)) => runner.script(&path, statements, stop, out).await,
        None => prompt::run(runner, stop, out).await,
    };
    cluster.leave().await;
    outcome
}

/// The whole script, parsed before any of it is run: what is no SQL stops all.
async fn read(args: &Args) -> Result<(String, Statements), Failure> {
    let (path, script) = match args.optional_operand(0) {
        Some(path) if path != "-" => (path, job::read(path)?),
        _ => {
            let wrong = |e: std::io::Error| Failure::new(Exit::Job, format!("{STDIN}: {e}"));
            // A pipe may bring nothing for long, and a signal is heard meanwhile.
            let read = tokio::task::spawn_blocking(|| {
                let mut text = String::new();
                // One byte more than a script may have, which planning refuses.
                std::io::stdin().take(SCRIPT_BYTES_MAX as u64 + 1).read_to_string(&mut text).map(|_| text)
            });
            let text = read.await.unwrap_or_else(|e| Err(std::io::Error::other(e))).map_err(wrong)?;
            (STDIN, job::filled_in(STDIN, &text)?)
        }
    };
    let statements = TableEnvironment::parse(script).map_err(|e| job::bad_job(path, &e))?;
    Ok((path.to_owned(), statements))
}

const STDIN: &str = "standard input";

/// Runs statements of a tables in one cluster.
#[derive(Clone, Copy)]
struct Runner<'a> {
    args: &'a Args,
    cluster: &'a SqlCluster,
}

impl Runner<'_> {
    /// A tables in which nothing is made yet.
    fn environment(&self) -> Result<TableEnvironment, Failure> {
        let options = job::options(self.args, self.cluster.bootstrap())?;
        let options = if self.cluster.is_embedded() { options.without_security() } else { options };
        Self::begin(options)
    }

    fn begin(options: PlanOptions) -> Result<TableEnvironment, Failure> {
        let tables = TableEnvironment::new(options).map_err(|e| Failure::usage(e.to_string()))?;
        running::warn(tables.notices());
        Ok(tables)
    }

    /// Each statement, until one fails or a signal comes.
    async fn script(
        &self,
        path: &str,
        statements: Statements,
        stop: &Stop,
        out: &mut Output,
    ) -> Result<(), Failure> {
        let mut tables = self.environment()?;
        for statement in statements {
            if stop.is_asked() {
                break;
            }
            let plan = tables.plan(statement).map_err(|e| job::bad_job(path, &e))?;
            self.statement(plan, stop, out).await?;
        }
        for option in tables.unmet_options() {
            say(format_args!("warning: --set {option}: the script has no such table"));
        }
        out.flush()
    }

    /// Plans and runs one statement that was typed.
    async fn typed(
        &self,
        tables: &std::sync::Mutex<TableEnvironment>,
        statement: ParsedStatement,
        stop: &Stop,
        out: &mut Output,
    ) -> Result<(), Failure> {
        let planned = prompt::locked(tables).plan(statement);
        let plan = planned.map_err(|e| Failure::new(Exit::Job, e.to_string()))?;
        self.statement(plan, stop, out).await
    }

    /// Tells what a statement has to tell, and runs what it has to run.
    async fn statement(&self, plan: Plan, stop: &Stop, out: &mut Output) -> Result<(), Failure> {
        running::warn(plan.notices());
        if running::answer(&plan, out)? {
            return Ok(());
        }
        // Who only looks leaves no offsets behind in the group of those who work.
        let restore = if plan.is_query() { Restore::LookOn } else { running::restore(self.args)? };
        let columns = Live::columns(&plan, self.args, out)?;
        let (options, live) = Live::begin(columns, running::options(restore, stop, self.new_topics()?));
        let Some(job) = stop.unless_asked(running::open(plan, options)).await else {
            return running::stopped_early();
        };
        let ran = running::carry(job?, live, stop, out).await?;
        ran.skipped().into_iter().for_each(say);
        ran.outcome.as_ref().map_err(running::failed)?;
        ran.summary(OutputFormat::of(self.args)?, out)
    }

    /// What becomes of topics that are missing; `None`: they are an error.
    fn new_topics(&self) -> Result<Option<NewTopics>, Failure> {
        if !self.cluster.is_embedded() && !self.args.has("--create-topics") {
            return Ok(None);
        }
        let partitions = self.args.optional("--partitions")?;
        let partitions = partitions.or(self.cluster.is_embedded().then_some(1));
        Ok(Some(partitions.map_or_else(NewTopics::new, |count| NewTopics::new().partitions(count))))
    }
}
