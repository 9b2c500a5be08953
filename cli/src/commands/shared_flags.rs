//! The flags that several commands have, by what the commands have in common.

use crate::args::Flag;

/// Of what talks to a cluster.
pub(super) const CLUSTER: &[Flag] = &[BOOTSTRAP, PROPERTIES, PROPERTY, PROFILE];
/// Of what reads SQL.
pub(super) const JOB: &[Flag] =
    &[SET, PROPERTIES, PROPERTY, PROFILE, CREDENTIALS, MAP_PATH, CONF, CONF_FILE, ALLOW_LOOP];
/// Of what shows rows.
pub(super) const SHOWN: &[Flag] = &[OUTPUT, FULL];
/// Of what runs until a signal comes.
pub(super) const STOPPED: &[Flag] = &[STOP_TIMEOUT];
/// Of what reads or writes one message.
pub(super) const MESSAGE: &[Flag] = &[API, VERSION, REQUEST, RESPONSE, DATA];
/// Which of an API's messages.
pub(super) const SIDE: &[Flag] = &[REQUEST, RESPONSE];

pub(super) const REPLACED_BOOTSTRAP: Flag =
    Flag {
        name: "--bootstrap", value: Some("HOST:PORT,…"), about: "replaces the addresses of every table"
    };
pub(super) const PARTITIONS: Flag = Flag {
    name: "--partitions",
    value: Some("N"),
    about: "partitions of topics that are created (embedded 1, else the broker's default)",
};

const BOOTSTRAP: Flag =
    Flag { name: "--bootstrap", value: Some("HOST:PORT,…"), about: "the cluster (127.0.0.1:9092)" };
const PROPERTIES: Flag = Flag {
    name: "--properties",
    value: Some("FILE"),
    about: "Java's client.properties: how the cluster is reached, under what tables and --property say",
};
const PROPERTY: Flag = Flag {
    name: "--property",
    value: Some("KEY=VALUE"),
    about: "one of Java's client properties, over --properties; other users of this machine see it",
};
const PROFILE: Flag = Flag {
    name: "--profile",
    value: Some("NAME"),
    about: "properties of that name in ~/.config/upsert-kafka/profiles.toml, under --properties",
};
const CREDENTIALS: Flag = Flag {
    name: "--credentials",
    value: Some("FILE"),
    about: "what ssl_auth_name, krb_auth_name and dew.* name; UPSERT_KAFKA_CREDENTIALS does the same",
};
const MAP_PATH: Flag = Flag {
    name: "--map-path",
    value: Some("obs://BUCKET/=DIR"),
    about: "where the files of a bucket lie here",
};
const CONF: Flag = Flag {
    name: "--conf",
    value: Some("KEY=VALUE"),
    about: "a setting as if by SET before the script, which wins: what Flink has in its configuration",
};
const CONF_FILE: Flag = Flag {
    name: "--conf-file",
    value: Some("FILE"),
    about: "such settings, a line each: KEY=VALUE, or KEY: VALUE; under --conf",
};
const OUTPUT: Flag = Flag {
    name: "--output",
    value: Some("table|json|raw"),
    about: "json: an object a line; raw: cells with tabs between, of records key and value byte for byte",
};
const FULL: Flag = Flag {
    name: "--full",
    value: None,
    about: "on a terminal too, cut nothing to its width; elsewhere nothing is cut",
};
const STOP_TIMEOUT: Flag = Flag {
    name: "--stop-timeout",
    value: Some("TIME"),
    about: "after the first signal end within this, or say what is not done (25 s)",
};
const API: Flag = Flag {
    name: "--api",
    value: Some("NAME"),
    about: "an API such as Fetch, its number, or a message such as FetchRequest or OffsetCommitValue",
};
const VERSION: Flag = Flag { name: "--version", value: Some("N"), about: "the version of the message" };
const REQUEST: Flag = Flag { name: "--request", value: None, about: "the API's request" };
const RESPONSE: Flag = Flag { name: "--response", value: None, about: "the API's response" };
const DATA: Flag = Flag {
    name: "--data",
    value: None,
    about: "what lies in a log, without what leads it there: its type or version",
};
const SET: Flag =
    Flag { name: "--set", value: Some("TABLE.OPTION=VALUE"), about: "replaces one option of one table" };
const ALLOW_LOOP: Flag = Flag { name: "--allow-loop", value: None, about: "let a job read what it writes" };
