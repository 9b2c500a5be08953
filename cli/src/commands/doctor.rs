//! `doctor`: how far each listener of a cluster can be reached, why not further, and what to change.

use serde_json::{Map, Value, json};
use upsert_kafka_client::{DiagnosisOutcome, DiagnosisStep, Doctor, Role};

use crate::args::Args;
use crate::cluster::config;
use crate::exit::{Exit, Failure};
use crate::listing::{Listing, OutputFormat, Row};
use crate::output::Output;
use crate::text;

pub(super) async fn run(args: &Args, out: &mut Output) -> Result<(), Failure> {
    OutputFormat::of(args)?;
    let mut doctor = Doctor::new(config(args, Role::Any, &[])?);
    if let Some(topic) = args.value("--topic") {
        doctor = doctor.topic(topic);
    }
    if let Some(group) = args.value("--group") {
        doctor = doctor.group(group);
    }
    let diagnosis = doctor.examine().await;
    let mut listing = Listing::begin(args, &["where", "step", "outcome", "what"], out)?;
    for step in &diagnosis.steps {
        listing.add(&Examined(step))?;
    }
    listing.end()?;
    match diagnosis.failure() {
        None => Ok(()),
        Some(step) => {
            let text = format!("{}: the step {} failed: {}", step.subject, step.stage, told(&step.outcome));
            Err(Failure::new(Exit::Cluster, text))
        }
    }
}

/// A step as a row.
struct Examined<'a>(&'a DiagnosisStep);

impl Row for Examined<'_> {
    fn cells(&self, columns: usize) -> Vec<String> {
        let Self(step) = self;
        let facts = step.facts.iter().map(|(name, value)| format!("{name}: {value}"));
        let told = Some(told(&step.outcome)).filter(|told| !told.is_empty());
        let what: Vec<String> = told.into_iter().chain(facts).collect();
        vec![
            text::shown(&step.subject, columns),
            step.stage.to_string(),
            word(&step.outcome).to_owned(),
            text::shown(&what.join("; "), columns),
        ]
    }

    fn json(&self) -> Value {
        let Self(step) = self;
        let facts: Map<String, Value> =
            step.facts.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let mut row = json!({
            "where": step.subject,
            "step": step.stage.to_string(),
            "outcome": word(&step.outcome),
            "ms": u64::try_from(step.elapsed.as_millis()).unwrap_or(u64::MAX),
            "facts": facts,
        });
        match &step.outcome {
            DiagnosisOutcome::Warned(why) => row["why"] = json!(why),
            DiagnosisOutcome::Skipped(why) => row["why"] = json!(why),
            DiagnosisOutcome::Failed { why, advice } => {
                row["why"] = json!(why.to_string());
                row["advice"] = json!(advice);
            }
            _ => {}
        }
        row
    }
}

fn word(outcome: &DiagnosisOutcome) -> &'static str {
    match outcome {
        DiagnosisOutcome::Passed => "ok",
        DiagnosisOutcome::Warned(_) => "warning",
        DiagnosisOutcome::Failed { .. } => "FAILED",
        DiagnosisOutcome::Skipped(_) => "skipped",
        _ => "",
    }
}

/// The reason of anything but success, with what to change.
fn told(outcome: &DiagnosisOutcome) -> String {
    match outcome {
        DiagnosisOutcome::Warned(why) => why.clone(),
        DiagnosisOutcome::Skipped(why) => (*why).to_owned(),
        DiagnosisOutcome::Failed { why, advice: Some(advice) } => format!("{why}; {advice}"),
        DiagnosisOutcome::Failed { why, advice: None } => why.to_string(),
        _ => String::new(),
    }
}
