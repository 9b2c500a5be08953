//! `functions`: what functions SQL has, or all about one of them.

use serde_json::{Value, json};
use upsert_kafka_sink::functions::{self, FunctionHelp};

use crate::args::Args;
use crate::exit::Failure;
use crate::listing::{Listing, OutputFormat, Row};
use crate::output::Output;
use crate::text;

pub(super) fn run(args: &Args, out: &mut Output) -> Result<(), Failure> {
    OutputFormat::of(args)?;
    match args.optional_operand(0) {
        Some(name) => one(name, args, out),
        None => all(args, out),
    }
}

fn all(args: &Args, out: &mut Output) -> Result<(), Failure> {
    let mut listing = Listing::begin(args, &["function", "what it gives"], out)?;
    for help in functions::all() {
        listing.add(&Line(help))?;
    }
    listing.end()
}

fn one(name: &str, args: &Args, out: &mut Output) -> Result<(), Failure> {
    let Some(help) = functions::find(name) else {
        let hint = functions::nearest(name).map(|it| format!("; did you mean {it}?")).unwrap_or_default();
        return Err(Failure::usage(format!("there is no function {name}{hint}")));
    };
    let mut listing = Listing::begin(args, &["of", help.name], out)?;
    for usage in help.usage {
        listing.add(&Fact("usage", (*usage).to_owned()))?;
    }
    listing.add(&Fact("gives", help.about.to_owned()))?;
    if !help.aliases.is_empty() {
        listing.add(&Fact("also called", help.aliases.join(", ")))?;
    }
    let since = match help.since {
        "-" => "not in Flink".to_owned(),
        "DLI" => "not in Flink; Huawei DLI has it".to_owned(),
        release => format!("Flink {release}"),
    };
    listing.add(&Fact("since", since))?;
    listing.end()
}

/// A function and its sentence.
struct Line(FunctionHelp);

impl Row for Line {
    fn cells(&self, columns: usize) -> Vec<String> {
        vec![self.0.name.to_owned(), text::shown(self.0.about, columns)]
    }

    fn json(&self) -> Value {
        let FunctionHelp { name, aliases, usage, since, about, .. } = self.0;
        json!({ "function": name, "aliases": aliases, "usage": usage, "since": since, "about": about })
    }
}

/// One thing that is known of a function.
struct Fact(&'static str, String);

impl Row for Fact {
    fn cells(&self, columns: usize) -> Vec<String> {
        vec![self.0.to_owned(), text::shown(&self.1, columns)]
    }

    fn json(&self) -> Value {
        json!({ self.0: self.1 })
    }
}
