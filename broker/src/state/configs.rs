//! Topic configs: Kafka's names, types and defaults, which of them have an effect here, and how they are altered.

use std::collections::{BTreeMap, BTreeSet};

use upsert_kafka_protocol::{ErrorCode, Str};

use super::refusal::Refusal;

/// The kind of thing that has configs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ResourceType(pub(crate) i8);

impl ResourceType {
    pub(crate) const TOPIC: Self = Self(2);
    pub(crate) const BROKER: Self = Self(4);
    pub(crate) const BROKER_LOGGER: Self = Self(8);
    pub(crate) const CLIENT_METRICS: Self = Self(16);
    pub(crate) const GROUP: Self = Self(32);
    pub(crate) const ALL: [Self; 5] =
        [Self::TOPIC, Self::BROKER, Self::BROKER_LOGGER, Self::CLIENT_METRICS, Self::GROUP];
}

/// Where a setting's value comes from, numbered as DescribeConfigs says it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(i8)]
pub(crate) enum ConfigSource {
    /// It was given to the topic.
    Topic = 1,
    /// It was given to all brokers while they ran.
    DefaultBroker = 3,
    /// It was given to the broker when it started.
    StaticBroker = 4,
    /// Nobody gave it.
    Default = 5,
}

/// What to do with a setting (KIP-339).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Change<'a> {
    Set(&'a str),
    /// Back to its default.
    Delete,
    /// More elements of a list.
    Append(&'a str),
    /// Fewer of them.
    Subtract(&'a str),
}

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
    /// What brokers call the default of all topics; empty when they have none.
    pub(crate) broker_name: &'static str,
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

/// When records are deleted, and when compaction has its turn; -1 is no limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CleaningConfigs {
    pub(crate) retention_ms: i64,
    pub(crate) retention_bytes: i64,
    pub(crate) segment_bytes: i64,
    pub(crate) segment_ms: i64,
    pub(crate) delete_retention_ms: i64,
    pub(crate) compaction_lag_ms_min: i64,
    pub(crate) compaction_lag_ms_max: i64,
    pub(crate) dirty_ratio_min: f64,
}

/// The configs of one topic: those that were set, checked; all others are defaults.
#[derive(Clone, Debug)]
pub(crate) struct Configs {
    given: Given,
    /// What was given to the brokers for all topics.
    defaults: Given,
    pub(crate) compacted: bool,
    /// Whether old records are deleted; neither, and all are kept.
    pub(crate) deleted: bool,
    pub(crate) cleaning: CleaningConfigs,
    pub(crate) message_bytes_max: usize,
    pub(crate) timestamp_type: TimestampType,
    pub(crate) timestamp_before_ms_max: i64,
    pub(crate) timestamp_after_ms_max: i64,
}

/// Values that were set, by the topic's names of configs.
pub(crate) type Given = BTreeMap<&'static str, Str>;

impl Default for Configs {
    fn default() -> Self {
        Self::of(Given::new(), Given::new())
    }
}

impl Configs {
    /// Checks every setting by name and value.
    #[cfg(test)]
    pub(crate) fn parse<'a>(
        settings: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
    ) -> Result<Self, Refusal> {
        Self::parse_over(&Given::new(), settings)
    }

    /// Likewise, where brokers have defaults for all topics.
    pub(crate) fn parse_over<'a>(
        defaults: &Given,
        settings: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
    ) -> Result<Self, Refusal> {
        let mut changes = Vec::new();
        for (name, value) in settings {
            let value = value
                .ok_or_else(|| invalid(format!("Null value not supported for topic configs: {name}")))?;
            changes.push((name, Change::Set(value)));
        }
        Self::of(Given::new(), defaults.clone()).altered(changes)
    }

    /// The settings after some changes; those that are not named stay.
    pub(crate) fn altered<'a>(
        &self,
        changes: impl IntoIterator<Item = (&'a str, Change<'a>)>,
    ) -> Result<Self, Refusal> {
        let mut given = self.given.clone();
        for (name, change) in changes {
            match TopicConfig::of(name) {
                Some(config) => config.alter(&mut given, change, &self.value(config).0)?,
                None if change == Change::Delete => {}
                None => return Err(invalid(format!("Unknown topic config name: {name}"))),
            }
        }
        let altered = Self::of(given, self.defaults.clone());
        let (least, most) = (altered.cleaning.compaction_lag_ms_min, altered.cleaning.compaction_lag_ms_max);
        if least > most {
            return Err(invalid(format!(
                "conflict topic config setting min.compaction.lag.ms ({least}) > max.compaction.lag.ms ({most})"
            )));
        }
        Ok(altered)
    }

    /// The settings where brokers have other defaults.
    pub(crate) fn over(&self, defaults: &Given) -> Self {
        Self::of(self.given.clone(), defaults.clone())
    }

    /// What the topic has, and where from.
    pub(crate) fn value(&self, config: &TopicConfig) -> (Str, ConfigSource) {
        match (self.given.get(config.name), self.defaults.get(config.name)) {
            (Some(value), _) => (value.clone(), ConfigSource::Topic),
            (None, Some(value)) => (value.clone(), ConfigSource::DefaultBroker),
            (None, None) => (Str::from_static(config.default), ConfigSource::Default),
        }
    }

    fn of(given: Given, defaults: Given) -> Self {
        let text = |name: &str| {
            let default = TopicConfig::of(name).map_or("", |config| config.default);
            given.get(name).or_else(|| defaults.get(name)).map_or(default, |value| value)
        };
        let number = |name: &str| text(name).trim().parse::<i64>().unwrap_or(i64::MAX);
        let cleaned_by = |word| text("cleanup.policy").split(',').any(|policy| policy.trim() == word);
        Self {
            compacted: cleaned_by("compact"),
            deleted: cleaned_by("delete"),
            cleaning: CleaningConfigs {
                retention_ms: number("retention.ms"),
                retention_bytes: number("retention.bytes"),
                segment_bytes: number("segment.bytes"),
                segment_ms: number("segment.ms"),
                delete_retention_ms: number("delete.retention.ms"),
                compaction_lag_ms_min: number("min.compaction.lag.ms"),
                compaction_lag_ms_max: number("max.compaction.lag.ms"),
                dirty_ratio_min: text("min.cleanable.dirty.ratio").trim().parse().unwrap_or(1.0),
            },
            message_bytes_max: usize::try_from(number("max.message.bytes")).unwrap_or(usize::MAX),
            timestamp_type: match text("message.timestamp.type") {
                "LogAppendTime" => TimestampType::LogAppendTime,
                _ => TimestampType::CreateTime,
            },
            timestamp_before_ms_max: number("message.timestamp.before.max.ms"),
            timestamp_after_ms_max: number("message.timestamp.after.max.ms"),
            given: given.clone(),
            defaults: defaults.clone(),
        }
    }
}

impl TopicConfig {
    fn of(name: &str) -> Option<&'static Self> {
        TOPIC_CONFIGS.iter().find(|config| config.name == name)
    }

    /// The setting whose default for all topics brokers call so.
    pub(crate) fn of_broker(name: &str) -> Option<&'static Self> {
        TOPIC_CONFIGS.iter().find(|config| config.broker_name == name && !name.is_empty())
    }

    /// Changes the value among those that are given; `present` is the one that holds so far.
    pub(crate) fn alter(&self, given: &mut Given, change: Change<'_>, present: &str) -> Result<(), Refusal> {
        let elements = |text: &str| -> Vec<String> {
            text.split(',').map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect()
        };
        let value = match change {
            Change::Set(value) if self.kind == ConfigType::List => {
                self.check(value)?;
                let mut known = BTreeSet::new();
                let once: Vec<_> =
                    elements(value).into_iter().filter(|it| known.insert(it.clone())).collect();
                once.join(",")
            }
            Change::Set(value) => value.to_owned(),
            Change::Delete => {
                given.remove(self.name);
                return Ok(());
            }
            Change::Append(_) | Change::Subtract(_) if self.kind != ConfigType::List => {
                let what = if matches!(change, Change::Append(_)) { "APPEND" } else { "SUBTRACT" };
                let name = self.name;
                return Err(invalid(format!("Can't {what} to key {name} because its type is not LIST.")));
            }
            Change::Append(more) => {
                let (mut all, mut known) = (elements(present), BTreeSet::from_iter(elements(present)));
                all.extend(elements(more).into_iter().filter(|it| known.insert(it.clone())));
                all.join(",")
            }
            Change::Subtract(less) => {
                let less = BTreeSet::from_iter(elements(less));
                let left: Vec<_> = elements(present).into_iter().filter(|it| !less.contains(it)).collect();
                left.join(",")
            }
        };
        self.check(&value)?;
        given.insert(self.name, super::names::owned(&value));
        Ok(())
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
    TopicConfig { name, broker_name: "", kind, default, words: &[], least }
}

const fn choice(
    name: &'static str,
    kind: ConfigType,
    default: &'static str,
    words: &'static [&'static str],
) -> TopicConfig {
    TopicConfig { name, broker_name: "", kind, default, words, least: 0 }
}

impl TopicConfig {
    const fn broker(self, broker_name: &'static str) -> Self {
        Self { broker_name, ..self }
    }
}

const CODECS: &[&str] = &["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"];
const LONGEST: &str = "9223372036854775807";

/// Kafka 4's topic settings by name. Those about files, tiers and replicas are kept and without effect; but segments
/// bound what retention and compaction take, as if there were files.
pub(crate) static TOPIC_CONFIGS: &[TopicConfig] = &[
    choice("cleanup.policy", ConfigType::List, "delete", &["compact", "delete"]).broker("log.cleanup.policy"),
    row("compression.gzip.level", ConfigType::Int, "-1", -1).broker("compression.gzip.level"),
    row("compression.lz4.level", ConfigType::Int, "9", 1).broker("compression.lz4.level"),
    choice("compression.type", ConfigType::String, "producer", CODECS).broker("compression.type"),
    row("compression.zstd.level", ConfigType::Int, "3", -131_072).broker("compression.zstd.level"),
    row("delete.retention.ms", ConfigType::Long, "86400000", 0).broker("log.cleaner.delete.retention.ms"),
    row("file.delete.delay.ms", ConfigType::Long, "60000", 0).broker("log.segment.delete.delay.ms"),
    row("flush.messages", ConfigType::Long, LONGEST, 1).broker("log.flush.interval.messages"),
    row("flush.ms", ConfigType::Long, LONGEST, 0).broker("log.flush.interval.ms"),
    row("follower.replication.throttled.replicas", ConfigType::List, "", 0),
    row("index.interval.bytes", ConfigType::Int, "4096", 0).broker("log.index.interval.bytes"),
    row("leader.replication.throttled.replicas", ConfigType::List, "", 0),
    row("local.retention.bytes", ConfigType::Long, "-2", -2).broker("log.local.retention.bytes"),
    row("local.retention.ms", ConfigType::Long, "-2", -2).broker("log.local.retention.ms"),
    row("max.compaction.lag.ms", ConfigType::Long, LONGEST, 1).broker("log.cleaner.max.compaction.lag.ms"),
    row("max.message.bytes", ConfigType::Int, "1048588", 0).broker("message.max.bytes"),
    row("message.timestamp.after.max.ms", ConfigType::Long, "3600000", 0)
        .broker("log.message.timestamp.after.max.ms"),
    row("message.timestamp.before.max.ms", ConfigType::Long, LONGEST, 0)
        .broker("log.message.timestamp.before.max.ms"),
    choice("message.timestamp.type", ConfigType::String, "CreateTime", &["CreateTime", "LogAppendTime"])
        .broker("log.message.timestamp.type"),
    row("min.cleanable.dirty.ratio", ConfigType::Double, "0.5", 0).broker("log.cleaner.min.cleanable.ratio"),
    row("min.compaction.lag.ms", ConfigType::Long, "0", 0).broker("log.cleaner.min.compaction.lag.ms"),
    row("min.insync.replicas", ConfigType::Int, "1", 1).broker("min.insync.replicas"),
    row("preallocate", ConfigType::Boolean, "false", 0).broker("log.preallocate"),
    row("remote.log.copy.disable", ConfigType::Boolean, "false", 0),
    row("remote.log.delete.on.disable", ConfigType::Boolean, "false", 0),
    row("remote.storage.enable", ConfigType::Boolean, "false", 0),
    row("retention.bytes", ConfigType::Long, "-1", i64::MIN).broker("log.retention.bytes"),
    row("retention.ms", ConfigType::Long, "604800000", -1).broker("log.retention.ms"),
    row("segment.bytes", ConfigType::Int, "1073741824", 1_048_576).broker("log.segment.bytes"),
    row("segment.index.bytes", ConfigType::Int, "10485760", 4).broker("log.index.size.max.bytes"),
    row("segment.jitter.ms", ConfigType::Long, "0", 0).broker("log.roll.jitter.ms"),
    row("segment.ms", ConfigType::Long, "604800000", 1).broker("log.roll.ms"),
    row("unclean.leader.election.enable", ConfigType::Boolean, "false", 0)
        .broker("unclean.leader.election.enable"),
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
