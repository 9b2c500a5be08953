//! A JSON Web Token (RFC 7519): whether it is signed by a key that is known, and what it says.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Map, Value};

use crate::config::{OauthConfig, TokenKey};
use crate::now::Now;

mod signature;

/// What a token says that is believed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) name: String,
    pub(super) until_unix_ms: i64,
}

/// Why a token is refused; with a scope, for want of that alone.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TokenRefusal {
    pub(super) words: String,
    pub(super) scope: Option<String>,
}

/// Checks the signature, then what the token says.
pub(super) fn validate(token: &str, config: &OauthConfig, now: Now) -> Result<Claims, TokenRefusal> {
    let mut parts = token.split('.');
    let (Some(head), Some(body), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(refused("a token that has not three parts"));
    };
    let header = object(head).ok_or_else(|| refused("a header that is no JSON object"))?;
    let claims = object(body).ok_or_else(|| refused("claims that are no JSON object"))?;
    let algorithm = header.get("alg").and_then(Value::as_str).ok_or_else(|| refused("no alg"))?;
    match &config.keys {
        None if algorithm == "none" && signature.is_empty() => {}
        None => return Err(refused(format!("alg {algorithm}, where tokens of alg none are taken"))),
        Some(keys) => {
            let signed = BASE64.decode(signature).map_err(|_| refused("a signature that is no base64url"))?;
            let said = &token[..head.len() + 1 + body.len()];
            let kid = header.get("kid").and_then(Value::as_str);
            if !keys.iter().any(|key| signature::verifies(key, algorithm, kid, said.as_bytes(), &signed)) {
                return Err(refused(format!("no known key signed this token of alg {algorithm}")));
            }
        }
    }
    believed(&claims, config, now)
}

/// Whether keys can be used, before any token comes.
pub(crate) fn check_keys(keys: &[TokenKey]) -> Result<(), String> {
    keys.iter().try_for_each(signature::check)
}

/// What the claims say, if they may.
fn believed(claims: &Map<String, Value>, config: &OauthConfig, now: Now) -> Result<Claims, TokenRefusal> {
    let skew_ms = i64::try_from(config.clock_skew.as_millis()).unwrap_or(i64::MAX);
    let time = |name: &str| claims.get(name).and_then(Value::as_f64).map(unix_ms);
    let name = claims.get("sub").and_then(Value::as_str).filter(|it| !it.is_empty());
    let name = name.ok_or_else(|| refused("no sub"))?.to_owned();
    let until_unix_ms = time("exp").ok_or_else(|| refused("no exp"))?;
    if now.unix_ms.saturating_sub(skew_ms) >= until_unix_ms {
        return Err(refused("it has expired"));
    }
    let begun = ["iat", "nbf"].iter().filter_map(|name| time(name)).max();
    if begun.is_some_and(|begun| now.unix_ms.saturating_add(skew_ms) < begun) {
        return Err(refused("it is not valid yet"));
    }
    if let Some(issuer) = &config.issuer
        && claims.get("iss").and_then(Value::as_str) != Some(issuer)
    {
        return Err(refused(format!("it is not of the issuer {issuer}")));
    }
    let audiences = words(claims.get("aud"), false);
    if !config.audiences.is_empty() && !audiences.iter().any(|it| config.audiences.contains(it)) {
        return Err(refused("it is for another audience"));
    }
    let scopes = words(claims.get("scope"), true);
    if config.scopes.iter().any(|it| !scopes.contains(it)) {
        let words = "its scope lacks something".to_owned();
        return Err(TokenRefusal { words, scope: Some(config.scopes.join(" ")) });
    }
    Ok(Claims { name, until_unix_ms })
}

/// A list, or one text, which may be cut at its blanks.
fn words(value: Option<&Value>, cut: bool) -> Vec<String> {
    match value {
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(text)) if cut => text.split(' ').map(str::to_owned).collect(),
        Some(Value::String(text)) => vec![text.clone()],
        _ => Vec::new(),
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    let json = BASE64.decode(part).ok()?;
    match serde_json::from_slice(&json).ok()? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

/// A JSON number of seconds, which may have a fraction.
fn unix_ms(seconds: f64) -> i64 {
    // A cast of a float stops at the ends of the type.
    (seconds * 1000.0) as i64
}

fn refused(words: impl Into<String>) -> TokenRefusal {
    TokenRefusal { words: words.into(), scope: None }
}

#[cfg(test)]
mod tests;
