//! One integration binary, so that everything links once; a line per module on what belongs there.

mod kafka; // a real Apache Kafka and its Java client: that the harness itself stands
mod tidy; // the rules of style that a program can check
