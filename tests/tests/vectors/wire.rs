//! Vectors of the wire, as `wire check` checks them: what Apache's Java implementation wrote or was given.

use serde_json::Value as Json;
use upsert_kafka::vectors::{Form, Verdict, check};

use super::Outcome;

/// What became of one; to be stricter than Java is no failure.
pub(super) fn outcome(line: &Json, form: Form) -> Outcome {
    match check(line, form) {
        Verdict::Passed | Verdict::Stricter(_) => Outcome::Passed,
        Verdict::Absent(what) => Outcome::Refused(what),
        Verdict::Failed(why) => Outcome::Failed(why),
    }
}
