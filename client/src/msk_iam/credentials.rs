//! Amazon's keys: what they are, and the JSON in which services give them.

use serde_json::Value;

use crate::Secret;
use crate::error::quoted;
use crate::oauth::renewal::Ending;
use crate::utc;

/// A pair of keys, and a token where they are temporary.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct AwsCredentials {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: Secret,
    pub(super) session_token: Option<Secret>,
    /// In milliseconds since 1970; `None` is for ever.
    pub(super) ends_unix_ms: Option<i64>,
}

impl AwsCredentials {
    /// Reads what the endpoints of containers and instances answer. The error is the end of a sentence that names the
    /// endpoint, and quotes no secret.
    pub(super) fn of_json(json: &Value) -> Result<Self, String> {
        let text = |name: &str| json.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        if let Some(code) = text("Code").filter(|code| *code != "Success") {
            return Err(format!("it has no credentials: {}", quoted(code)));
        }
        let needed = |name: &str| text(name).ok_or_else(|| format!("its answer has no {name}"));
        let ends_unix_ms = match text("Expiration") {
            Some(moment) => {
                Some(utc::parse_iso(moment).ok_or("its answer's Expiration is no moment in UTC")?)
            }
            None => None,
        };
        Ok(Self {
            access_key_id: needed("AccessKeyId")?.to_owned(),
            secret_access_key: needed("SecretAccessKey")?.into(),
            session_token: text("Token").map(Secret::from),
            ends_unix_ms,
        })
    }
}

impl Ending for AwsCredentials {
    fn starts_unix_ms(&self) -> Option<i64> {
        None
    }

    fn ends_unix_ms(&self) -> Option<i64> {
        self.ends_unix_ms
    }
}

/// The keys of Amazon's examples.
#[cfg(test)]
pub(super) fn example(token: Option<&str>) -> AwsCredentials {
    AwsCredentials {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
        session_token: token.map(Secret::from),
        ends_unix_ms: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_endpoints_json_is_read() {
        let json = json!({"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": "ASIA", "SecretAccessKey": "s", "Token": "t",
                          "Expiration": "2026-11-29T12:34:56Z"});
        let credentials = AwsCredentials::of_json(&json).unwrap();
        assert_eq!(credentials.access_key_id, "ASIA");
        assert_eq!(credentials.secret_access_key.reveal(), "s");
        assert_eq!(credentials.session_token.unwrap().reveal(), "t");
        assert_eq!(credentials.ends_unix_ms, Some(1_795_955_696_000));
    }

    #[test]
    fn what_is_missing_is_named_and_nothing_quoted() {
        for (json, why) in [
            (json!({"Code": "AssumeRoleUnauthorizedAccess"}), "no credentials: AssumeRoleUnauthorizedAccess"),
            (json!({"AccessKeyId": "hush"}), "has no SecretAccessKey"),
            (json!({"SecretAccessKey": "hush"}), "has no AccessKeyId"),
            (
                json!({"AccessKeyId": "hush", "SecretAccessKey": "hush", "Expiration": "hush"}),
                "Expiration is no moment",
            ),
            (json!("hush"), "has no AccessKeyId"),
        ] {
            let error = AwsCredentials::of_json(&json).unwrap_err();
            assert!(error.contains(why) && !error.contains("hush"), "{json}: {error}");
        }
    }

    #[test]
    fn a_code_is_quoted_no_longer_than_is_read() {
        let error = AwsCredentials::of_json(&json!({"Code": "\u{1b}".repeat(10_000)})).unwrap_err();
        assert!(error.len() < 2_000, "{} bytes", error.len());
    }
}
