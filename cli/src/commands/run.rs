//! `run`: a job, on a cluster or on a broker inside this process.

use upsert_kafka_broker::{Broker, BrokerConfig};
use upsert_kafka_client::{Client, Config, Record, Role};
use upsert_kafka_sink::plan::{Plan, SinkPlan};
use upsert_kafka_sink::{Error, ErrorKind, Job, JobOptions, NewTopics, Restore, Summary};

use crate::args::Args;
use crate::commands::{job, topic};
use crate::exit::{Exit, Failure};
use crate::signal::Signals;
use crate::status::Status;

pub(super) async fn run(args: &Args) -> Result<(), Failure> {
    if args.has("--embedded") {
        return embedded(args).await;
    }
    for flag in ["--input", "--follow"] {
        if args.has(flag) {
            return Err(Failure::usage(format!("{flag} needs --embedded")));
        }
    }
    let path = args.operand(0);
    let script = job::read(path)?;
    let plan = job::plan(path, script, &job::options(args, None)?)?;
    warn(&plan.notices);
    let partitions = args.optional("--partitions")?;
    let create = args.has("--create-topics").then_some(NewTopics { partitions, replication_factor: None });
    let job = open(plan, args, create).await?;
    summary(&carry(job).await?);
    Ok(())
}

/// Broker, topics, start positions, input, job, result: in this order.
async fn embedded(args: &Args) -> Result<(), Failure> {
    if args.has("--bootstrap") {
        return Err(Failure::usage("--embedded and --bootstrap exclude each other"));
    }
    let path = args.operand(0);
    let script = job::read(path)?;
    let inputs = inputs(args)?;
    let broker = Broker::start(BrokerConfig::default()).await;
    let broker = broker.map_err(|e| Failure::new(Exit::Cluster, format!("the embedded broker: {e}")))?;
    let bootstrap = broker.address().to_string();
    let plan = job::plan(path, script, &job::options(args, Some(bootstrap.clone()))?)?;
    warn(&plan.notices);
    let sources = feeds(&plan, &inputs)?;
    let sinks = sink_topics(&plan);
    let partitions = Some(args.number("--partitions", 1)?);
    let mut job = open(plan, args, Some(NewTopics { partitions, replication_factor: None })).await?;
    let client = client(&bootstrap).await?;
    for (topic, lines) in &sources {
        feed(&client, topic, lines).await?;
    }
    if !args.has("--follow") {
        job.stop_at_end().await.map_err(|e| job::not_opened(&e))?;
    }
    let summary_of_run = carry(job).await?;
    for topic in &sinks {
        topic::show(&client, topic).await?;
    }
    summary(&summary_of_run);
    broker.stop().await;
    Ok(())
}

async fn open(plan: Plan, args: &Args, create_topics: Option<NewTopics>) -> Result<Job, Failure> {
    let restore = restore(args)?;
    let options = JobOptions { restore, create_topics, ..JobOptions::default() };
    let job = Job::open(plan, options).await.map_err(|e| job::not_opened(&e))?;
    warn(job.notices());
    for notice in job.resumed() {
        eprintln!("note: {notice}");
    }
    Ok(job)
}

/// What the offsets that the job's groups keep mean.
fn restore(args: &Args) -> Result<Restore, Failure> {
    match (args.has("--from-start-mode"), args.has("--resume")) {
        (false, false) => Ok(Restore::Checkpoint),
        (true, false) => Ok(Restore::Nothing),
        (false, true) => Ok(Restore::Offsets),
        (true, true) => Err(Failure::usage("--from-start-mode and --resume exclude each other")),
    }
}

/// Runs the job; the first signal stops it cleanly.
async fn carry(job: Job) -> Result<Summary, Failure> {
    let signals = Signals::new()?;
    let stopper = job.stopper();
    tokio::spawn(async move {
        signals.first().await;
        stopper.stop();
    });
    let _status = Status::show(job.progress());
    job.run().await.map_err(|e| failed(&e))
}

fn failed(error: &Error) -> Failure {
    let exit = match error.kind() {
        ErrorKind::Sql | ErrorKind::Plan => Exit::Job,
        _ => Exit::Running,
    };
    Failure::new(exit, error.to_string())
}

fn warn(notices: &[upsert_kafka_sink::plan::Notice]) {
    for notice in notices {
        let table = notice.table.as_deref().map_or(String::new(), |table| format!("table {table}: "));
        eprintln!("warning: {table}{}", notice.text);
    }
}

fn summary(summary: &Summary) {
    let counts = summary.counts;
    let skipped = if counts.skipped > 0 { format!(", {} skipped", counts.skipped) } else { String::new() };
    println!(
        "{} rows in, {} rows out, {} tombstones{skipped}, {:.2} seconds",
        counts.rows_in,
        counts.rows_out,
        counts.tombstones,
        summary.elapsed.as_secs_f64()
    );
}

/// `--input TABLE=FILE`, each file read.
fn inputs(args: &Args) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let one = |text: &String| {
        let Some((table, file)) = text.split_once('=') else {
            return Err(Failure::usage(format!("--input {text}: not of the form TABLE=FILE")));
        };
        let bytes = std::fs::read(file).map_err(|e| Failure::new(Exit::Job, format!("{file}: {e}")))?;
        Ok((table.to_owned(), bytes))
    };
    args.values("--input").iter().map(one).collect()
}

/// The topic of each input's table.
fn feeds(plan: &Plan, inputs: &[(String, Vec<u8>)]) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let find = |(table, bytes): &(String, Vec<u8>)| {
        let source = plan.sources().find(|it| it.table == *table);
        match source.and_then(|it| it.topics.first()) {
            Some(topic) => Ok((topic.clone(), bytes.clone())),
            None => Err(Failure::usage(format!("--input {table}=…: the job reads no table {table}"))),
        }
    };
    inputs.iter().map(find).collect()
}

fn sink_topics(plan: &Plan) -> Vec<String> {
    let topic = |sink: &SinkPlan| match sink {
        SinkPlan::UpsertKafka(plan) => Some(plan.topic.clone()),
        SinkPlan::Print(_) => None,
    };
    let mut topics: Vec<_> = plan.inserts().filter_map(|(_, it)| topic(&it.sink)).collect();
    topics.dedup();
    topics
}

async fn client(bootstrap: &str) -> Result<Client, Failure> {
    let cluster = |e: upsert_kafka_client::Error| Failure::new(Exit::Cluster, e.to_string());
    let (config, _) =
        Config::from_properties([("bootstrap.servers", bootstrap)], Role::Any).map_err(cluster)?;
    Client::open(config).await.map_err(cluster)
}

/// A line is a record without a key; blank lines are none.
async fn feed(client: &Client, topic: &str, lines: &[u8]) -> Result<(), Failure> {
    let running = |e: upsert_kafka_client::Error| Failure::new(Exit::Running, format!("--input: {e}"));
    let producer = client.producer();
    let topic = producer.topic(topic).await.map_err(running)?;
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        // The flush tells what became of it.
        let _delivery = producer.send(Record::new(&topic).value(line)).await.map_err(running)?;
    }
    producer.flush().await.map_err(running)
}
