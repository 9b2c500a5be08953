//! What users of Huawei's DLI bring: its dialect and options, credentials by name, paths of buckets, secrets by key. The
//! tests carry the numbers of the checklist of our specification, points 1 to 72; point 67 is a test of `crash`.

mod bytes; // what its examples read and write
pub(crate) mod cluster; // not tests: an embedded broker with every listener, and jobs through it
mod kerberos; // logins by keytab, against a real Kafka and a KDC
mod logins; // names and texts that let a job in
mod options; // options of its tables, and what is said of those that cannot be
mod place; // not tests: a broker in a process of its own
mod running; // one job, settings of the service, clusters out of reach
mod scripts; // scripts as they have them, run as their heads say
mod secrecy; // no failing case tells a secret, and a file that others may read is told of
mod seed_page; // the job of the page that all this began with
mod sentences; // what is wrong is said before anything connects
mod text; // quotes, comments, literals
