//! A URL of an HTTP server, and how text is written in one.

use std::fmt;
use std::fmt::Write as _;

use crate::config::Address;

/// `http://…` or `https://…`. It is shown without its query, which may hold what is nobody's business.
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    /// Whether bytes travel in TLS.
    pub https: bool,
    /// Where the server listens.
    pub address: Address,
    /// The path, and the query if there is one.
    pub target: String,
}

impl Url {
    /// Reads a URL.
    ///
    /// # Errors
    /// The end of a sentence that names it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").ok_or("it does not begin with https:// or http://")?;
        let https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(format!("'{scheme}' is neither https nor http")),
        };
        if !rest.chars().all(|c| c.is_ascii_graphic()) {
            return Err("it holds a space or another character that must be percent-encoded".to_owned());
        }
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        if authority.contains('@') {
            return Err("it holds a user name before its host".to_owned());
        }
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'));
        let default_port = if https { HTTPS_PORT } else { HTTP_PORT };
        let address = match has_port {
            true => authority.parse(),
            false => format!("{authority}:{default_port}").parse(),
        };
        Ok(Self { https, address: address?, target })
    }

    /// `host`, or `host:port` where the port is not the scheme's own: what the header `Host` says.
    pub fn authority(&self) -> String {
        let default_port = if self.https { HTTPS_PORT } else { HTTP_PORT };
        let text = self.address.to_string();
        match self.address.port == default_port {
            true => text.rsplit_once(':').map_or(text.clone(), |(host, _)| host.to_owned()),
            false => text,
        }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        let path = self.target.split('?').next().unwrap_or_default();
        write!(f, "{scheme}://{}{path}", self.authority())
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `application/x-www-form-urlencoded`, as Java's `URLEncoder` writes it: a space is a plus sign.
pub(crate) fn form_encoded(text: &str) -> String {
    encoded(text, b"-_.*", true)
}

/// Percent-encoded as RFC 3986 has it: all but letters, digits and `-_.~`.
#[cfg(any(test, feature = "msk-iam"))]
pub(crate) fn percent_encoded(text: &str) -> String {
    encoded(text, b"-_.~", false)
}

fn encoded(text: &str, plain: &[u8], space_is_plus: bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' if space_is_plus => encoded.push('+'),
            _ if byte.is_ascii_alphanumeric() || plain.contains(&byte) => encoded.push(char::from(byte)),
            // A string takes whatever is written.
            _ => _ = write!(encoded, "%{byte:02X}"),
        }
    }
    encoded
}

const HTTP_PORT: u16 = 80;
const HTTPS_PORT: u16 = 443;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_read_into_its_parts_and_shown_without_its_query() {
        let url = Url::parse("HTTPS://idp.example:8443/oauth2/token?tenant=7#top").unwrap();
        assert!(url.https);
        assert_eq!((url.address.host.as_str(), url.address.port), ("idp.example", 8443));
        assert_eq!(url.target, "/oauth2/token?tenant=7");
        assert_eq!(format!("{url} {url:?}"), "https://idp.example:8443/oauth2/token ".repeat(2).trim_end());
        for (text, host, port, target, authority) in [
            ("https://idp.example", "idp.example", 443, "/", "idp.example"),
            ("http://169.254.170.2?x=1", "169.254.170.2", 80, "/?x=1", "169.254.170.2"),
            ("http://[fd00:ec2::254]/latest", "fd00:ec2::254", 80, "/latest", "[fd00:ec2::254]"),
            ("http://[::1]:8080/a", "::1", 8080, "/a", "[::1]:8080"),
        ] {
            let url = Url::parse(text).unwrap();
            assert_eq!(
                (url.address.host.as_str(), url.address.port, url.target.as_str()),
                (host, port, target)
            );
            assert_eq!(url.authority(), authority);
        }
    }

    #[test]
    fn a_url_that_cannot_be_asked_is_refused_with_a_reason() {
        for (text, why) in [
            ("idp.example/token", "does not begin with https://"),
            ("ldap://idp.example", "'ldap' is neither https nor http"),
            ("https://idp.example/a b", "percent-encoded"),
            ("https://idp.example/a\r\nHost: evil", "percent-encoded"),
            ("https://user:hush@idp.example/", "user name before its host"),
            ("https:///token", "no host"),
            ("https://idp.example:0/", "is not a port"),
        ] {
            let error = Url::parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    /// Expected by Java's `URLEncoder.encode(…, UTF_8)` and Python's `urllib.parse.quote(…, safe="-_.~")`.
    #[test]
    fn text_is_encoded_as_java_and_python_do() {
        let text = "a b+c/d:e~f*g=h&ü-_.";
        assert_eq!(form_encoded(text), "a+b%2Bc%2Fd%3Ae%7Ef*g%3Dh%26%C3%BC-_.");
        assert_eq!(percent_encoded(text), "a%20b%2Bc%2Fd%3Ae~f%2Ag%3Dh%26%C3%BC-_.");
    }
}
