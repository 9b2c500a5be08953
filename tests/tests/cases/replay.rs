//! One case: filled in, planned, run, stopped, read back, compared.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use upsert_kafka_sink::error::Rule;
use upsert_kafka_sink::plan::{Plan, PlanOptions, plan};
use upsert_kafka_sink::{Error, ErrorKind, Job, JobOptions, Stopper};
use upsert_kafka_tests::kafka::unique;
use upsert_kafka_tests::record::{NewRecord, Record};
use upsert_kafka_tests::repository;

use super::case::{Case, Variant};
use super::host::Host;
use super::{compare, features};

/// What became of a case that did not fail.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    Ran,
    /// At planning, as it must be: it needs what we do not have, which is said.
    Refused(String),
    /// Otherwise than Flink, on purpose and with a reason.
    Departed,
}

/// Every spelling of the case; all come to the same.
pub(super) async fn replay(case: &Case, host: &Host, departure: Option<&str>) -> Result<Outcome, String> {
    let mut outcomes = Vec::new();
    for variant in &case.variants {
        let run = timeout(PATIENCE, Replay::new(case, variant, host).go(departure)).await;
        let outcome = run.unwrap_or_else(|_| Err(format!("not over in {PATIENCE:?}")));
        outcomes.push(outcome.map_err(|e| format!("{}: {e}", variant.file))?);
    }
    outcomes.dedup();
    match &outcomes[..] {
        [outcome] => Ok(outcome.clone()),
        _ => Err(format!("its spellings differ: {outcomes:?}")),
    }
}

struct Replay<'a> {
    case: &'a Case,
    variant: &'a Variant,
    host: &'a Host,
    /// Placeholder to topic.
    topics: BTreeMap<&'a str, String>,
    sql: String,
    /// Its name, which stands in the sink's transactional ids.
    run: String,
}

impl<'a> Replay<'a> {
    fn new(case: &'a Case, variant: &'a Variant, host: &'a Host) -> Self {
        let topics: BTreeMap<_, _> = case.topics.iter().map(|it| (&*it.name, unique(&it.name))).collect();
        let run = unique("run");
        let sql = variant.sql.replace("${bootstrap}", &host.bootstrap()).replace("${run}", &run);
        let mut replay = Self { case, variant, host, topics, sql, run };
        replay.sql = replay.with_topics(&replay.sql);
        replay
    }

    async fn go(&self, departure: Option<&str>) -> Result<Outcome, String> {
        if let Some(outcome) = self.at_planning(departure)? {
            return Ok(outcome);
        }
        if !self.variant.expected.unread.is_empty() {
            return Err(format!("nobody compares {:?}", self.variant.expected.unread));
        }
        self.prepare().await;
        self.judge(self.run().await).await.map(|()| Outcome::Ran)
    }

    /// What is decided without a cluster; `None` when the job is to be run.
    fn at_planning(&self, departure: Option<&str>) -> Result<Option<Outcome>, String> {
        let needed = features::needed(&self.case.features, &self.sql);
        let (lacking, unknown) = (needed.lacking(), needed.unknown);
        let statement_fails = self.variant.expected.error_at.as_deref() == Some("statement");
        match (self.plan(), departure) {
            (Ok(_), Some("planned")) => Ok(Some(Outcome::Departed)),
            (planned, Some(instead)) => Err(format!("instead of {instead}: {:?}", planned.err())),
            (Ok(_), None) => match lacking {
                Some(lacking) => Err(format!("planned, though it needs {lacking}")),
                None if statement_fails => Err("planned, where Flink refuses the statement".into()),
                None => Ok(None),
            },
            (Err(error), None) if !is_refusal(&error) => {
                Err(format!("no sentence of the planner: {error:?}"))
            }
            (Err(error), None) => match lacking {
                Some(lacking) => Ok(Some(Outcome::Refused(format!("it needs {lacking}")))),
                None if statement_fails => Ok(Some(Outcome::Ran)),
                None if !unknown.is_empty() && is_not_yet(&error) => {
                    let why = format!("{unknown:?} is unknown here, and the planner says: {error}");
                    Ok(Some(Outcome::Refused(why)))
                }
                None => Err(format!("refused: {error}")),
            },
        }
    }

    fn plan(&self) -> Result<Plan, Error> {
        plan(&*self.sql, &PlanOptions::default())
    }

    async fn prepare(&self) {
        for topic in self.case.topics.iter().filter(|it| it.create) {
            self.host.create(&self.topics[&*topic.name], topic.partitions).await;
        }
        if self.case.input_first {
            self.produce(0).await;
        }
    }

    /// What the job printed, or why it failed.
    async fn run(&self) -> Result<Vec<String>, String> {
        let mut job = if self.prints() { self.start_process() } else { self.start().await? };
        if self.prints() && !self.case.input_first {
            // A process does not tell when it has resolved where it starts: as long as Flink was given.
            sleep(self.case.start_pause).await;
        }
        let last = self.case.input.iter().map(|(step, _)| *step).max().unwrap_or_default();
        for step in u64::from(self.case.input_first)..=last {
            if step > 0 {
                // The pause is what the case is about: flush intervals, timestamps.
                sleep(self.case.step_pause).await;
                self.progress(step).await?;
            }
            self.produce(step).await;
        }
        for (topic, count) in &self.case.end_records {
            // A job that fails before would be waited for in vain.
            tokio::select! {
                outcome = self.reached(&self.topics[&**topic], *count) => outcome?,
                ended = &mut job.ended => return ended.map_err(|e| e.to_string())?,
            }
        }
        if !self.case.end_records.is_empty() {
            job.stop();
        }
        job.ended.await.map_err(|e| e.to_string())?
    }

    /// Returns when a topic holds so many records. Of a job with transactions their markers are counted too.
    async fn reached(&self, topic: &str, count: usize) -> Result<(), String> {
        match self.case.read_committed {
            true => self.host.await_end(topic, count).await,
            false => self.host.await_records(topic, count).await,
        }
    }

    /// What was written until then, by an interval or a checkpoint.
    async fn progress(&self, step: u64) -> Result<(), String> {
        for due in self.variant.expected.progress.iter().filter(|it| it.before_step == step) {
            let topic = &self.topics[&*due.topic];
            let found = match self.case.read_committed {
                true => self.host.ends(topic).await,
                false => self.host.dump(topic, false).await.len(),
            };
            if found != due.records {
                return Err(format!(
                    "{} holds {found} records before step {step}, not {}",
                    due.topic, due.records
                ));
            }
        }
        Ok(())
    }

    async fn judge(&self, outcome: Result<Vec<String>, String>) -> Result<(), String> {
        let expected = &self.variant.expected;
        let printed = match (expected.error_at.as_deref(), outcome) {
            (Some("run"), Err(_)) => Vec::new(),
            (Some(at), Ok(_)) => return Err(format!("ran, where Flink fails at {at}")),
            (_, Err(why)) => return Err(format!("failed: {why}")),
            (None, Ok(printed)) => printed,
        };
        let mut found: Vec<Record> = Vec::new();
        for placeholder in &self.case.dump {
            let records = self.host.dump(&self.topics[&**placeholder], self.case.read_committed).await;
            found.extend(records.into_iter().map(|it| Record { topic: placeholder.clone(), ..it }));
        }
        compare::compare(&self.case.compare, &expected.records, &found)?;
        if !expected.transactions.is_empty() {
            self.judge_transactions().await?;
        }
        let expected: Vec<String> = expected.prints.iter().map(|line| self.with_topics(line)).collect();
        let printed: Vec<String> = printed.into_iter().filter_map(of_grid).collect();
        compare::compare_prints(&self.case.compare, &expected, &printed)
    }

    /// Ours has fewer ids than Flink, of the same shape, and leaves nothing open either.
    async fn judge_transactions(&self) -> Result<(), String> {
        let prefix = format!("tx-{}-", self.run);
        let transactions = self.host.transactions(&prefix).await;
        // A task of a fixed share goes by its number, one of a member by its partition.
        let owners = ["0".to_owned(), format!("{}.0", self.topics["topic_in"])];
        let ids = owners.map(|owner| format!("{prefix}{owner}-0"));
        let wrong = |(id, state): &&(String, String)| state == "Ongoing" || !ids.contains(id);
        match transactions.iter().find(wrong) {
            None if !transactions.is_empty() => Ok(()),
            _ => Err(format!("of {prefix} the coordinators know {transactions:?}")),
        }
    }

    fn with_topics(&self, text: &str) -> String {
        let replaced = |text: String, (placeholder, topic): (&&str, &String)| {
            text.replace(&format!("${{{placeholder}}}"), topic)
        };
        self.topics.iter().fold(text.to_owned(), replaced)
    }

    async fn produce(&self, step: u64) {
        let named = |it: &NewRecord| NewRecord { topic: self.topics[&*it.topic].clone(), ..it.clone() };
        let of_step = self.case.input.iter().filter(|(of, _)| *of == step);
        let records: Vec<_> = of_step.map(|(_, record)| named(record)).collect();
        self.host.produce(&records).await;
    }

    fn prints(&self) -> bool {
        self.plan().is_ok_and(|plan| plan.inserts().any(|(_, it)| it.topic().is_none()))
    }

    /// In this process: on return the job has resolved where it starts.
    async fn start(&self) -> Result<Running, String> {
        let plan = self.plan().map_err(|e| e.to_string())?;
        let job = Job::open(plan, JobOptions::default()).await.map_err(|e| e.to_string())?;
        let stop = Stop::Job(job.stopper());
        let ended = async { job.run().await.map(|_| Vec::new()).map_err(|e| e.to_string()) };
        Ok(Running { stop, ended: tokio::spawn(ended) })
    }

    /// As the binary, whose stdout is the print table.
    fn start_process(&self) -> Running {
        let folder = repository().join("target/tmp");
        std::fs::create_dir_all(&folder).expect("target/tmp");
        let file = folder.join(unique("job")).with_extension("sql");
        std::fs::write(&file, &self.sql).expect("a job file");
        let mut command = Command::new(env!("CARGO_BIN_EXE_upsert-kafka-under-test"));
        command.arg("run").arg(&file).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.kill_on_drop(true).spawn().expect("the binary under test");
        let stop = Stop::Process(child.id().unwrap_or_default());
        let ended = async move {
            let output = child.wait_with_output().await.map_err(|e| e.to_string())?;
            // The job was read long ago; a file that stays is in nobody's way.
            let _ = std::fs::remove_file(file);
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            match output.status.success() {
                true => Ok(text(&output.stdout).lines().filter(|it| is_row(it)).map(str::to_owned).collect()),
                false => Err(text(&output.stderr)),
            }
        };
        Running { stop, ended: tokio::spawn(ended) }
    }
}

/// A job on its way.
struct Running {
    stop: Stop,
    ended: JoinHandle<Result<Vec<String>, String>>,
}

enum Stop {
    Job(Stopper),
    Process(u32),
}

impl Running {
    fn stop(&self) {
        match &self.stop {
            Stop::Job(stopper) => stopper.stop(),
            Stop::Process(id) => {
                let status = std::process::Command::new("kill").args(["-TERM", &id.to_string()]).status();
                assert!(status.is_ok_and(|it| it.success()), "kill -TERM {id}");
            }
        }
    }
}

/// By the planner, in words.
fn is_refusal(error: &Error) -> bool {
    let planning = matches!(error.kind(), ErrorKind::Sql | ErrorKind::Plan);
    planning && error.to_string().split_whitespace().count() >= 4
}

/// For nothing but what is coming.
fn is_not_yet(error: &Error) -> bool {
    error.findings().iter().all(|finding| matches!(finding.rule, Rule::NotYet(_)))
        && !error.findings().is_empty()
}

/// `+I[1, a]`, perhaps behind an identifier, or a line of a SELECT's grid: the rest of stdout is the summary.
fn is_row(line: &str) -> bool {
    line.starts_with("| ")
        || line.ends_with(']') && ["+I[", "-U[", "+U[", "-D["].iter().any(|it| line.contains(it))
}

const PATIENCE: Duration = Duration::from_secs(120);

/// A line of a SELECT's grid as the golden data has its rows, `+I[1, a]`; none of its header. Others are as they were.
fn of_grid(line: String) -> Option<String> {
    let Some(cells) = line.strip_prefix("| ").and_then(|line| line.strip_suffix('|')) else {
        return (!line.starts_with("+--")).then_some(line);
    };
    let cells: Vec<&str> = cells.split('|').map(str::trim).collect();
    let (kind, row) = cells.split_first()?;
    (*kind != "op").then(|| format!("{kind}[{}]", row.join(", ")))
}
