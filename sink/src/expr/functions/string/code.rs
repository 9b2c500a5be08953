//! Texts in base 64, in hexadecimal and binary digits, and characters by their code.

use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Pure};
use crate::expr::functions::signature::{
    BareNull, Evaluate, Takes, as_nullable_as, bound, bytes, integer, text,
};
use crate::format::base64;
use crate::row::Value;
use crate::types::LogicalType;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "TO_BASE64",
        aliases: &[],
        usage: &["TO_BASE64(value)"],
        since: "1.12",
        about: "A text or byte string in base 64.",
        bind: |args| to_string(args, Takes::TextOrBytes, to_base64),
    },
    FunctionSpec {
        name: "FROM_BASE64",
        aliases: &[],
        usage: &["FROM_BASE64(text)"],
        since: "1.12",
        about: "The text that stands in base 64; what is not UTF-8 is replaced by U+FFFD.",
        bind: |args| to_string(args, Takes::TextOrBytes, from_base64),
    },
    FunctionSpec {
        name: "HEX",
        aliases: &[],
        usage: &["HEX(text)", "HEX(number)"],
        since: "1.12",
        about: "A text's bytes or a whole number in hexadecimal digits.",
        bind: |args| to_string(args, Takes::TextOrInteger, hex),
    },
    FunctionSpec {
        name: "UNHEX",
        aliases: &[],
        usage: &["UNHEX(text)"],
        since: "2.0",
        about: "The bytes of hexadecimal digits; NULL if there are others.",
        bind: |args| {
            args.count(1, 1)?;
            let casts = args.check(&[Takes::Text], BareNull::Taken)?;
            Ok(bound(casts, LogicalType::BYTES.nullable(), Pure(unhex)))
        },
    },
    FunctionSpec {
        name: "BIN",
        aliases: &[],
        usage: &["BIN(number)"],
        since: "1.12",
        about: "A whole number in binary digits.",
        bind: |args| {
            to_string(args, Takes::Integer, |args, moment| {
                let number = integer(args[0])?;
                Ok(Value::String(moment.arena.formatted(format_args!("{number:b}"))))
            })
        },
    },
    FunctionSpec {
        name: "CHR",
        aliases: &[],
        usage: &["CHR(number)"],
        since: "1.12",
        about: "The character whose code is the number's last byte; an empty text for a number below 0.",
        bind: |args| {
            to_string(args, Takes::Integer, |args, moment| {
                let Ok(code) = u64::try_from(integer(args[0])?) else { return Ok(Value::String("")) };
                let char = char::from(code.to_le_bytes()[0]);
                Ok(Value::String(moment.arena.alloc_str(char.encode_utf8(&mut [0; 4]))))
            })
        },
    },
];

fn to_string(args: &Arguments<'_>, takes: Takes, evaluate: Evaluate) -> Result<Bound, BindError> {
    args.count(1, 1)?;
    let casts = args.check(&[takes], BareNull::Refused)?;
    Ok(bound(casts, as_nullable_as(args, LogicalType::STRING), Pure(evaluate)))
}

fn to_base64<'a>(args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let bytes = bytes(args[0])?;
    Ok(Value::String(moment.arena.written_text(|out| base64::encode(bytes, out))))
}

fn from_base64<'a>(args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let coded = bytes(args[0])?;
    let decoded = moment.arena.try_written(|out| decode_base64(coded, out)).map_err(EvalError::new)?;
    Ok(Value::String(moment.arena.lossy(decoded)))
}

/// As Java's basic decoder: no blanks, and padding only whole or not at all.
fn decode_base64(text: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    if text.len() == 1 {
        return Err("a text of one character is not base 64".into());
    }
    let digits = text.iter().position(|byte| *byte == b'=').unwrap_or(text.len());
    let (digits, padding) = text.split_at(digits);
    let (mut group, mut bits) = (0_u32, 0);
    for byte in digits {
        let digit =
            base64_digit(*byte).ok_or_else(|| format!("byte {byte:#04x} is not a digit of base 64"))?;
        (group, bits) = (group << 6 | digit, bits + 6);
        if bits >= 8 {
            bits -= 8;
            out.push((group >> bits).to_le_bytes()[0]);
        }
    }
    match (digits.len() % 4, padding) {
        (0 | 2 | 3, []) | (2, b"==") | (3, b"=") => Ok(()),
        _ => Err("a text in base 64 ends within a group of four characters".into()),
    }
}

fn base64_digit(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

fn hex<'a>(args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let Value::String(text) = args[0] else {
        let number = integer(args[0])?;
        return Ok(Value::String(moment.arena.formatted(format_args!("{number:X}"))));
    };
    let mut out = moment.arena.string_with_capacity(text.len() * 2);
    for byte in text.bytes() {
        out.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)])));
    }
    Ok(Value::String(out.into_str()))
}

/// Of an odd number of digits Flink takes the first for 0, whichever it is.
fn unhex<'a>(args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let digits = text(args[0])?.as_bytes();
    let odd = digits.len() % 2;
    let mut out = moment.arena.vec_with_capacity(digits.len().div_ceil(2));
    let digit = |byte: u8| char::from(byte).to_digit(16);
    if odd == 1 {
        if digit(digits[0]).is_none() {
            return Ok(Value::Null);
        }
        out.push(0);
    }
    for pair in digits[odd..].chunks(2) {
        let (Some(high), Some(low)) = (digit(pair[0]), digit(pair[1])) else { return Ok(Value::Null) };
        out.push((high << 4 | low).to_le_bytes()[0]);
    }
    Ok(Value::Bytes(out.into_slice()))
}
