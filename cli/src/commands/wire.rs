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

use crate::args::Args;
use crate::exit::Failure;
use crate::output::Output;

/// Runs the command of that second word.
pub(super) fn run(name: &str, args: &Args, out: &mut Output) -> Result<(), Failure> {
    match name {
        "apis" => apis::run(args, out),
        "schema" => schema::run(args, out),
        "decode" => decode::run(args, out),
        "encode" => encode::run(args, out),
        "check" => check::run(args, out),
        "stream" => stream::run(args, out),
        _ => Err(Failure::usage(format!("no command 'wire {name}'"))),
    }
}
