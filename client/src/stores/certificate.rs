//! What a certificate (X.509, RFC 5280) says of itself, for the eyes of people; who checks it is webpki.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::der::{CONTEXT_0, Der, INTEGER, OCTET_STRING, Oid};

/// What is shown of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Certificate {
    /// `CN=kafka-1, O=Example`, as RFC 4514 writes it.
    pub subject: String,
    /// Who vouches for it, likewise.
    pub issuer: String,
    /// The names and addresses that it is for: its subject alternative names.
    pub names: Vec<String>,
    /// When it begins to hold, in seconds since 1970.
    pub not_before: i64,
    /// When it ends, in seconds since 1970.
    pub not_after: i64,
    /// Its number, in hexadecimal.
    pub serial: String,
    pub(crate) subject_der: Vec<u8>,
    pub(crate) issuer_der: Vec<u8>,
    /// The last of the subject's common names, if it is shown as it stands there: what was left out of another would make
    /// it a name that nobody vouched for.
    pub(crate) common_name: Option<String>,
    /// Whether its alternative names have one of the DNS.
    pub(crate) has_dns_name: bool,
    /// Whether it may vouch for some names alone.
    pub(crate) has_name_constraints: bool,
}

impl Certificate {
    /// Reads one of DER. Nothing is checked but its form, and of that no more than is read.
    ///
    /// # Errors
    /// What is no certificate.
    pub fn read(der: &[u8]) -> Result<Self, String> {
        let mut signed = Der::new(der).sequence()?.sequence()?;
        signed.optional(CONTEXT_0)?;
        let serial =
            signed.take(INTEGER)?.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        signed.sequence()?;
        let issuer_der = signed.element()?.whole.to_vec();
        let mut validity = signed.sequence()?;
        let (not_before, not_after) = (time(&mut validity)?, time(&mut validity)?);
        let subject_der = signed.element()?.whole.to_vec();
        signed.sequence()?;
        let Extensions { names, has_dns_name, has_name_constraints } = Extensions::read(signed)?;
        let (subject, common_name) = distinguished(&subject_der)?;
        let (issuer, _) = distinguished(&issuer_der)?;
        Ok(Self {
            subject,
            issuer,
            names,
            not_before,
            not_after,
            serial,
            subject_der,
            issuer_der,
            common_name,
            has_dns_name,
            has_name_constraints,
        })
    }

    /// Whether it vouches for itself.
    pub fn is_self_issued(&self) -> bool {
        self.subject_der == self.issuer_der
    }
}

/// What its extensions say of names.
#[derive(Default)]
struct Extensions {
    names: Vec<String>,
    has_dns_name: bool,
    has_name_constraints: bool,
}

impl Extensions {
    /// Reads what follows the public key.
    fn read(mut left: Der<'_>) -> Result<Self, String> {
        let mut read = Self::default();
        while !left.is_empty() {
            let element = left.element()?;
            if element.tag != EXTENSIONS {
                continue;
            }
            let mut extensions = Der::new(element.content).sequence()?;
            while !extensions.is_empty() {
                let mut extension = extensions.sequence()?;
                match extension.oid()? {
                    SUBJECT_ALT_NAME => read.take_names(extension)?,
                    NAME_CONSTRAINTS => read.has_name_constraints = true,
                    _ => {}
                }
            }
        }
        Ok(read)
    }

    fn take_names(&mut self, mut extension: Der<'_>) -> Result<(), String> {
        extension.optional(BOOLEAN)?;
        let mut found = Der::new(extension.take(OCTET_STRING)?).sequence()?;
        while !found.is_empty() {
            let name = found.element()?;
            self.has_dns_name |= name.tag == DNS_NAME;
            self.names.extend(general_name(name.tag, name.content));
        }
        Ok(())
    }
}

fn general_name(tag: u8, content: &[u8]) -> Option<String> {
    match tag {
        DNS_NAME => Some(shown(content)),
        IP_ADDRESS => match (<[u8; 4]>::try_from(content), <[u8; 16]>::try_from(content)) {
            (Ok(v4), _) => Some(Ipv4Addr::from(v4).to_string()),
            (_, Ok(v6)) => Some(Ipv6Addr::from(v6).to_string()),
            _ => None,
        },
        URI => Some(shown(content)),
        _ => None,
    }
}

/// A name as people write it, the most special part first, and its last common name.
fn distinguished(der: &[u8]) -> Result<(String, Option<String>), String> {
    let (mut sets, mut parts, mut common_name) = (Der::new(der).sequence()?, Vec::new(), None);
    while !sets.is_empty() {
        let mut set = Der::new(sets.element()?.content);
        while !set.is_empty() {
            let mut pair = set.sequence()?;
            let kind = pair.oid()?;
            let value = pair.element()?;
            let whole = match value.tag {
                BMP_STRING => {
                    let units = value.content.chunks_exact(2).map(|it| u16::from_be_bytes([it[0], it[1]]));
                    String::from_utf16_lossy(&units.collect::<Vec<_>>())
                }
                _ => String::from_utf8_lossy(value.content).into_owned(),
            };
            let text = clean(&whole);
            let known = ATTRIBUTES.iter().find(|(oid, _)| *oid == kind.0);
            let name = known.map_or_else(|| kind.to_string(), |(_, name)| (*name).to_owned());
            if name == "CN" {
                common_name = (whole == text).then(|| text.clone());
            }
            parts.push(format!("{name}={}", escaped(&text)));
        }
    }
    parts.reverse();
    Ok((parts.join(", "), common_name))
}

fn shown(bytes: &[u8]) -> String {
    clean(&String::from_utf8_lossy(bytes))
}

/// A peer's text: no control characters, and no more than is read.
fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(TEXT_CHARS_MAX).collect()
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut text, c| {
        if matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';') {
            text.push('\\');
        }
        text.push(c);
        text
    })
}

/// `UTCTime` and `GeneralizedTime`, as RFC 5280 has them: to the second, and ending in Z.
fn time(validity: &mut Der<'_>) -> Result<i64, String> {
    let element = validity.element()?;
    let digits = element.content.strip_suffix(b"Z").filter(|digits| digits.iter().all(u8::is_ascii_digit));
    let two = |at: usize| {
        digits
            .and_then(|it| it.get(at..at + 2))
            .map(|it| i64::from(it[0] - b'0') * 10 + i64::from(it[1] - b'0'))
    };
    let (year, at) = match element.tag {
        UTC_TIME => (two(0).map(|year| if year < 50 { 2000 + year } else { 1900 + year }), 2),
        GENERALIZED_TIME => (two(0).zip(two(2)).map(|(high, low)| high * 100 + low), 4),
        _ => (None, 0),
    };
    let rest = (year, two(at), two(at + 2), two(at + 4), two(at + 6), two(at + 8));
    let (Some(year), Some(month @ 1..=12), Some(day @ 1..=31), Some(hour), Some(minute), Some(second)) = rest
    else {
        return Err("a certificate with a date that is none".to_owned());
    };
    Ok(days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Howard Hinnant's `days_from_civil`.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// `2026-11-29 12:30:05 UTC`: such a second since 1970 for people's eyes.
pub(crate) fn date(seconds: i64) -> String {
    crate::utc::shown(seconds)
}

const BOOLEAN: u8 = 0x01;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const BMP_STRING: u8 = 0x1e;
/// `[3]`, constructed.
const EXTENSIONS: u8 = 0xa3;
const DNS_NAME: u8 = 0x82;
const URI: u8 = 0x86;
const IP_ADDRESS: u8 = 0x87;
/// 2.5.29.17
const SUBJECT_ALT_NAME: Oid<'_> = Oid(&[0x55, 0x1d, 17]);
/// 2.5.29.30
const NAME_CONSTRAINTS: Oid<'_> = Oid(&[0x55, 0x1d, 30]);
/// A part of a name is 64 characters at most, a DNS name 253.
const TEXT_CHARS_MAX: usize = 256;
/// 2.5.4.…, 0.9.2342.19200300.100.1.…, 1.2.840.113549.1.9.1
const ATTRIBUTES: [(&[u8], &str); 9] = [
    (&[0x55, 4, 3], "CN"),
    (&[0x55, 4, 6], "C"),
    (&[0x55, 4, 7], "L"),
    (&[0x55, 4, 8], "ST"),
    (&[0x55, 4, 10], "O"),
    (&[0x55, 4, 11], "OU"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25], "DC"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1], "UID"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1], "emailAddress"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_calendars_do() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (1_796_041_805, "2026-11-30 12:30:05 UTC"),
            (4_102_444_799, "2099-12-31 23:59:59 UTC"),
            (-1, "1969-12-31 23:59:59 UTC"),
        ] {
            assert_eq!(date(seconds), text);
        }
        for (tag, text, seconds) in [
            (UTC_TIME, "700101000000Z", 0),
            (UTC_TIME, "000229000000Z", 951_782_400),
            (GENERALIZED_TIME, "20991231235959Z", 4_102_444_799),
        ] {
            let mut der = vec![tag, u8::try_from(text.len()).unwrap()];
            der.extend(text.bytes());
            assert_eq!(time(&mut Der::new(&der)).unwrap(), seconds, "{text}");
        }
        for bad in ["", "Z", "7001010000Z", "701301000000Z", "7001010000xxZ", "700101000000"] {
            let mut der = vec![UTC_TIME, u8::try_from(bad.len()).unwrap()];
            der.extend(bad.bytes());
            assert!(time(&mut Der::new(&der)).is_err(), "{bad}");
        }
    }
}
