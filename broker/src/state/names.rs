//! What a topic may be called.

use upsert_kafka_protocol::ErrorCode;

use super::Refusal;

/// The longest name, which leaves room for the partition in a directory's.
const NAME_LEN_MAX: usize = 249;

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

/// Whether Kafka's metrics could not tell the two apart: there, '.' becomes '_'.
pub(crate) fn collide(one: &str, other: &str) -> bool {
    let plain = |b: u8| if b == b'.' { b'_' } else { b };
    one.len() == other.len() && one.bytes().map(plain).eq(other.bytes().map(plain))
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
    fn a_dot_collides_with_an_underscore() {
        assert!(collide("a.b", "a_b"));
        assert!(!collide("a.b", "a-b"));
        assert!(!collide("a.b", "a.bc"));
    }
}
