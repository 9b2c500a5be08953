//! The binary `upsert-kafka`.

use std::process::ExitCode;

// musl's own malloc is up to fifty times slower once two threads free each other's memory.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    upsert_kafka::main(std::env::args_os().skip(1))
}
