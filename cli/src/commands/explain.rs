//! `explain`: what a job came to, without connecting.

use crate::args::Args;
use crate::commands::job;
use crate::exit::Failure;
use crate::output::Output;

pub(super) fn run(args: &Args, out: &mut Output) -> Result<(), Failure> {
    let path = args.operand(0);
    let script = job::read(path)?;
    let plan = job::plan(path, script, &job::options(args, None)?)?;
    out.write(plan.explain().to_string())
}
