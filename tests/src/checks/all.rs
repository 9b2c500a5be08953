//! What must hold of any bytes whatever: a check a file, called by the fuzz targets and, over the committed corpus and
//! some random inputs, by `cargo test`. A broken promise panics.

mod aws;
mod binary_rows;
mod compression;
mod config;
mod credentials;
mod frame;
mod json;
mod kerberos;
mod logins;
mod message;
mod records;
mod rewrite;
mod round_trip;
mod rows;
mod script;
mod stores;
mod tokens;

pub use aws::aws;
pub use binary_rows::{avro, protobuf};
pub use compression::{gzip, lz4, snappy, zstd};
pub use config::{jaas, jaas_file, properties};
pub use credentials::credentials;
pub use frame::frame;
pub use json::json;
pub use kerberos::{ccache, kerberos, keytab, krb5_conf};
pub use logins::scram;
pub use message::message;
pub use records::{legacy, records};
pub use rewrite::rewrite;
pub use round_trip::round_trip;
pub use rows::{read, readers, rows};
pub use script::{SHAPES, script};
pub use stores::{der, stores};
pub use tokens::{bearer, token_endpoint};

use bytes::Bytes;
use upsert_kafka_protocol::schema::Schema;

/// What a fuzz target calls.
pub type Check = fn(&[u8]);

/// Every check by the name of its fuzz target.
pub const CHECKS: &[(&str, Check)] = &[
    ("frame", frame),
    ("message", message),
    ("round_trip", round_trip),
    ("json", json),
    ("rewrite", rewrite),
    ("records", records),
    ("legacy", legacy),
    ("gzip", gzip),
    ("snappy", snappy),
    ("lz4", lz4),
    ("zstd", zstd),
    ("script", script),
    ("rows", rows),
    ("avro", avro),
    ("protobuf", protobuf),
    ("properties", properties),
    ("jaas", jaas),
    ("jaas_file", jaas_file),
    ("credentials", credentials),
    ("stores", stores),
    ("der", der),
    ("scram", scram),
    ("bearer", bearer),
    ("token_endpoint", token_endpoint),
    ("aws", aws),
    ("kerberos", kerberos),
    ("keytab", keytab),
    ("ccache", ccache),
    ("krb5_conf", krb5_conf),
];

/// Those that compute for long: less of chance for them where time counts.
pub const SLOW: &[&str] = &["scram"];

/// The first three bytes choose a message and its version; the rest is for the check.
fn chosen(data: &[u8]) -> Option<(&'static Schema, i16, Bytes)> {
    let (&[high, low, version], rest) = data.split_first_chunk()?;
    let all = Schema::all().count();
    let schema = Schema::all().nth(usize::from(u16::from_be_bytes([high, low])) % all)?;
    let count = i16::from(version) % (schema.versions.to - schema.versions.from + 1);
    Some((schema, schema.versions.from + count, Bytes::copy_from_slice(rest)))
}
