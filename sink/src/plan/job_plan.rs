//! A job as planned.

use std::fmt;

use super::explain::Explained;
use super::notice::Notice;
use super::pipeline::{InsertPlan, Layout, Pipeline, PrintPlan, SinkPlan, SourcePlan};
use super::properties::sets;
use super::report::TableReport;
use crate::settings::Settings;

/// A job, ready to be run.
#[derive(Debug)]
pub struct Plan {
    /// What SET came to.
    pub(crate) settings: Settings,
    /// One for each reader, in the order in which statements name them.
    pub(crate) pipelines: Vec<Pipeline>,
    pub(super) notices: Vec<Notice>,
    pub(super) tables: Vec<TableReport>,
    /// What SHOW, DESCRIBE and EXPLAIN tell, in their order.
    pub(super) answers: Vec<String>,
}

/// A form for programs in which a SELECT's changes may be printed, in the place of a grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueryForm {
    /// An object with the operation as `op` and the columns as `row`, written as format `json` writes them.
    Json,
    /// The operation and each column as connector `print` writes it, with tabs between.
    Raw,
}

impl Plan {
    /// What the user should know but need not change.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// What SHOW, DESCRIBE and EXPLAIN of the script tell, in their order, each of lines.
    pub fn answers(&self) -> &[String] {
        &self.answers
    }

    /// What each table that is read or written came to, in the order of use.
    pub fn tables(&self) -> &[TableReport] {
        &self.tables
    }

    /// Whether it runs SELECTs alone, whose rows are shown and written nowhere.
    pub fn is_query(&self) -> bool {
        let mut sinks = self.inserts().map(|(_, insert)| &insert.sink).peekable();
        sinks.peek().is_some() && sinks.all(SinkPlan::is_query)
    }

    /// The names of the columns of the one SELECT that it runs; none where it runs several, or writes anything.
    pub fn query_columns(&self) -> Vec<&str> {
        let begins = |sink: &&SinkPlan| match sink {
            SinkPlan::Print(print) => print.layout == Layout::Changelog { has_header: true },
            _ => false,
        };
        let mut queries = self.inserts().map(|(_, insert)| &insert.sink).filter(begins);
        match (queries.next(), queries.next()) {
            (Some(sink), None) if self.is_query() => sink.columns().iter().map(|it| &*it.name).collect(),
            _ => Vec::new(),
        }
    }

    /// Prints the changes of SELECTs in this form, a line each.
    pub fn print_queries_as(&mut self, form: QueryForm) {
        for print in self.queries_mut() {
            print.layout = match form {
                QueryForm::Json => Layout::Json,
                QueryForm::Raw => Layout::Raw,
            };
        }
    }

    /// From now on the changes of SELECTs are handed out cell by cell, and not as lines.
    pub(crate) fn hand_queries_out(&mut self) {
        self.queries_mut().for_each(|print| print.layout = Layout::Cells);
    }

    fn queries_mut(&mut self) -> impl Iterator<Item = &mut PrintPlan> {
        let inserts = self.pipelines.iter_mut().flat_map(|pipeline| &mut pipeline.inserts);
        inserts.filter_map(|insert| match &mut insert.sink {
            SinkPlan::Print(print) if print.layout != Layout::Row => Some(print),
            _ => None,
        })
    }

    /// Every table that is read, each once.
    pub fn sources(&self) -> impl Iterator<Item = &SourcePlan> {
        self.pipelines.iter().flat_map(|pipeline| &pipeline.sources)
    }

    /// Every INSERT of the job with the table that it reads, by its source and its place there.
    pub fn inserts(&self) -> impl Iterator<Item = (&SourcePlan, &InsertPlan)> {
        self.pipelines.iter().flat_map(Pipeline::inserts)
    }

    /// The plan as text: what each table, key, value, option and default came to. Secrets are left out.
    pub fn explain(&self) -> impl fmt::Display + '_ {
        Explained {
            settings: &self.settings,
            pipelines: &self.pipelines,
            tables: &self.tables,
            notices: &self.notices,
        }
    }

    /// Sets a client property, as `properties.*` does, of every upsert-kafka table that is written and does not set it
    /// itself.
    pub fn set_sink_default(&mut self, key: &str, value: &str) {
        for insert in self.pipelines.iter_mut().flat_map(|pipeline| &mut pipeline.inserts) {
            if let SinkPlan::Kafka(sink) = &mut insert.sink
                && !sets(&sink.properties, key)
            {
                sink.properties.push((key.to_owned(), value.to_owned()));
            }
        }
    }

    /// Gives each state of each task its share of the job's memory.
    pub(crate) fn share_state_memory(&mut self) {
        let states = |it: &Pipeline| {
            let kept = it.sources.iter().filter(|source| source.keeps_state()).count();
            kept * it.tasks as usize
        };
        let count = self.pipelines.iter().map(states).sum::<usize>().max(1);
        for source in self.pipelines.iter_mut().flat_map(|pipeline| &mut pipeline.sources) {
            if let Some(normalize) = &mut source.normalize {
                normalize.limits.memory_bytes_max /= count;
            }
        }
    }

    /// The readers, for tests and benches of this repository.
    #[doc(hidden)]
    pub fn pipelines(&self) -> &[Pipeline] {
        &self.pipelines
    }
}
