//! `wire check`: files of vectors, each line checked.

use serde_json::Value;

use super::fault::wrong;
use super::input;
use crate::args::Args;
use crate::exit::Failure;
use crate::output::Output;
use crate::vectors::{self, Form, Verdict};

pub(super) fn run(args: &Args, out: &mut Output) -> Result<(), Failure> {
    let form = args.has("--records").then_some(Form::Records);
    let mut tally = Tally::default();
    for file in args.operands() {
        for (at, line) in input::lines(file)?.enumerate() {
            let line = line?;
            if !line.trim_ascii().is_empty() {
                tally.add(&format!("{file}:{}", at + 1), &line, form, out)?;
            }
        }
    }
    tally.end(out)
}

#[derive(Default)]
struct Tally {
    passed: usize,
    /// Of those that passed.
    stricter: usize,
    failed: usize,
}

impl Tally {
    fn add(&mut self, place: &str, line: &[u8], form: Option<Form>, out: &mut Output) -> Result<(), Failure> {
        let (name, verdict) = verdict(line, form);
        match verdict {
            Verdict::Passed => self.passed += 1,
            Verdict::Stricter(_) => {
                self.passed += 1;
                self.stricter += 1;
            }
            Verdict::Absent(why) | Verdict::Failed(why) => {
                self.failed += 1;
                let name = if name.is_empty() { name } else { format!("{name}: ") };
                out.write(format!("{place}: {name}{why}\n"))?;
            }
        }
        Ok(())
    }

    fn end(&self, out: &mut Output) -> Result<(), Failure> {
        let Self { passed, stricter, failed } = self;
        let stricter = match stricter {
            0 => String::new(),
            some => format!(" ({some} of them refused by us, not by Java)"),
        };
        out.write(format!("{passed} passed{stricter}, {failed} failed\n"))?;
        match (passed, failed) {
            (0, 0) => Err(wrong("no vectors")),
            (_, 0) => Ok(()),
            (_, failed) => Err(wrong(format!("{failed} vectors failed"))),
        }
    }
}

fn verdict(line: &[u8], form: Option<Form>) -> (String, Verdict) {
    let line: Value = match serde_json::from_slice(line) {
        Ok(line) => line,
        Err(e) => return (String::new(), Verdict::Failed(format!("not JSON: {e}"))),
    };
    let verdict = match form.or_else(|| Form::of(&line)) {
        Some(form) => vectors::check(&line, form),
        None => Verdict::Failed("neither a message's vector nor a record set's nor a key's".into()),
    };
    (vectors::name(&line), verdict)
}
