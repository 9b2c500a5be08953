//! `explain`: what a job came to, without connecting.

use crate::args::Args;
use crate::commands::job;
use crate::exit::Failure;

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let path = args.operand(0);
    let script = job::read(path)?;
    let plan = job::plan(path, script, &job::options(args, None)?)?;
    print!("{}", upsert_kafka_sink::explain::explain(&plan));
    Ok(())
}
