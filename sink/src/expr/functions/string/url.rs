//! PARSE_URL: the parts of a URL, as java.net.URL finds them.

use crate::expr::EvalError;
use crate::expr::function::{FunctionSpec, Moment, Pure};
use crate::expr::functions::signature::{BareNull, Takes, bound, text};
use crate::row::Value;
use crate::types::LogicalType;

/// Protocols that Java knows without help.
const PROTOCOLS: [&str; 6] = ["http", "https", "ftp", "file", "jar", "mailto"];

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[FunctionSpec {
    name: "PARSE_URL",
    aliases: &[],
    usage: &["PARSE_URL(url, part)", "PARSE_URL(url, 'QUERY', key)"],
    since: "1.12",
    about: "A part of a URL: HOST, PATH, QUERY, REF, PROTOCOL, FILE, AUTHORITY or USERINFO; or what a key has in its query.",
    bind: |args| {
        args.count(2, 3)?;
        let casts = args.check(&[Takes::Text], BareNull::Refused)?;
        Ok(bound(casts, LogicalType::STRING.nullable(), Pure(parse_url)))
    },
}];

fn parse_url<'a>(args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let (url, part) = (text(args[0])?, text(args[1])?);
    let Some(url) = Url::parse(url) else { return Ok(Value::Null) };
    let Some(key) = args.get(2) else { return Ok(optional(url.part(part))) };
    let query = if part == "QUERY" { url.query } else { None };
    Ok(optional(query.and_then(|query| parameter(query, text(*key).ok()?))))
}

fn optional(text: Option<&str>) -> Value<'_> {
    text.map_or(Value::Null, Value::String)
}

/// The value of the first parameter of that name.
fn parameter<'a>(query: &'a str, key: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='))
}

struct Url<'a> {
    protocol: &'a str,
    /// What stands behind `//`, up to the path.
    authority: Option<&'a str>,
    user_info: Option<&'a str>,
    host: &'a str,
    /// Path and query.
    file: &'a str,
    path: &'a str,
    query: Option<&'a str>,
    reference: Option<&'a str>,
}

impl<'a> Url<'a> {
    fn parse(url: &'a str) -> Option<Self> {
        let url = url.trim_matches(|char| char <= ' ');
        let url = url.get(..4).filter(|it| it.eq_ignore_ascii_case("url:")).map_or(url, |_| &url[4..]);
        let (protocol, rest) = url.split_once(':')?;
        if !PROTOCOLS.iter().any(|known| known.eq_ignore_ascii_case(protocol)) {
            return None;
        }
        let (rest, reference) = match rest.split_once('#') {
            Some((rest, reference)) => (rest, Some(reference)),
            None => (rest, None),
        };
        if protocol.eq_ignore_ascii_case("mailto") {
            return Some(Self::opaque(protocol, rest, reference));
        }
        let Some(behind) = rest.strip_prefix("//") else {
            return Some(Self::without_authority(protocol, rest, reference));
        };
        let end = behind.find(['/', '?']).unwrap_or(behind.len());
        let (authority, file) = behind.split_at(end);
        let (user_info, server) = match authority.split_once('@') {
            Some((_, server)) if server.contains('@') => (None, ""),
            Some((user, server)) => (Some(user), server),
            None => (None, authority),
        };
        let url = Self::without_authority(protocol, file, reference);
        Some(Self { authority: Some(authority), user_info, host: host(server)?, ..url })
    }

    fn without_authority(protocol: &'a str, file: &'a str, reference: Option<&'a str>) -> Self {
        let (path, query) = match file.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (file, None),
        };
        Self { protocol, authority: None, user_info: None, host: "", file, path, query, reference }
    }

    fn opaque(protocol: &'a str, file: &'a str, reference: Option<&'a str>) -> Self {
        Self { query: None, ..Self::without_authority(protocol, file, reference) }
    }

    fn part(&self, part: &str) -> Option<&'a str> {
        match part {
            "HOST" => Some(self.host),
            "PATH" => Some(self.path),
            "QUERY" => self.query,
            "REF" => self.reference,
            "PROTOCOL" => Some(self.protocol),
            "FILE" => Some(self.file),
            "AUTHORITY" => self.authority,
            "USERINFO" => self.user_info,
            _ => None,
        }
    }
}

/// The host of `host:port`; none where the port is no number.
fn host(server: &str) -> Option<&str> {
    let (host, port) = match server.strip_prefix('[') {
        Some(address) => {
            let end = address.find(']')? + 2;
            let rest = &server[end..];
            (&server[..end], if rest.is_empty() { "" } else { rest.strip_prefix(':')? })
        }
        None => server.split_once(':').unwrap_or((server, "")),
    };
    (port.is_empty() || port.parse::<u32>().is_ok()).then_some(host)
}
