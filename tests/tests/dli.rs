//! What users of Huawei's DLI bring: credentials by name, paths of buckets, secrets by key. The tests carry the numbers of
//! the checklist of our specification, points 31 to 53.

pub(crate) mod cluster; // not tests: an embedded broker with every listener, and jobs through it
mod kerberos; // logins by keytab, against a real Kafka and a KDC
mod logins; // names and texts that let a job in
mod scripts; // scripts as they have them, run as their heads say
mod secrecy; // no failing case tells a secret, and a file that others may read is told of
mod seed_page; // the job of the page that all this began with
mod sentences; // what is wrong is said before anything connects
