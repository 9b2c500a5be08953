//! Java's `.properties` files: keys and values, escapes, continuations, comments.

use crate::{Error, ErrorKind};

/// Reads a file in the syntax of `java.util.Properties`: `key=value`, `key: value` or `key value`, one to a line; lines
/// that begin with `#` or `!` are comments; a backslash escapes (`\t`, `\n`, `\r`, `\f`, `\uXXXX`, itself, separators) and, at
/// the end of a line, continues it. Of a key that stands twice the last value counts.
///
/// Java's tools read ISO-8859-1; bytes that are UTF-8 are taken as such, and all others as Java takes them.
///
/// ```
/// let text = "# a client\nbootstrap.servers = kafka-1:9092,\\\n    kafka-2:9092\nclient.id: p\\u00e4ris";
/// let pairs = upsert_kafka_client::parse_properties(text)?;
/// assert_eq!(pairs[0], ("bootstrap.servers".to_owned(), "kafka-1:9092,kafka-2:9092".to_owned()));
/// assert_eq!(pairs[1].1, "päris");
/// # Ok::<_, upsert_kafka_client::Error>(())
/// ```
///
/// # Errors
/// A broken `\u` escape, by its line; more than a mebibyte. No error shows a value.
pub fn parse_properties(bytes: impl AsRef<[u8]>) -> Result<Vec<(String, String)>, Error> {
    let bytes = bytes.as_ref();
    if bytes.len() > FILE_BYTES_MAX {
        return Err(refused(format!("a properties file of more than {FILE_BYTES_MAX} bytes")));
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text).to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    };
    let mut pairs = Vec::new();
    for (number, line) in logical_lines(&text) {
        let (key, value) = split(&line);
        let unescaped = |text| unescaped(text).map_err(|why| refused(format!("line {number}: {why}")));
        pairs.push((unescaped(key)?, unescaped(value)?));
    }
    Ok(last_of_each(pairs))
}

/// Lines with their continuations, without blank ones and comments, each with the number of its first.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut natural = natural_lines(text).into_iter().enumerate();
    while let Some((index, line)) = natural.next() {
        let line = line.trim_start_matches(BLANKS);
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        let mut whole = line.to_owned();
        let mut piece = line;
        while continues(piece) {
            whole.pop();
            // A line of a backslash alone is as if it were not there: what follows may even be a comment.
            let next = if whole.is_empty() { None } else { natural.next() };
            let Some((_, next)) = next else { break };
            piece = next.trim_start_matches(BLANKS);
            whole.push_str(piece);
        }
        if !whole.is_empty() {
            lines.push((index + 1, whole));
        }
    }
    lines
}

/// Cut at `\n`, `\r` and `\r\n`.
fn natural_lines(text: &str) -> Vec<&str> {
    text.split('\n')
        .flat_map(|line| {
            let line = line.strip_suffix('\r').unwrap_or(line);
            line.split('\r')
        })
        .collect()
}

fn continues(line: &str) -> bool {
    let backslashes = line.bytes().rev().take_while(|byte| *byte == b'\\').count();
    backslashes % 2 == 1
}

/// The key ends at the first separator without a backslash; blanks and one `=` or `:` stand between it and the value.
fn split(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = line.find(|c: char| {
        let ends = !escaped && (BLANKS.contains(&c) || SEPARATORS.contains(&c));
        escaped = c == '\\' && !escaped;
        ends
    });
    let (key, rest) = line.split_at(end.unwrap_or(line.len()));
    let rest = rest.trim_start_matches(BLANKS);
    (key, rest.strip_prefix(SEPARATORS).unwrap_or(rest).trim_start_matches(BLANKS))
}

fn unescaped(text: &str) -> Result<String, &'static str> {
    // Java's characters are those of UTF-16, and an escape is one of them: two may make a pair.
    let mut units = Vec::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let c = match c {
            '\\' => chars.next(),
            other => {
                units.extend_from_slice(other.encode_utf16(&mut [0; 2]));
                continue;
            }
        };
        match c {
            Some('u') => {
                let digits: String = chars.by_ref().take(4).collect();
                let digits =
                    Some(digits).filter(|it| it.len() == 4 && it.bytes().all(|it| it.is_ascii_hexdigit()));
                let unit = digits.and_then(|digits| u16::from_str_radix(&digits, 16).ok());
                units.push(unit.ok_or("\\u wants four hexadecimal digits")?);
            }
            Some('t') => units.push(u16::from(b'\t')),
            Some('n') => units.push(u16::from(b'\n')),
            Some('r') => units.push(u16::from(b'\r')),
            Some('f') => units.push(0x0c),
            Some(other) => units.extend_from_slice(other.encode_utf16(&mut [0; 2])),
            None => {}
        }
    }
    String::from_utf16(&units).map_err(|_| "\\u gives half a character, whose other half is missing")
}

fn last_of_each(pairs: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut places = std::collections::HashMap::new();
    let mut kept: Vec<(String, String)> = Vec::new();
    for (key, value) in pairs {
        let place = *places.entry(key.clone()).or_insert(kept.len());
        match kept.get_mut(place) {
            Some(pair) => pair.1 = value,
            None => kept.push((key, value)),
        }
    }
    kept
}

fn refused(why: String) -> Error {
    Error::new(ErrorKind::Config, format!("properties file: {why}"))
}

const BLANKS: [char; 3] = [' ', '\t', '\x0c'];
const SEPARATORS: [char; 2] = ['=', ':'];
/// Inline certificates and keys take some kilobytes; what is longer is another file.
const FILE_BYTES_MAX: usize = 1 << 20;

#[cfg(test)]
mod tests;
