//! `sink.delivery-guarantee` and what belongs to it, of a table that is written.

use super::check::Check;
use super::notice::Notice;
use super::pipeline::{InsertPlan, KafkaSinkPlan, Pipeline, SinkPlan};
use super::properties::sets;
use crate::delivery_guarantee::{DeliveryGuarantee, NamingStrategy, TransactionNaming};
use crate::error::{Finding, Rule};
use crate::settings::Settings;

impl Check<'_> {
    /// What is planned of the guarantee that is given.
    pub(super) fn delivery(&mut self, given: &str) -> DeliveryGuarantee {
        match given {
            "exactly-once" => DeliveryGuarantee::ExactlyOnce(self.transaction_naming()),
            "none" => {
                self.notice("'sink.delivery-guarantee' = 'none': at-least-once is kept all the same");
                DeliveryGuarantee::AtLeastOnce
            }
            _ => DeliveryGuarantee::AtLeastOnce,
        }
    }

    /// Where the positions of a source on another cluster are kept.
    pub(super) fn progress_topic(&self) -> String {
        self.given("sink.progress-topic").unwrap_or(PROGRESS_TOPIC).to_owned()
    }

    fn transaction_naming(&self) -> TransactionNaming {
        TransactionNaming {
            // Without one there is a finding already.
            prefix: self.given(PREFIX).unwrap_or_default().to_owned(),
            strategy: match self.choice("sink.transaction-naming-strategy") {
                "INCREMENTING" => NamingStrategy::Incrementing,
                _ => NamingStrategy::Pooling,
            },
        }
    }

    /// V-EOS, and a prefix that no broker takes.
    pub(super) fn exactly_once(&mut self, is_exactly_once: bool) {
        let key = "sink.transactional-id-prefix";
        let prefix = self.given(key);
        if is_exactly_once && prefix.is_none() {
            let given = self.guarantee_key();
            let mut text = format!("'{given}' = 'exactly-once' needs '{key}', one of its own for each job");
            if given != GUARANTEE {
                // Flink had no such option then: who brings it looks for one in vain.
                let topic = self.list("topic").first().map_or("", String::as_str);
                text = format!("{text}; add '{key}' = '{}-{topic}'", self.table.name);
            }
            self.refuse(Rule::ExactlyOnce, given, text);
        }
        if let Some(length) =
            prefix.map(str::len).filter(|length| is_exactly_once && *length > PREFIX_BYTES_MAX)
        {
            let text = format!("'{key}' has {length} bytes; {PREFIX_BYTES_MAX} are the most");
            self.refuse(Rule::ExactlyOnce, key, text);
        }
    }

    /// The option that says how rows are delivered: today's, or Flink 1.12's.
    fn guarantee_key(&self) -> &'static str {
        let old = "sink.semantic";
        if self.given(GUARANTEE).is_none() && self.given(old).is_some() { old } else { GUARANTEE }
    }
}

/// What cannot be of the exactly-once sinks of a job.
pub(super) fn findings(pipelines: &[Pipeline], settings: &Settings) -> Vec<Finding> {
    let inserts = pipelines.iter().flat_map(|pipeline| &pipeline.inserts);
    let mut findings: Vec<Finding> = inserts.filter_map(|insert| refused(insert, settings)).collect();
    for (at, pipeline) in pipelines.iter().enumerate() {
        findings.extend(pipelines[..at].iter().find_map(|other| called_alike(pipeline, other)));
    }
    findings
}

/// What should be known of exactly-once sinks whose source keeps no positions: nothing tells the next run how far it came.
pub(super) fn notices(pipelines: &[Pipeline]) -> Vec<Notice> {
    let keeps_none = |it: &&Pipeline| it.reader().local.is_none() && it.reader().group_id.is_none();
    let notice = |pipeline: &Pipeline| {
        let sink = pipeline.exactly_once_sinks().next()?;
        let text = format!(
            "'{GUARANTEE}' = 'exactly-once': table {} has no 'properties.group.id', so nobody keeps how far it is read: \
             each checkpoint is seen whole or not at all, and the next run begins as 'scan.startup.mode' says",
            pipeline.reader().table
        );
        Some(Notice { table: Some(sink.table.clone()), text })
    };
    pipelines.iter().filter(keeps_none).filter_map(notice).collect()
}

/// Tasks of members are called by partitions: those of two groups must not be by the same ones.
fn called_alike(one: &Pipeline, other: &Pipeline) -> Option<Finding> {
    let (sink, others) = (one.exactly_once_sinks().next()?, other.exactly_once_sinks().next()?);
    let prefix = &sink.delivery.naming()?.prefix;
    let is_same = others.delivery.naming()?.prefix == *prefix;
    let (reader, others) = (one.reader(), other.reader());
    let topic = reader.topics.iter().find(|topic| others.topics.contains(topic))?;
    (is_same && reader.may_share() && others.may_share()).then(|| {
        let text = format!(
            "'{PREFIX}' = '{prefix}' is that of another INSERT, which reads topic {topic} as another group: \
             transactional ids name partitions, so that the two would fence each other; use another prefix"
        );
        Finding::new(Rule::ExactlyOnce, text).of(&sink.table)
    })
}

fn refused(insert: &InsertPlan, settings: &Settings) -> Option<Finding> {
    let SinkPlan::Kafka(sink) = &insert.sink else { return None };
    sink.delivery.naming()?;
    Some(Finding::new(Rule::ExactlyOnce, too_short(sink, settings)?).of(&sink.table))
}

/// A transaction that its coordinator would abort before the commit that it waits for.
fn too_short(sink: &KafkaSinkPlan, settings: &Settings) -> Option<String> {
    let given = sink.properties.iter().find(|(key, _)| key == TIMEOUT)?.1.trim().parse::<u64>().ok()?;
    let interval_ms = settings.checkpoint_interval.as_millis();
    (sets(&sink.properties, TIMEOUT) && u128::from(given) <= interval_ms).then(|| {
        format!(
            "'properties.{TIMEOUT}' = {given} is not above 'execution.checkpointing.interval' = {interval_ms} ms: each \
             transaction would be aborted before it is committed"
        )
    })
}

/// Says how rows are delivered.
pub(super) const GUARANTEE: &str = "sink.delivery-guarantee";
const PREFIX: &str = "sink.transactional-id-prefix";
const TIMEOUT: &str = "transaction.timeout.ms";

/// `sink.progress-topic` where it is not said.
const PROGRESS_TOPIC: &str = "upsert-kafka-progress";

/// Flink's limit: with the subtask and the counter behind it the id must still be a Kafka string.
const PREFIX_BYTES_MAX: usize = 64_000;
