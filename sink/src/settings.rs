//! `SET 'k' = 'v'`: what a job's settings come to.

use std::time::Duration;

use crate::error::{Finding, Position, Rule};
use crate::expr::OnNull;
use crate::expr::function::Session;
use crate::expr::temporal::zone::Zone;
use crate::option::OptionValue;
use crate::options::settings::{
    ENFORCER, INTERVAL, KEYED_SHUFFLE, MATERIALIZE, MODE, NAME, PARALLELISM, SETTINGS, STATE_MEMORY,
    STATE_TTL, ZONE,
};
use crate::options::{expectation, nearest, parse, shown};
use crate::sql::WithOption;
use crate::state::StateLimits;

/// The settings of a job that have an effect here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// `execution.checkpointing.interval`: how often offsets are committed.
    pub(crate) checkpoint_interval: Duration,
    /// `pipeline.name`
    pub(crate) name: Option<String>,
    /// `table.exec.sink.not-null-enforcer`, as it stands for the statements that follow.
    pub(crate) on_null: OnNull,
    /// `parallelism.default`: how many tasks share a source where nothing else says.
    pub(crate) parallelism: u32,
    /// `table.exec.sink.keyed-shuffle`
    pub(crate) keyed_shuffle: KeyedShuffle,
    /// `table.exec.state.*`
    pub(crate) state: StateLimits,
    /// `table.local-time-zone`
    time_zone: String,
}

/// When rows go to the tasks of a sink by the hash of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyedShuffle {
    /// Never.
    None,
    /// Where the sink's parallelism differs from its input's.
    Auto,
    /// Wherever the sink has several tasks.
    Force,
}

/// How often offsets are committed when nothing is said.
pub(crate) const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(5);

/// Memory for rows that are kept when nothing is said: less than what machines have on which a job runs alone.
const STATE_MEMORY_BYTES_MAX: usize = 1 << 30;

const UTC: &str = "UTC";

/// What Flink takes as a zone, so that Java's two libraries of time agree.
const ZONE_EXPECTED: &str = "this is not a zone of the IANA database such as 'Europe/Rome', nor an offset such as \
                             'GMT+02:00', nor 'UTC'";

impl Default for Settings {
    fn default() -> Self {
        Self {
            checkpoint_interval: CHECKPOINT_INTERVAL,
            name: None,
            on_null: OnNull::Fail,
            parallelism: 1,
            keyed_shuffle: KeyedShuffle::Auto,
            state: StateLimits { memory_bytes_max: STATE_MEMORY_BYTES_MAX, ttl: None },
            time_zone: UTC.to_owned(),
        }
    }
}

impl Settings {
    /// Takes one setting; a sentence back where it has no effect.
    pub(crate) fn set(&mut self, given: &WithOption) -> Result<Option<String>, Finding> {
        let (key, text) = (given.key.as_str(), given.value.as_str());
        if let Some((.., why)) =
            REFUSED.iter().find(|(of, is_harmless, _)| *of == key && *is_harmless != text)
        {
            let text = format!("SET '{key}' = '{}': {why}", shown(key, text));
            return Err(Finding::new(Rule::Setting, text).at(given.at));
        }
        let Some(spec) = SETTINGS.iter().find(|spec| spec.key == key) else {
            return Ok(Some(without_effect(key)));
        };
        let refuse = |rule, reason: String| {
            Finding::new(rule, format!("SET '{key}' = '{}': {reason}", shown(key, text))).at(given.at)
        };
        let Some(value) = parse(spec.kind, text) else {
            return Err(refuse(Rule::Setting, format!("this is not {}", expectation(spec.kind))));
        };
        if key == ZONE && Zone::of_session(text).is_none() {
            return Err(refuse(Rule::Setting, ZONE_EXPECTED.to_owned()));
        }
        match (key, value) {
            (INTERVAL, OptionValue::Duration(interval)) => {
                if interval < Duration::from_millis(1) {
                    return Err(refuse(Rule::Setting, "offsets must be committed sometimes".to_owned()));
                }
                self.checkpoint_interval = interval;
            }
            (PARALLELISM, OptionValue::Int(given)) => {
                let tasks = u32::try_from(given).ok().filter(|tasks| *tasks > 0);
                let Some(tasks) = tasks else {
                    return Err(refuse(Rule::Setting, "somebody must do the work".to_owned()));
                };
                self.parallelism = tasks;
            }
            (KEYED_SHUFFLE, OptionValue::Choice(choice)) => {
                self.keyed_shuffle = match choice {
                    "NONE" => KeyedShuffle::None,
                    "FORCE" => KeyedShuffle::Force,
                    _ => KeyedShuffle::Auto,
                };
            }
            (STATE_TTL, OptionValue::Duration(ttl)) => {
                self.state.ttl = Some(ttl).filter(|ttl| !ttl.is_zero());
            }
            (STATE_MEMORY, OptionValue::Memory(bytes)) => {
                self.state.memory_bytes_max = usize::try_from(bytes).unwrap_or(usize::MAX);
            }
            (NAME, OptionValue::String(name)) => self.name = Some(name),
            (ZONE, OptionValue::String(zone)) => {
                self.time_zone = zone;
            }
            (ENFORCER, OptionValue::Choice(choice)) => {
                self.on_null = if choice == "DROP" { OnNull::Drop } else { OnNull::Fail };
            }
            (MODE, OptionValue::Choice("STREAMING")) | (MATERIALIZE, _) => {}
            (MODE, _) => {
                return Err(refuse(Rule::NotYet("batch"), "only STREAMING is supported yet".to_owned()));
            }
            _ => {}
        }
        Ok(None)
    }
}

impl Settings {
    /// What a caller sets before the text of a job; sentences about what has no effect, and what is wrong.
    pub(crate) fn of_caller(pairs: &[(String, String)]) -> (Self, Vec<String>, Vec<Finding>) {
        let (mut settings, mut notices, mut findings) = (Self::default(), Vec::new(), Vec::new());
        // No text says it.
        let unset = |sentence: String| sentence.replacen("SET ", "setting ", 1);
        for (key, value) in pairs {
            let given = WithOption { key: key.clone(), value: value.clone(), at: Position::START };
            match settings.set(&given) {
                Ok(notice) => notices.extend(notice.map(unset)),
                Err(it) => findings.push(Finding { at: None, text: unset(it.text), ..it }),
            }
        }
        (settings, notices, findings)
    }

    /// What expressions ask of it.
    pub(crate) fn session(&self) -> Session {
        Session { time_zone: self.time_zone.as_str().into() }
    }

    /// The settings that have an effect, with their values.
    pub(crate) fn listed(&self) -> Vec<(&'static str, String)> {
        let on_null = match self.on_null {
            OnNull::Fail => "ERROR",
            OnNull::Drop => "DROP",
        };
        let mut rows = vec![
            (INTERVAL, format!("{} ms", self.checkpoint_interval.as_millis())),
            (ENFORCER, on_null.to_owned()),
            (ZONE, self.time_zone.clone()),
        ];
        rows.extend(self.name.iter().map(|name| (NAME, name.clone())));
        rows
    }

    /// Takes what stood before the text for one setting, or for all; a sentence back where that has no effect.
    pub(crate) fn reset(&mut self, key: Option<&str>, default: &Self) -> Option<String> {
        let default = default.clone();
        match key {
            None => *self = default,
            Some(INTERVAL) => self.checkpoint_interval = default.checkpoint_interval,
            Some(NAME) => self.name = default.name,
            Some(PARALLELISM) => self.parallelism = default.parallelism,
            Some(KEYED_SHUFFLE) => self.keyed_shuffle = default.keyed_shuffle,
            Some(STATE_TTL) => self.state.ttl = default.state.ttl,
            Some(STATE_MEMORY) => self.state.memory_bytes_max = default.state.memory_bytes_max,
            Some(ENFORCER) => self.on_null = default.on_null,
            Some(ZONE) => {
                self.time_zone = default.time_zone;
            }
            Some(MODE | MATERIALIZE) => {}
            Some(key) => return Some(format!("RESET '{key}' has no effect here")),
        }
        None
    }
}

/// Settings whose effect is missed: a job would come to something else. Each with the value that asks for nothing.
const REFUSED: [(&str, &str, &str); 2] = [
    (
        "table.exec.source.cdc-events-duplicate",
        "false",
        "events that come twice are not left out here; write into an upsert-kafka table, where an equal row changes \
         nothing, and leave 'table.exec.source.cdc-events-duplicate' out",
    ),
    (
        "execution.savepoint.path",
        "",
        "a checkpoint or savepoint of Flink is not read: the group's offsets are the state; stop the job there with \
         checkpointing on, and start here with the same 'properties.group.id' and 'scan.startup.mode' = \
         'group-offsets', or with 'scan.startup.timestamp-millis' of the stop",
    ),
];

fn without_effect(key: &str) -> String {
    if key == "execution.checkpointing.mode" {
        return format!("SET '{key}' has no effect here: delivery is at-least-once");
    }
    match nearest(key, SETTINGS.iter().map(|spec| spec.key)) {
        Some(hint) => format!("SET '{key}' has no effect here; did you mean '{hint}'?"),
        None => format!("SET '{key}' has no effect here"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(key: &str, value: &str) -> (Settings, Result<Option<String>, Finding>) {
        let mut settings = Settings::default();
        let at = Position { line: 1, column: 5 };
        let answer = settings.set(&WithOption { key: key.into(), value: value.into(), at });
        (settings, answer)
    }

    #[test]
    fn known_settings_are_taken() {
        assert_eq!(set(INTERVAL, "1 s").0.checkpoint_interval, Duration::from_secs(1));
        assert_eq!(set(ENFORCER, "drop").0.on_null, OnNull::Drop);
        assert_eq!(set(STATE_TTL, "1 h").0.state.ttl, Some(Duration::from_secs(3600)));
        assert_eq!(set(STATE_TTL, "0").0.state.ttl, None);
        assert_eq!(set(STATE_MEMORY, "64 mb").0.state.memory_bytes_max, 64 << 20);
        assert_eq!(set(PARALLELISM, "4").0.parallelism, 4);
        assert!(set(PARALLELISM, "0").1.is_err());
        assert_eq!(set(NAME, "orders").0.name.as_deref(), Some("orders"));
    }

    #[test]
    fn unknown_ones_are_noticed_and_ill_typed_ones_refused() {
        assert_eq!(
            set("table.exec.mini-batch.enabled", "true").1,
            Ok(Some("SET 'table.exec.mini-batch.enabled' has no effect here".into()))
        );
        let hint = set("execution.checkpoint.interval", "1 s").1.unwrap().unwrap();
        assert!(hint.ends_with("did you mean 'execution.checkpointing.interval'?"), "{hint}");
        let finding = set(ENFORCER, "x").1.unwrap_err();
        assert_eq!(
            finding.to_string(),
            "SET 'table.exec.sink.not-null-enforcer' = 'x': this is not one of ERROR, DROP (line 1, column 5)"
        );
        assert_eq!(set(MODE, "batch").1.unwrap_err().rule, Rule::NotYet("batch"));
    }

    #[test]
    fn zones_are_those_on_which_java_agrees_with_itself() {
        for zone in ["UTC", "Asia/Shanghai", "GMT+08:00"] {
            assert_eq!(set(ZONE, zone).1, Ok(None), "{zone}");
        }
        let finding = set(ZONE, "+08:00").1.unwrap_err();
        assert_eq!(
            finding.to_string(),
            "SET 'table.local-time-zone' = '+08:00': this is not a zone of the IANA database such as 'Europe/Rome', nor \
             an offset such as 'GMT+02:00', nor 'UTC' (line 1, column 5)"
        );
    }
}
