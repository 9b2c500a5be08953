//! The connectors and their options: one row each, from which parsing, `explain` and the README are made.

use crate::option::{OptionKind, OptionSpec};

/// A value of `'connector'`.
#[derive(Debug)]
pub struct Connector {
    /// Its name; case counts.
    pub name: &'static str,
    /// One sentence for people.
    pub about: &'static str,
    /// Its options; formats and `properties.*` bring their own.
    pub options: &'static [OptionSpec],
    /// Those of them without which it cannot do.
    pub required: &'static [&'static str],
}

/// Every connector there is.
pub static CONNECTORS: [&Connector; 6] = [&BLACKHOLE, &DATAGEN, &FILESYSTEM, &KAFKA, &PRINT, &UPSERT_KAFKA];

/// Plain topics.
pub(crate) static KAFKA: Connector = Connector {
    name: "kafka",
    about: "Reads topics from where it is told, and writes each row as a record.",
    options: KAFKA_OPTIONS,
    required: &["properties.bootstrap.servers"],
};

/// Topics whose key is the table's primary key.
pub(crate) static UPSERT_KAFKA: Connector = Connector {
    name: "upsert-kafka",
    about: "Reads and writes the last state of each key: a value, or a tombstone for a deleted row.",
    options: UPSERT_KAFKA_OPTIONS,
    required: &["key.format", "value.format", "properties.bootstrap.servers"],
};

/// A person who looks on.
pub(crate) static PRINT: Connector = Connector {
    name: "print",
    about: "Writes each change as a line of text.",
    options: PRINT_OPTIONS,
    required: &[],
};

/// Nobody.
pub(crate) static BLACKHOLE: Connector = Connector {
    name: "blackhole",
    about: "Counts each change and forgets it.",
    options: &[SINK_PARALLELISM],
    required: &[],
};

/// Rows out of nothing.
pub(crate) static DATAGEN: Connector = Connector {
    name: "datagen",
    about: "Generates rows: numbers that count, or random values.",
    options: DATAGEN_OPTIONS,
    required: &[],
};

/// Files of this machine.
pub(crate) static FILESYSTEM: Connector = Connector {
    name: "filesystem",
    about: "Reads each line of a file, of the files of a folder, or of standard input.",
    options: FILESYSTEM_OPTIONS,
    required: &["path", "format"],
};

/// What `datagen` knows of each column, behind `fields.COLUMN.`.
pub(crate) const FIELD_OPTIONS: [&str; 9] =
    ["kind", "min", "max", "max-past", "length", "var-len", "null-rate", "start", "end"];

const fn option(
    key: &'static str,
    kind: OptionKind,
    default: Option<&'static str>,
    since: &'static str,
    about: &'static str,
) -> OptionSpec {
    OptionSpec { key, kind, default, since, about }
}

const GUARANTEES: OptionKind = OptionKind::Choice(&["exactly-once", "at-least-once", "none"]);
const STRATEGIES: OptionKind = OptionKind::Choice(&["INCREMENTING", "POOLING"]);
const FIELDS: OptionKind = OptionKind::Choice(&["ALL", "EXCEPT_KEY"]);
const STARTUPS: OptionKind = OptionKind::Choice(&[
    "earliest-offset",
    "latest-offset",
    "group-offsets",
    "timestamp",
    "specific-offsets",
]);
const BOUNDS: OptionKind =
    OptionKind::Choice(&["unbounded", "latest-offset", "group-offsets", "timestamp", "specific-offsets"]);

use OptionKind::{Bool, Duration, Int, List, Long, String};

const TOPIC: OptionSpec = option(
    "topic",
    List,
    None,
    "1.12",
    "The topics; where several are written, each row says its own by metadata 'topic'.",
);
const PATTERN: OptionSpec =
    option("topic-pattern", String, None, "1.12", "A regular expression of topics, instead of 'topic'.");
const BOOTSTRAP: OptionSpec =
    option("properties.bootstrap.servers", String, None, "1.12", "Addresses of brokers, between commas.");
const KEY_FORMAT: OptionSpec = option("key.format", String, None, "1.12", "The format of a message's key.");
const KEY_PREFIX: OptionSpec = option(
    "key.fields-prefix",
    String,
    None,
    "1.12",
    "Cut from the names of key columns inside the key; needs EXCEPT_KEY.",
);
const FORMAT: OptionSpec = option(
    "format",
    String,
    None,
    "1.12",
    "The format of a message's value (also 'value.format'), or of a line.",
);
const VALUE_FORMAT: OptionSpec =
    option("value.format", String, None, "1.12", "The format of a message's value.");
const FIELDS_INCLUDE: OptionSpec = option(
    "value.fields-include",
    FIELDS,
    Some("ALL"),
    "1.12",
    "Whether the key's columns stand in the value too.",
);
const SINK_PARALLELISM: OptionSpec = option(
    "sink.parallelism",
    Int,
    None,
    "1.12",
    "How many tasks write, as many as read where it is not said; to another number rows go by the hash of the sink's key.",
);
const GUARANTEE: OptionSpec = option(
    "sink.delivery-guarantee",
    GUARANTEES,
    Some("at-least-once"),
    "3.1.0",
    "What a failure may do to written rows; exactly-once: rows and the source's offsets are one transaction.",
);
const TRANSACTION_PREFIX: OptionSpec = option(
    "sink.transactional-id-prefix",
    String,
    None,
    "3.1.0",
    "Begins the transactional ids of exactly-once; one of its own for each job.",
);
const PROGRESS_TOPIC: OptionSpec = option(
    "sink.progress-topic",
    String,
    None,
    "-",
    "Where exactly-once keeps how far a source on another cluster is written: a compacted topic, upsert-kafka-progress where it is not said.",
);
const TRANSACTION_NAMING: OptionSpec = option(
    "sink.transaction-naming-strategy",
    STRATEGIES,
    Some("POOLING"),
    "4.0.0",
    "Whether an id is used again, or each checkpoint has its own, as in Flink, which fills coordinators.",
);
const BOUNDED_MODE: OptionSpec =
    option("scan.bounded.mode", BOUNDS, Some("unbounded"), "3.1.0", "Where reading ends.");
const BOUNDED_OFFSETS: OptionSpec = option(
    "scan.bounded.specific-offsets",
    String,
    None,
    "3.1.0",
    "partition:0,offset:42;partition:1,offset:300",
);
const BOUNDED_TIMESTAMP: OptionSpec =
    option("scan.bounded.timestamp-millis", Long, None, "3.1.0", "Milliseconds since 1970.");
const ERROR_MODE: OptionSpec = option(
    "error-handling.mode",
    OptionKind::Choice(&["fail", "ignore", "log"]),
    Some("fail"),
    "-",
    "What a record does that cannot be read, or whose rows cannot be written; log tells of it.",
);
const DEAD_LETTER_TOPIC: OptionSpec = option(
    "error-handling.dead-letter-topic",
    String,
    None,
    "-",
    "Where such records go, as they came, with headers that say from where and why; needs mode log.",
);
const SINK_HEADERS: OptionSpec =
    option("sink.headers", List, None, "-", "Headers of every record: name:value;name:value.");
const SCAN_PARALLELISM: OptionSpec =
    option("scan.parallelism", Int, None, "4.0.0", "How many read at once, each a share of the partitions.");
const DISCOVERY: OptionSpec = option(
    "scan.topic-partition-discovery.interval",
    Duration,
    Some("5 min"),
    "1.12",
    "How often new partitions are looked for; 0 is never.",
);
const WATERMARK_EMIT: OptionSpec = option(
    "scan.watermark.emit.strategy",
    OptionKind::Choice(&["on-event", "on-periodic"]),
    None,
    "1.20",
    "Without effect: no query here uses watermarks.",
);
const WATERMARK_GROUP: OptionSpec =
    option("scan.watermark.alignment.group", String, None, "1.20", "Without effect, as above.");
const WATERMARK_DRIFT: OptionSpec =
    option("scan.watermark.alignment.max-drift", Duration, None, "1.20", "Without effect, as above.");
const WATERMARK_UPDATE: OptionSpec =
    option("scan.watermark.alignment.update-interval", Duration, None, "1.20", "Without effect, as above.");
const WATERMARK_IDLE: OptionSpec =
    option("scan.watermark.idle-timeout", Duration, None, "1.20", "Without effect, as above.");
const SSL_AUTH: OptionSpec =
    option("ssl_auth_name", String, None, "DLI", "The name of credentials of kind kafka_ssl.");
const KRB_AUTH: OptionSpec =
    option("krb_auth_name", String, None, "DLI", "The name of credentials of kind kerberos.");
const DEW_ENDPOINT: OptionSpec = option(
    "dew.endpoint",
    String,
    None,
    "DLI",
    "Without effect: secrets are read from the credentials file.",
);
const DEW_PROJECT: OptionSpec = option("dew.projectId", String, None, "DLI", "Without effect, as above.");
const DEW_SECRET: OptionSpec =
    option("dew.csms.secretName", String, None, "DLI", "The name of credentials of kind secret.");
const DEW_FIELDS: OptionSpec = option(
    "dew.csms.decrypt.fields",
    String,
    None,
    "DLI",
    "Options, between commas, whose values are keys of that secret; the secret's values replace them.",
);
const DEW_VERSION: OptionSpec = option(
    "dew.csms.version",
    String,
    None,
    "DLI",
    "The version that the secret must have, if its section names one; latest is any.",
);

static UPSERT_KAFKA_OPTIONS: &[OptionSpec] = &[
    TOPIC,
    PATTERN,
    BOOTSTRAP,
    KEY_FORMAT,
    KEY_PREFIX,
    VALUE_FORMAT,
    FIELDS_INCLUDE,
    SINK_PARALLELISM,
    option(
        "sink.buffer-flush.max-rows",
        Int,
        Some("0"),
        "1.13",
        "With the interval: how many keys are held.",
    ),
    option(
        "sink.buffer-flush.interval",
        Duration,
        Some("0 s"),
        "1.13",
        "With max-rows: how long they are held.",
    ),
    option(
        "sink.delete.mode",
        OptionKind::Choice(&["tombstone", "ignore"]),
        Some("tombstone"),
        "-",
        "What a deleted row writes; ignore leaves the last value where it is.",
    ),
    SINK_HEADERS,
    GUARANTEE,
    TRANSACTION_PREFIX,
    TRANSACTION_NAMING,
    PROGRESS_TOPIC,
    SCAN_PARALLELISM,
    ERROR_MODE,
    DEAD_LETTER_TOPIC,
    BOUNDED_MODE,
    BOUNDED_OFFSETS,
    BOUNDED_TIMESTAMP,
    DISCOVERY,
    WATERMARK_EMIT,
    WATERMARK_GROUP,
    WATERMARK_DRIFT,
    WATERMARK_UPDATE,
    WATERMARK_IDLE,
    SSL_AUTH,
    KRB_AUTH,
    DEW_ENDPOINT,
    DEW_PROJECT,
    DEW_SECRET,
    DEW_FIELDS,
    DEW_VERSION,
];

static KAFKA_OPTIONS: &[OptionSpec] = &[
    TOPIC,
    PATTERN,
    BOOTSTRAP,
    option("properties.group.id", String, None, "1.12", "The group that keeps this job's offsets."),
    FORMAT,
    VALUE_FORMAT,
    KEY_FORMAT,
    option("key.fields", List, None, "1.12", "The columns that stand in the message's key."),
    KEY_PREFIX,
    FIELDS_INCLUDE,
    option("scan.startup.mode", STARTUPS, Some("group-offsets"), "1.12", "Where reading begins."),
    option(
        "scan.startup.specific-offsets",
        String,
        None,
        "1.12",
        "partition:0,offset:42;partition:1,offset:300",
    ),
    option("scan.startup.timestamp-millis", Long, None, "1.12", "Milliseconds since 1970."),
    BOUNDED_MODE,
    BOUNDED_OFFSETS,
    BOUNDED_TIMESTAMP,
    DISCOVERY,
    SCAN_PARALLELISM,
    ERROR_MODE,
    DEAD_LETTER_TOPIC,
    option("sink.partitioner", String, Some("default"), "1.12", "default, fixed or round-robin."),
    SINK_PARALLELISM,
    SINK_HEADERS,
    GUARANTEE,
    option("sink.semantic", String, None, "1.12", "The old name of 'sink.delivery-guarantee'."),
    TRANSACTION_PREFIX,
    TRANSACTION_NAMING,
    PROGRESS_TOPIC,
    WATERMARK_EMIT,
    WATERMARK_GROUP,
    WATERMARK_DRIFT,
    WATERMARK_UPDATE,
    WATERMARK_IDLE,
    SSL_AUTH,
    KRB_AUTH,
    DEW_ENDPOINT,
    DEW_PROJECT,
    DEW_SECRET,
    DEW_FIELDS,
    DEW_VERSION,
];

static PRINT_OPTIONS: &[OptionSpec] = &[
    option("print-identifier", String, None, "1.12", "Stands before each line."),
    option("standard-error", Bool, Some("false"), "1.12", "Lines go to standard error."),
    SINK_PARALLELISM,
];

static DATAGEN_OPTIONS: &[OptionSpec] = &[
    option("rows-per-second", Long, Some("10000"), "1.12", "How many rows at most."),
    option("number-of-rows", Long, None, "1.12", "After how many rows it ends."),
    SCAN_PARALLELISM,
];

static FILESYSTEM_OPTIONS: &[OptionSpec] = &[
    option(
        "path",
        String,
        None,
        "1.12",
        "A file, a folder, or - for standard input; obs:// is where --map-path says.",
    ),
    FORMAT,
    option("source.monitor-interval", Duration, None, "1.14", "Without effect: it ends with the last line."),
];

/// What begins so goes to the Kafka client.
pub(crate) const PROPERTIES: &str = "properties.";
