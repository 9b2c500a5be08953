//! V-LOOP: a job that reads what it writes would feed itself.

use super::{Pipeline, SinkPlan, SourcePlan, UpsertPlan};
use crate::error::{Finding, Rule};

/// Every sink whose topic some source of the job reads.
pub(super) fn findings(pipelines: &[Pipeline]) -> Vec<Finding> {
    let inserts = pipelines.iter().flat_map(|pipeline| &pipeline.inserts);
    let sinks = inserts.filter_map(|insert| match &insert.sink {
        SinkPlan::UpsertKafka(sink) => Some(sink),
        SinkPlan::Print(_) => None,
    });
    let fed = sinks.filter(|sink| pipelines.iter().any(|pipeline| feeds(sink, pipeline.reader())));
    let findings = fed.map(|sink| {
        let text = format!(
            "reads and writes topic '{}': the job would feed itself; use two topics, or --allow-loop",
            sink.topic
        );
        Finding::new(Rule::Loop, text).of(&sink.table)
    });
    findings.collect()
}

fn feeds(sink: &UpsertPlan, source: &SourcePlan) -> bool {
    same_cluster(&sink.properties, &source.properties) && source.topics.contains(&sink.topic)
}

/// Whether two tables name an address in common.
pub(super) fn same_cluster(one: &[(String, String)], other: &[(String, String)]) -> bool {
    addresses(one).any(|a| addresses(other).any(|b| a == b))
}

fn addresses(properties: &[(String, String)]) -> impl Iterator<Item = &str> {
    let servers = properties.iter().filter(|(key, _)| key == "bootstrap.servers");
    servers.flat_map(|(_, servers)| servers.split(',').map(str::trim).filter(|address| !address.is_empty()))
}
