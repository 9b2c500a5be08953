//! Vectors: what Apache's Java implementation wrote or was given, a JSON object a line, and what this build makes of
//! the same bytes.
//!
//! ```
//! use upsert_kafka::vectors::{Form, Verdict, check};
//!
//! let line = r#"{"api":"Heartbeat","key":12,"direction":"response","version":0,"hex":"0019"}"#;
//! let line = serde_json::from_str(line).unwrap();
//! assert_eq!(Form::of(&line), Some(Form::Message));
//! assert_eq!(check(&line, Form::Message), Verdict::Passed);
//! ```

mod difference;
mod key;
mod line;
mod message;
mod records;
mod verdict;

use serde_json::Value;

pub use self::line::name;
pub use self::verdict::Verdict;

/// What a vector is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A request, a response, a header or what lies in logs: as it was written, or mutated.
    Message,
    /// A set of records, good or broken.
    Records,
    /// A record's key, its hash and its partition.
    Key,
}

impl Form {
    /// The form of a line; `None` when it is none of these.
    pub fn of(line: &Value) -> Option<Self> {
        let has = |name| line.get(name).is_some();
        match () {
            () if has("api") => Some(Self::Message),
            () if has("valid") => Some(Self::Records),
            () if has("murmur2") => Some(Self::Key),
            () => None,
        }
    }
}

/// Reads the bytes of a vector, writes them again, and compares with what the vector says of them.
pub fn check(line: &Value, form: Form) -> Verdict {
    match form {
        Form::Message => message::check(line),
        Form::Records => records::check(line).into(),
        Form::Key => key::check(line).into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_vector_has_a_name() {
        let line =
            json!({"api": "Fetch", "key": 1, "direction": "request", "version": 12, "name": "cut at 7"});
        assert_eq!(name(&line), "Fetch request 12 cut at 7");
        assert_eq!(name(&json!({"key": "00ff", "murmur2": 1})), "00ff");
    }

    #[test]
    fn what_this_build_does_not_have_is_told_from_what_it_does_otherwise() {
        let mut line =
            json!({"api": "Heartbeat", "key": 12, "direction": "response", "version": 0, "hex": ""});
        assert!(matches!(check(&line, Form::Message), Verdict::Failed(why) if why.contains("error_code")));
        line["version"] = 100.into();
        assert!(matches!(check(&line, Form::Message), Verdict::Absent(why) if why.contains("0-4")));
        line["key"] = 4.into();
        assert!(matches!(check(&line, Form::Message), Verdict::Absent(_)));
    }

    #[test]
    fn a_line_that_does_not_say_enough_does_not_pass() {
        let fails = |line: Value, form, says: &str| {
            assert!(matches!(check(&line, form), Verdict::Failed(why) if why.contains(says)), "{line}");
        };
        fails(json!({}), Form::Records, "'hex'");
        fails(json!({"hex": ""}), Form::Records, "'valid'");
        fails(json!({"key": "zz"}), Form::Key, "'z'");
        let message = json!({"api": "EndTxnMarker", "version": 0, "hex": "00000000", "result": "perhaps"});
        fails(message, Form::Message, "perhaps");
    }
}
