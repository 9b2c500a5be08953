//! The settings of a topic: Kafka's names, types and defaults, and those that mean something here.

use std::collections::BTreeMap;

use upsert_kafka_protocol::{ErrorCode, Str};

use super::Refusal;

/// A setting's type, numbered as DescribeConfigs says it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(i8)]
pub(crate) enum ConfigType {
    Boolean = 1,
    String = 2,
    Int = 3,
    Long = 5,
    Double = 6,
    List = 7,
}

/// One setting that a topic can have.
#[derive(Debug)]
pub(crate) struct TopicConfig {
    pub(crate) name: &'static str,
    pub(crate) kind: ConfigType,
    pub(crate) default: &'static str,
    /// The words it may be, when they are few; for a list, each of its elements.
    words: &'static [&'static str],
    /// The least number it may be.
    least: i64,
}

/// Whose clock stamps the records.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum TimestampType {
    CreateTime,
    LogAppendTime,
}

/// What one topic was given, checked; all else is the default.
#[derive(Clone, Debug)]
pub(crate) struct Configs {
    given: BTreeMap<&'static str, Str>,
    pub(crate) compacted: bool,
    pub(crate) message_bytes_max: usize,
    pub(crate) timestamp_type: TimestampType,
    pub(crate) timestamp_before_ms_max: i64,
    pub(crate) timestamp_after_ms_max: i64,
}

impl Default for Configs {
    fn default() -> Self {
        Self::of(BTreeMap::new())
    }
}

impl Configs {
    /// Checks every setting by name and value.
    pub(crate) fn parse<'a>(
        settings: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
    ) -> Result<Self, Refusal> {
        let mut given = BTreeMap::new();
        for (name, value) in settings {
            let config =
                TopicConfig::of(name).ok_or_else(|| invalid(format!("Unknown topic config name: {name}")))?;
            let value = value
                .ok_or_else(|| invalid(format!("Null value not supported for topic configs: {name}")))?;
            config.check(value)?;
            given.insert(config.name, super::owned(value));
        }
        Ok(Self::of(given))
    }

    /// What the topic has, and whether that was given.
    pub(crate) fn value(&self, config: &TopicConfig) -> (Str, bool) {
        match self.given.get(config.name) {
            Some(value) => (value.clone(), true),
            None => (Str::from_static(config.default), false),
        }
    }

    fn of(given: BTreeMap<&'static str, Str>) -> Self {
        let text = |name: &str| {
            let default = TopicConfig::of(name).map_or("", |config| config.default);
            given.get(name).map_or(default, |value| value)
        };
        let number = |name: &str| text(name).trim().parse::<i64>().unwrap_or(i64::MAX);
        Self {
            compacted: text("cleanup.policy").split(',').any(|policy| policy.trim() == "compact"),
            message_bytes_max: usize::try_from(number("max.message.bytes")).unwrap_or(usize::MAX),
            timestamp_type: match text("message.timestamp.type") {
                "LogAppendTime" => TimestampType::LogAppendTime,
                _ => TimestampType::CreateTime,
            },
            timestamp_before_ms_max: number("message.timestamp.before.max.ms"),
            timestamp_after_ms_max: number("message.timestamp.after.max.ms"),
            given,
        }
    }
}

impl TopicConfig {
    fn of(name: &str) -> Option<&'static Self> {
        TOPIC_CONFIGS.iter().find(|config| config.name == name)
    }

    fn check(&self, value: &str) -> Result<(), Refusal> {
        let trimmed = value.trim();
        let within = |number: i64| number >= self.least;
        let known = |word: &str| self.words.is_empty() || self.words.contains(&word);
        let good = match self.kind {
            ConfigType::Boolean => {
                trimmed.eq_ignore_ascii_case("true") || trimmed.eq_ignore_ascii_case("false")
            }
            ConfigType::String => known(value),
            ConfigType::Int => trimmed.parse::<i32>().is_ok_and(|number| within(number.into())),
            ConfigType::Long => trimmed.parse::<i64>().is_ok_and(within),
            ConfigType::Double => trimmed.parse::<f64>().is_ok_and(|number| (0.0..=1.0).contains(&number)),
            ConfigType::List => trimmed.is_empty() || trimmed.split(',').all(|word| known(word.trim())),
        };
        let complaint = || invalid(format!("Invalid value {value} for configuration {}", self.name));
        if good { Ok(()) } else { Err(complaint()) }
    }
}

fn invalid(message: String) -> Refusal {
    Refusal::new(ErrorCode::INVALID_CONFIG, message)
}

const fn row(name: &'static str, kind: ConfigType, default: &'static str, least: i64) -> TopicConfig {
    TopicConfig { name, kind, default, words: &[], least }
}

const fn choice(
    name: &'static str,
    kind: ConfigType,
    default: &'static str,
    words: &'static [&'static str],
) -> TopicConfig {
    TopicConfig { name, kind, default, words, least: 0 }
}

const CODECS: &[&str] = &["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"];
const LONGEST: &str = "9223372036854775807";

/// Kafka 4's topic settings by name. Those about files, tiers and replicas are kept and without effect.
pub(crate) static TOPIC_CONFIGS: &[TopicConfig] = &[
    choice("cleanup.policy", ConfigType::List, "delete", &["compact", "delete"]),
    row("compression.gzip.level", ConfigType::Int, "-1", -1),
    row("compression.lz4.level", ConfigType::Int, "9", 1),
    choice("compression.type", ConfigType::String, "producer", CODECS),
    row("compression.zstd.level", ConfigType::Int, "3", -131_072),
    row("delete.retention.ms", ConfigType::Long, "86400000", 0),
    row("file.delete.delay.ms", ConfigType::Long, "60000", 0),
    row("flush.messages", ConfigType::Long, LONGEST, 1),
    row("flush.ms", ConfigType::Long, LONGEST, 0),
    row("follower.replication.throttled.replicas", ConfigType::List, "", 0),
    row("index.interval.bytes", ConfigType::Int, "4096", 0),
    row("leader.replication.throttled.replicas", ConfigType::List, "", 0),
    row("local.retention.bytes", ConfigType::Long, "-2", -2),
    row("local.retention.ms", ConfigType::Long, "-2", -2),
    row("max.compaction.lag.ms", ConfigType::Long, LONGEST, 1),
    row("max.message.bytes", ConfigType::Int, "1048588", 0),
    row("message.timestamp.after.max.ms", ConfigType::Long, "3600000", 0),
    row("message.timestamp.before.max.ms", ConfigType::Long, LONGEST, 0),
    choice("message.timestamp.type", ConfigType::String, "CreateTime", &["CreateTime", "LogAppendTime"]),
    row("min.cleanable.dirty.ratio", ConfigType::Double, "0.5", 0),
    row("min.compaction.lag.ms", ConfigType::Long, "0", 0),
    row("min.insync.replicas", ConfigType::Int, "1", 1),
    row("preallocate", ConfigType::Boolean, "false", 0),
    row("remote.log.copy.disable", ConfigType::Boolean, "false", 0),
    row("remote.log.delete.on.disable", ConfigType::Boolean, "false", 0),
    row("remote.storage.enable", ConfigType::Boolean, "false", 0),
    row("retention.bytes", ConfigType::Long, "-1", i64::MIN),
    row("retention.ms", ConfigType::Long, "604800000", -1),
    row("segment.bytes", ConfigType::Int, "1073741824", 1_048_576),
    row("segment.index.bytes", ConfigType::Int, "10485760", 4),
    row("segment.jitter.ms", ConfigType::Long, "0", 0),
    row("segment.ms", ConfigType::Long, "604800000", 1),
    row("unclean.leader.election.enable", ConfigType::Boolean, "false", 0),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(name: &str, value: &str) -> Result<Configs, Refusal> {
        Configs::parse([(name, Some(value))])
    }

    #[test]
    fn every_default_would_be_accepted() {
        assert!(TOPIC_CONFIGS.is_sorted_by_key(|config| config.name));
        for config in TOPIC_CONFIGS {
            assert_eq!(config.check(config.default), Ok(()), "{}", config.name);
        }
    }

    #[test]
    fn what_is_given_is_kept_and_means_something() {
        assert!(parse("cleanup.policy", "compact,delete").unwrap().compacted);
        assert!(!parse("cleanup.policy", "delete").unwrap().compacted);
        assert_eq!(parse("max.message.bytes", "100").unwrap().message_bytes_max, 100);
        let stamped = parse("message.timestamp.type", "LogAppendTime").unwrap();
        assert_eq!(stamped.timestamp_type, TimestampType::LogAppendTime);
        assert_eq!(Configs::default().message_bytes_max, 1_048_588);
    }

    #[test]
    fn unknown_names_and_values_are_refused() {
        let bad = [
            ("cleanup.polizy", "delete"),
            ("cleanup.policy", "keep"),
            ("max.message.bytes", "-1"),
            ("max.message.bytes", "1e3"),
            ("min.insync.replicas", "0"),
            ("preallocate", "yes"),
            ("message.timestamp.type", "createtime"),
            ("min.cleanable.dirty.ratio", "1.5"),
        ];
        for (name, value) in bad {
            assert_eq!(parse(name, value).unwrap_err().code, ErrorCode::INVALID_CONFIG, "{name}={value}");
        }
        assert_eq!(Configs::parse([("retention.ms", None)]).unwrap_err().code, ErrorCode::INVALID_CONFIG);
    }
}
