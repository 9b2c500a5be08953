//! Amazon's Signature Version 4: in a query, as MSK wants it, and in headers, as STS does.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use super::credentials::AwsCredentials;
use crate::Secret;
use crate::http::percent_encoded;
use crate::utc;

/// What a signature is good for.
pub(super) struct SigningScope<'a> {
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    pub(super) now_unix_ms: i64,
}

impl SigningScope<'_> {
    /// The parameters of a `GET` of `/` at a host, with those that sign it: names and plain values, the signature last.
    pub(super) fn query(
        &self,
        credentials: &AwsCredentials,
        host: &str,
        (name, value): (&str, &str),
        expires_s: u32,
    ) -> Vec<(String, String)> {
        let mut parameters: Vec<(String, String)> = [
            (name, value.to_owned()),
            ("X-Amz-Algorithm", ALGORITHM.to_owned()),
            ("X-Amz-Credential", format!("{}/{}", credentials.access_key_id, self.credential_scope())),
            ("X-Amz-Date", utc::basic(self.now_unix_ms)),
            ("X-Amz-Expires", expires_s.to_string()),
            ("X-Amz-SignedHeaders", "host".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        if let Some(token) = &credentials.session_token {
            parameters.push(("X-Amz-Security-Token".to_owned(), token.reveal().to_owned()));
        }
        let canonical = format!(
            "GET\n/\n{}\nhost:{host}\n\nhost\n{}",
            canonical_query(&parameters),
            hex(&Sha256::digest(""))
        );
        let signature = self.signature(credentials, &canonical);
        parameters.push(("X-Amz-Signature".to_owned(), signature));
        parameters
    }

    /// The headers of a `POST` of `/` at a host, with those that sign it.
    pub(super) fn headers(
        &self,
        credentials: &AwsCredentials,
        host: &str,
        content_type: &'static str,
        body: &str,
    ) -> Vec<(&'static str, Secret)> {
        let date = utc::basic(self.now_unix_ms);
        let mut headers =
            vec![("Content-Type", Secret::from(content_type)), ("X-Amz-Date", Secret::from(&*date))];
        let mut signed = "content-type;host;x-amz-date".to_owned();
        let mut lines = format!("content-type:{content_type}\nhost:{host}\nx-amz-date:{date}\n");
        if let Some(token) = &credentials.session_token {
            headers.push(("X-Amz-Security-Token", token.clone()));
            signed.push_str(";x-amz-security-token");
            lines = format!("{lines}x-amz-security-token:{}\n", token.reveal());
        }
        let canonical = format!("POST\n/\n\n{lines}\n{signed}\n{}", hex(&Sha256::digest(body)));
        let authorization = format!(
            "{ALGORITHM} Credential={}/{}, SignedHeaders={signed}, Signature={}",
            credentials.access_key_id,
            self.credential_scope(),
            self.signature(credentials, &canonical)
        );
        headers.push(("Authorization", Secret::from(authorization)));
        headers
    }

    fn credential_scope(&self) -> String {
        let date = utc::basic(self.now_unix_ms);
        format!("{}/{}/{}/aws4_request", date.get(..8).unwrap_or_default(), self.region, self.service)
    }

    fn signature(&self, credentials: &AwsCredentials, canonical: &str) -> String {
        let scope = self.credential_scope();
        let text = format!(
            "{ALGORITHM}\n{}\n{scope}\n{}",
            utc::basic(self.now_unix_ms),
            hex(&Sha256::digest(canonical))
        );
        let first = Secret::from(format!("AWS4{}", credentials.secret_access_key.reveal()));
        let key = scope.split('/').fold(first.reveal().as_bytes().to_vec(), |key, part| keyed(&key, part));
        hex(&keyed(&key, &text))
    }
}

/// Names and values percent-encoded and sorted, as they are signed.
fn canonical_query(parameters: &[(String, String)]) -> String {
    let mut parameters: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{}={}", percent_encoded(name), percent_encoded(value)))
        .collect();
    parameters.sort_unstable();
    parameters.join("&")
}

fn keyed(key: &[u8], text: &str) -> Vec<u8> {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // A string takes whatever is written.
        _ = write!(text, "{byte:02x}");
        text
    })
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

#[cfg(test)]
mod tests {
    use super::super::credentials::example as credentials;
    use super::*;

    /// 2026-11-29T12:34:56Z
    const NOW: i64 = 1_795_955_696_000;

    /// Expected by botocore 1.44's `SigV4QueryAuth` at the same moment.
    #[test]
    fn a_query_is_signed_as_botocore_signs_it() {
        let token = Some("IQoJb3JpZ2luX2VjEXAMPLE//+=token");
        for (region, host, token, signature) in [
            (
                "us-east-1",
                "b-1.orders.abc123.c2.kafka.us-east-1.amazonaws.com",
                None,
                "8fc9d02fe78bf98130dd8f6024e6bbf0daa243a84927df00ffea0be4dc7f08bd",
            ),
            (
                "eu-central-1",
                "kafka.eu-central-1.amazonaws.com",
                token,
                "01f6ce22f597100a9673d4868f5c18b5123726714d1b556bd53354583702383b",
            ),
            (
                "cn-north-1",
                "b-2.x.kafka.cn-north-1.amazonaws.com.cn",
                token,
                "775a1a40dc2928a0c765fda87fbc8ecd9230ba7f447cf7c0ca0505e1a529afba",
            ),
        ] {
            let scope = SigningScope { region, service: "kafka-cluster", now_unix_ms: NOW };
            let query = scope.query(&credentials(token), host, ("Action", "kafka-cluster:Connect"), 900);
            assert_eq!(query.last().unwrap(), &("X-Amz-Signature".to_owned(), signature.to_owned()));
            assert_eq!(query.iter().any(|(name, _)| name == "X-Amz-Security-Token"), token.is_some());
        }
    }

    /// Expected by botocore 1.44's `SigV4Auth` at the same moment.
    #[test]
    fn headers_are_signed_as_botocore_signs_them() {
        let body = "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fproducer\
                    &RoleSessionName=aws-msk-iam-auth";
        for (region, token, authorization) in [
            (
                "us-east-1",
                None,
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261129/us-east-1/sts/aws4_request, \
                 SignedHeaders=content-type;host;x-amz-date, \
                 Signature=7984b77ffbc51ba98a9b2d50092dfdef62a4f0ce6aa7098d39def163dac7538c",
            ),
            (
                "eu-central-1",
                Some("IQoJb3JpZ2luX2VjEXAMPLE//+=token"),
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261129/eu-central-1/sts/aws4_request, \
                 SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, \
                 Signature=daaecb3a297819ecc0cb0e5935a636dcf347cccf4c96c23803cc7e40546162ac",
            ),
        ] {
            let scope = SigningScope { region, service: "sts", now_unix_ms: NOW };
            let host = format!("sts.{region}.amazonaws.com");
            let headers =
                scope.headers(&credentials(token), &host, "application/x-www-form-urlencoded", body);
            let found = headers.iter().find(|(name, _)| *name == "Authorization").unwrap();
            assert_eq!(found.1.reveal(), authorization);
            let sent = headers.iter().find(|(name, _)| *name == "X-Amz-Security-Token");
            assert_eq!(sent.map(|(_, value)| value.reveal()), token);
        }
    }

    #[test]
    fn credentials_show_no_secret() {
        let shown = format!("{:?}", credentials(Some("hush-token")));
        assert!(
            shown.contains("AKIDEXAMPLE") && !shown.contains("hush") && !shown.contains("wJalr"),
            "{shown}"
        );
    }
}
