//! OAUTHBEARER (RFC 7628): a bearer token and what is said beside it, in one message.

use super::rsasl::{self, Answers};
use super::{Mechanism, Step};
use crate::config::SaslMechanism;
use crate::{Error, ErrorKind, Secret};

/// The exchange that carries this token.
///
/// # Errors
/// rsasl has no such mechanism.
pub(crate) fn begin(token: &Secret, extensions: Vec<(String, String)>) -> Result<Box<dyn Mechanism>, Error> {
    let answers = Answers::Bearer { token: token.clone(), extensions };
    let exchange = rsasl::begin(SaslMechanism::OAuthBearer, answers)?;
    Ok(Box::new(OAuthBearer { exchange, token: token.clone(), objection: None }))
}

/// rsasl's mechanism; what a broker has against a token is ours, since rsasl borrows that JSON's texts, which escapes in
/// them do not survive, and ends without the byte that the RFC wants.
struct OAuthBearer {
    exchange: Box<dyn Mechanism>,
    /// A broker may send it back, and it is not shown then.
    token: Secret,
    objection: Option<String>,
}

impl Mechanism for OAuthBearer {
    fn name(&self) -> &'static str {
        self.exchange.name()
    }

    fn initial(&mut self) -> Result<Vec<u8>, Error> {
        self.exchange.initial()
    }

    fn step(&mut self, challenge: &[u8]) -> Result<Step, Error> {
        match (challenge.is_empty(), &self.objection) {
            (true, None) => self.exchange.step(challenge),
            (false, None) => {
                let objection = String::from_utf8_lossy(challenge);
                self.objection = Some(printable(&objection, &self.token));
                Ok(Step::Reply(vec![FAILURE_HEARD]))
            }
            (_, Some(objection)) => Err(objected(objection)),
        }
    }

    fn refused(&self, refusal: Error) -> Error {
        let refusal = refusal.without(&self.token);
        match &self.objection {
            // Kafka's brokers say it again in their last word.
            Some(objection) if !refusal.to_string().contains(objection) => {
                refusal.within(&format!("the broker says {objection}"))
            }
            _ => refusal,
        }
    }
}

fn objected(objection: &str) -> Error {
    let sentence = format!("the broker refuses the token: {objection}");
    Error::new(ErrorKind::Authentication, sentence)
}

/// The broker's JSON in one line, without the token, and no longer than is read.
fn printable(objection: &str, token: &Secret) -> String {
    let line: String = objection.trim().chars().filter(|c| !c.is_control()).collect();
    line.replace(token.reveal(), "***").chars().take(OBJECTION_CHARS_MAX).collect()
}

/// What a client says to a broker's objection (RFC 7628 3.2.3); then the broker ends it.
const FAILURE_HEARD: u8 = 1;
const OBJECTION_CHARS_MAX: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;
    use upsert_kafka_protocol::ErrorCode;

    fn begun(extensions: &[(&str, &str)]) -> Box<dyn Mechanism> {
        let extensions = extensions.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        begin(&Secret::from("h.p.s"), extensions).unwrap()
    }

    /// The form of RFC 7628 3.1. Java writes extensions after the token, and takes them in any order.
    #[test]
    fn the_first_message_carries_the_token_and_its_extensions() {
        assert_eq!(begun(&[]).initial().unwrap(), b"n,,\x01auth=Bearer h.p.s\x01\x01");
        let mut mechanism = begun(&[("logicalCluster", "lkc-1"), ("pool", "p 1")]);
        let message = b"n,,\x01logicalCluster=lkc-1\x01pool=p 1\x01auth=Bearer h.p.s\x01\x01";
        assert_eq!(mechanism.initial().unwrap(), message);
        assert_eq!(mechanism.step(b"").unwrap(), Step::Done);
        assert_eq!(mechanism.name(), "OAUTHBEARER");
    }

    #[test]
    fn a_brokers_objection_is_answered_with_one_byte_and_shown() {
        let objection = br#"{"status":"invalid_token","scope":"a\"b","openid-configuration":"https://idp"}"#;
        let mut mechanism = begun(&[]);
        mechanism.initial().unwrap();
        assert_eq!(mechanism.step(objection).unwrap(), Step::Reply(vec![1]));
        // A broker that ends it as Kafka's does.
        let refusal = |said: &str| {
            Error::refused(ErrorCode::SASL_AUTHENTICATION_FAILED, "SaslAuthenticate", Some(said))
        };
        let text = mechanism.refused(refusal("Authentication failed")).to_string();
        assert!(text.contains(r#"the broker says {"status":"invalid_token","scope":"a\"b""#), "{text}");
        assert!(text.contains("Authentication failed"), "{text}");
        let text = mechanism.refused(refusal(str::from_utf8(objection).unwrap())).to_string();
        assert_eq!(text.matches("invalid_token").count(), 1, "{text}");
        // A broker that goes on as if it had said nothing.
        let error = mechanism.step(b"").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication);
        assert!(error.to_string().contains("refuses the token: {\"status\":\"invalid_token\""), "{error}");
    }

    #[test]
    fn an_objection_that_is_no_json_is_shown_too() {
        let mut mechanism = begun(&[]);
        mechanism.initial().unwrap();
        let long = [b"no\x00t ".as_slice(), &[b'x'; 5000], &[0xff]].concat();
        assert_eq!(mechanism.step(&long).unwrap(), Step::Reply(vec![1]));
        let text = mechanism.step(b"y").unwrap_err().to_string();
        assert!(text.contains("not xxx") && text.len() < 600, "{text}");
    }

    #[test]
    fn a_broker_that_sends_the_token_back_does_not_bring_it_into_an_error() {
        let mut mechanism = begun(&[]);
        mechanism.initial().unwrap();
        let reply = mechanism.step(b"{\"status\":\"invalid_token\",\"token\":\"h.p\x01.s\"} h.p.s").unwrap();
        assert_eq!(reply, Step::Reply(vec![1]));
        let refusal =
            Error::refused(ErrorCode::SASL_AUTHENTICATION_FAILED, "SaslAuthenticate", Some("no h.p.s"));
        let refused = mechanism.refused(refusal).to_string();
        let ended = mechanism.step(b"").unwrap_err().to_string();
        for text in [refused, ended] {
            assert!(text.contains("invalid_token") && !text.contains("h.p.s"), "{text}");
        }
    }
}
