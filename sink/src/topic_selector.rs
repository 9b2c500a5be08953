//! Which topics a table means: `topic` or `topic-pattern`.

use std::fmt;

use crate::java_regex::JavaPattern;

/// A regular expression of Java that whole names of topics match.
#[derive(Clone)]
pub(crate) struct TopicPattern {
    text: String,
    whole: JavaPattern,
}

/// The topics of a table that is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TopicSelector {
    /// The one.
    One(String),
    /// Those, of which each row says one.
    List(Vec<String>),
    /// All that match, of which each row says one.
    Pattern(TopicPattern),
}

impl TopicPattern {
    /// Reads `topic-pattern`.
    ///
    /// # Errors
    /// The sentence that says why it is no expression, or that it is one that only Java knows.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let whole = JavaPattern::whole(text).map_err(|why| why.to_string())?;
        Ok(Self { text: text.to_owned(), whole })
    }

    /// Whether a topic of that name is meant.
    pub(crate) fn matches(&self, topic: &str) -> bool {
        // A name that takes too many steps is not meant.
        self.whole.is_match(topic).unwrap_or(false)
    }
}

impl PartialEq for TopicPattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for TopicPattern {}

impl fmt::Display for TopicPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for TopicPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TopicPattern").field(&self.text).finish()
    }
}

impl TopicSelector {
    /// Those that are known without asking a cluster.
    pub(crate) fn names(&self) -> &[String] {
        match self {
            Self::One(topic) => std::slice::from_ref(topic),
            Self::List(topics) => topics,
            Self::Pattern(_) => &[],
        }
    }

    /// Why a row may not be written to that topic, if it may not.
    pub(crate) fn refusal(&self, topic: &str) -> Option<String> {
        match self {
            Self::One(one) if one == topic => None,
            Self::One(one) => Some(format!("topic {topic} is not {one}, which is the table's")),
            Self::Pattern(pattern) if pattern.matches(topic) => None,
            Self::Pattern(pattern) => {
                Some(format!("topic {topic} does not match 'topic-pattern' = '{pattern}'"))
            }
            Self::List(topics) if topics.iter().any(|it| it == topic) => None,
            Self::List(topics) => {
                let shown: Vec<&str> = topics.iter().take(SHOWN_MAX).map(String::as_str).collect();
                let more = if topics.len() > SHOWN_MAX { ", …" } else { "" };
                Some(format!("topic {topic} is not among the table's: {}{more}", shown.join(", ")))
            }
        }
    }
}

/// As the option has it.
impl fmt::Display for TopicSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pattern(pattern) => fmt::Display::fmt(pattern, f),
            Self::One(_) | Self::List(_) => f.write_str(&self.names().join(";")),
        }
    }
}

/// How many topics a sentence lists.
const SHOWN_MAX: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_whole_names() {
        let pattern = TopicPattern::parse("orders-[0-9]+|a.b").unwrap();
        assert!(pattern.matches("orders-17") && pattern.matches("a.b") && pattern.matches("axb"));
        assert!(!pattern.matches("orders-") && !pattern.matches("my-orders-1") && !pattern.matches("a.b.c"));
        // Its short classes are Java's.
        assert!(!TopicPattern::parse(r"t\d").unwrap().matches("t٣"));
        for wrong in ["(", "[a", "*", "a)(b"] {
            assert!(TopicPattern::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_row_is_refused_with_its_topic_and_those_there_are() {
        let list = TopicSelector::List(vec!["a".into(), "b".into()]);
        assert_eq!(list.refusal("a"), None);
        assert_eq!(list.refusal("c").unwrap(), "topic c is not among the table's: a, b");
        let pattern = TopicSelector::Pattern(TopicPattern::parse("t.*").unwrap());
        assert_eq!(pattern.refusal("t1"), None);
        assert_eq!(pattern.refusal("x").unwrap(), "topic x does not match 'topic-pattern' = 't.*'");
    }
}
