//! One integration binary, so that everything links once; a line per module on what belongs there.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a panic is how a test fails")]

mod bad_input; // what is wrong is said clearly, with the right exit code
mod broker_flags; // upsert-kafka broker with listeners of its flags, reached by the same binary
mod cases; // jobs that real Flink ran, run again and compared; UPSERT_KAFKA_CASES names further ones
mod client_properties; // the file that the Java team hands over
mod commands; // produce, consume, topic, help
mod consume; // the consumer: partitions that come and go, the stream of records
mod counted; // not tests: connections whose bytes are counted
mod crash; // stopped, killed, cut off: nothing lost, nothing doubled
mod dli; // credentials by name, buckets, secrets by key: the checklist of those who come from DLI
mod doctor; // every step of reaching a cluster, and where it fails
mod embedded; // the embedded broker serves the Java client
mod embedding; // tables that a program opens, reads and writes
mod exactly_once; // rows and offsets in one transaction: seen once, or not at all
mod examples; // the examples of the crates, run
mod faults; // a real Kafka of three nodes, killed, stopped and rolled under load; UPSERT_KAFKA_STORM=long
mod fetch_sessions; // idle fetches are small, and nothing that comes is missed
mod fuzz; // the checks of the fuzz kit over its corpus and what chance makes of it
mod groups; // members of consumer groups: shared, handed over, read once
mod health; // run --health, and the manifests that ask it
mod hostile; // peers that lie or mean harm, each with a cap on memory and on time
mod in_doubt; // what a restarted leader has forgotten, its log tells
mod input; // --input: values however they are laid out, and where one failed
mod kafka; // a real Apache Kafka and its Java client: that the harness itself stands
mod matrix; // a job under every fault at every point where it waits: nothing lost, nothing backwards
mod members; // processes of one job share its partitions: given, taken, killed, come back
mod nodes; // three embedded nodes that come and go
mod output; // closed pipes, full disks and values of 20 MB, for every command
mod produce; // the producer under faults: in the log once, in order
mod producer_errors; // what a producer cannot do: a typed error each, with topic, partition and cause
mod program; // not tests: the binary as a child
mod properties; // client.properties, single ones and profiles, on every command
mod racks; // client.rack: a follower nearby is read from
mod registry; // a schema registry that is there, away, slow, secured, or lies
mod resume; // where a job begins that was run before: its own checkpoint, nobody else's
mod scripts; // scripts as people post them: planned, or refused for what they need; UPSERT_KAFKA_SCRIPTS names further ones
mod security; // every way into a cluster, and those that must be kept out; UPSERT_KAFKA_REQUIRE_KDC
mod seed; // the seed's job, embedded and on a real Kafka
mod shapes; // scripts and messages that nest and repeat without end, in bounded time and memory
mod sharing; // the tables of a job share a client, wherever their properties let them
mod signals; // leaving in time, whatever a command is waiting for
mod sql; // statements from a pipe, and at a prompt on a terminal
mod tables; // tables that are read as tables, written with metadata, buffered, shared by tasks; tables without Kafka
mod tidy; // the rules of style that a program can check
mod transactions; // whole or not at all, under both protocols, embedded and on a real Kafka
mod validation; // what Flink plans and what it refuses, line by line
mod vectors; // Flink's own answers, message by message; UPSERT_KAFKA_VECTORS names further ones
mod virtual_time; // whole jobs in tokio's paused time, over pipes: an hour is a second
mod whole; // the shipped job, client and broker over pipes in virtual time: a seed is a run
mod wire; // Kafka's messages by hand: apis, schema, decode, encode, check, stream
mod world; // not tests: a broker in virtual time, and processes that can be killed
