//! `topic list|create`.

use serde_json::{Value, json};
use upsert_kafka_client::{NewTopic, Role, TopicDescription};

use crate::args::Args;
use crate::cluster::{client, failed};
use crate::exit::Failure;
use crate::listing::{Listing, OutputFormat, Row};
use crate::output::Output;
use crate::text;

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
