//! `run`: a job, on a cluster or on a broker inside this process.

use std::sync::Arc;
use std::time::{Duration, Instant};

use upsert_kafka_sink::plan::{Notice, Plan};
use upsert_kafka_sink::{Error, ErrorKind, Job, JobOptions, NewTopics, Progress, Restore};

use crate::args::Args;
use crate::commands::job;
use crate::exit::{Exit, Failure};
use crate::health::Health;
use crate::listing::OutputFormat;
use crate::live::Live;
use crate::output::Output;
use crate::signal::Stop;
use crate::status::Status;
use crate::stderr::say;

mod embedded;
mod input;
mod place;
mod reading;

pub(super) async fn run(args: &Args, stop: &Stop, out: &mut Output) -> Result<(), Failure> {
    let form = OutputFormat::of(args)?;
    if args.has("--embedded") {
        return embedded::run(args, stop, out).await;
    }
    for flag in ["--input", "--follow", "--full"] {
        if args.has(flag) {
            return Err(Failure::usage(format!("{flag} needs --embedded")));
        }
    }
    let path = args.operand(0);
    let script = job::read(path)?;
    let mut plan = job::plan(path, script, &job::options(args, None)?)?;
    warn(plan.notices());
    if answer(&plan, out)? {
        return Ok(());
    }
    let columns = Live::columns(&plan, args, out)?;
    form.shape(&mut plan);
    let new = match args.optional("--partitions")? {
        Some(partitions) => NewTopics::new().partitions(partitions),
        None => NewTopics::new(),
    };
    let create = args.has("--create-topics").then_some(new);
    let mut options = options(restore(args)?, stop, create);
    if let Some(name) = args.value("--instance") {
        options = options.with_instance(name);
    }
    let (options, live) = Live::begin(columns, options);
    let health = Health::serve(args, stop).await?;
    let Some(job) = stop.unless_asked(open(plan, options)).await else {
        return stopped_early();
    };
    let job = job?;
    health.ready();
    let ran = carry(job, live, stop, out).await?;
    ran.skipped().into_iter().for_each(say);
    ran.outcome.as_ref().map_err(failed)?;
    ran.summary(form, out)
}

/// Prints what SHOW, DESCRIBE and EXPLAIN tell. Whether that was all that the script asks for.
pub(super) fn answer(plan: &Plan, out: &mut Output) -> Result<bool, Failure> {
    for answer in plan.answers() {
        out.write(answer.clone())?;
    }
    out.flush()?;
    Ok(plan.inserts().next().is_none())
}

/// A signal came while the job was not yet running: nothing was written, and nothing is lost.
pub(super) fn stopped_early() -> Result<(), Failure> {
    say("stopped by a signal before the job began");
    Ok(())
}

/// How a job is opened.
pub(super) fn options(restore: Restore, stop: &Stop, create_topics: Option<NewTopics>) -> JobOptions {
    let options = JobOptions::new().with_restore(restore).with_stop_timeout(stop.within());
    match create_topics {
        Some(new) => options.with_new_topics(new),
        None => options,
    }
}

pub(super) async fn open(plan: Plan, options: JobOptions) -> Result<Job, Failure> {
    let job = Job::open(plan, options).await.map_err(|e| job::not_opened(&e))?;
    warn(job.notices());
    job.resumed().for_each(|notice| say(format_args!("note: {notice}")));
    Ok(job)
}

/// What the offsets that the job's groups keep mean.
pub(super) fn restore(args: &Args) -> Result<Restore, Failure> {
    match (args.has("--from-start-mode"), args.has("--resume")) {
        (false, false) => Ok(Restore::Checkpoint),
        (true, false) => Ok(Restore::Nothing),
        (false, true) => Ok(Restore::Offsets),
        (true, true) => Err(Failure::usage("--from-start-mode and --resume exclude each other")),
    }
}

/// What a job came to.
pub(super) struct Ran {
    progress: Arc<Progress>,
    elapsed: Duration,
    pub(super) outcome: Result<(), Error>,
}

/// Runs the job; a signal stops it cleanly. A query may live on the terminal meanwhile.
pub(super) async fn carry(
    job: Job,
    live: Option<Live>,
    stop: &Stop,
    out: &mut Output,
) -> Result<Ran, Failure> {
    let (progress, began) = (job.progress(), Instant::now());
    let outcome = match live {
        Some(live) => live.run(job, stop, out).await?,
        None => carry_unseen(job, stop).await,
    };
    Ok(Ran { progress, elapsed: began.elapsed(), outcome })
}

async fn carry_unseen(job: Job, stop: &Stop) -> Result<(), Error> {
    let (stopper, asked) = (job.stopper(), stop.clone());
    tokio::spawn(async move {
        asked.asked().await;
        stopper.stop();
    });
    let _status = Status::show(job.progress());
    job.run().await.map(|_| ())
}

impl Ran {
    /// The last line, on standard output below a table and on standard error beside what programs read.
    pub(super) fn summary(&self, form: OutputFormat, out: &mut Output) -> Result<(), Failure> {
        let counts = self.progress.counts();
        let mut more = String::new();
        for (count, done) in [
            (counts.skipped, "skipped"),
            (counts.failed, "left out"),
            (counts.reduced, "reduced"),
            (counts.exchanged, "exchanged"),
        ] {
            if count > 0 {
                more = format!("{more}, {count} {done}");
            }
        }
        let line = format!(
            "{} rows in, {} rows out, {} tombstones{more}, {:.2} seconds",
            counts.rows_in,
            counts.rows_out,
            counts.tombstones,
            self.elapsed.as_secs_f64()
        );
        match form {
            OutputFormat::Table => out.write(format!("{line}\n"))?,
            OutputFormat::Json | OutputFormat::Raw => say(line),
        }
        out.flush()
    }

    /// A warning where rows were skipped.
    pub(super) fn skipped(&self) -> Option<String> {
        let counts = self.progress.counts();
        let first = self.progress.first_skipped()?;
        Some(format!(
            "warning: {} of {} records gave no row; the first: {first}",
            counts.skipped, counts.rows_in
        ))
    }
}

/// Why a job ended; quiet where whoever read a print table's lines has left.
pub(super) fn failed(error: &Error) -> Failure {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<std::io::Error>());
    if cause.is_some_and(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe) {
        return Failure::quiet();
    }
    let exit = match error.kind() {
        ErrorKind::Sql | ErrorKind::Plan => Exit::Job,
        _ => Exit::Running,
    };
    Failure::new(exit, error.to_string())
}

pub(super) fn warn(notices: &[Notice]) {
    notices.iter().for_each(|notice| say(format_args!("warning: {notice}")));
}
