//! What a client reads in a token: Java's `ClientJwtValidator`. It checks no signature: that is the broker's.

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

/// The claims that matter to a client.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Claims {
    /// The claim of the settings' name, `sub` unless told otherwise.
    pub(super) principal: String,
    /// `iat`, in milliseconds since 1970.
    pub(super) starts_unix_ms: Option<i64>,
    /// `exp`, in milliseconds since 1970.
    pub(super) ends_unix_ms: i64,
}

/// Reads a token's claims. The error is the end of a sentence about the token, and quotes nothing of it.
pub(super) fn claims(token: &str, scope_claim: &str, sub_claim: &str) -> Result<Claims, String> {
    let parts: Vec<&str> = token.trim().split('.').collect();
    let parts: [&str; 3] = parts.try_into().map_err(|parts: Vec<_>| {
        format!("it is no JWT: it has {} parts, not three with dots between", parts.len())
    })?;
    if let Some(at) = parts.iter().position(|part| part.trim().is_empty()) {
        return Err(format!(
            "it is no signed JWT: its {} is missing",
            ["header", "payload", "signature"][at]
        ));
    }
    let payload = DECODER.decode(parts[1].trim()).map_err(|_| "its payload is not base64url".to_owned())?;
    let payload: Value =
        serde_json::from_slice(&payload).map_err(|error| format!("its payload is not JSON: {error}"))?;
    let payload = payload.as_object().ok_or("its payload is no JSON object")?;
    check_scopes(payload, scope_claim)?;
    let principal = payload.get(sub_claim).and_then(Value::as_str).map(str::trim).unwrap_or_default();
    if principal.is_empty() {
        return Err(format!("its claim {sub_claim}, which names its owner, is missing or empty"));
    }
    let ends = seconds(payload, "exp")?.ok_or("its claim exp, which says when it ends, is missing")?;
    let starts_unix_ms = seconds(payload, "iat")?;
    Ok(Claims { principal: principal.to_owned(), starts_unix_ms, ends_unix_ms: ends })
}

/// Scopes are a text, or a list of texts that are not empty and stand once each.
fn check_scopes(payload: &Map<String, Value>, claim: &str) -> Result<(), String> {
    let scopes: Vec<&str> = match payload.get(claim) {
        Some(Value::String(scope)) => vec![scope],
        Some(Value::Array(scopes)) => scopes.iter().map(|it| it.as_str().unwrap_or_default()).collect(),
        _ => Vec::new(),
    };
    let mut seen: Vec<&str> = Vec::new();
    for scope in scopes.into_iter().map(str::trim) {
        if scope.is_empty() {
            return Err(format!("its claim {claim} holds a scope that is empty or no text"));
        }
        if seen.contains(&scope) {
            return Err(format!("its claim {claim} names a scope twice"));
        }
        seen.push(scope);
    }
    Ok(())
}

/// A time in seconds since 1970, which may have a fraction, as milliseconds.
fn seconds(payload: &Map<String, Value>, claim: &str) -> Result<Option<i64>, String> {
    let Some(value) = payload.get(claim) else { return Ok(None) };
    let seconds = match (value.as_i64(), value.as_f64()) {
        (Some(seconds), _) => seconds,
        // As Java does: the fraction is cut off, and what is beyond a long is the largest one.
        (None, Some(seconds)) => seconds as i64,
        (None, None) => return Err(format!("its claim {claim} is not a number")),
    };
    match seconds {
        0.. => Ok(Some(seconds.saturating_mul(1000))),
        _ => Err(format!("its claim {claim} is negative")),
    }
}

/// Base64url as JWTs have it.
pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Java's decoder takes padding, or none.
const DECODER: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use super::*;

    fn token(payload: &str) -> String {
        format!("{}.{}.c2lnbmF0dXJl", base64url(r#"{"alg":"RS256"}"#), base64url(payload))
    }

    fn read(token: &str) -> Result<Claims, String> {
        claims(token, "scope", "sub")
    }

    #[test]
    fn owner_and_life_are_read() {
        let claims = Claims {
            principal: "alice".to_owned(),
            starts_unix_ms: Some(1_700_000_000_000),
            ends_unix_ms: 1_700_003_600_000,
        };
        let payload = r#"{"sub":" alice ","iat":1700000000.9,"exp":1700003600,"scope":["a","b"]}"#;
        assert_eq!(read(&format!(" {}\n", token(payload))), Ok(claims));
        let padded = format!("e30.{}.x", "eyJzdWIiOiJiIiwiZXhwIjoxfQ==");
        let claims = Claims { principal: "b".to_owned(), starts_unix_ms: None, ends_unix_ms: 1000 };
        assert_eq!(read(&padded), Ok(claims));
        let own = super::claims(&token(r#"{"email":"a@b","exp":1,"roles":"x"}"#), "roles", "email").unwrap();
        assert_eq!(own.principal, "a@b");
    }

    /// Each was put before Java 4.4's `ClientJwtValidator` too.
    #[test]
    fn what_java_refuses_is_refused_with_a_reason_that_quotes_nothing() {
        for (payload, why) in [
            (r#"{"exp":1}"#, "claim sub, which names its owner, is missing or empty"),
            (r#"{"sub":" ","exp":1}"#, "claim sub, which names its owner, is missing or empty"),
            (r#"{"sub":"a"}"#, "claim exp, which says when it ends, is missing"),
            (r#"{"sub":"a","exp":-1}"#, "claim exp is negative"),
            (r#"{"sub":"a","exp":"hush"}"#, "claim exp is not a number"),
            (r#"{"sub":"a","exp":1,"iat":-5}"#, "claim iat is negative"),
            (r#"{"sub":"a","exp":1,"iat":null}"#, "claim iat is not a number"),
            (r#"{"sub":7,"exp":1}"#, "claim sub, which names its owner, is missing or empty"),
            (r#"{"sub":"a","exp":1,"scope":""}"#, "claim scope holds a scope that is empty"),
            (r#"{"sub":"a","exp":1,"scope":["hush","hush"]}"#, "claim scope names a scope twice"),
            (r#"{"sub":"a","exp":1,"scope":["hush"," "]}"#, "claim scope holds a scope that is empty"),
            (r#"{"sub":"hush""#, "payload is not JSON"),
            (r#"["hush"]"#, "payload is no JSON object"),
        ] {
            let error = read(&token(payload)).unwrap_err();
            assert!(error.contains(why), "{payload}: {error}");
            assert!(!error.contains("hush"), "{error}");
        }
        for (token, why) in [
            ("hush", "no JWT: it has 1 parts"),
            ("", "no JWT: it has 1 parts"),
            ("hush.hush.", "no signed JWT: its signature is missing"),
            ("hush.h%sh.hush", "payload is not base64url"),
        ] {
            let error = read(token).unwrap_err();
            assert!(error.contains(why) && !error.contains("hush"), "{token}: {error}");
        }
    }
}
