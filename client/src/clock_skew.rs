//! How far this machine's clock is from that of a server which a login asked.

use std::fmt;
use std::ops::RangeInclusive;

use crate::utc;

/// What a KDC or a token endpoint told of its clock. Brokers tell nothing of theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClockSkew {
    whose: String,
    here_s: i64,
    there_s: i64,
}

#[cfg_attr(not(any(feature = "oauth", feature = "gssapi")), allow(dead_code))] // only those logins ask servers
impl ClockSkew {
    /// `there_s` is what their clock said at some moment between the question and the answer, at which this one said
    /// `here_s`; all are seconds since 1970. The moment is taken that fits best, so that a slow answer is no skew.
    pub(crate) fn of(whose: String, here_s: RangeInclusive<i64>, there_s: i64) -> Self {
        // Not `clamp`, which panics where this clock was set back in between.
        let here_s = there_s.max(*here_s.start()).min(*here_s.end());
        Self { whose, here_s, there_s }
    }

    /// By how much they differ.
    pub(crate) fn seconds(&self) -> u64 {
        self.here_s.abs_diff(self.there_s)
    }
}

impl fmt::Display for ClockSkew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { whose, here_s, there_s } = self;
        let side = match here_s.cmp(there_s) {
            std::cmp::Ordering::Equal => return write!(f, "{whose} has the same time"),
            std::cmp::Ordering::Less => "behind",
            std::cmp::Ordering::Greater => "ahead of",
        };
        write!(
            f,
            "this machine's clock is {} s {side} that of {whose} (here {}, there {})",
            self.seconds(),
            utc::shown(*here_s),
            utc::shown(*there_s)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skew(here_s: RangeInclusive<i64>, there_s: i64) -> ClockSkew {
        ClockSkew::of("the KDC of realm A.TEST".to_owned(), here_s, there_s)
    }

    #[test]
    fn a_slow_answer_is_no_skew() {
        for there_s in [100, 107, 130] {
            assert_eq!(skew(100..=130, there_s).seconds(), 0, "{there_s}");
        }
        assert_eq!(skew(100..=130, 99).seconds(), 1);
        assert_eq!(skew(100..=130, 140).seconds(), 10);
        // This clock was set back while the answer was on its way.
        let (asked_s, answered_s) = (100, 40);
        assert_eq!(skew(asked_s..=answered_s, 41).seconds(), 1);
    }

    #[test]
    fn whose_clock_is_ahead_is_said_with_both_times() {
        assert_eq!(skew(0..=1, 1).to_string(), "the KDC of realm A.TEST has the same time");
        assert_eq!(
            skew(1_795_955_696..=1_795_955_697, 1_795_955_690).to_string(),
            "this machine's clock is 6 s ahead of that of the KDC of realm A.TEST (here 2026-11-29 12:34:56 UTC, there \
             2026-11-29 12:34:50 UTC)"
        );
        let behind = skew(0..=1, 61).to_string();
        assert!(behind.starts_with("this machine's clock is 60 s behind that of"), "{behind}");
    }
}
