//! One integration binary, so that everything links once; a line per module on what belongs there.

mod cases; // jobs that real Flink ran, run again and compared; UPSERT_KAFKA_CASES names further ones
mod kafka; // a real Apache Kafka and its Java client: that the harness itself stands
mod produce; // the producer under faults: in the log once, in order
mod tidy; // the rules of style that a program can check
mod vectors; // Flink's own answers, message by message; UPSERT_KAFKA_VECTORS names further ones
