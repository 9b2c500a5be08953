//! `wire apis|schema|decode|encode|check|stream`: Kafka's messages, for people who debug.

mod apis;
mod check;
mod decode;
mod encode;
mod fault;
mod frame;
mod input;
mod named;
mod records;
mod schema;
mod stream;

use std::io::Write;

use crate::args::Args;
use crate::exit::{Exit, Failure};

/// Runs the command of that second word.
pub(super) fn run(name: &str, args: &Args) -> Result<(), Failure> {
    match name {
        "apis" => apis::run(args),
        "schema" => schema::run(args),
        "decode" => decode::run(args),
        "encode" => encode::run(args),
        "check" => check::run(args),
        "stream" => stream::run(args),
        _ => Err(Failure::usage(format!("no command 'wire {name}'"))),
    }
}

/// What was given is wrong.
fn wrong(message: impl Into<String>) -> Failure {
    Failure::new(Exit::Wire, message)
}

fn print(bytes: impl AsRef<[u8]>) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(bytes.as_ref()).and_then(|()| out.flush());
    written.map_err(|e| Failure::new(Exit::Running, format!("standard output: {e}")))
}
