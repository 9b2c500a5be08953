//! See `tests/src/checks`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| upsert_kafka_fuzz::checks::avro(data));
