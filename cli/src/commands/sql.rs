//! `sql`: statements one after another, typed at a prompt or read from a file or a pipe.

use std::io::{IsTerminal, Read};

use upsert_kafka_sink::plan::{Statements, TableEnvironment};
use upsert_kafka_sink::sql::limits::SCRIPT_BYTES_MAX;

use super::{job, run as running};
use crate::args::Args;
use crate::exit::{Exit, Failure};
use crate::listing::OutputFormat;
use crate::output::Output;
use crate::signal::Stop;
use runner::{Runner, STDIN};
use sql_cluster::SqlCluster;

mod editor;
mod entered;
mod history;
mod prompt;
mod runner;
mod shared_tables;
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
