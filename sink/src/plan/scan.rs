//! Topics, begin and end of a source, from its options.

use std::time::Duration;

use super::check::Check;
use crate::error::Rule;
use crate::error_handling::ErrorHandling;
use crate::option::OptionValue;
use crate::options::offsets;
use crate::scan::{Bounded, Startup};
use crate::topic_selector::TopicPattern;

impl Check<'_> {
    /// V-TBOTH, V-TNONE; for any table, since an empty list names no topic.
    pub(super) fn topics(&mut self) {
        let (topic, pattern) = (self.given("topic").is_some(), self.given("topic-pattern").is_some());
        if topic && pattern {
            let text = "'topic' and 'topic-pattern' exclude each other; keep one";
            self.refuse(Rule::TopicAndPattern, "topic-pattern", text);
        } else if !pattern && self.list("topic").is_empty() {
            self.refuse(Rule::NoTopic, "topic", "either 'topic' or 'topic-pattern' must be set");
        } else if let Some(text) = self.given("topic-pattern")
            && let Err(why) = TopicPattern::parse(text)
        {
            self.refuse(Rule::Value, "topic-pattern", format!("'topic-pattern': {why}"));
        }
    }

    /// `topic-pattern`, where the table has one that stands.
    pub(super) fn topic_pattern(&self) -> Option<TopicPattern> {
        TopicPattern::parse(self.given("topic-pattern")?).ok()
    }

    /// Of what a table reads, for a sentence.
    pub(super) fn topics_shown(&self) -> String {
        match self.given("topic-pattern") {
            Some(pattern) => format!("topics that match {pattern}"),
            None => format!("topic {}", self.list("topic").join(", ")),
        }
    }

    /// `error-handling.*`
    pub(super) fn error_handling(&mut self) -> ErrorHandling {
        let key = "error-handling.dead-letter-topic";
        let dead_letter_topic = self.given(key).map(str::to_owned);
        let mode = self.choice("error-handling.mode");
        if dead_letter_topic.is_some() && mode != "log" {
            let text = format!("'{key}' needs 'error-handling.mode' = 'log'");
            self.refuse(Rule::Value, key, text);
        }
        if dead_letter_topic.as_ref().is_some_and(|it| self.list("topic").contains(it)) {
            self.refuse(Rule::Loop, key, format!("'{key}' is a topic that the table reads"));
        }
        match mode {
            "ignore" => ErrorHandling::Ignore,
            "log" => ErrorHandling::Log { dead_letter_topic },
            _ => ErrorHandling::Fail,
        }
    }

    /// `scan.startup.*`
    pub(super) fn startup(&mut self) -> Startup {
        match self.choice("scan.startup.mode") {
            "earliest-offset" => Startup::EarliestOffset,
            "latest-offset" => Startup::LatestOffset,
            "timestamp" => {
                Startup::Timestamp(self.timestamp("scan.startup.mode", "scan.startup.timestamp-millis"))
            }
            "specific-offsets" => {
                let offsets = self.offsets("scan.startup.mode", "scan.startup.specific-offsets");
                Startup::SpecificOffsets(offsets)
            }
            mode => {
                if mode == "group-offsets" {
                    self.group("scan.startup.mode");
                    self.reset();
                }
                Startup::GroupOffsets
            }
        }
    }

    /// `scan.bounded.*`: V-BTS, V-BSO, V-BMULTI, V-OFFS.
    pub(super) fn bounded(&mut self) -> Bounded {
        match self.choice("scan.bounded.mode") {
            "latest-offset" => Bounded::LatestOffset,
            "group-offsets" => {
                self.group("scan.bounded.mode");
                Bounded::GroupOffsets
            }
            "timestamp" => {
                Bounded::Timestamp(self.timestamp("scan.bounded.mode", "scan.bounded.timestamp-millis"))
            }
            "specific-offsets" => {
                let offsets = self.offsets("scan.bounded.mode", "scan.bounded.specific-offsets");
                Bounded::SpecificOffsets(offsets)
            }
            _ => Bounded::Unbounded,
        }
    }

    /// How often new partitions are looked for.
    pub(super) fn discovery(&mut self, bounded: &Bounded) -> Option<Duration> {
        let key = "scan.topic-partition-discovery.interval";
        let interval = match (self.given(key), self.discovery_of_property()) {
            (None, Some(interval)) => interval,
            _ => match self.options.find(key) {
                Some(OptionValue::Duration(interval)) => *interval,
                _ => return None,
            },
        };
        (!interval.is_zero() && *bounded == Bounded::Unbounded).then_some(interval)
    }

    /// The same as Flink's connectors before 1.12 spelled it: among the properties, in milliseconds.
    fn discovery_of_property(&mut self) -> Option<Duration> {
        let key = "properties.flink.partition-discovery.interval-millis";
        let given = self.given(key)?;
        let Ok(millis) = given.parse::<i64>() else {
            self.refuse(Rule::Value, key, format!("'{key}' = '{given}' is not a whole number"));
            return None;
        };
        self.notice(format!("'{key}' = '{given}' is 'scan.topic-partition-discovery.interval' today"));
        // As in Flink then: anything below zero is never.
        Some(Duration::from_millis(u64::try_from(millis).unwrap_or(0)))
    }

    fn timestamp(&mut self, mode: &str, key: &str) -> i64 {
        match self.options.find(key) {
            Some(OptionValue::Long(timestamp)) => return *timestamp,
            None if self.given(key).is_none() => {
                self.refuse(Rule::ScanMode, mode, format!("'{mode}' = 'timestamp' needs '{key}'"));
            }
            // It does not parse, which is told already.
            _ => {}
        }
        0
    }

    fn offsets(&mut self, mode: &str, key: &str) -> std::collections::BTreeMap<i32, i64> {
        let Some(text) = self.given(key) else {
            self.refuse(Rule::ScanMode, mode, format!("'{mode}' = 'specific-offsets' needs '{key}'"));
            return Default::default();
        };
        let topics = self.list("topic").len();
        if topics > 1 {
            let text = format!("'specific-offsets' belong to one topic; {topics} are given");
            self.refuse(Rule::OffsetsOfMany, key, text);
        } else if self.given("topic-pattern").is_some() {
            let text = "'specific-offsets' belong to one topic; 'topic-pattern' may mean many";
            self.refuse(Rule::OffsetsOfMany, key, text);
        }
        offsets(text).unwrap_or_else(|piece| {
            let text = format!(
                "'{key}' = '{text}' is not of the form 'partition:0,offset:42;partition:1,offset:300' (at '{piece}')"
            );
            self.refuse(Rule::Offsets, key, text);
            Default::default()
        })
    }

    fn group(&mut self, mode: &str) {
        if self.given("properties.group.id").is_none() {
            let how = if self.given(mode).is_some() { "" } else { ", which is the default," };
            let text = format!(
                "'{mode}' = 'group-offsets'{how} needs 'properties.group.id': give the table one, or another '{mode}'"
            );
            self.refuse(Rule::ScanMode, mode, text);
        }
    }

    fn reset(&mut self) {
        let key = "properties.auto.offset.reset";
        let choices = ["latest", "earliest", "none"];
        if let Some(value) =
            self.given(key).filter(|value| !choices.iter().any(|it| it.eq_ignore_ascii_case(value)))
        {
            self.refuse(
                Rule::Value,
                key,
                format!("'{key}' = '{value}' is not one of {}", choices.join(", ")),
            );
        }
    }
}

/// For `explain`.
pub(super) fn discovery_line(interval: Duration) -> String {
    format!("looks for new partitions every {interval:?}")
}
