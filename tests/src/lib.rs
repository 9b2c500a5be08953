//! Shared by the tests: golden data, real Kafka, checks.
