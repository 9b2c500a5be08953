//! The binary `upsert-kafka`.

fn main() {}
