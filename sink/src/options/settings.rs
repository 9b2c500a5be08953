//! The keys of `SET` that do something.

use crate::option::{OptionKind, OptionSpec};

/// The settings that do something here.
pub(crate) static SETTINGS: &[OptionSpec] = &[
    OptionSpec {
        key: INTERVAL,
        kind: OptionKind::Duration,
        default: Some("5 s"),
        since: "1.12",
        about: "How often offsets are committed, after what they stand for is acknowledged.",
    },
    OptionSpec {
        key: NAME,
        kind: OptionKind::String,
        default: None,
        since: "1.12",
        about: "The job's name, in logs.",
    },
    OptionSpec {
        key: ENFORCER,
        kind: OptionKind::Choice(&["ERROR", "DROP"]),
        default: Some("ERROR"),
        since: "1.12",
        about: "What a NULL in a NOT NULL column does: it fails the job, or its row is left out.",
    },
    OptionSpec {
        key: PARALLELISM,
        kind: OptionKind::Int,
        default: Some("1"),
        since: "1.12",
        about: "How many tasks share the partitions of a source whose tables do not say.",
    },
    OptionSpec {
        key: KEYED_SHUFFLE,
        kind: OptionKind::Choice(&["NONE", "AUTO", "FORCE"]),
        default: Some("AUTO"),
        since: "1.14",
        about: "When rows go to a sink's tasks by the hash of its key: never, where their number differs from the source's, or always.",
    },
    OptionSpec {
        key: STATE_TTL,
        kind: OptionKind::Duration,
        default: Some("0 ms"),
        since: "1.12",
        about: "For how long the last row of a key is kept that does not change; 0 is for ever.",
    },
    OptionSpec {
        key: STATE_MEMORY,
        kind: OptionKind::Memory,
        default: Some("1 gb"),
        since: "-",
        about: "Memory at most for rows that are kept, of all tables of the job together.",
    },
    OptionSpec {
        key: MODE,
        kind: OptionKind::Choice(&["STREAMING", "BATCH", "AUTOMATIC"]),
        default: Some("STREAMING"),
        since: "1.12",
        about: "STREAMING; the others are not supported yet.",
    },
    OptionSpec {
        key: MATERIALIZE,
        kind: OptionKind::Choice(&["NONE", "AUTO", "FORCE"]),
        default: Some("AUTO"),
        since: "1.13",
        about: "Without effect: a job here keeps no rows.",
    },
    OptionSpec {
        key: ZONE,
        kind: OptionKind::String,
        default: Some("UTC"),
        since: "1.12",
        about: "The zone of the session: in it TIMESTAMP and TIMESTAMP_LTZ become each other.",
    },
];

pub(crate) const INTERVAL: &str = "execution.checkpointing.interval";
pub(crate) const NAME: &str = "pipeline.name";
pub(crate) const ENFORCER: &str = "table.exec.sink.not-null-enforcer";
pub(crate) const PARALLELISM: &str = "parallelism.default";
pub(crate) const KEYED_SHUFFLE: &str = "table.exec.sink.keyed-shuffle";
pub(crate) const STATE_TTL: &str = "table.exec.state.ttl";
pub(crate) const STATE_MEMORY: &str = "table.exec.state.max-memory";
pub(crate) const MODE: &str = "execution.runtime-mode";
pub(crate) const ZONE: &str = "table.local-time-zone";
pub(crate) const MATERIALIZE: &str = "table.exec.sink.upsert-materialize";
