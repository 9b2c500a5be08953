//! Where a broker listens, as users write it.

use std::fmt;
use std::str::FromStr;

/// A host name or an IP, with a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    /// A name or an IP; an IPv6 address without its brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Address {
    /// Where a broker says that one listens. The error ends a sentence about that broker.
    pub(crate) fn told(host: &str, port: i32) -> Result<Self, String> {
        if host.is_empty() {
            return Err("it has no host".to_owned());
        }
        if host.len() > HOST_BYTES_MAX {
            return Err(format!("its host is {} bytes long", host.len()));
        }
        match u16::try_from(port) {
            Ok(port) if port > 0 => Ok(Self { host: host.to_owned(), port }),
            _ => Err(format!("its port is {port}")),
        }
    }
}

/// No name in the DNS is longer.
const HOST_BYTES_MAX: usize = 255;

impl FromStr for Address {
    type Err = String;

    /// Reads `host:port`, `[ipv6]:port`, and both with Java's optional `PROTOCOL://` before them.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
        let (host, port) =
            rest.rsplit_once(':').ok_or_else(|| format!("'{text}' has no port (host:port)"))?;
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        let port = match port.parse() {
            Ok(port) if port > 0 => port,
            _ => return Err(format!("'{text}': '{port}' is not a port")),
        };
        let plain = |c: char| c.is_alphanumeric() || "-%._:".contains(c);
        if host.is_empty() || !host.chars().all(plain) {
            return Err(format!("'{text}' has no host that could be looked up (host:port)"));
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_java_reads_them() {
        for (text, shown) in [
            ("kafka:9092", "kafka:9092"),
            (" 10.0.0.1:1 ", "10.0.0.1:1"),
            ("[::1]:9092", "[::1]:9092"),
            ("SASL_SSL://a.b-c:443", "a.b-c:443"),
        ] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_a_broker_tells_is_an_address_or_says_why_not() {
        assert_eq!(Address::told("kafka", 65_535).unwrap().to_string(), "kafka:65535");
        for (host, port, why) in [
            ("", 9092, "no host"),
            ("kafka", 0, "port is 0"),
            ("kafka", -1, "port is -1"),
            ("kafka", 70_000, "port is 70000"),
            (&*"k".repeat(256), 9092, "256 bytes"),
        ] {
            assert!(Address::told(host, port).unwrap_err().contains(why), "{host}:{port}");
        }
    }

    #[test]
    fn what_is_no_address_says_why() {
        for text in ["kafka", "kafka:", ":9092", "kafka:0", "kafka:99999", "ka fka:1", "${KAFKA}:9092"] {
            assert!(text.parse::<Address>().unwrap_err().contains(text), "{text}");
        }
    }
}
