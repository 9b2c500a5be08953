//! krb5.conf: where KDCs are, which host belongs to which realm, and what may be spoken.
//!
//! Read are `[libdefaults]`, `[realms]` and `[domain_realm]`. Whatever else stands there, for MIT's, Heimdal's or Java's
//! own use (`renew_lifetime`, `forwardable`, `[logging]`, `[capaths]`, …), is passed over.

use std::collections::BTreeMap;
use std::fmt;

use crate::crypto::EncryptionType;
use crate::kdc_transport::KdcTransport;
use crate::{Error, ErrorKind};

mod profile;

pub use profile::ConfFiles;
use profile::Profile;

/// What a krb5.conf says, as far as a client needs it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Krb5Conf {
    /// `default_realm`
    pub default_realm: Option<String>,
    /// `default_ccache_name`, as it stands.
    pub default_ccache_name: Option<String>,
    /// `permitted_enctypes`, and for first tickets `default_tkt_enctypes`: the best first.
    pub as_encryptions: Vec<EncryptionType>,
    /// `permitted_enctypes`, and for other tickets `default_tgs_enctypes`: the best first.
    pub tgs_encryptions: Vec<EncryptionType>,
    /// `udp_preference_limit`: requests of more bytes go by TCP.
    pub udp_preference_limit: usize,
    /// `clockskew`, in seconds.
    pub clock_skew_s: u32,
    /// `ticket_lifetime`, in seconds.
    pub ticket_lifetime_s: i64,
    /// `dns_lookup_kdc`, which is not done here: an error about missing KDCs says so.
    pub dns_lookup_kdc: bool,
    kdcs: BTreeMap<String, Vec<KdcAddress>>,
    /// Realms' entries that are neither a host nor an address: `https://…`.
    odd_kdcs: BTreeMap<String, Vec<String>>,
    domain_realm: BTreeMap<String, String>,
}

/// Where a KDC listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KdcAddress {
    /// A name or an IP address.
    pub host: String,
    /// 88 unless it is said.
    pub port: u16,
    /// By what alone, if it is said: `tcp/kdc.example.test`.
    pub transport: Option<KdcTransport>,
}

impl Krb5Conf {
    /// Reads a text. `name` stands in errors for it; `files` gives what it includes.
    ///
    /// # Errors
    /// A line that is none, or an included file that cannot be read.
    pub fn parse(text: &str, name: &str, files: &mut dyn ConfFiles) -> Result<Self, Error> {
        let mut profile = Profile::default();
        profile.read(text, name, 0, files)?;
        Ok(Self::of(&profile))
    }

    fn of(profile: &Profile) -> Self {
        let first = |key| profile.values(&["libdefaults", key]).first().copied();
        let word =
            |key| first(key).and_then(|value: &str| value.split_whitespace().next()).map(str::to_owned);
        let types = |key| first(key).map(encryptions);
        let permitted = types("permitted_enctypes").unwrap_or_else(|| EncryptionType::ALL.to_vec());
        let wanted = |key| match types(key) {
            Some(wanted) => wanted.into_iter().filter(|it| permitted.contains(it)).collect(),
            None => permitted.clone(),
        };
        let (mut kdcs, mut odd_kdcs) = (BTreeMap::new(), BTreeMap::new());
        for realm in profile.subsections("realms") {
            let path = ["realms", realm, "kdc"];
            let words = profile.values(&path).into_iter().flat_map(kdc_words);
            let (found, odd): (Vec<_>, Vec<_>) =
                words.map(|word| KdcAddress::parse(word).ok_or(word)).partition(Result::is_ok);
            kdcs.insert(realm.to_owned(), found.into_iter().flatten().collect::<Vec<_>>());
            odd_kdcs.insert(
                realm.to_owned(),
                odd.into_iter().filter_map(Result::err).map(str::to_owned).collect(),
            );
        }
        let domains = profile.within("domain_realm");
        let domain_realm = domains.fold(BTreeMap::new(), |mut all, (domain, realm)| {
            let realm = realm.split_whitespace().next().unwrap_or_default().to_owned();
            // The first one of a name counts.
            all.entry(domain.to_ascii_lowercase()).or_insert(realm);
            all
        });
        Self {
            default_realm: word("default_realm"),
            default_ccache_name: first("default_ccache_name").map(str::to_owned),
            as_encryptions: wanted("default_tkt_enctypes"),
            tgs_encryptions: wanted("default_tgs_enctypes"),
            udp_preference_limit: number(first("udp_preference_limit"))
                .unwrap_or(UDP_BYTES_MAX)
                .min(UDP_LIMIT_MAX),
            clock_skew_s: seconds(first("clockskew")).unwrap_or(CLOCK_SKEW_S),
            ticket_lifetime_s: seconds(first("ticket_lifetime"))
                .filter(|it| *it > 0)
                .unwrap_or(LIFETIME_S)
                .into(),
            dns_lookup_kdc: first("dns_lookup_kdc").is_some_and(is_true),
            kdcs,
            odd_kdcs,
            domain_realm,
        }
    }

    /// The KDCs of a realm, in order.
    ///
    /// # Errors
    /// There is none.
    pub fn kdcs(&self, realm: &str) -> Result<&[KdcAddress], Error> {
        if let Some(found) = self.kdcs.get(realm).filter(|it| !it.is_empty()) {
            return Ok(found);
        }
        let why = match self.odd_kdcs.get(realm).filter(|it| !it.is_empty()) {
            Some(odd) => format!("has KDCs of realm {realm} that cannot be used here: {}", odd.join(", ")),
            None if self.dns_lookup_kdc => format!(
                "leaves the KDCs of realm {realm} to DNS (dns_lookup_kdc), which is not asked for them here: \
                 write 'kdc = HOST' under [realms], {realm} = {{ … }}"
            ),
            None if self.kdcs.is_empty() => {
                format!("has no KDC of realm {realm}: write 'kdc = HOST' under [realms], {realm} = {{ … }}")
            }
            None => {
                let known: Vec<_> = self.kdcs.keys().map(String::as_str).collect();
                format!("has no KDC of realm {realm}; it has the realms {}", known.join(", "))
            }
        };
        Err(Error::new(ErrorKind::Config, format!("krb5.conf {why}")))
    }

    /// The realm of a host by `[domain_realm]`: its own name's, or that of the nearest domain. `None` leaves it to the
    /// client's KDC.
    pub fn realm_of(&self, host: &str) -> Option<&str> {
        let host = host.to_ascii_lowercase();
        let mut rest = host.as_str();
        loop {
            // `.example.test` before `example.test`: both are meant by people.
            if let Some(realm) = self.domain_realm.get(rest) {
                return Some(realm);
            }
            rest = match rest.strip_prefix('.') {
                Some(without) => without,
                None => &rest[rest.find('.')?..],
            };
        }
    }
}

impl KdcAddress {
    /// `host`, `host:port`, `[v6]:port`, `tcp/host`, `udp/host`.
    fn parse(word: &str) -> Option<Self> {
        let (transport, word) = match word.split_once('/') {
            Some(("tcp", rest)) => (Some(KdcTransport::Tcp), rest),
            Some(("udp", rest)) => (Some(KdcTransport::Udp), rest),
            Some(_) => return None,
            None => (None, word),
        };
        let (host, port) = match word.strip_prefix('[') {
            Some(v6) => {
                let (host, rest) = v6.split_once(']')?;
                (host, rest.strip_prefix(':').unwrap_or_default())
            }
            // More than one colon is an address of IPv6 without a port.
            None if word.matches(':').count() > 1 => (word, ""),
            None => word.split_once(':').unwrap_or((word, "")),
        };
        let port = if port.is_empty() { KDC_PORT } else { port.parse().ok()? };
        (!host.is_empty() && port != 0).then(|| Self { host: host.to_owned(), port, transport })
    }
}

impl fmt::Display for KdcAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// Java takes several of one line; a comment may follow.
fn kdc_words(value: &str) -> impl Iterator<Item = &str> {
    let words = value.split([' ', '\t', ',']).filter(|it| !it.is_empty());
    words.take_while(|it| !it.starts_with(['#', ';']))
}

/// The types that are spoken here of a list by names, which may be families, and added to or taken from the defaults.
fn encryptions(list: &str) -> Vec<EncryptionType> {
    let mut found: Vec<EncryptionType> = Vec::new();
    for word in list.split([' ', '\t', ',']).filter(|it| !it.is_empty()) {
        let lower = word.to_ascii_lowercase();
        let (taken, name) = lower.strip_prefix('-').map_or((false, &*lower), |it| (true, it));
        for encryption in named(name.trim_start_matches('+')) {
            found.retain(|it| *it != encryption);
            if !taken {
                found.push(encryption);
            }
        }
    }
    found
}

fn named(name: &str) -> Vec<EncryptionType> {
    use EncryptionType::{Aes128Sha1, Aes128Sha256, Aes256Sha1, Aes256Sha384};
    match name {
        "aes256-cts-hmac-sha1-96" | "aes256-cts" | "aes256-sha1" => vec![Aes256Sha1],
        "aes128-cts-hmac-sha1-96" | "aes128-cts" | "aes128-sha1" => vec![Aes128Sha1],
        "aes256-cts-hmac-sha384-192" | "aes256-sha2" => vec![Aes256Sha384],
        "aes128-cts-hmac-sha256-128" | "aes128-sha2" => vec![Aes128Sha256],
        "default" | "aes" => EncryptionType::ALL.to_vec(),
        _ => Vec::new(),
    }
}

fn number(value: Option<&str>) -> Option<usize> {
    value?.split_whitespace().next()?.parse().ok()
}

/// `300`, `10h`, `1d 2h 3m 4s`, `1:30`, `1:30:00`.
fn seconds(value: Option<&str>) -> Option<u32> {
    let value = value?.trim();
    if value.contains(':') {
        let parts: Option<Vec<u32>> = value.split(':').map(|it| it.parse().ok()).collect();
        return match parts?[..] {
            [hours, minutes] => hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?),
            [hours, minutes, seconds] => {
                hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?.checked_add(seconds)
            }
            _ => None,
        };
    }
    let (mut sum, mut digits) = (0u32, String::new());
    for character in value.chars().filter(|it| !it.is_whitespace()) {
        let unit = match character {
            '0'..='9' => {
                digits.push(character);
                continue;
            }
            'd' | 'D' => 86_400,
            'h' | 'H' => 3600,
            'm' | 'M' => 60,
            's' | 'S' => 1,
            _ => return None,
        };
        sum = sum.checked_add(std::mem::take(&mut digits).parse::<u32>().ok()?.checked_mul(unit)?)?;
    }
    if digits.is_empty() { Some(sum) } else { sum.checked_add(digits.parse().ok()?) }
}

/// MIT's and Java's words.
fn is_true(value: &str) -> bool {
    ["y", "yes", "true", "t", "1", "on"].contains(&&*value.trim().to_ascii_lowercase())
}

const KDC_PORT: u16 = 88;
/// MIT's and Java's default.
const UDP_BYTES_MAX: usize = 1465;
/// MIT's upper bound of `udp_preference_limit`.
const UDP_LIMIT_MAX: usize = 32_700;
const CLOCK_SKEW_S: u32 = 300;
const LIFETIME_S: u32 = 86_400;

#[cfg(test)]
mod tests;
