//! OAUTHBEARER (RFC 7628), in Kafka's words.

use super::token::{self, TokenRefusal};
use super::{ProvenName, Reply, SaslRefusal, msk_iam};
use crate::config::SaslConfig;
use crate::now::Now;

/// One login under way.
#[derive(Debug, Default)]
pub(crate) struct OauthExchange {
    /// What the client was told of its token: its answer to that ends the login.
    told: Option<String>,
}

/// What a client answers when it was told that its token is refused.
const CONTROL_A: u8 = 1;
const SEPARATOR: char = '\u{1}';

impl OauthExchange {
    pub(super) fn handle_token(
        &mut self,
        message: &[u8],
        config: &SaslConfig,
        now: Now,
    ) -> Result<Reply, SaslRefusal> {
        if let (Some(told), [CONTROL_A]) = (&self.told, message) {
            return Err(SaslRefusal::told(told.clone()));
        }
        self.told = None;
        let first = ClientFirst::read(message)
            .ok_or_else(|| SaslRefusal::kept("Invalid OAUTHBEARER client first message"))?;
        let found = match validate(first.token, config, now) {
            Ok(found) => found,
            Err(why) => {
                let told = match why.scope {
                    Some(scope) => format!("{{\"status\":\"insufficient_scope\", \"scope\":\"{scope}\"}}"),
                    None => "{\"status\":\"invalid_token\"}".to_owned(),
                };
                self.told = Some(told.clone());
                tracing::debug!(why = why.words, "a token is refused");
                return Ok(Reply::Challenge(told.into_bytes()));
            }
        };
        if !first.authorization_id.is_empty() && first.authorization_id != found.name {
            return Err(SaslRefusal::told(format!(
                "Authentication failed: Client requested an authorization id ({}) that is different from the token's \
                 principal name ({})",
                first.authorization_id, found.name
            )));
        }
        Ok(Reply::Proven { last: Vec::new(), identity: found })
    }
}

/// Whom a token names: of three parts as everywhere, or the signed URL of Amazon's, where keys for such are known.
fn validate(token: &str, config: &SaslConfig, now: Now) -> Result<ProvenName, TokenRefusal> {
    if !config.msk_iam_keys.is_empty() && !token.contains('.') {
        let refused = |words| TokenRefusal { words, scope: None };
        return msk_iam::authenticate_token(token, &config.msk_iam_keys, now).map_err(refused);
    }
    let claims = token::validate(token, &config.oauth, now)?;
    let until_unix_ms = Some(claims.until_unix_ms);
    Ok(ProvenName { name: claims.name, until_unix_ms, by_token: false })
}

/// What a client says first.
struct ClientFirst<'a> {
    authorization_id: &'a str,
    token: &'a str,
}

impl<'a> ClientFirst<'a> {
    /// `n,a=…,` and pairs, each ended by 0x01, and one 0x01 more. Extensions are any, as with Kafka's default.
    fn read(message: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(message).ok()?;
        let (head, pairs) = text.split_once(SEPARATOR)?;
        let mut head = head.split(',');
        let (Some("n"), Some(authorization), Some(""), None) =
            (head.next(), head.next(), head.next(), head.next())
        else {
            return None;
        };
        let authorization_id = match authorization {
            "" => "",
            given => given.strip_prefix("a=")?,
        };
        let pairs = pairs.strip_suffix("\u{1}\u{1}")?;
        let mut token = None;
        for pair in pairs.split(SEPARATOR) {
            let (key, value) = pair.split_once('=')?;
            if key.is_empty() || !key.bytes().all(|it| it.is_ascii_alphabetic()) {
                return None;
            }
            if key == "auth" {
                let (scheme, given) = value.split_once(' ')?;
                let is_token = scheme.eq_ignore_ascii_case("bearer") && !given.trim().is_empty();
                token = is_token.then_some(given.trim());
            }
        }
        Some(Self { authorization_id, token: token? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sasl::golden;

    #[test]
    fn what_java_takes_for_a_first_message_and_what_not_is_the_same_here() {
        let mut seen = 0;
        for row in golden("OAUTHBEARER") {
            let hex = row.get("client_first_hex").or(row.get("parse")).unwrap().as_str().unwrap();
            let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
            let message: Vec<_> = (0..hex.len()).step_by(2).map(byte).collect();
            let read = ClientFirst::read(&message);
            let of = |name: &str| row.get(name).map(|it| it.as_str().unwrap());
            assert_eq!(read.as_ref().map(|it| it.token), of("parsed_token"), "{row}");
            assert_eq!(read.map(|it| it.authorization_id), of("parsed_authzid"), "{row}");
            seen += 1;
        }
        assert_eq!(seen, 14);
    }
}
