//! ENCODE and DECODE: texts in a character set.

use std::sync::Arc;

use crate::expr::EvalError;
use crate::expr::function::Nulls;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Scalar};
use crate::expr::functions::signature::{BareNull, Takes, as_nullable_as, bytes, text};
use crate::format::charset::Charset;
use crate::row::Value;
use crate::types::LogicalType;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "ENCODE",
        aliases: &[],
        usage: &["ENCODE(text, charset)"],
        since: "1.12",
        about: "The bytes of a text in a character set that is given by its name, such as UTF-8 or ISO-8859-1.",
        bind: |args| bind(args, Takes::Text, LogicalType::BYTES, Direction::Encode),
    },
    FunctionSpec {
        name: "DECODE",
        aliases: &[],
        usage: &["DECODE(bytes, charset)"],
        since: "1.12",
        about: "The text of bytes in a character set that is given by its name, such as UTF-8 or ISO-8859-1.",
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
                let text = text(args[0])?;
                Value::Bytes(moment.arena.written(|out| charset.write(text, out)))
            }
            Direction::Decode => {
                let bytes = bytes(args[0])?;
                let text = charset.read(bytes, moment.arena);
                Value::String(text.unwrap_or_else(|| moment.arena.alloc_str(&String::from_utf8_lossy(bytes))))
            }
        })
    }
}
