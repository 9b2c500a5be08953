//! Tokens that nobody signed, for tests: Java's `OAuthBearerUnsecuredLoginCallbackHandler` and its options.

use serde_json::{Map, Value, json};

use super::jwt::base64url;
use crate::config::BearerToken;
use crate::{Error, ErrorKind, Secret};

/// A token that is made here, of a JAAS text's options `unsecuredLogin…`.
///
/// # Errors
/// An option that is no claim, or no owner.
pub(super) fn token(options: &[(String, Secret)], now_unix_ms: i64) -> Result<BearerToken, Error> {
    let claims = claims(options, now_unix_ms).map_err(|sentence| Error::new(ErrorKind::Config, sentence))?;
    let owner_claim = text(options, "unsecuredLoginPrincipalClaimName").unwrap_or("sub");
    let principal = claims.get(owner_claim).and_then(Value::as_str).unwrap_or_default().to_owned();
    if principal.trim().is_empty() {
        let sentence = format!(
            "OAUTHBEARER has no token: give sasl.oauthbearer.token.endpoint.url for a token that is fetched, or \
             unsecuredLoginStringClaim_{owner_claim} in sasl.jaas.config for one that nobody signed"
        );
        return Err(Error::new(ErrorKind::Config, sentence));
    }
    let ends = claims.get("exp").and_then(Value::as_f64).map(|seconds| (seconds * 1000.0) as i64);
    let value =
        format!("{}.{}.", base64url(r#"{"alg":"none"}"#), base64url(Value::Object(claims).to_string()));
    Ok(BearerToken {
        principal: Some(principal),
        starts_unix_ms: Some(now_unix_ms),
        expires_unix_ms: ends,
        ..BearerToken::new(value)
    })
}

fn claims(options: &[(String, Secret)], now_unix_ms: i64) -> Result<Map<String, Value>, String> {
    let lifetime = match text(options, "unsecuredLoginLifetimeSeconds") {
        Some(seconds) => seconds.parse::<u32>().map_err(|_| {
            "unsecuredLoginLifetimeSeconds in sasl.jaas.config is not a number of seconds".to_owned()
        })?,
        None => LIFETIME_SECONDS,
    };
    let now = now_unix_ms as f64 / 1000.0;
    let mut claims = Map::new();
    claims.insert("exp".to_owned(), json!(now + f64::from(lifetime)));
    claims.insert("iat".to_owned(), json!(now));
    for (key, value) in options {
        let Some((kind, name)) = key.strip_prefix("unsecuredLogin").and_then(|it| it.split_once("Claim_"))
        else {
            continue;
        };
        let value =
            claim(kind, value.reveal()).ok_or_else(|| format!("{key} in sasl.jaas.config is no claim"))?;
        if matches!(name, "iat" | "exp" | "") {
            return Err(format!("{key} in sasl.jaas.config sets a claim that is set by the clock, or none"));
        }
        claims.insert(name.to_owned(), value);
    }
    Ok(claims)
}

fn claim(kind: &str, text: &str) -> Option<Value> {
    match kind {
        "String" => Some(json!(text)),
        "Number" => {
            text.trim().parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| json!(number))
        }
        // The first character is what separates the others.
        "List" => match text.chars().next() {
            Some(separator) if text.len() > separator.len_utf8() => {
                Some(json!(text[separator.len_utf8()..].split(separator).collect::<Vec<_>>()))
            }
            _ => Some(json!([])),
        },
        _ => None,
    }
}

fn text<'a>(options: &'a [(String, Secret)], name: &str) -> Option<&'a str> {
    let (_, value) = options.iter().find(|(key, _)| key == name)?;
    Some(value.reveal().trim()).filter(|value| !value.is_empty())
}

/// Java's.
const LIFETIME_SECONDS: u32 = 3600;

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn made(pairs: &[(&str, &str)]) -> Result<(BearerToken, Value), Error> {
        let options: Vec<_> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), Secret::from(*value))).collect();
        let token = token(&options, 1_700_000_000_250)?;
        let parts: Vec<String> = token.value.reveal().split('.').map(str::to_owned).collect();
        assert_eq!((parts.len(), parts[2].as_str()), (3, ""));
        let read = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        assert_eq!(read(&parts[0]), json!({"alg": "none"}));
        Ok((token, read(&parts[1])))
    }

    #[test]
    fn options_are_claims() {
        let (token, claims) = made(&[
            ("unsecuredLoginStringClaim_sub", "alice"),
            ("unsecuredLoginNumberClaim_level", "3.5"),
            ("unsecuredLoginListClaim_scope", "|read|write"),
            ("unsecuredLoginListClaim_none", ""),
            ("unsecuredLoginLifetimeSeconds", "60"),
            ("unsecuredLoginExtension_traceId", "7"),
        ])
        .unwrap();
        assert_eq!(
            claims,
            json!({"exp": 1_700_000_060.25, "iat": 1_700_000_000.25, "sub": "alice", "level": 3.5,
                   "scope": ["read", "write"], "none": []})
        );
        assert_eq!(token.principal.as_deref(), Some("alice"));
        assert_eq!(token.expires_unix_ms, Some(1_700_000_060_250));
        let (token, _) =
            made(&[("unsecuredLoginPrincipalClaimName", "user"), ("unsecuredLoginStringClaim_user", "bob")])
                .unwrap();
        assert_eq!(token.principal.as_deref(), Some("bob"));
        assert_eq!(token.expires_unix_ms, Some(1_700_003_600_250));
    }

    #[test]
    fn without_an_owner_there_is_no_token_and_the_error_says_what_to_set() {
        let error = made(&[]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let text = error.to_string();
        assert!(
            text.contains("sasl.oauthbearer.token.endpoint.url")
                && text.contains("unsecuredLoginStringClaim_sub")
        );
        for (name, value) in [
            ("unsecuredLoginStringClaim_exp", "1"),
            ("unsecuredLoginNumberClaim_level", "hush"),
            ("unsecuredLoginMapClaim_x", "hush"),
            ("unsecuredLoginLifetimeSeconds", "hush"),
        ] {
            let error =
                made(&[("unsecuredLoginStringClaim_sub", "a"), (name, value)]).unwrap_err().to_string();
            assert!(error.contains(name) && !error.contains("hush"), "{error}");
        }
    }
}
