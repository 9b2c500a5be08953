//! What `shared/spec` 6.2 and 6.3 saw in Flink.

use super::*;
use crate::row::{Arena, Timestamp, Unscaled, Value};
use crate::types::Field;

const DECIMAL_5_1: LogicalType = LogicalType::Decimal { precision: 5, scale: 1 };

fn cast(from: LogicalType, to: LogicalType, value: Value<'_>) -> Value<'_> {
    let cast = implicit(&from, &to, &Session::default()).unwrap();
    // A leaked arena lets a test compare borrowed values.
    cast.apply(value, Box::leak(Box::new(Arena::new()))).unwrap()
}

#[test]
fn numbers_only_widen() {
    use LogicalType as T;
    assert_eq!(cast(T::Int, T::BigInt, Value::Int(-7)), Value::BigInt(-7));
    assert_eq!(cast(T::Int, T::Double, Value::Int(-7)), Value::Double(-7.0));
    assert_eq!(cast(T::Float, T::Double, Value::Float(0.1)), Value::Double(f64::from(0.1_f32)));
    let decimal = T::Decimal { precision: 10, scale: 2 };
    assert_eq!(cast(decimal.clone(), T::Double, Value::Decimal(Unscaled(1236))), Value::Double(12.36));
    for (from, to) in [
        (T::BigInt, T::Int),
        (T::Double, T::Float),
        (decimal, T::BigInt),
        (T::STRING, T::Int),
        (T::Int, T::STRING),
        (T::Boolean, T::Int),
        (T::VarChar(7), T::Char(5)),
        (T::Date, T::Timestamp(3)),
    ] {
        assert_eq!(implicit(&from, &to, &Session::default()), None, "{from} to {to}");
    }
}

#[test]
fn decimals_are_rounded_and_what_does_not_fit_is_null() {
    let from = LogicalType::Decimal { precision: 10, scale: 2 };
    assert_eq!(
        cast(from.clone(), DECIMAL_5_1, Value::Decimal(Unscaled(1236))),
        Value::Decimal(Unscaled(124))
    );
    assert_eq!(cast(from, DECIMAL_5_1, Value::Decimal(Unscaled(10_000_000))), Value::Null);
    assert_eq!(cast(LogicalType::Int, DECIMAL_5_1, Value::Int(12)), Value::Decimal(Unscaled(120)));
    assert_eq!(cast(LogicalType::Double, DECIMAL_5_1, Value::Double(12.36)), Value::Decimal(Unscaled(124)));
}

#[test]
fn texts_and_bytes_are_cut_and_padded() {
    use LogicalType as T;
    assert_eq!(cast(T::STRING, T::VarChar(3), Value::String("abcdef")), Value::String("abc"));
    assert_eq!(cast(T::STRING, T::VarChar(3), Value::String("äöüß")), Value::String("äöü"));
    assert_eq!(cast(T::Char(2), T::Char(5), Value::String("ab")), Value::String("ab   "));
    assert_eq!(cast(T::Char(7), T::Char(5), Value::String("abcdefg")), Value::String("abcde"));
    assert_eq!(cast(T::Binary(3), T::Binary(2), Value::Bytes(&[1, 2, 3])), Value::Bytes(&[1, 2]));
    assert_eq!(cast(T::Binary(1), T::Binary(2), Value::Bytes(&[1])), Value::Bytes(&[1, 0]));
}

#[test]
fn moments_lose_their_finer_digits() {
    let at = |seconds, nanos| Value::Timestamp(Timestamp { seconds, nanos });
    let (fine, whole) = (LogicalType::Timestamp(9), LogicalType::Timestamp(0));
    assert_eq!(cast(fine.clone(), whole.clone(), at(5, 999_999_999)), at(5, 0));
    assert_eq!(cast(fine.clone(), LogicalType::Timestamp(6), at(-5, 123_456_789)), at(-5, 123_456_000));
    // Flink cuts milliseconds towards zero, so before 1970 towards the future.
    assert_eq!(cast(fine.clone(), whole, at(-1, 999_000_000)), at(0, 0));
    // Days are counted towards 1970 too: vector cast-0641.
    assert_eq!(cast(fine, LogicalType::Date, at(-1, 0)), Value::Date(0));
}

#[test]
fn nested_values_are_cast_inside() {
    use LogicalType as T;
    let array = |item: T| T::Array(Box::new(item.nullable()));
    let items = [Value::Int(1), Value::Null];
    let cast_items = [Value::BigInt(1), Value::Null];
    assert_eq!(cast(array(T::Int), array(T::BigInt), Value::Array(&items)), Value::Array(&cast_items));
    let row = |item: T| T::Row([Field::new("a", item.nullable())].into());
    assert_eq!(cast(row(T::Int), row(T::BigInt), Value::Row(&items[..1])), Value::Row(&cast_items[..1]));
    let of_not_null = T::Array(Box::new(T::Int.not_null()));
    assert_eq!(implicit(&array(T::Int), &of_not_null, &Session::default()), None);
}
