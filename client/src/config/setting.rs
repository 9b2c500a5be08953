//! How each type of a setting is read from text and shown again.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use upsert_kafka_protocol::records::Compression;

use super::{Acks, Address, GroupProtocol, IsolationLevel, MetadataRecovery, OffsetReset, PartitionerClass};

use super::java_class::unshaded;
use crate::Assignor;

mod security;

/// A value with a text form. Errors are the end of a sentence that begins with the key.
pub(super) trait Setting: Sized {
    fn parse(text: &str) -> Result<Self, String>;
    fn show(&self) -> String;
}

impl Setting for bool {
    fn parse(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(format!("'{text}' is neither true nor false")),
        }
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Setting for $number {
            fn parse(text: &str) -> Result<Self, String> {
                text.parse().map_err(|_| format!("'{text}' is not a whole number from {} to {}", Self::MIN, Self::MAX))
            }

            fn show(&self) -> String {
                self.to_string()
            }
        }
    )*};
}

numbers!(u32, i32, usize);

/// Java's sizes and levels where -1 leaves the choice to others.
macro_rules! numbers_or_minus_one {
    ($($number:ty),*) => {$(
        impl Setting for Option<$number> {
            fn parse(text: &str) -> Result<Self, String> {
                if text == "-1" { Ok(None) } else { <$number>::parse(text).map(Some) }
            }

            fn show(&self) -> String {
                self.map_or_else(|| "-1".to_owned(), |number| number.to_string())
            }
        }
    )*};
}

numbers_or_minus_one!(u32, i32);

impl Setting for Duration {
    fn parse(text: &str) -> Result<Self, String> {
        let ms = text.parse().map_err(|_| format!("'{text}' is not a number of milliseconds"))?;
        Ok(Self::from_millis(ms))
    }

    fn show(&self) -> String {
        self.as_millis().to_string()
    }
}

impl Setting for Option<Duration> {
    fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with('-') { Ok(None) } else { Duration::parse(text).map(Some) }
    }

    fn show(&self) -> String {
        self.map_or_else(|| "-1".to_owned(), |time| time.show())
    }
}

impl Setting for String {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }

    fn show(&self) -> String {
        self.clone()
    }
}

impl Setting for Option<String> {
    fn parse(text: &str) -> Result<Self, String> {
        Ok((!text.is_empty()).then(|| text.to_owned()))
    }

    fn show(&self) -> String {
        self.clone().unwrap_or_default()
    }
}

impl Setting for f64 {
    fn parse(text: &str) -> Result<Self, String> {
        let number = text.parse().ok().filter(|it: &Self| it.is_finite());
        number.ok_or_else(|| format!("'{text}' is not a number"))
    }

    fn show(&self) -> String {
        format!("{self:?}")
    }
}

impl Setting for Option<PathBuf> {
    fn parse(text: &str) -> Result<Self, String> {
        Ok((!text.is_empty()).then(|| text.into()))
    }

    fn show(&self) -> String {
        self.as_ref().map_or_else(String::new, |path| path.display().to_string())
    }
}

impl Setting for Vec<String> {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(items(text).map(str::to_owned).collect())
    }

    fn show(&self) -> String {
        self.join(",")
    }
}

/// Of a list: what stands between commas, without blanks.
pub(super) fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

impl Setting for Vec<Address> {
    fn parse(text: &str) -> Result<Self, String> {
        text.split(',').filter(|part| !part.trim().is_empty()).map(str::parse).collect()
    }

    fn show(&self) -> String {
        self.iter().map(Address::to_string).collect::<Vec<_>>().join(",")
    }
}

macro_rules! words {
    ($type:ty { $($variant:ident = $name:literal $(| $other:literal)*),* }) => {
        impl Setting for $type {
            fn parse(text: &str) -> Result<Self, String> {
                match text.to_ascii_lowercase().as_str() {
                    $($name $(| $other)* => Ok(Self::$variant),)*
                    _ => Err(format!("'{text}' is none of {}", [$($name),*].join(", "))),
                }
            }

            fn show(&self) -> String {
                match self {
                    $(Self::$variant => $name.to_owned(),)*
                }
            }
        }
    };
}

words!(Acks { All = "all" | "-1", Leader = "1", None = "0" });
words!(GroupProtocol { Classic = "classic", Consumer = "consumer" });
words!(IsolationLevel { ReadUncommitted = "read_uncommitted", ReadCommitted = "read_committed" });
words!(MetadataRecovery { Rebootstrap = "rebootstrap", None = "none" });
words!(Compression { None = "none", Gzip = "gzip", Snappy = "snappy", Lz4 = "lz4", Zstd = "zstd" });

impl Setting for PartitionerClass {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "" => Ok(Self::BuiltIn),
            ROUND_ROBIN => Ok(Self::RoundRobin),
            "org.apache.kafka.clients.producer.internals.DefaultPartitioner" => {
                Err(format!("Kafka 4.0 removed '{text}': leave the key out, and get what it did"))
            }
            "org.apache.kafka.clients.producer.UniformStickyPartitioner" => {
                Err(format!("Kafka 4.0 removed '{text}': partitioner.ignore.keys = true does what it did"))
            }
            _ => Err(format!(
                "the Java class '{text}' cannot be loaded here, only {ROUND_ROBIN} is known; a partitioner of \
                 your own is given to Client::producer_with"
            )),
        }
    }

    fn show(&self) -> String {
        match self {
            Self::BuiltIn => String::new(),
            Self::RoundRobin => ROUND_ROBIN.to_owned(),
        }
    }
}

impl Setting for Vec<Assignor> {
    fn parse(text: &str) -> Result<Self, String> {
        let known = |class: &str| {
            let assignor =
                Assignor::ALL.into_iter().find(|it| it.class() == unshaded(class) || it.name() == class);
            assignor.ok_or_else(|| {
                let all = Assignor::ALL.map(Assignor::class).join(", ");
                format!("the Java class '{class}' cannot be loaded here; known are {all}")
            })
        };
        let assignors: Self = items(text).map(known).collect::<Result<_, _>>()?;
        if assignors.is_empty() {
            Err("no way to share partitions is named".to_owned())
        } else {
            Ok(assignors)
        }
    }

    fn show(&self) -> String {
        self.iter().map(|it| it.class()).collect::<Vec<_>>().join(",")
    }
}

const ROUND_ROBIN: &str = "org.apache.kafka.clients.producer.RoundRobinPartitioner";

impl Setting for OffsetReset {
    fn parse(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "earliest" => Ok(Self::Earliest),
            "latest" => Ok(Self::Latest),
            "none" => Ok(Self::None),
            other => {
                other.strip_prefix("by_duration:").and_then(iso_duration).map(Self::ByDuration).ok_or_else(
                    || format!("'{text}' is none of earliest, latest, none, by_duration:PnDTnHnMn.nS"),
                )
            }
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Earliest => "earliest".to_owned(),
            Self::Latest => "latest".to_owned(),
            Self::None => "none".to_owned(),
            Self::ByDuration(age) => format!("by_duration:PT{}S", age.as_secs_f64()),
        }
    }
}

/// As `auto.offset.reset` is written.
impl fmt::Display for OffsetReset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.show())
    }
}

/// ISO 8601's `PnDTnHnMn.nS`, in lower case here; any part may be absent, but not all.
fn iso_duration(text: &str) -> Option<Duration> {
    let text = text.strip_prefix('p')?;
    let (days, time) = text.split_once('t').unwrap_or((text, ""));
    let mut seconds = 0.0;
    let mut parts = 0;
    for (text, units) in [(days, &[('d', 86_400.0)][..]), (time, &[('h', 3_600.0), ('m', 60.0), ('s', 1.0)])]
    {
        let mut rest = text;
        for (unit, factor) in units {
            if let Some((number, after)) = rest.split_once(*unit) {
                seconds += number.parse::<f64>().ok()? * factor;
                parts += 1;
                rest = after;
            }
        }
        if !rest.is_empty() {
            return None;
        }
    }
    if parts == 0 { None } else { Duration::try_from_secs_f64(seconds).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_taken_in_any_case_and_others_are_listed() {
        assert_eq!(Acks::parse("-1"), Ok(Acks::All));
        assert_eq!(Compression::parse("ZSTD"), Ok(Compression::Zstd));
        assert_eq!(Acks::parse("two"), Err("'two' is none of all, 1, 0".to_owned()));
    }

    #[test]
    fn a_reset_by_duration_is_an_iso_duration() {
        let age = |text| OffsetReset::parse(text).ok();
        let of = |seconds| Some(OffsetReset::ByDuration(Duration::from_secs_f64(seconds)));
        assert_eq!(age("by_duration:P1DT2H3M4.5S"), of(86_400.0 + 7_384.5));
        assert_eq!(age("by_duration:P7D"), of(604_800.0));
        assert_eq!(age("by_duration:PT5M"), of(300.0));
        for bad in
            ["by_duration:", "by_duration:P", "by_duration:5m", "by_duration:PT5X", "by_duration:PT-5S"]
        {
            assert_eq!(age(bad), None, "{bad}");
        }
    }

    #[test]
    fn minus_one_leaves_a_choice_to_others() {
        assert_eq!(Option::<u32>::parse("-1"), Ok(None));
        assert_eq!(Option::<Duration>::parse("-1"), Ok(None));
        assert_eq!(Option::<u32>::parse("7"), Ok(Some(7)));
        assert!(Option::<u32>::parse("-2").is_err());
    }
}
