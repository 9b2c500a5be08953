//! V-LOOP: a job that reads what it writes would feed itself.

use std::collections::{HashMap, HashSet};

use super::pipeline::{Pipeline, SinkPlan, SourcePlan};
use crate::error::{Finding, Rule};

/// Every sink whose topic some source of the job reads.
pub(super) fn findings(pipelines: &[Pipeline]) -> Vec<Finding> {
    let inserts = pipelines.iter().flat_map(|pipeline| &pipeline.inserts);
    let sinks = inserts.filter_map(|insert| match &insert.sink {
        SinkPlan::Kafka(sink) => Some(sink),
        SinkPlan::Print(_) | SinkPlan::Blackhole(_) => None,
    });
    let sinks = sinks.flat_map(|sink| sink.topics.names().iter().map(move |topic| (sink, topic)));
    let mut readers: HashMap<&str, Vec<&SourcePlan>> = HashMap::new();
    // What is only printed feeds nobody.
    let feeds = |it: &&Pipeline| it.inserts.iter().any(|insert| !matches!(insert.sink, SinkPlan::Print(_)));
    for reader in pipelines.iter().filter(feeds).map(Pipeline::reader) {
        reader.topics.iter().for_each(|topic| readers.entry(topic).or_default().push(reader));
    }
    let of_patterns: Vec<&SourcePlan> =
        pipelines.iter().map(Pipeline::reader).filter(|it| it.topic_pattern.is_some()).collect();
    let fed = sinks.filter(|(sink, topic)| {
        let readers = readers.get(topic.as_str()).into_iter().flatten().chain(&of_patterns);
        let readers = readers.filter(|it| it.topic_pattern.as_ref().is_none_or(|it| it.matches(topic)));
        readers.into_iter().any(|reader| same_cluster(&sink.properties, &reader.properties))
    });
    let findings = fed.map(|(sink, topic)| {
        let text = format!(
            "reads and writes topic '{topic}': the job would feed itself; use two topics, or --allow-loop"
        );
        Finding::new(Rule::Loop, text).of(&sink.table)
    });
    findings.collect()
}

/// Whether two tables name an address in common.
pub(super) fn same_cluster(one: &[(String, String)], other: &[(String, String)]) -> bool {
    let known: HashSet<&str> = addresses(one).collect();
    addresses(other).any(|address| known.contains(address))
}

fn addresses(properties: &[(String, String)]) -> impl Iterator<Item = &str> {
    let servers = properties.iter().filter(|(key, _)| key == "bootstrap.servers");
    servers.flat_map(|(_, servers)| servers.split(',').map(str::trim).filter(|address| !address.is_empty()))
}
