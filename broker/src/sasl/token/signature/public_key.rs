//! Public keys as JSON, one or a set of them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use graviola::hashing::Sha256;
use graviola::signing::{ecdsa, rsa};
use serde_json::Value;

/// A public key.
enum PublicKey {
    Rs256(Box<rsa::VerifyingKey>),
    Es256(Box<ecdsa::VerifyingKey<ecdsa::P256>>),
}

/// Whether there is at least one key in it, and each that is for signatures can be read.
pub(super) fn check_jwks(text: &str) -> Result<(), String> {
    if !graviola::util::is_cpu_supported() {
        return Err(crate::certificates::UNSUPPORTED_PROCESSOR.to_owned());
    }
    let keys = keys(text).ok_or("the JSON Web Keys are no JSON of them")?;
    if keys.is_empty() {
        return Err("there is no JSON Web Key".to_owned());
    }
    for key in &keys {
        if public_key(key).is_none() {
            let kind = key.get("kty").and_then(Value::as_str).unwrap_or("none");
            return Err(format!("a JSON Web Key of kty {kind}: neither RSA nor EC over P-256"));
        }
    }
    Ok(())
}

/// Whether one of the keys made this signature: one that the token names, or that has no name.
pub(super) fn jwks_verify(
    text: &str,
    algorithm: &str,
    kid: Option<&str>,
    said: &[u8],
    signed: &[u8],
) -> bool {
    keys(text).unwrap_or_default().iter().any(|key| {
        let named = key.get("kid").and_then(Value::as_str);
        let meant = kid.is_none() || named.is_none() || kid == named;
        meant
            && match (public_key(key), algorithm) {
                (Some(PublicKey::Rs256(key)), "RS256") => key.verify_pkcs1_sha256(signed, said).is_ok(),
                (Some(PublicKey::Es256(key)), "ES256") => key.verify::<Sha256>(&[said], signed).is_ok(),
                _ => false,
            }
    })
}

fn keys(text: &str) -> Option<Vec<Value>> {
    let json: Value = serde_json::from_str(text).ok()?;
    match json.get("keys") {
        Some(Value::Array(keys)) => Some(keys.clone()),
        Some(_) => None,
        None => Some(vec![json]),
    }
}

fn public_key(key: &Value) -> Option<PublicKey> {
    let number = |name: &str| BASE64.decode(key.get(name)?.as_str()?).ok();
    match key.get("kty")?.as_str()? {
        "RSA" => {
            let der = sequence(&[integer(&number("n")?), integer(&number("e")?)].concat());
            rsa::VerifyingKey::from_pkcs1_der(&der).ok().map(|key| PublicKey::Rs256(Box::new(key)))
        }
        "EC" if key.get("crv")?.as_str()? == "P-256" => {
            let point = [&[UNCOMPRESSED][..], &number("x")?, &number("y")?].concat();
            ecdsa::VerifyingKey::from_x962_uncompressed(&point)
                .ok()
                .map(|key| PublicKey::Es256(Box::new(key)))
        }
        _ => None,
    }
}

const UNCOMPRESSED: u8 = 4;

/// A positive number as DER.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let bytes = &bytes[zeros..];
    let sign: &[u8] = if bytes.first().is_none_or(|first| *first >= 0x80) { &[0] } else { &[] };
    element(0x02, &[sign, bytes].concat())
}

fn sequence(bytes: &[u8]) -> Vec<u8> {
    element(0x30, bytes)
}

fn element(tag: u8, bytes: &[u8]) -> Vec<u8> {
    let length = bytes.len().to_be_bytes();
    let short: Vec<_> = length.iter().copied().skip_while(|byte| *byte == 0).collect();
    let head = match bytes.len() {
        0..0x80 => vec![tag, length[length.len() - 1]],
        _ => [&[tag, 0x80 | u8::try_from(short.len()).unwrap_or(8)][..], &short].concat(),
    };
    [head, bytes.to_vec()].concat()
}
