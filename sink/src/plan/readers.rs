//! Which INSERTs share a reader: a topic is read once per job and group.

use std::collections::{BTreeSet, HashMap};

use super::feedback::same_cluster;
use super::pipeline::{InsertPlan, Pipeline, SourcePlan};
use super::table::Declaration;
use crate::error::{Finding, Rule};

/// The readers of a job, as its INSERTs are added.
#[derive(Debug, Default)]
pub(super) struct Readers {
    pipelines: Vec<Pipeline>,
    /// The declaration of each source of each pipeline: two of one declaration are one source, unless they keep other
    /// rows. What is no table has none, and is one source too.
    declared: Vec<Vec<Option<Declaration>>>,
    /// The pipelines that read a topic.
    by_topic: HashMap<String, Vec<usize>>,
}

impl Readers {
    /// Adds an INSERT and the source that it reads, whose declaration is `declared`, where a table was declared; `insert.source` is set here.
    ///
    /// # Errors
    /// Another table of the job reads one of the topics as the same group, but in another way: a group keeps one
    /// position per partition, so neither could tell how far it has come.
    pub(super) fn add(
        &mut self,
        source: SourcePlan,
        declared: Option<Declaration>,
        mut insert: InsertPlan,
    ) -> Result<(), Finding> {
        for (pipeline, known) in self.pipelines.iter_mut().zip(&mut self.declared) {
            let mut both = pipeline.sources.iter().zip(known.iter());
            if let Some(at) = both.position(|(of, it)| *it == declared && of.normalize == source.normalize) {
                insert.source = at;
                pipeline.inserts.push(insert);
                return Ok(());
            }
            if difference(pipeline.reader(), &source).is_none() {
                insert.source = pipeline.sources.len();
                pipeline.sources.push(source);
                known.push(declared);
                pipeline.inserts.push(insert);
                return Ok(());
            }
        }
        let beside: BTreeSet<usize> =
            source.topics.iter().filter_map(|topic| self.by_topic.get(topic)).flatten().copied().collect();
        if let Some(finding) = beside.iter().find_map(|&it| conflict(self.pipelines[it].reader(), &source)) {
            return Err(finding);
        }
        for topic in &source.topics {
            self.by_topic.entry(topic.clone()).or_default().push(self.pipelines.len());
        }
        insert.source = 0;
        self.pipelines.push(Pipeline { sources: vec![source], inserts: vec![insert], tasks: 1 });
        self.declared.push(vec![declared]);
        Ok(())
    }

    pub(super) fn pipelines(&self) -> &[Pipeline] {
        &self.pipelines
    }

    pub(super) fn pipelines_mut(&mut self) -> &mut [Pipeline] {
        &mut self.pipelines
    }

    pub(super) fn into_pipelines(self) -> Vec<Pipeline> {
        self.pipelines
    }
}

/// Why two tables cannot have one reader: the first option in which they differ.
fn difference(one: &SourcePlan, other: &SourcePlan) -> Option<String> {
    if one.local.is_some() || other.local.is_some() {
        return Some("'connector'".into());
    }
    if one.topics != other.topics {
        return Some("'topic'".into());
    }
    if one.topic_pattern != other.topic_pattern {
        return Some("'topic-pattern'".into());
    }
    if one.errors != other.errors {
        return Some("'error-handling.mode'".into());
    }
    if one.startup != other.startup {
        return Some("'scan.startup.mode'".into());
    }
    if one.bounded != other.bounded {
        return Some("'scan.bounded.mode'".into());
    }
    if one.discovery_interval != other.discovery_interval {
        return Some("'scan.topic-partition-discovery.interval'".into());
    }
    let only = |of: &SourcePlan, than: &SourcePlan| {
        of.properties.iter().find(|it| !than.properties.contains(it)).map(|(key, _)| key.clone())
    };
    let key = only(one, other).or_else(|| only(other, one))?;
    Some(format!("'properties.{key}'"))
}

fn conflict(one: &SourcePlan, other: &SourcePlan) -> Option<Finding> {
    let group = one.group_id.as_ref().filter(|group| other.group_id.as_ref() == Some(group))?;
    let topic = one.topics.iter().find(|topic| other.topics.contains(topic))?;
    if !same_cluster(&one.properties, &other.properties) {
        return None;
    }
    let differs = difference(one, other)?;
    let text = format!(
        "table {} reads topic {topic} as group {group} too, with another {differs}: a group keeps one position per \
         partition, so the two would take each other's progress for their own; give one of them a \
         'properties.group.id' of its own, or let both say the same",
        one.table
    );
    Some(Finding::new(Rule::Group, text).of(&other.table))
}
