//! TYPEOF: the name of a value's type.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Nulls, Scalar};
use crate::row::Value;
use crate::types::{DataType, LENGTH_MAX, LogicalType};

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[FunctionSpec {
    name: "TYPEOF",
    aliases: &[],
    usage: &["TYPEOF(value [, serializable])"],
    since: "1.13",
    about: "The name of the value's type, written out where TRUE is behind it.",
    bind,
}];

fn bind(args: &Arguments<'_>) -> Result<Bound, BindError> {
    args.count(1, 2)?;
    let written_out = match args.constants.get(1) {
        None => false,
        Some(Some(Value::Boolean(truth))) => *truth,
        Some(_) => return Err(args.refused(1, "TRUE or FALSE, as they stand")),
    };
    let mut name = String::new();
    if args.is_bare_null(0) {
        name.push_str("NULL");
    } else {
        write_type(&args.types[0], written_out, &mut name);
    }
    let casts = (0..args.len()).map(|at| args.is_bare_null(at).then_some(LogicalType::STRING)).collect();
    Ok(Bound {
        casts,
        data_type: LogicalType::STRING.nullable(),
        nulls: Nulls::Given,
        is_deterministic: true,
        scalar: Arc::new(TypeName(name)),
    })
}

struct TypeName(String);

impl Scalar for TypeName {
    fn evaluate<'a>(&'a self, _: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        Ok(Value::String(&self.0))
    }
}

fn write_type(data_type: &DataType, written_out: bool, out: &mut String) {
    write_logical(&data_type.logical, written_out, out);
    if !data_type.nullable {
        out.push_str(" NOT NULL");
    }
}

fn write_logical(logical: &LogicalType, written_out: bool, out: &mut String) {
    use LogicalType as T;
    // Writing to a String does not fail.
    let _ = match logical {
        T::VarChar(LENGTH_MAX) if written_out => write!(out, "VARCHAR({LENGTH_MAX})"),
        T::VarBinary(LENGTH_MAX) if written_out => write!(out, "VARBINARY({LENGTH_MAX})"),
        T::TimestampLtz(precision) if written_out => {
            write!(out, "TIMESTAMP({precision}) WITH LOCAL TIME ZONE")
        }
        T::IntervalYearMonth => write!(out, "INTERVAL MONTH"),
        T::IntervalDayTime => write!(out, "INTERVAL SECOND(3)"),
        T::Array(element) => {
            out.push_str("ARRAY<");
            write_type(element, written_out, out);
            write!(out, ">")
        }
        T::Multiset(element) => {
            out.push_str("MULTISET<");
            write_type(element, written_out, out);
            write!(out, ">")
        }
        T::Map(key, value) => {
            out.push_str("MAP<");
            write_type(key, written_out, out);
            out.push_str(", ");
            write_type(value, written_out, out);
            write!(out, ">")
        }
        T::Row(fields) => {
            out.push_str("ROW<");
            for (at, field) in fields.iter().enumerate() {
                let _ = write!(out, "{}`{}` ", if at == 0 { "" } else { ", " }, field.name);
                write_type(&field.data_type, written_out, out);
            }
            write!(out, ">")
        }
        other => write!(out, "{other}"),
    };
}
