//! The command line as a library, so that tests can carry a binary of their own.

use std::ffi::OsString;
use std::process::ExitCode;

mod args;
mod commands;
mod exit;
mod hex;
mod log;
mod record_json;
mod signal;
mod status;
mod table;
pub mod vectors;

use args::Parsed;
use exit::{Exit, Failure};

/// Runs one command line, without the program's name, and says how the process should end.
pub fn main(args: impl Iterator<Item = OsString>) -> ExitCode {
    let exit = match run(args) {
        Ok(()) => Exit::Done,
        Err(failure) => {
            eprintln!("upsert-kafka: {failure}");
            failure.exit
        }
    };
    ExitCode::from(exit as u8)
}

fn run(args: impl Iterator<Item = OsString>) -> Result<(), Failure> {
    let (command, args) = match args::parse(commands::TABLE, args)? {
        Parsed::Help(text) => {
            print!("{text}");
            return Ok(());
        }
        Parsed::Command(command, args) => (command, args),
    };
    log::open(args.value("--log"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Failure::new(Exit::Running, format!("no runtime: {e}")))?;
    let outcome = runtime.block_on(commands::run(command.name, &args));
    // What still runs in the background has nothing to say.
    runtime.shutdown_background();
    outcome
}
