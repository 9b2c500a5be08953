//! What a client counted and measured, under the names that Java's metrics have.

use std::fmt;
use std::sync::Arc;

mod sensor;

pub(crate) use sensor::{Sensor, Windows};

/// One figure at one moment.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Metric {
    /// Java's name, such as `record-send-rate`.
    pub name: &'static str,
    /// Java's group, such as `producer-metrics`.
    pub group: &'static str,
    /// What it is, with its unit.
    pub description: &'static str,
    /// The topic that it is of; `None` is the whole client.
    pub topic: Option<Arc<str>>,
    /// The figure; NaN where nothing was measured, as in Java.
    pub value: f64,
}

/// All figures at one moment, in the order of the table they are made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Metrics(Vec<Metric>);

impl Metrics {
    pub(crate) fn new(metrics: Vec<Metric>) -> Self {
        Self(metrics)
    }

    /// The figure of that name for the whole client.
    pub fn value(&self, name: &str) -> Option<f64> {
        self.iter().find(|metric| metric.name == name && metric.topic.is_none()).map(|metric| metric.value)
    }

    /// The figure of that name for one topic.
    pub fn of_topic(&self, topic: &str, name: &str) -> Option<f64> {
        let of = |metric: &&Metric| metric.name == name && metric.topic.as_deref() == Some(topic);
        self.iter().find(of).map(|metric| metric.value)
    }

    /// Every figure.
    pub fn iter(&self) -> impl Iterator<Item = &Metric> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Metrics {
    type Item = &'a Metric;
    type IntoIter = std::slice::Iter<'a, Metric>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// `name value` or `name{topic} value`, a line each.
impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|metric| match &metric.topic {
            None => writeln!(f, "{} {}", metric.name, metric.value),
            Some(topic) => writeln!(f, "{}{{{topic}}} {}", metric.name, metric.value),
        })
    }
}
