//! `explain`: what a job came to, or what becomes of each of Java's properties; without connecting.

use serde_json::{Value, json};
use upsert_kafka_client::{Config, Explained, NoticeKind, Role};

use crate::args::Args;
use crate::cluster::{GivenBy, Properties};
use crate::commands::job;
use crate::exit::Failure;
use crate::listing::{Listing, OutputFormat, Row};
use crate::output::Output;
use crate::stderr::say;
use crate::text;

pub(super) fn run(args: &Args, out: &mut Output) -> Result<(), Failure> {
    OutputFormat::of(args)?;
    let Some(path) = args.optional_operand(0) else { return properties(args, out) };
    let script = job::read(path)?;
    let plan = job::plan(path, script, &job::options(args, None)?)?;
    for answer in plan.answers() {
        out.write(answer.clone())?;
    }
    out.write(plan.explain().to_string())
}

/// Every key, what becomes of it, and who says so.
///
/// # Errors
/// What is refused, after all rows: those of its keys say so too.
fn properties(args: &Args, out: &mut Output) -> Result<(), Failure> {
    if !["--properties", "--property", "--profile"].iter().any(|flag| args.has(flag)) {
        return Err(Failure::usage("explain needs JOB.sql, or --properties FILE"));
    }
    let given = Properties::given(args)?;
    let pairs = given.iter().map(|it| (&it.key, &it.value));
    let (config, notices, refusals) = Config::from_properties_lossy(pairs, Role::Any);
    let refusals: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    let by = |key: &str| given.iter().find(|it| it.key == key).map(|it| it.by.clone());
    let mut listing = Listing::begin(args, &["property", "becomes", "value or reason", "given by"], out)?;
    for (key, explained) in config.explain(Role::Any) {
        let by = by(key);
        let refusal = refusals.iter().find(|sentence| by.is_some() && names(sentence, key));
        let (becomes, why) = match (refusal, explained) {
            (Some(sentence), _) => ("refused", sentence.clone()),
            (None, Explained::Honoured(value)) => ("honoured", value),
            (None, Explained::Ignored(why)) => ("ignored", why.to_owned()),
            (None, Explained::Refused(why)) => ("refused", why.to_owned()),
            _ => ("", String::new()),
        };
        listing.add(&Fate { key, becomes, why, by })?;
    }
    for notice in notices {
        match notice.kind {
            NoticeKind::Unknown => {
                let why = notice.to_string();
                listing.add(&Fate { key: &notice.key, becomes: "unknown", why, by: by(&notice.key) })?;
            }
            // The rows say it.
            NoticeKind::Ignored => {}
            _ => say(format_args!("note: {notice}")),
        }
    }
    listing.end()?;
    if refusals.is_empty() { Ok(()) } else { Err(Failure::usage(refusals.join("\n"))) }
}

/// Whether a sentence is about a key.
fn names(sentence: &str, key: &str) -> bool {
    let mut words = sentence.split(|c: char| !c.is_ascii_alphanumeric() && !"._-".contains(c));
    words.any(|word| word.trim_end_matches('.') == key)
}

/// A key and what becomes of it.
struct Fate<'a> {
    key: &'a str,
    becomes: &'static str,
    /// Its value, or the reason.
    why: String,
    /// `None` where nobody gave it.
    by: Option<GivenBy>,
}

impl Row for Fate<'_> {
    fn cells(&self, columns: usize) -> Vec<String> {
        let by = self.by.as_ref().map_or_else(|| "default".to_owned(), GivenBy::to_string);
        vec![text::shown(self.key, columns), self.becomes.to_owned(), text::shown(&self.why, columns), by]
    }

    fn json(&self) -> Value {
        let by = self.by.as_ref().map(GivenBy::to_string);
        let what = if self.becomes == "honoured" { "value" } else { "reason" };
        json!({ "property": self.key, "becomes": self.becomes, what: self.why, "given_by": by })
    }
}
