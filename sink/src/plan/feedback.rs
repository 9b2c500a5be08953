//! V-LOOP: a job that reads what it writes would feed itself.

use std::collections::{HashMap, HashSet};

use super::pipeline::{Pipeline, SinkPlan, SourcePlan};
use crate::error::{Finding, Rule};

/// Every sink whose topic some source of the job reads.
pub(super) fn findings(pipelines: &[Pipeline]) -> Vec<Finding> {
    let inserts = pipelines.iter().flat_map(|pipeline| &pipeline.inserts);
    let sinks = inserts.filter_map(|insert| match &insert.sink {
        SinkPlan::UpsertKafka(sink) => Some(sink),
        SinkPlan::Print(_) => None,
    });
    let mut readers: HashMap<&str, Vec<&SourcePlan>> = HashMap::new();
    // What is only printed feeds nobody.
    let feeds = |it: &&Pipeline| it.inserts.iter().any(|insert| !matches!(insert.sink, SinkPlan::Print(_)));
    for reader in pipelines.iter().filter(feeds).map(Pipeline::reader) {
        reader.topics.iter().for_each(|topic| readers.entry(topic).or_default().push(reader));
    }
    let fed = sinks.filter(|sink| {
        let readers = readers.get(&*sink.topic).into_iter().flatten();
        readers.into_iter().any(|reader| same_cluster(&sink.properties, &reader.properties))
    });
    let findings = fed.map(|sink| {
        let text = format!(
            "reads and writes topic '{}': the job would feed itself; use two topics, or --allow-loop",
            sink.topic
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
