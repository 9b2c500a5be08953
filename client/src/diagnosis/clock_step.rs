//! The last step of a diagnosis: what is known of the clocks of both sides.

use super::{DiagnosisOutcome, DiagnosisStage, DiagnosisStep};
use crate::clock_skew::ClockSkew;
use crate::utc;

/// Compares this machine's clock with whatever tells another's: the server that the login asked, and the topic's newest
/// record. Times are in milliseconds since 1970.
pub(crate) fn clock_step(
    now_ms: i64,
    login: Option<&ClockSkew>,
    newest_record_ms: Option<i64>,
) -> DiagnosisStep {
    let mut step = DiagnosisStep::new("clock", DiagnosisStage::Clock, DiagnosisOutcome::Passed)
        .with_fact("here", utc::shown(now_ms.div_euclid(1000)))
        .with_fact("there", CLOCK_THERE);
    let mut warnings = Vec::new();
    if let Some(skew) = login {
        step = step.with_fact("login", skew.to_string());
        if skew.seconds() > SKEW_S_MAX {
            warnings.push(format!("{skew}: set whichever is wrong, before tickets and tokens are refused"));
        }
    }
    if let Some(newest_ms) = newest_record_ms {
        step = step.with_fact("newest record", utc::shown(newest_ms.div_euclid(1000)));
        if let Ok(ahead_s) = u64::try_from(newest_ms.saturating_sub(now_ms) / 1000)
            && ahead_s > SKEW_S_MAX
        {
            warnings.push(format!(
                "the topic's newest record is {ahead_s} s in the future: the clock of this machine is late, or that of \
                 whoever stamped it is early"
            ));
        }
    }
    if !warnings.is_empty() {
        step.outcome = DiagnosisOutcome::Warned(warnings.join("; "));
    }
    step
}

/// What nobody tells.
const CLOCK_THERE: &str =
    "unknown: Kafka tells no time; certificates and tickets that are not valid yet would say so";

/// Clocks differ by as much, though somebody sets them.
const SKEW_S_MAX: u64 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    fn warning(step: &DiagnosisStep) -> &str {
        match &step.outcome {
            DiagnosisOutcome::Warned(why) => why,
            _ => "",
        }
    }

    #[test]
    fn clocks_that_differ_are_warned_of_from_either_source_and_from_both() {
        let skew = |there_s| ClockSkew::of("the KDC of realm A.TEST".to_owned(), 1000..=1000, there_s);
        let step = |there_s, newest| clock_step(1_000_000, Some(&skew(there_s)), newest);
        assert_eq!(warning(&step(1005, Some(1_005_999))), "");
        let late = step(1060, None);
        assert!(
            warning(&late).starts_with("this machine's clock is 60 s behind that of the KDC"),
            "{late:?}"
        );
        let future = clock_step(1_000_000, None, Some(1_060_000));
        assert!(
            warning(&future).starts_with("the topic's newest record is 60 s in the future"),
            "{future:?}"
        );
        let both = step(1060, Some(1_060_000));
        assert_eq!(warning(&both), format!("{}; {}", warning(&late), warning(&future)));
        assert_eq!(
            both.facts.iter().map(|it| it.0).collect::<Vec<_>>(),
            ["here", "there", "login", "newest record"]
        );
    }
}
