//! What is said to a broker: the JSON of AWS_MSK_IAM, and the signed URL that is a token of OAUTHBEARER.

use serde_json::{Map, Value, json};

use super::credentials::AwsCredentials;
use super::sigv4::SigningScope;
use crate::Secret;
use crate::error::quoted;
use crate::http::percent_encoded;
use crate::oauth::jwt::base64url;

/// The first message of AWS_MSK_IAM, as `aws-msk-iam-auth` writes it, to this broker.
pub(super) fn message(credentials: &AwsCredentials, region: &str, host: &str, now_unix_ms: i64) -> Secret {
    let mut message = Map::new();
    message.insert("version".to_owned(), json!(VERSION));
    message.insert("host".to_owned(), json!(host));
    message.insert("user-agent".to_owned(), json!(USER_AGENT));
    for (name, value) in signed(credentials, region, host, now_unix_ms) {
        message.insert(name.to_ascii_lowercase(), json!(value));
    }
    Secret::from(Value::Object(message).to_string())
}

/// The token of OAUTHBEARER, as Amazon's `aws-msk-iam-sasl-signer` libraries make it for a region.
pub(super) fn token(credentials: &AwsCredentials, region: &str, now_unix_ms: i64) -> Secret {
    let host = format!("kafka.{region}.amazonaws.com");
    let parameters = signed(credentials, region, &host, now_unix_ms);
    let query: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={}", percent_encoded(value)))
        .chain([format!("User-Agent={}", percent_encoded(USER_AGENT))])
        .collect();
    Secret::from(base64url(format!("https://{host}/?{}", query.join("&"))))
}

/// Whether that is what a broker says to a signature that it took.
pub(super) fn check_answer(answer: &[u8]) -> Result<(), String> {
    let answer: Value = serde_json::from_slice(answer).map_err(|error| format!("it is not JSON: {error}"))?;
    match answer.get("version").and_then(Value::as_str) {
        Some(VERSION) => Ok(()),
        Some(version) => Err(format!("it is of version {}, not {VERSION}", quoted(version))),
        None => Err("it has no version".to_owned()),
    }
}

fn signed(credentials: &AwsCredentials, region: &str, host: &str, now_unix_ms: i64) -> Vec<(String, String)> {
    let scope = SigningScope { region, service: "kafka-cluster", now_unix_ms };
    scope.query(credentials, host, ("Action", "kafka-cluster:Connect"), EXPIRES_S)
}

/// For how long a signature is good: the most that MSK takes.
pub(super) const EXPIRES_S: u32 = 900;
const VERSION: &str = "2020_10_22";
const USER_AGENT: &str = concat!("upsert-kafka/", env!("CARGO_PKG_VERSION"));

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::super::credentials::example as credentials;
    use super::*;

    /// 2026-11-29T12:34:56Z
    const NOW: i64 = 1_795_955_696_000;

    /// The signature is botocore's; names and form are those of `aws-msk-iam-auth`.
    #[test]
    fn the_message_has_amazons_names() {
        let host = "b-1.orders.abc123.c2.kafka.us-east-1.amazonaws.com";
        let message = message(&credentials(None), "us-east-1", host, NOW);
        let message: Value = serde_json::from_str(message.reveal()).unwrap();
        let expected = json!({
            "version": "2020_10_22",
            "host": host,
            "user-agent": USER_AGENT,
            "action": "kafka-cluster:Connect",
            "x-amz-algorithm": "AWS4-HMAC-SHA256",
            "x-amz-credential": "AKIDEXAMPLE/20261129/us-east-1/kafka-cluster/aws4_request",
            "x-amz-date": "20261129T123456Z",
            "x-amz-expires": "900",
            "x-amz-signedheaders": "host",
            "x-amz-signature": "8fc9d02fe78bf98130dd8f6024e6bbf0daa243a84927df00ffea0be4dc7f08bd",
        });
        assert_eq!(message, expected);
    }

    /// What Amazon's own `aws-msk-iam-auth` 2.3.2 wrote at that moment, but for the name of who wrote it.
    #[test]
    fn the_message_is_that_of_amazons_library() {
        const JAVAS: &str = r#"{"x-amz-date":"20261129T133343Z","x-amz-signedheaders":"host","x-amz-signature":
            "f9da395150b2cc732e5ff07f42b7b168196f64df38fc8934aee8c9fa2b2d1189","host":
            "b-2.x.kafka.cn-north-1.amazonaws.com.cn","action":"kafka-cluster:Connect","x-amz-expires":"900",
            "x-amz-security-token":"IQoJb3JpZ2luX2VjEXAMPLE//+=token","version":"2020_10_22","x-amz-algorithm":
            "AWS4-HMAC-SHA256","x-amz-credential":"AKIDEXAMPLE/20261129/cn-north-1/kafka-cluster/aws4_request",
            "user-agent":"agent"}"#;
        let mut javas: Value = serde_json::from_str(JAVAS).unwrap();
        javas["user-agent"] = json!(USER_AGENT);
        let token = Some("IQoJb3JpZ2luX2VjEXAMPLE//+=token");
        let (host, at) = ("b-2.x.kafka.cn-north-1.amazonaws.com.cn", 1_795_959_223_000);
        let ours = message(&credentials(token), "cn-north-1", host, at);
        assert_eq!(serde_json::from_str::<Value>(ours.reveal()).unwrap(), javas);
    }

    /// The URL up to the signature is botocore's, which Amazon's signer for Python uses.
    #[test]
    fn the_token_is_botocores_url_with_our_name() {
        let token = token(&credentials(Some("IQoJb3JpZ2luX2VjEXAMPLE//+=token")), "eu-central-1", NOW);
        let url = String::from_utf8(URL_SAFE_NO_PAD.decode(token.reveal()).unwrap()).unwrap();
        let expected = "https://kafka.eu-central-1.amazonaws.com/?Action=kafka-cluster%3AConnect&\
             X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20261129%2Feu-central-1%2Fkafka-cluster%2F\
             aws4_request&X-Amz-Date=20261129T123456Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Security-Token=\
             IQoJb3JpZ2luX2VjEXAMPLE%2F%2F%2B%3Dtoken&X-Amz-Signature=\
             01f6ce22f597100a9673d4868f5c18b5123726714d1b556bd53354583702383b";
        assert_eq!(url, format!("{expected}&User-Agent=upsert-kafka%2F{}", env!("CARGO_PKG_VERSION")));
    }

    #[test]
    fn a_brokers_answer_must_be_of_the_version() {
        assert_eq!(check_answer(br#"{"version":"2020_10_22","request-id":"7"}"#), Ok(()));
        for (answer, why) in [
            (&b"{}"[..], "has no version"),
            (br#"{"version":"2027_01_01"}"#, "of version 2027_01_01"),
            (b"", "is not JSON"),
            (b"\xff", "is not JSON"),
        ] {
            assert!(check_answer(answer).unwrap_err().contains(why));
        }
    }

    #[test]
    fn a_version_is_quoted_no_longer_than_is_read() {
        let error = check_answer(json!({"version": "x".repeat(1 << 20)}).to_string().as_bytes()).unwrap_err();
        assert!(error.len() < 2_000, "{} bytes", error.len());
    }
}
