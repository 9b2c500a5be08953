//! What a topic may be called, and how names are kept.

use upsert_kafka_protocol::{ErrorCode, Str};

use super::refusal::Refusal;

/// The longest name, which leaves room for the partition in a directory's.
pub(crate) const NAME_LEN_MAX: usize = 249;

/// Kafka's rules for the name of a topic.
pub(crate) fn check(name: &str) -> Result<(), Refusal> {
    let complaint = if name.is_empty() {
        "the empty string is not allowed".to_owned()
    } else if name == "." || name == ".." {
        "'.' or '..' is not allowed".to_owned()
    } else if name.len() > NAME_LEN_MAX {
        format!("the length of '{name}' is longer than the max allowed length {NAME_LEN_MAX}")
    } else if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')) {
        format!("'{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'")
    } else {
        return Ok(());
    };
    Err(Refusal::new(ErrorCode::INVALID_TOPIC_EXCEPTION, format!("Topic name is invalid: {complaint}")))
}

/// How Kafka's metrics tell the name: there, '.' becomes '_', so that two topics may not differ in that alone.
pub(crate) fn in_metrics(name: &str) -> String {
    name.replace('.', "_")
}

/// An owned copy: a string of a request pins the whole frame it came in.
pub(crate) fn owned(text: &str) -> Str {
    Str::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_judged_as_kafka_does() {
        for good in ["a", "orders", "a.b_c-D9", "...", "_", &"x".repeat(249)] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["", ".", "..", "a b", "a/b", "ä", "a\n", &"x".repeat(250)] {
            let refusal = check(bad).unwrap_err();
            assert_eq!(refusal.code, ErrorCode::INVALID_TOPIC_EXCEPTION, "{bad}");
        }
    }

    #[test]
    fn a_dot_is_an_underscore_in_metrics() {
        assert_eq!(in_metrics("a.b_c-d"), in_metrics("a_b.c-d"));
        assert_ne!(in_metrics("a.b"), in_metrics("a-b"));
    }
}
