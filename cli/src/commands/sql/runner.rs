//! Statements, run one after another over what those before them made.

use upsert_kafka_sink::plan::{ParsedStatement, Plan, PlanOptions, Statements, TableEnvironment};
use upsert_kafka_sink::{NewTopics, Restore};

use super::shared_tables::SharedTables;
use super::sql_cluster::SqlCluster;
use crate::args::Args;
use crate::commands::{job, run as running};
use crate::exit::{Exit, Failure};
use crate::listing::OutputFormat;
use crate::live::Live;
use crate::output::Output;
use crate::signal::Stop;
use crate::stderr::say;

/// What a text is called that no file holds.
pub(super) const STDIN: &str = "standard input";

/// Runs statements of one command line on one cluster.
#[derive(Clone, Copy)]
pub(super) struct Runner<'a> {
    pub(super) args: &'a Args,
    pub(super) cluster: &'a SqlCluster,
}

impl Runner<'_> {
    /// Tables of which none is made yet.
    pub(super) fn environment(&self) -> Result<TableEnvironment, Failure> {
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
    pub(super) async fn script(
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
    pub(super) async fn typed(
        &self,
        tables: &SharedTables,
        statement: ParsedStatement,
        stop: &Stop,
        out: &mut Output,
    ) -> Result<(), Failure> {
        let planned = tables.plan(statement);
        let plan = planned.map_err(|e| Failure::new(Exit::Job, e.to_string()))?;
        self.statement(plan, stop, out).await
    }

    /// Tells what a statement has to tell, and runs what it has to run.
    async fn statement(&self, mut plan: Plan, stop: &Stop, out: &mut Output) -> Result<(), Failure> {
        running::warn(plan.notices());
        if running::answer(&plan, out)? {
            return Ok(());
        }
        // Who only looks leaves no offsets behind in the group of those who work.
        let restore = if plan.is_query() { Restore::LookOn } else { running::restore(self.args)? };
        let columns = Live::columns(&plan, self.args, out)?;
        let form = OutputFormat::of(self.args)?;
        form.shape(&mut plan);
        let (options, live) = Live::begin(columns, running::options(restore, stop, self.new_topics()?));
        let Some(job) = stop.unless_asked(running::open(plan, options)).await else {
            return running::stopped_early();
        };
        let ran = running::carry(job?, live, stop, out).await?;
        ran.skipped().into_iter().for_each(say);
        ran.outcome.as_ref().map_err(running::failed)?;
        ran.summary(form, out)
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
