//! The cli under a name of the test package, so that `CARGO_BIN_EXE_…` exists.

use std::process::ExitCode;

fn main() -> ExitCode {
    upsert_kafka::main(std::env::args_os().skip(1))
}
