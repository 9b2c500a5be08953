//! AWS_MSK_IAM, and its form as a token of OAUTHBEARER: a request that a key of Amazon's has signed, as the brokers of
//! Amazon MSK take it. Keys are those of the configuration, and there are no policies.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Map, Value, json};

use super::aws_signature::{self, Parameters};
use super::{ProvenName, Reply, SaslRefusal};
use crate::now::Now;
use crate::secret::Secret;

/// A client is whose key has signed its one message. Who is refused hears no reason, as with MSK.
pub(super) fn authenticate(
    message: &[u8],
    keys: &[(String, Secret)],
    now: Now,
) -> Result<Reply, SaslRefusal> {
    let proven = read(message).and_then(|(host, parameters)| {
        // Those of the message, which MSK's broker compares with its own name; here it may have any.
        aws_signature::verify(&parameters, &host, keys, now)
    });
    match proven {
        Ok(proven) => {
            let last = json!({ "version": VERSION, "request-id": REQUEST_ID }).to_string().into_bytes();
            // A session does not end with the signature.
            Ok(Reply::Proven { last, identity: ProvenName { until_unix_ms: None, ..proven } })
        }
        Err(why) => Err(SaslRefusal::kept(why)),
    }
}

/// The same of a token, which is a signed URL in base64url.
pub(super) fn authenticate_token(
    token: &str,
    keys: &[(String, Secret)],
    now: Now,
) -> Result<ProvenName, String> {
    let url = BASE64.decode(token.trim_end_matches('=')).map_err(|_| "a token that is no base64url")?;
    let url = String::from_utf8(url).map_err(|_| "a token that is no URL")?;
    let rest = url.strip_prefix("https://").ok_or("a token that is no URL of https")?;
    let (host, query) = rest.split_once("/?").ok_or("a token whose URL has no query")?;
    let mut parameters = Parameters::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').ok_or("a parameter without a value")?;
        let value = decoded(value).ok_or("a parameter that is not percent-encoded text")?;
        if parameters.insert(name.to_ascii_lowercase(), value).is_some() {
            return Err(format!("{name} twice"));
        }
    }
    aws_signature::verify(&parameters, host, keys, now)
}

fn read(message: &[u8]) -> Result<(String, Parameters), String> {
    let message: Map<String, Value> =
        serde_json::from_slice(message).map_err(|_| "a message that is no JSON object")?;
    let text = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    let mut parameters: Parameters = message.iter().filter_map(text).collect();
    if parameters.remove("version").as_deref() != Some(VERSION) {
        return Err(format!("its version is not {VERSION}"));
    }
    let host = parameters.remove("host").ok_or("no host")?;
    Ok((host, parameters))
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(16 * digit()? + digit()?).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

const VERSION: &str = "2020_10_22";
/// MSK numbers logins so that its support may find one.
const REQUEST_ID: &str = "00000000-0000-0000-0000-000000000000";

#[cfg(test)]
mod tests {
    use super::*;

    /// What Amazon's own `aws-msk-iam-auth` 2.3.2 wrote.
    const JAVAS: &str = r#"{"x-amz-date":"20261129T133343Z","x-amz-signedheaders":"host","x-amz-signature":
        "f9da395150b2cc732e5ff07f42b7b168196f64df38fc8934aee8c9fa2b2d1189","host":
        "b-2.x.kafka.cn-north-1.amazonaws.com.cn","action":"kafka-cluster:Connect","x-amz-expires":"900",
        "x-amz-security-token":"IQoJb3JpZ2luX2VjEXAMPLE//+=token","version":"2020_10_22","x-amz-algorithm":
        "AWS4-HMAC-SHA256","x-amz-credential":"AKIDEXAMPLE/20261129/cn-north-1/kafka-cluster/aws4_request",
        "user-agent":"agent"}"#;
    /// Ten seconds later.
    const NOW: i64 = 1_795_959_233_000;

    fn keys() -> Vec<(String, Secret)> {
        vec![("AKIDEXAMPLE".to_owned(), "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into())]
    }

    fn authenticated(message: &str, unix_ms: i64) -> Result<ProvenName, String> {
        match authenticate(message.as_bytes(), &keys(), now(unix_ms)) {
            Ok(Reply::Proven { identity, .. }) => Ok(identity),
            Ok(other) => panic!("{other:?}"),
            Err(SaslRefusal::Kept(why)) => Err(why),
            Err(SaslRefusal::Told(why)) => panic!("it was told {why}"),
        }
    }

    fn now(unix_ms: i64) -> Now {
        Now { instant: std::time::Instant::now(), unix_ms }
    }

    #[test]
    fn what_amazons_library_signed_is_taken() {
        assert_eq!(authenticated(JAVAS, NOW).expect("a login").name, "AKIDEXAMPLE");
    }

    #[test]
    fn whatever_was_changed_after_it_was_signed_is_refused() {
        let changes = [
            ("b-2.x", "b-3.x", "the signature"),
            ("\"900\"", "\"899\"", "the signature"),
            ("+=token", "+=taken", "the signature"),
            ("T133343Z", "T133344Z", "the signature"),
            ("f9da", "f9db", "the signature"),
            ("AKIDEXAMPLE", "AKIDANOTHER", "not known"),
            ("kafka-cluster/", "s3/", "not for kafka-cluster"),
            ("AKIDEXAMPLE/20261129", "AKIDEXAMPLE/20261128", "another day"),
            ("cn-north-1/", "cn-north-2/", "the signature"),
            (":Connect", ":Delete", "action is not"),
            ("\"900\"", "\"901\"", "1 to 900"),
            ("SHA256\"", "SHA1\"", "x-amz-algorithm"),
            ("2020_10_22", "2021_10_22", "its version"),
            ("\"host\":", "\"ghost\":", "no host"),
            ("T133343Z", "T133343", "is no time"),
            ("{", "[", "no JSON"),
        ];
        for (from, to, why) in changes {
            let changed = JAVAS.replacen(from, to, 1);
            assert_ne!(changed, JAVAS, "{from} is not there");
            let refused = authenticated(&changed, NOW).expect_err(&changed);
            assert!(refused.contains(why), "{from} to {to}: {refused}");
        }
    }

    #[test]
    fn a_signature_is_good_for_its_time_alone() {
        let signed = NOW - 10_000;
        for (at, why) in [(signed + 900_000, "expired"), (signed - 300_001, "in the future")] {
            assert!(authenticated(JAVAS, at).expect_err("it is refused").contains(why));
        }
        for at in [signed + 899_999, signed - 300_000] {
            assert!(authenticated(JAVAS, at).is_ok());
        }
    }

    /// A URL of botocore 1.44's, which Amazon's signer for Python uses.
    #[test]
    fn a_token_is_botocores_url() {
        let url = "https://kafka.eu-central-1.amazonaws.com/?Action=kafka-cluster%3AConnect&X-Amz-Algorithm=\
             AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20261129%2Feu-central-1%2Fkafka-cluster%2Faws4_request&\
             X-Amz-Date=20261129T123456Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Security-Token=\
             IQoJb3JpZ2luX2VjEXAMPLE%2F%2F%2B%3Dtoken&X-Amz-Signature=\
             01f6ce22f597100a9673d4868f5c18b5123726714d1b556bd53354583702383b&User-Agent=agent";
        let at = now(1_795_955_696_000);
        let proven = authenticate_token(&BASE64.encode(url), &keys(), at).expect("a login");
        assert_eq!((&*proven.name, proven.until_unix_ms), ("AKIDEXAMPLE", Some(1_795_956_596_000)));
        for (from, to) in
            [("01f6", "01f7"), ("eu-central-1.", "eu-central-2."), ("https", "http"), ("%3A", "%3")]
        {
            let token = BASE64.encode(url.replacen(from, to, 1));
            assert!(authenticate_token(&token, &keys(), at).is_err(), "{from} to {to}");
        }
    }
}
