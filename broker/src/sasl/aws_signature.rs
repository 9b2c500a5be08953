//! Amazon's Signature Version 4 of a `GET` of `/`, as a server checks it: what was signed is put together again, and signed
//! by the key that the server knows.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html>

use std::collections::BTreeMap;
use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::ProvenName;
use crate::now::Now;
use crate::secret::Secret;

/// The parameters of a request, by names in small letters: values as they are, not percent-encoded.
pub(super) type Parameters = BTreeMap<String, String>;

/// Whose key has signed that a client may connect to this host; the error says what is wrong.
pub(super) fn verify(
    parameters: &Parameters,
    host: &str,
    keys: &[(String, Secret)],
    now: Now,
) -> Result<ProvenName, String> {
    let value = |name: &str| parameters.get(name).map(String::as_str).ok_or_else(|| format!("no {name}"));
    let expected = [("action", ACTION), ("x-amz-algorithm", ALGORITHM), ("x-amz-signedheaders", "host")];
    for (name, expected) in expected {
        if value(name)? != expected {
            return Err(format!("{name} is not {expected}"));
        }
    }
    let (date, credential) = (value("x-amz-date")?, value("x-amz-credential")?);
    let until_unix_ms = end_of(date, value("x-amz-expires")?, now)?;
    let (id, scope) = credential.split_once('/').ok_or("x-amz-credential has no scope")?;
    let parts: Vec<&str> = scope.split('/').collect();
    let [day, _region, SERVICE, "aws4_request"] = parts[..] else {
        return Err(format!("x-amz-credential is not for {SERVICE}"));
    };
    if !date.starts_with(day) {
        return Err("x-amz-credential is of another day than x-amz-date".to_owned());
    }
    let (name, key) = keys.iter().find(|(known, _)| known == id).ok_or("a key that is not known")?;
    let signed = signature(&canonical_query(parameters), host, date, scope, key);
    if !bool::from(signed.as_bytes().ct_eq(value("x-amz-signature")?.as_bytes())) {
        return Err("the signature is not that of the key".to_owned());
    }
    Ok(ProvenName { name: name.clone(), until_unix_ms: Some(until_unix_ms), by_token: false })
}

/// Until when it is good, if it is good now.
fn end_of(date: &str, expires: &str, now: Now) -> Result<i64, String> {
    let from = unix_ms(date).ok_or("x-amz-date is no time")?;
    let lasting = expires.parse().ok().filter(|it| (1..=EXPIRES_S_MAX).contains(it));
    let until = from + 1000 * lasting.ok_or("x-amz-expires is not 1 to 900 seconds")?;
    match now.unix_ms {
        now if now < from - SKEW_MS => Err("it is signed in the future".to_owned()),
        now if now >= until => Err("it has expired".to_owned()),
        _ => Ok(until),
    }
}

/// `20261129T123456Z`, in ms since 1970.
fn unix_ms(date: &str) -> Option<i64> {
    let number = |range: std::ops::Range<usize>| -> Option<i64> {
        let digits = date.get(range).filter(|digits| digits.bytes().all(|it| it.is_ascii_digit()))?;
        digits.parse().ok()
    };
    if date.len() != 16 || date.get(8..9) != Some("T") || date.get(15..) != Some("Z") {
        return None;
    }
    let (year, month, day) = (number(0..4)?, number(4..6)?, number(6..8)?);
    let (hour, minute, second) = (number(9..11)?, number(11..13)?, number(13..15)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Years begin in March, so that a leap day is the last of one.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    Some((((days - DAYS_TO_1970) * 24 + hour) * 60 + minute) * 60_000 + second * 1000)
}

fn signature(query: &str, host: &str, date: &str, scope: &str, key: &Secret) -> String {
    let request = format!("GET\n/\n{query}\nhost:{host}\n\nhost\n{}", hex(&Sha256::digest([])));
    let text = format!("{ALGORITHM}\n{date}\n{scope}\n{}", hex(&Sha256::digest(request)));
    let mut derived = format!("AWS4{}", key.reveal()).into_bytes();
    for part in scope.split('/') {
        derived = authenticated(&derived, part);
    }
    hex(&authenticated(&derived, &text))
}

/// What is signed of the parameters, under their names as Amazon writes them.
fn canonical_query(parameters: &Parameters) -> String {
    let signed = |name: &str| name == "action" || name.starts_with("x-amz-") && name != "x-amz-signature";
    let mut pairs: Vec<String> = parameters
        .iter()
        .filter(|(name, _)| signed(name))
        .map(|(name, value)| format!("{}={}", amazons_name(name), encoded(value)))
        .collect();
    pairs.sort_unstable();
    pairs.join("&")
}

/// `x-amz-security-token` is `X-Amz-Security-Token`; of headers that are signed Amazon runs the words together.
fn amazons_name(name: &str) -> String {
    if name == "x-amz-signedheaders" {
        return "X-Amz-SignedHeaders".to_owned();
    }
    let mut starts = true;
    let letter = |letter: char| {
        let written = if starts { letter.to_ascii_uppercase() } else { letter };
        starts = letter == '-';
        written
    };
    name.chars().map(letter).collect()
}

fn encoded(value: &str) -> String {
    value.bytes().fold(String::with_capacity(value.len()), |mut text, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(byte.into()),
            // A string takes whatever is written.
            _ => _ = write!(text, "%{byte:02X}"),
        }
        text
    })
}

fn authenticated(key: &[u8], text: &str) -> Vec<u8> {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // A string takes whatever is written.
        _ = write!(text, "{byte:02x}");
        text
    })
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const ACTION: &str = "kafka-cluster:Connect";
const SERVICE: &str = "kafka-cluster";
/// What MSK's brokers take at most.
const EXPIRES_S_MAX: i64 = 900;
/// By how much a client's clock may be ahead.
const SKEW_MS: i64 = 300_000;
/// From the first of March of the year 0.
const DAYS_TO_1970: i64 = 719_468;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_counted_from_1970() {
        for (date, expected) in [
            ("19700101T000000Z", Some(0)),
            ("20261129T123456Z", Some(1_795_955_696_000)),
            ("20240229T235959Z", Some(1_709_251_199_000)),
            ("20261301T000000Z", None),
            ("20261129T123456", None),
            ("2026-11-29T12:34", None),
            ("2026112xT123456Z", None),
        ] {
            assert_eq!(unix_ms(date), expected, "{date}");
        }
    }

    #[test]
    fn names_are_those_of_amazon() {
        assert_eq!(amazons_name("x-amz-security-token"), "X-Amz-Security-Token");
        assert_eq!(amazons_name("x-amz-signedheaders"), "X-Amz-SignedHeaders");
        assert_eq!(amazons_name("action"), "Action");
    }
}
