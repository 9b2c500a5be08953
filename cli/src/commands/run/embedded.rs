//! `run --embedded`: a job on a broker inside this process, fed from files, and what it wrote.

use std::collections::HashMap;

use upsert_kafka_broker::{Broker, BrokerConfig};
use upsert_kafka_client::{Client, Config, Role};
use upsert_kafka_sink::plan::Plan;
use upsert_kafka_sink::{Job, NewTopics};

use super::input::{self, Input};
use super::place::Places;
use super::{Ran, carry, failed, open, options, restore, stopped_early, warn};
use crate::args::Args;
use crate::commands::{dump, job};
use crate::exit::{Exit, Failure};
use crate::listing::OutputFormat;
use crate::live::Live;
use crate::output::Output;
use crate::signal::Stop;
use crate::stderr::say;

pub(super) async fn run(args: &Args, stop: &Stop, out: &mut Output) -> Result<(), Failure> {
    for flag in ["--bootstrap", "--properties", "--profile"] {
        if args.has(flag) {
            return Err(Failure::usage(format!("--embedded and {flag} exclude each other")));
        }
    }
    let form = OutputFormat::of(args)?;
    let Some(prepared) = stop.unless_asked(prepare(args, stop, out)).await else { return stopped_early() };
    let Prepared { broker, client, job, live, places, sinks, answers } = prepared?;
    for answer in answers {
        out.write(answer)?;
    }
    let ran = carry(job, live, stop, out).await?;
    let shown = show(args, stop, &client, &sinks, out).await.and_then(|()| ran.summary(form, out));
    let told = told(&ran, &places).await;
    broker.stop().await;
    // The job's own failure says more than that its result could not be shown.
    told.and(shown)
}

/// A job that stands at its beginning, its input in the broker.
struct Prepared {
    broker: Broker,
    client: Client,
    job: Job,
    live: Option<Live>,
    places: Places,
    sinks: Vec<String>,
    /// What SHOW, DESCRIBE and EXPLAIN tell.
    answers: Vec<String>,
}

/// Broker, topics, start positions, input: in this order, so that `latest-offset` reads the input too.
async fn prepare(args: &Args, stop: &Stop, out: &Output) -> Result<Prepared, Failure> {
    let path = args.operand(0);
    let script = job::read(path)?;
    let inputs = Input::all(args)?;
    let partitions = args.number("--partitions", 1)?;
    let config = BrokerConfig::default().with_frame_bytes_max(FRAME_BYTES_MAX);
    let broker = Broker::start(config).await;
    let broker = broker.map_err(|e| Failure::new(Exit::Cluster, format!("the embedded broker: {e}")))?;
    let bootstrap = broker.address().to_string();
    let options = job::options(args, Some(bootstrap.clone()))?.without_security();
    let mut plan = job::plan(path, script, &options)?;
    warn(plan.notices());
    let feeds: Vec<_> = inputs.into_iter().map(|it| it.of(&plan)).collect::<Result<_, _>>()?;
    let (sinks, answers) = (sink_topics(&plan), plan.answers().to_vec());
    let value_bytes = input::largest(&feeds).await?;
    let room = room(value_bytes);
    if value_bytes > PLAIN_BYTES_MAX {
        // Where the table does not say how large its rows may be.
        plan.set_sink_default("max.request.size", &room.to_string());
    }
    let topics = NewTopics::new().partitions(partitions).config("max.message.bytes", room.to_string());
    let columns = Live::columns(&plan, args, out)?;
    OutputFormat::of(args)?.shape(&mut plan);
    // Nobody else reaches the broker's groups in time.
    let options = self::options(restore(args)?, stop, Some(topics)).alone();
    let (options, live) = Live::begin(columns, options);
    let mut job = open(plan, options).await?;
    let client = client(&bootstrap, room).await?;
    let places = input::feed(&client, feeds, partitions).await?;
    if !args.has("--follow") {
        job.stop_at_end().await.map_err(|e| job::not_opened(&e))?;
    }
    Ok(Prepared { broker, client, job, live, places, sinks, answers })
}

/// What the sinks' topics hold now; a signal that comes only now ends it.
async fn show(
    args: &Args,
    stop: &Stop,
    client: &Client,
    topics: &[String],
    out: &mut Output,
) -> Result<(), Failure> {
    let all = async {
        for topic in topics {
            dump::show(args, client, topic, out).await?;
        }
        Ok(())
    };
    if stop.is_asked() { all.await } else { stop.unless_asked(all).await.unwrap_or(Ok(())) }
}

/// Why the job ended, and what it skipped, with the place in the input.
async fn told(ran: &Ran, places: &Places) -> Result<(), Failure> {
    if let Some(text) = ran.skipped() {
        let place = match ran.progress.first_skipped_record() {
            Some(record) => places.of(record).await,
            None => None,
        };
        say(format!("{text}{}", place.map_or(String::new(), |place| format!(" ({place})"))));
    }
    let Err(error) = &ran.outcome else { return Ok(()) };
    let mut failure = failed(error);
    if !failure.is_quiet()
        && let Some(record) = error.record()
        && let Some(place) = places.of(record).await
    {
        failure.message = format!("{place}: {}", failure.message);
    }
    Err(failure)
}

/// Each once, in the order of their first INSERT.
fn sink_topics(plan: &Plan) -> Vec<String> {
    let mut seen = HashMap::new();
    let topics = plan.inserts().filter_map(|(_, insert)| insert.topic().map(str::to_owned));
    topics.filter(|topic| seen.insert(topic.clone(), ()).is_none()).collect()
}

/// How large a record may be, where an input value has so many bytes: a sink may write it several times over, in its
/// key, in several columns, and with characters escaped.
fn room(value_bytes: usize) -> usize {
    ROOM_BYTES_MIN.max(value_bytes.saturating_mul(3))
}

async fn client(bootstrap: &str, room: usize) -> Result<Client, Failure> {
    let cluster = |e: upsert_kafka_client::Error| Failure::new(Exit::Cluster, e.to_string());
    let (config, _) =
        Config::from_properties([("bootstrap.servers", bootstrap)], Role::Any).map_err(cluster)?;
    let buffer_memory = config.buffer_memory.max(2 * room);
    Client::open(config.with(|it| (it.max_request_size, it.buffer_memory) = (room, buffer_memory)))
        .await
        .map_err(cluster)
}

/// Its only clients are in this process: four times what a value may have.
const FRAME_BYTES_MAX: usize = 512 << 20;

/// Values up to this size pass with the sinks' own `max.request.size`, Java's 1 MiB.
const PLAIN_BYTES_MAX: usize = 256 * 1024;

/// What a topic of this broker takes at least.
const ROOM_BYTES_MIN: usize = 2 << 20;
