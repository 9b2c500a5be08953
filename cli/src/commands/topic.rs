//! `topic list|create`, and the client that every command on a cluster begins with.

use serde_json::{Value, json};
use upsert_kafka_client::{Client, Config, Error, NewTopic, Role, TopicDescription};

use crate::args::Args;
use crate::exit::{Exit, Failure};
use crate::listing::{Listing, OutputFormat, Row};
use crate::output::Output;
use crate::stderr::say;
use crate::text;

/// A client of the cluster that `--bootstrap` names, with the settings of `--property`.
pub(super) async fn client(args: &Args, role: Role) -> Result<Client, Failure> {
    open(args, role, &[]).await
}

/// The same for whoever only reads; what retention took meanwhile is passed over.
pub(super) async fn reader(args: &Args, more: &[(&str, &str)]) -> Result<Client, Failure> {
    open(args, Role::Consumer, &[&[("auto.offset.reset", "earliest")], more].concat()).await
}

async fn open(args: &Args, role: Role, settings: &[(&str, &str)]) -> Result<Client, Failure> {
    let mut pairs = vec![("bootstrap.servers", args.value("--bootstrap").unwrap_or("127.0.0.1:9092"))];
    pairs.extend(settings);
    for text in args.values("--property") {
        let pair = text.split_once('=');
        let (key, value) =
            pair.ok_or_else(|| Failure::usage(format!("--property {text}: not of the form KEY=VALUE")))?;
        pairs.retain(|(known, _)| *known != key);
        pairs.push((key, value));
    }
    let (config, notices) =
        Config::from_properties(pairs, role).map_err(|e| Failure::usage(e.to_string()))?;
    notices.iter().for_each(|notice| say(format_args!("warning: {notice}")));
    Client::open(config).await.map_err(failed)
}

/// What a broker refused or did not answer.
pub(super) fn failed(error: Error) -> Failure {
    Failure::new(Exit::Cluster, error.to_string())
}

pub(super) async fn list(args: &Args, out: &mut Output) -> Result<(), Failure> {
    OutputFormat::of(args)?;
    let mut topics = client(args, Role::Admin).await?.admin().topics().await.map_err(failed)?;
    topics.sort_by(|a, b| a.name.cmp(&b.name));
    let mut listing = Listing::begin(args, &["topic", "partitions"], out)?;
    topics.iter().try_for_each(|topic| listing.add(topic))?;
    listing.end()
}

impl Row for TopicDescription {
    fn cells(&self, columns: usize) -> Vec<String> {
        vec![text::shown(&self.name, columns), self.partitions.len().to_string()]
    }

    fn json(&self) -> Value {
        json!({ "topic": self.name, "partitions": self.partitions.len() })
    }
}

pub(super) async fn create(args: &Args) -> Result<(), Failure> {
    let mut topic = NewTopic::new(args.operand(0));
    topic.partitions = args.optional("--partitions")?;
    topic.replication_factor = args.optional("--replication-factor")?;
    for text in args.values("--config") {
        let (key, value) = text
            .split_once('=')
            .ok_or_else(|| Failure::usage(format!("--config {text}: not of the form KEY=VALUE")))?;
        topic = topic.config(key, value);
    }
    let created = client(args, Role::Admin).await?.admin().create_topics(&[topic]).await.map_err(failed)?;
    created.into_iter().collect::<Result<(), _>>().map_err(failed)
}
