//! A subscription by pattern, in the syntax of RE2 (KIP-848).

use regex_automata::meta::Regex;
use regex_automata::util::syntax;
use upsert_kafka_protocol::ErrorCode;

use crate::state::Refusal;

/// The longest pattern. Kafka has no such bound.
const PATTERN_LEN_MAX: usize = 4096;

/// What the pattern may become in memory; it is forgotten as soon as topics were matched.
const COMPILED_BYTES_MAX: usize = 4 << 20;

/// A pattern that is valid.
#[derive(Debug)]
pub(super) struct TopicRegex(Regex);

impl TopicRegex {
    /// # Errors
    /// With `INVALID_REGULAR_EXPRESSION`.
    pub(super) fn parse(pattern: &str) -> Result<Self, Refusal> {
        let invalid = |why: &str| {
            let message =
                format!("SubscribedTopicRegex `{pattern}` is not a valid regular expression: {why}.");
            Refusal::new(ErrorCode::INVALID_REGULAR_EXPRESSION, message)
        };
        if pattern.len() > PATTERN_LEN_MAX {
            let why = format!("A pattern of more than {PATTERN_LEN_MAX} bytes is not taken by this broker.");
            return Err(Refusal::new(ErrorCode::INVALID_REGULAR_EXPRESSION, why));
        }
        // Alone first, so that nothing in it closes the group around it.
        regex_syntax_of(pattern).map_err(|why| invalid(&why))?;
        let config = Regex::config().nfa_size_limit(Some(COMPILED_BYTES_MAX)).hybrid_cache_capacity(1 << 20);
        let built = Regex::builder().configure(config).build(&format!(r"\A(?:{pattern})\z"));
        built.map(Self).map_err(|error| match error.size_limit() {
            Some(_) => invalid("it is too large"),
            None => invalid("it cannot be compiled"),
        })
    }

    /// Whether all of the name matches.
    pub(super) fn matches(&self, name: &str) -> bool {
        self.0.is_match(name)
    }
}

fn regex_syntax_of(pattern: &str) -> Result<(), String> {
    match syntax::parse(pattern) {
        Ok(_) => Ok(()),
        // The last line says what is wrong; those before show where.
        Err(error) => {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            Err(last.trim_start_matches("error: ").to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_whole_names() {
        let regex = TopicRegex::parse("a.c|d+").unwrap();
        let matching: Vec<_> =
            ["abc", "abcd", "d", "ddd", "xd", ""].into_iter().filter(|it| regex.matches(it)).collect();
        assert_eq!(matching, ["abc", "d", "ddd"]);
        assert!(TopicRegex::parse(r"\p{L}+-[a-z&&[^b]]").unwrap().matches("ä-c"));
    }

    #[test]
    fn what_is_no_pattern_of_re2_is_refused_by_name() {
        for (bad, why) in [
            ("(", "unclosed group"),
            ("a)(b", "unopened group"),
            ("(?=a)", "look-around"),
            (r"\1", "backreferences"),
        ] {
            let refusal = TopicRegex::parse(bad).unwrap_err();
            assert_eq!(refusal.code, ErrorCode::INVALID_REGULAR_EXPRESSION, "{bad}");
            assert!(refusal.message.contains(bad) && refusal.message.contains(why), "{}", refusal.message);
        }
    }

    #[test]
    fn a_pattern_that_would_grow_is_refused() {
        for bad in [r"(\w{100}){100}".to_owned(), "a".repeat(PATTERN_LEN_MAX + 1)] {
            assert_eq!(TopicRegex::parse(&bad).unwrap_err().code, ErrorCode::INVALID_REGULAR_EXPRESSION);
        }
    }
}
