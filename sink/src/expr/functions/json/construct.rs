//! JSON_STRING, JSON_OBJECT, JSON_ARRAY: values as JSON.

use std::sync::Arc;

use super::document::{by_name, parse, written};
use crate::arena::ArenaVec;
use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Nulls, Pure, Scalar};
use crate::expr::functions::signature::{BareNull, Takes, as_nullable_as, bound, is_text, mistyped, text};
use crate::format::json::text::quote_in_memory;
use crate::format::time::{Standard, write_timestamp};
use crate::format::{base64, decimal, number};
use crate::row::{Arena, Unscaled, Value};
use crate::types::LogicalType;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "JSON_STRING",
        aliases: &[],
        usage: &["JSON_STRING(value)"],
        since: "1.15",
        about: "The value as JSON.",
        bind: bind_string,
    },
    FunctionSpec {
        name: "JSON_OBJECT",
        aliases: &[],
        usage: &["JSON_OBJECT([KEY] key VALUE value, … [{NULL | ABSENT} ON NULL])"],
        since: "1.15",
        about: "A JSON object of keys and values, by key; NULLs stand in it unless ABSENT is said.",
        bind: |args| bind_members(args, true),
    },
    FunctionSpec {
        name: "JSON_ARRAY",
        aliases: &[],
        usage: &["JSON_ARRAY(value, … [{NULL | ABSENT} ON NULL])"],
        since: "1.15",
        about: "A JSON array of values; NULLs are left out unless NULL is said.",
        bind: |args| bind_members(args, false),
    },
    FunctionSpec {
        name: "JSON",
        aliases: &[],
        usage: &["JSON(text)"],
        since: "2.1",
        about: "JSON that is put into JSON_OBJECT or JSON_ARRAY as it is; it stands nowhere else.",
        bind: |_| {
            Err(BindError("it stands only in JSON_OBJECT and JSON_ARRAY, as a value of its own".into()))
        },
    },
    FunctionSpec {
        name: "JSON PARSED",
        aliases: &[],
        usage: &["JSON(text)"],
        since: "2.1",
        about: "What JSON(text) is within JSON_OBJECT and JSON_ARRAY.",
        bind: |args| {
            args.count(1, 1)?;
            let casts = args.check(&[Takes::Text], BareNull::Refused)?;
            Ok(bound(casts, LogicalType::STRING.nullable(), Pure(parsed)))
        },
    },
];

fn parsed<'a>(args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let json = number::trim(text(args[0])?);
    if json.is_empty() {
        return Ok(Value::Null);
    }
    let node = parse(json, moment.arena).map_err(|why| EvalError::new(why.to_owned()))?;
    Ok(Value::String(written(node, moment.arena)))
}

fn bind_string(args: &Arguments<'_>) -> Result<Bound, BindError> {
    args.count(1, 1)?;
    let casts = args.check(&[Takes::Any], BareNull::Taken)?;
    let shape = if args.is_bare_null(0) { LogicalType::STRING } else { args.logical(0).clone() };
    has_json(&shape)?;
    Ok(bound(casts, as_nullable_as(args, LogicalType::STRING), JsonString(shape)))
}

struct JsonString(LogicalType);

impl Scalar for JsonString {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        let arena = moment.arena;
        let json = arena.try_written(|out| write_value(args[0], &self.0, arena, out))?;
        Ok(Value::String(arena.lossy(json)))
    }
}

/// The arguments: what to do about NULL; then of each member its key (of an object), its value, and whether that is JSON.
fn bind_members(args: &Arguments<'_>, is_object: bool) -> Result<Bound, BindError> {
    args.count(1, usize::MAX)?;
    let width = if is_object { 3 } else { 2 };
    let mut members = Vec::new();
    for first in (1..args.len()).step_by(width) {
        let value = first + width - 2;
        if args.len() < first + width {
            return Err(BindError("a key stands without a value".into()));
        }
        if is_object
            && (!is_text(args.logical(first)) || args.types[first].nullable || args.is_bare_null(first))
        {
            return Err(BindError("a key is a character string that is not NULL".into()));
        }
        if args.is_bare_null(value) {
            return Err(BindError("NULL has no type: CAST(NULL AS STRING) gives it one".into()));
        }
        let shape = args.logical(value).clone();
        has_json(&shape)?;
        members.push(MemberSpec { at: first, shape, is_json: args.constant_text(value + 1) == Some("JSON") });
    }
    Ok(Bound {
        casts: vec![None; args.len()],
        data_type: LogicalType::STRING.not_null(),
        nulls: Nulls::Given,
        is_deterministic: true,
        scalar: Arc::new(JsonMembers {
            members,
            is_object,
            keeps_null: args.constant_text(0) == Some("NULL"),
        }),
    })
}

struct MemberSpec {
    /// Its first argument.
    at: usize,
    shape: LogicalType,
    /// Whether the value is JSON already.
    is_json: bool,
}

struct JsonMembers {
    members: Vec<MemberSpec>,
    is_object: bool,
    keeps_null: bool,
}

impl Scalar for JsonMembers {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        let arena = moment.arena;
        let mut written: ArenaVec<'a, (&str, &[u8])> = arena.vec_with_capacity(self.members.len());
        for member in &self.members {
            let (key, value) = if self.is_object {
                (text(args[member.at])?, args[member.at + 1])
            } else {
                ("", args[member.at])
            };
            if value == Value::Null && !self.keeps_null {
                continue;
            }
            let json = match value {
                Value::String(json) if member.is_json => json.as_bytes(),
                value => arena.try_written(|out| write_value(value, &member.shape, arena, out))?,
            };
            match written.iter_mut().find(|(own, _)| self.is_object && *own == key) {
                Some(earlier) => earlier.1 = json,
                None => written.push((key, json)),
            }
        }
        if self.is_object {
            written.sort_unstable_by(|(left, _), (right, _)| by_name(left, right));
        }
        Ok(Value::String(arena.written_text(|out| {
            out.push(if self.is_object { b'{' } else { b'[' });
            for (at, (key, value)) in written.iter().enumerate() {
                out.extend((at > 0).then_some(b','));
                if self.is_object {
                    quote_in_memory(key, out);
                    out.push(b':');
                }
                out.extend_from_slice(value);
            }
            out.push(if self.is_object { b'}' } else { b']' });
        })))
    }
}

/// Refuses a type that Flink's functions have no JSON for.
fn has_json(logical: &LogicalType) -> Result<(), BindError> {
    use LogicalType as T;
    match logical {
        T::Date | T::Time(_) | T::IntervalYearMonth | T::IntervalDayTime => {
            Err(BindError(format!("{logical} has no JSON: CAST it to STRING")))
        }
        T::Array(element) => has_json(&element.logical),
        T::Multiset(key) if is_text(&key.logical) => Ok(()),
        T::Map(key, value) if is_text(&key.logical) => has_json(&value.logical),
        T::Map(..) | T::Multiset(_) => {
            Err(BindError(format!("{logical} has keys that are no character strings")))
        }
        T::Row(fields) => fields.iter().try_for_each(|field| has_json(&field.data_type.logical)),
        _ => Ok(()),
    }
}

fn write_value(
    value: Value<'_>,
    logical: &LogicalType,
    arena: &Arena,
    out: &mut Vec<u8>,
) -> Result<(), EvalError> {
    match (value, logical) {
        (Value::Null, _) => out.extend_from_slice(b"null"),
        (Value::Boolean(truth), _) => out.extend_from_slice(if truth { b"true" } else { b"false" }),
        (Value::TinyInt(n), _) => out.extend_from_slice(itoa::Buffer::new().format(n).as_bytes()),
        (Value::SmallInt(n), _) => out.extend_from_slice(itoa::Buffer::new().format(n).as_bytes()),
        (Value::Int(n), _) => out.extend_from_slice(itoa::Buffer::new().format(n).as_bytes()),
        (Value::BigInt(n), _) => out.extend_from_slice(itoa::Buffer::new().format(n).as_bytes()),
        // A FLOAT is widened first.
        (Value::Float(n), _) => write_double(n.into(), arena, out),
        (Value::Double(n), _) => write_double(n, arena, out),
        (Value::Decimal(Unscaled(n)), LogicalType::Decimal { scale, .. }) => {
            decimal::write_exact(arena.formatted(format_args!("{n}e-{scale}")), out);
        }
        (Value::String(text), _) => quote_in_memory(text, out),
        (Value::Bytes(bytes), _) => {
            out.push(b'"');
            base64::encode(bytes, out);
            out.push(b'"');
        }
        (Value::Timestamp(time), logical) => {
            out.push(b'"');
            write_timestamp(time, Standard::Iso8601, out);
            out.extend(matches!(logical, LogicalType::TimestampLtz(_)).then_some(b'Z'));
            out.push(b'"');
        }
        (value, logical) => write_nested(value, logical, arena, out)?,
    }
    Ok(())
}

fn write_double(number: f64, arena: &Arena, out: &mut Vec<u8>) {
    if number.is_finite() {
        decimal::write_exact(arena.written_text(|text| number::write_f64(number, text)), out);
    } else {
        out.push(b'"');
        number::write_f64(number, out);
        out.push(b'"');
    }
}

fn write_nested(
    value: Value<'_>,
    logical: &LogicalType,
    arena: &Arena,
    out: &mut Vec<u8>,
) -> Result<(), EvalError> {
    match (value, logical) {
        (Value::Array(items), LogicalType::Array(element)) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                out.extend((at > 0).then_some(b','));
                write_value(*item, &element.logical, arena, out)?;
            }
            out.push(b']');
            Ok(())
        }
        (Value::Map(pairs), LogicalType::Map(_, inner)) => write_pairs(pairs, &inner.logical, arena, out),
        (Value::Map(pairs), LogicalType::Multiset(_)) => write_pairs(pairs, &LogicalType::Int, arena, out),
        (Value::Row(values), LogicalType::Row(fields)) => {
            let members = arena.alloc_slice_fill_iter(fields.iter().zip(values));
            members.sort_unstable_by(|(left, _), (right, _)| by_name(&left.name, &right.name));
            out.push(b'{');
            for (at, (field, value)) in members.iter().enumerate() {
                out.extend((at > 0).then_some(b','));
                quote_in_memory(&field.name, out);
                out.push(b':');
                write_value(**value, &field.data_type.logical, arena, out)?;
            }
            out.push(b'}');
            Ok(())
        }
        _ => Err(mistyped()),
    }
}

fn write_pairs(
    pairs: &[(Value<'_>, Value<'_>)],
    inner: &LogicalType,
    arena: &Arena,
    out: &mut Vec<u8>,
) -> Result<(), EvalError> {
    let mut members = arena.vec_with_capacity(pairs.len());
    for (key, value) in pairs {
        let Value::String(key) = key else {
            return Err(EvalError::new("a MAP with a NULL among its keys has no JSON"));
        };
        members.push((*key, *value));
    }
    members.sort_unstable_by(|(left, _), (right, _)| by_name(left, right));
    out.push(b'{');
    for (at, (key, value)) in members.iter().enumerate() {
        out.extend((at > 0).then_some(b','));
        quote_in_memory(key, out);
        out.push(b':');
        write_value(*value, inner, arena, out)?;
    }
    out.push(b'}');
    Ok(())
}
