//! Tokens that are good, and every way in which one is not.

use std::time::{Duration, Instant};

use super::*;

/// The moment of RFC 7515's examples, whose tokens end at 1300819380.
const THEN_MS: i64 = 1_300_819_000_000;

fn at(unix_ms: i64) -> Now {
    Now { instant: Instant::now(), unix_ms }
}

/// RFC 7515, appendices A.1, A.2 and A.3: the same claims, which have no `sub`, signed in three ways.
#[cfg(feature = "tls")]
const CLAIMS: &str =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

#[cfg(feature = "tls")]
fn verified(key: TokenKey, header: &str, signature: &str) -> bool {
    let token = format!("{header}.{CLAIMS}.{signature}");
    let config = OauthConfig::default().with_keys([key]);
    // What is missed is the name, and not the signature.
    validate(&token, &config, at(THEN_MS)).unwrap_err().words == "no sub"
}

#[cfg(feature = "tls")]
#[test]
fn rfc_7515_s_es256_is_verified_and_a_changed_one_is_not() {
    let key = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
    let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let key = || TokenKey::Jwks(key.to_owned());
    assert!(verified(key(), "eyJhbGciOiJFUzI1NiJ9", signature));
    assert!(!verified(key(), "eyJhbGciOiJFUzI1NiJ9", &signature.replacen('D', "E", 1)));
    assert!(!verified(key(), "eyJhbGciOiJFUzI1NiJ9", ""));
    // The algorithm is the key's, and not what a token wants.
    assert!(!verified(key(), "eyJhbGciOiJub25lIn0", ""));
}

#[cfg(feature = "tls")]
#[test]
fn rfc_7515_s_rs256_is_verified_and_a_changed_one_is_not() {
    let modulus = concat!(
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0B",
        "m4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5",
        "z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7",
        "aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
    );
    let signature = concat!(
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2F",
        "p5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQB",
        "MHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeY",
        "I2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
    );
    let key = |kid: &str| {
        TokenKey::Jwks(format!(r#"{{"keys":[{{"kty":"RSA","n":"{modulus}","e":"AQAB"{kid}}}]}}"#))
    };
    assert!(verified(key(""), "eyJhbGciOiJSUzI1NiJ9", signature));
    // A key with a name is also for tokens that name none.
    assert!(verified(key(r#","kid":"one""#), "eyJhbGciOiJSUzI1NiJ9", signature));
    assert!(!verified(key(""), "eyJhbGciOiJSUzI1NiJ9", &signature.replacen('c', "d", 1)));
    assert!(!verified(key(""), "eyJhbGciOiJFUzI1NiJ9", signature));
    assert!(check_keys(&[key("")]).is_ok());
    for wrong in ["{}", "[]", "no JSON", r#"{"keys":[]}"#, r#"{"kty":"EC","crv":"P-521","x":"","y":""}"#] {
        assert!(check_keys(&[TokenKey::Jwks(wrong.to_owned())]).is_err(), "{wrong}");
    }
}

#[test]
fn a_secret_signs_and_nothing_else_does() {
    // Of jwt.io's first page: HS256 by "your-256-bit-secret".
    let token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";
    let by = |secret: &str| {
        let config = OauthConfig::default().with_keys([TokenKey::Hs256(secret.into())]);
        validate(token, &config, at(THEN_MS)).unwrap_err().words
    };
    assert_eq!(by("your-256-bit-secret"), "no exp");
    assert_eq!(by("another secret"), "no known key signed this token of alg HS256");
    let unsecured = validate(token, &OauthConfig::default(), at(THEN_MS)).unwrap_err().words;
    assert_eq!(unsecured, "alg HS256, where tokens of alg none are taken");
}

#[test]
fn claims_are_believed_within_their_time_for_their_audience() {
    let token = |claims: &str| format!("{}.{}.", BASE64.encode(r#"{"alg":"none"}"#), BASE64.encode(claims));
    let look = |claims: &str, config: &OauthConfig, ms| {
        validate(&token(claims), config, at(ms)).map_err(|it| it.words)
    };
    let any = OauthConfig::default();
    let alice = Ok(Claims { name: "alice".to_owned(), until_unix_ms: 20_000 });
    assert_eq!(look(r#"{"sub":"alice","exp":20}"#, &any, 19_999), alice);
    assert_eq!(look(r#"{"sub":"alice","exp":20}"#, &any, 20_000), Err("it has expired".to_owned()));
    assert_eq!(
        look(r#"{"sub":"alice","exp":20,"nbf":10.5}"#, &any, 10_499),
        Err("it is not valid yet".to_owned())
    );
    assert_eq!(look(r#"{"sub":"alice","exp":20,"nbf":10.5}"#, &any, 10_500), alice);
    let lenient = OauthConfig::default().with_clock_skew(Duration::from_secs(5));
    assert_eq!(look(r#"{"sub":"alice","exp":20}"#, &lenient, 24_999), alice);
    assert_eq!(look(r#"{"sub":"alice","exp":20}"#, &lenient, 25_000), Err("it has expired".to_owned()));
    let strict = OauthConfig::default().with_issuer("us").with_audience("kafka").with_audience("other");
    let good = r#"{"sub":"alice","exp":20,"iss":"us","aud":["x","kafka"]}"#;
    assert_eq!(look(good, &strict, 0), alice);
    assert_eq!(look(&good.replace("us", "them"), &strict, 0), Err("it is not of the issuer us".to_owned()));
    assert_eq!(look(&good.replace("kafka", "y"), &strict, 0), Err("it is for another audience".to_owned()));
    let scoped = OauthConfig::default().with_scope("read");
    assert_eq!(look(r#"{"sub":"alice","exp":20,"scope":"write read"}"#, &scoped, 0), alice);
    let lacking =
        validate(&token(r#"{"sub":"alice","exp":20,"scope":"write"}"#), &scoped, at(0)).unwrap_err();
    assert_eq!(lacking.scope.as_deref(), Some("read"));
    assert_eq!(validate("a.b", &any, at(0)).unwrap_err().words, "a token that has not three parts");
}
