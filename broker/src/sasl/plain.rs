//! PLAIN (RFC 4616), in Kafka's words.

use subtle::ConstantTimeEq;

use super::{ProvenName, Reply, SaslRefusal, Users};

/// A client is who its one token says if the password is right.
pub(super) fn authenticate(token: &[u8], users: &Users) -> Result<Reply, SaslRefusal> {
    let text = String::from_utf8_lossy(token);
    let parts: Vec<_> = text.split('\0').collect();
    let [authorization_id, user, password] = parts[..] else {
        // Kafka stops counting there.
        let count = parts.len().min(4);
        return Err(SaslRefusal::told(format!(
            "Invalid SASL/PLAIN response: expected 3 tokens, got {count}"
        )));
    };
    if user.is_empty() {
        return Err(SaslRefusal::told("Authentication failed: username not specified"));
    }
    if password.is_empty() {
        return Err(SaslRefusal::told("Authentication failed: password not specified"));
    }
    let right = users.password(user).is_some_and(|it| it.as_bytes().ct_eq(password.as_bytes()).into());
    if !right {
        return Err(SaslRefusal::told("Authentication failed: Invalid username or password"));
    }
    if !authorization_id.is_empty() && authorization_id != user {
        return Err(SaslRefusal::told(OTHER_ID));
    }
    let identity = ProvenName { name: user.to_owned(), until_unix_ms: None, by_token: false };
    Ok(Reply::Proven { last: Vec::new(), identity })
}

pub(super) const OTHER_ID: &str =
    "Authentication failed: Client requested an authorization id that is different from username";
