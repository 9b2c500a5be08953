//! What DLI has beside Flink's functions: DATE_ADD and DATE_SUB.

use crate::calendar::{CivilDate, DAY_SECONDS};
use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Pure};
use crate::expr::functions::signature::{BareNull, Takes, bound, integer, is_text, mistyped};
use crate::expr::temporal::text::{read_date, write_date};
use crate::row::Value;
use crate::types::LogicalType;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "DATE_ADD",
        aliases: &[],
        usage: &["DATE_ADD(time, days)"],
        since: "DLI",
        about: "The date, 'yyyy-MM-dd', so many days after a TIMESTAMP or a text that begins like one.",
        bind: |args| bind_add(args, Pure(|args, moment| add(args, moment, 1))),
    },
    FunctionSpec {
        name: "DATE_SUB",
        aliases: &[],
        usage: &["DATE_SUB(time, days)"],
        since: "DLI",
        about: "The date, 'yyyy-MM-dd', so many days before a TIMESTAMP or a text that begins like one.",
        bind: |args| bind_add(args, Pure(|args, moment| add(args, moment, -1))),
    },
];

fn bind_add(args: &Arguments<'_>, scalar: Pure) -> Result<Bound, BindError> {
    args.count(2, 2)?;
    let casts = args.check(&[Takes::Any, Takes::Integer], BareNull::Taken)?;
    let logical = args.logical(0);
    if !(matches!(logical, LogicalType::Timestamp(_)) || is_text(logical) || args.is_bare_null(0)) {
        return Err(
            args.refused(0, "a TIMESTAMP or a character string: for a DATE write date + INTERVAL '1' DAY")
        );
    }
    Ok(bound(casts, LogicalType::STRING.nullable(), scalar))
}

fn add<'a>(args: &[Value<'a>], moment: &Moment<'a>, sign: i64) -> Result<Value<'a>, EvalError> {
    let days = match args[0] {
        Value::Timestamp(at) => Some(at.seconds.div_euclid(DAY_SECONDS)),
        Value::String(text) => read_date(text),
        _ => return Err(mistyped()),
    };
    let Some(days) = days else { return Ok(Value::Null) };
    let days = days + integer(args[1])?.saturating_mul(sign).clamp(-DAYS_MAX, DAYS_MAX);
    if !(0..=9_999).contains(&CivilDate::of(days).year) {
        return Ok(Value::Null);
    }
    let mut out = moment.arena.string_with_capacity("yyyy-MM-dd".len());
    // Growing text in the arena does not fail.
    let _ = write_date(days, &mut out);
    Ok(Value::String(out.into_str()))
}

/// More days than from year 0 to year 9999.
const DAYS_MAX: i64 = 4_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::function::Session;
    use crate::row::{Arena, Timestamp};

    fn call(
        name: &str,
        time: Value<'_>,
        logical: LogicalType,
        days: i32,
    ) -> Result<Option<String>, BindError> {
        let spec = FUNCTIONS.iter().find(|spec| spec.name == name).unwrap();
        let types = [logical.nullable(), LogicalType::Int.not_null()];
        let session = Session::default();
        let args = Arguments {
            types: &types,
            constants: &[None, None],
            literals: &[false, false],
            session: &session,
        };
        let bound = (spec.bind)(&args)?;
        let arena = Arena::new();
        match bound.scalar.evaluate(&[time, Value::Int(days)], &Moment::still(&arena)) {
            Ok(Value::String(text)) => Ok(Some(text.to_owned())),
            other => {
                assert_eq!(other, Ok(Value::Null));
                Ok(None)
            }
        }
    }

    /// As `shared/spec/dli.md` 5.2 describes them; Flink has neither.
    #[test]
    fn days_are_added_to_timestamps_and_texts() {
        let noon = Value::Timestamp(Timestamp { seconds: 1_616_673_722, nanos: 0 });
        let text = |text: &'static str| Value::String(text);
        let date = |date: &str| Ok(Some(date.to_owned()));
        assert_eq!(call("DATE_ADD", noon, LogicalType::Timestamp(3), 10), date("2021-04-04"));
        assert_eq!(call("DATE_SUB", noon, LogicalType::Timestamp(3), 84), date("2020-12-31"));
        assert_eq!(
            call("DATE_ADD", text("2021-03-25 12:02:02"), LogicalType::STRING, -1),
            date("2021-03-24")
        );
        assert_eq!(call("DATE_SUB", text("2021-03-25"), LogicalType::STRING, 0), date("2021-03-25"));
        assert_eq!(call("DATE_ADD", text("yesterday"), LogicalType::STRING, 1), Ok(None));
        assert_eq!(call("DATE_ADD", noon, LogicalType::Timestamp(3), i32::MAX), Ok(None));
        // Vector datetime-0351: what Flink refuses stays refused.
        assert!(call("DATE_ADD", Value::Date(0), LogicalType::Date, 1).is_err());
    }
}
