//! The command line as a library, so that tests can carry a binary of their own.

// `output` and `stderr` write; these panic when nobody reads.
#![warn(clippy::print_stdout, clippy::print_stderr)]

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

mod args;
mod cluster;
mod commands;
mod conf;
mod exit;
mod health;
mod hex;
mod json_values;
mod listing;
mod live;
mod log;
mod output;
mod profile;
mod record_row;
mod signal;
mod status;
mod stderr;
mod table;
mod text;
mod text_lines;
pub mod vectors;

use args::Parsed;
use exit::{Exit, Failure};
use output::Output;
use signal::Stop;

/// Runs one command line, without the program's name, and says how the process should end.
pub fn main(args: impl Iterator<Item = OsString>) -> ExitCode {
    let exit = match run(args) {
        Ok(()) => Exit::Done,
        Err(failure) => {
            if !failure.is_quiet() {
                stderr::say(format_args!("upsert-kafka: {failure}"));
            }
            failure.exit
        }
    };
    ExitCode::from(exit as u8)
}

fn run(args: impl Iterator<Item = OsString>) -> Result<(), Failure> {
    let (command, args) = match args::parse(commands::TABLE, args)? {
        Parsed::Help(text) => {
            let mut out = Output::standard()?;
            return out.write(text).and_then(|()| out.flush());
        }
        Parsed::Command(command, args) => (command, args),
    };
    // Before anything else: a signal may come in the first milliseconds.
    let within = args.duration("--stop-timeout", STOP_TIMEOUT)?;
    // A prompt hears signals by itself: there they end a statement.
    let stop = match command.has("--stop-timeout") && !commands::is_prompt(command.name, &args) {
        true => Stop::listen(within)?,
        false => Stop::never(within),
    };
    log::open(args.value("--log"))?;
    let mut out = Output::standard()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Failure::new(Exit::Running, format!("no runtime: {e}")))?;
    let outcome = runtime.block_on(commands::run(command.name, &args, &stop, &mut out));
    // What still runs in the background has nothing to say.
    runtime.shutdown_background();
    outcome.and_then(|()| out.flush())
}

/// Under the 30 s that orchestrators give a process before they kill it.
const STOP_TIMEOUT: Duration = Duration::from_secs(25);
