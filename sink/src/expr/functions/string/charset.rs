//! ENCODE and DECODE: texts in the character sets that every JVM has.

use std::sync::Arc;

use crate::expr::EvalError;
use crate::expr::function::Nulls;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Scalar};
use crate::expr::functions::signature::{BareNull, Takes, as_nullable_as, bytes, text};
use crate::row::Value;
use crate::types::LogicalType;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "ENCODE",
        aliases: &[],
        usage: &["ENCODE(text, charset)"],
        since: "1.12",
        about: "The bytes of a text in UTF-8, UTF-16, UTF-16BE, UTF-16LE, US-ASCII or ISO-8859-1.",
        bind: |args| bind(args, Takes::Text, LogicalType::BYTES, Direction::Encode),
    },
    FunctionSpec {
        name: "DECODE",
        aliases: &[],
        usage: &["DECODE(bytes, charset)"],
        since: "1.12",
        about: "The text of bytes in UTF-8, UTF-16, UTF-16BE, UTF-16LE, US-ASCII or ISO-8859-1.",
        bind: |args| bind(args, Takes::Bytes, LogicalType::STRING, Direction::Decode),
    },
];

#[derive(Clone, Copy)]
enum Direction {
    Encode,
    Decode,
}

fn bind(
    args: &Arguments<'_>,
    takes: Takes,
    gives: LogicalType,
    direction: Direction,
) -> Result<Bound, BindError> {
    args.count(2, 2)?;
    let casts = args.check(&[takes, Takes::Text], BareNull::Refused)?;
    let constant = args.constant_text(1).and_then(Charset::named);
    Ok(Bound {
        casts,
        data_type: as_nullable_as(args, gives),
        nulls: Nulls::Propagate,
        is_deterministic: true,
        scalar: Arc::new(Recoding { constant, direction }),
    })
}

struct Recoding {
    /// The character set, where it is constant and known.
    constant: Option<Charset>,
    direction: Direction,
}

impl Scalar for Recoding {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        let charset = match self.constant {
            Some(charset) => charset,
            None => {
                let name = text(args[1])?;
                Charset::named(name).ok_or_else(|| {
                    EvalError::new(format!("'{name}' is no character set that is known here"))
                })?
            }
        };
        Ok(match self.direction {
            Direction::Encode => {
                let encoded = charset.encode(text(args[0])?);
                Value::Bytes(moment.arena.alloc_slice_copy(&encoded))
            }
            Direction::Decode => Value::String(moment.arena.alloc_str(&charset.decode(bytes(args[0])?))),
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Charset {
    Utf8,
    /// Big-endian with a mark in front; read as its mark says.
    Utf16,
    Utf16Be,
    Utf16Le,
    Ascii,
    Latin1,
}

impl Charset {
    /// By the names that Java gives them.
    fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "UTF-8" | "UTF8" | "UNICODE-1-1-UTF-8" => Self::Utf8,
            "UTF-16" | "UTF16" | "UTF_16" | "UNICODE" | "UNICODEBIG" => Self::Utf16,
            "UTF-16BE" | "UTF_16BE" | "ISO-10646-UCS-2" | "X-UTF-16BE" | "UNICODEBIGUNMARKED" => {
                Self::Utf16Be
            }
            "UTF-16LE" | "UTF_16LE" | "X-UTF-16LE" | "UNICODELITTLEUNMARKED" => Self::Utf16Le,
            "US-ASCII" | "ASCII" | "ASCII7" | "ISO646-US" | "ISO_646.IRV:1991" | "ANSI_X3.4-1968"
            | "ANSI_X3.4-1986" | "CP367" | "IBM367" | "IBM-367" | "646" | "US" | "CSASCII" | "ISO-IR-6"
            | "ISO_646.IRV:1983" | "DEFAULT" => Self::Ascii,
            "ISO-8859-1" | "ISO8859-1" | "ISO8859_1" | "ISO_8859-1" | "ISO_8859-1:1987" | "ISO_8859_1"
            | "8859_1" | "LATIN1" | "L1" | "CP819" | "IBM819" | "IBM-819" | "819" | "CSISOLATIN1"
            | "ISO-IR-100" => Self::Latin1,
            _ => return None,
        })
    }

    /// What the character set does not have is a question mark.
    fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Self::Utf8 => text.as_bytes().to_vec(),
            Self::Utf16 if text.is_empty() => Vec::new(),
            Self::Utf16 => [0xFE, 0xFF].into_iter().chain(Self::Utf16Be.encode(text)).collect(),
            Self::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            Self::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Self::Ascii => text.chars().map(|char| if char.is_ascii() { char as u8 } else { b'?' }).collect(),
            Self::Latin1 => text.chars().map(|char| u8::try_from(u32::from(char)).unwrap_or(b'?')).collect(),
        }
    }

    /// What is no character is U+FFFD.
    fn decode(self, bytes: &[u8]) -> String {
        match self {
            Self::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
            Self::Utf16 => match bytes {
                [0xFE, 0xFF, rest @ ..] => decode_utf16(rest, u16::from_be_bytes),
                [0xFF, 0xFE, rest @ ..] => decode_utf16(rest, u16::from_le_bytes),
                _ => decode_utf16(bytes, u16::from_be_bytes),
            },
            Self::Utf16Be => decode_utf16(bytes, u16::from_be_bytes),
            Self::Utf16Le => decode_utf16(bytes, u16::from_le_bytes),
            Self::Ascii => {
                let char =
                    |byte: &u8| if byte.is_ascii() { char::from(*byte) } else { char::REPLACEMENT_CHARACTER };
                bytes.iter().map(char).collect()
            }
            Self::Latin1 => bytes.iter().copied().map(char::from).collect(),
        }
    }
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let chars = char::decode_utf16(pairs.iter().map(|pair| unit(*pair)));
    let mut text: String = chars.map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    if !rest.is_empty() {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    text
}
