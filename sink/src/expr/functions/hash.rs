//! Digests.

use md5::Md5;
use sha1::Sha1;
use sha2::digest::Digest;
use sha2::{Sha224, Sha256, Sha384, Sha512};

use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Pure};
use crate::expr::functions::signature::{BareNull, Takes, as_nullable_as, bound, bytes, integer};
use crate::row::{Arena, Value};
use crate::types::LogicalType;

/// The functions of this family.
pub(super) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "MD5",
        aliases: &[],
        usage: &["MD5(value)"],
        since: "1.12",
        about: "The MD5 digest of a text or byte string, in 32 hexadecimal digits.",
        bind: |args| bind(args, 32, |args, moment| digest::<Md5>(args, moment)),
    },
    FunctionSpec {
        name: "SHA1",
        aliases: &[],
        usage: &["SHA1(value)"],
        since: "1.12",
        about: "The SHA-1 digest of a text or byte string, in 40 hexadecimal digits.",
        bind: |args| bind(args, 40, |args, moment| digest::<Sha1>(args, moment)),
    },
    FunctionSpec {
        name: "SHA224",
        aliases: &[],
        usage: &["SHA224(value)"],
        since: "1.12",
        about: "The SHA-224 digest of a text or byte string, in 56 hexadecimal digits.",
        bind: |args| bind(args, 56, |args, moment| digest::<Sha224>(args, moment)),
    },
    FunctionSpec {
        name: "SHA256",
        aliases: &[],
        usage: &["SHA256(value)"],
        since: "1.12",
        about: "The SHA-256 digest of a text or byte string, in 64 hexadecimal digits.",
        bind: |args| bind(args, 64, |args, moment| digest::<Sha256>(args, moment)),
    },
    FunctionSpec {
        name: "SHA384",
        aliases: &[],
        usage: &["SHA384(value)"],
        since: "1.12",
        about: "The SHA-384 digest of a text or byte string, in 96 hexadecimal digits.",
        bind: |args| bind(args, 96, |args, moment| digest::<Sha384>(args, moment)),
    },
    FunctionSpec {
        name: "SHA512",
        aliases: &[],
        usage: &["SHA512(value)"],
        since: "1.12",
        about: "The SHA-512 digest of a text or byte string, in 128 hexadecimal digits.",
        bind: |args| bind(args, 128, |args, moment| digest::<Sha512>(args, moment)),
    },
    FunctionSpec {
        name: "SHA2",
        aliases: &[],
        usage: &["SHA2(value, bits)"],
        since: "1.12",
        about: "The SHA-2 digest of 224, 256, 384 or 512 bits of a text or byte string, in hexadecimal digits.",
        bind: |args| {
            args.count(2, 2)?;
            let casts = args.check(&[Takes::TextOrBytes, Takes::Integer], BareNull::Refused)?;
            Ok(bound(casts, as_nullable_as(args, LogicalType::VarChar(128)), Pure(sha2)))
        },
    },
];

type Evaluate = for<'a> fn(&[Value<'a>], &Moment<'a>) -> Result<Value<'a>, EvalError>;

fn bind(args: &Arguments<'_>, digits: u32, evaluate: Evaluate) -> Result<Bound, BindError> {
    args.count(1, 1)?;
    let casts = args.check(&[Takes::TextOrBytes], BareNull::Refused)?;
    Ok(bound(casts, as_nullable_as(args, LogicalType::Char(digits)), Pure(evaluate)))
}

fn digest<'a, D: Digest>(args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    Ok(hexadecimal(&D::digest(bytes(args[0])?), moment.arena))
}

fn sha2<'a>(args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    match integer(args[1])? {
        224 => digest::<Sha224>(args, moment),
        256 => digest::<Sha256>(args, moment),
        384 => digest::<Sha384>(args, moment),
        512 => digest::<Sha512>(args, moment),
        bits => Err(EvalError::new(format!("SHA2 has digests of 224, 256, 384 and 512 bits, not of {bits}"))),
    }
}

fn hexadecimal<'a>(digest: &[u8], arena: &'a Arena) -> Value<'a> {
    let mut out = arena.string_with_capacity(digest.len() * 2);
    for byte in digest {
        out.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])));
    }
    Value::String(out.into_str())
}
