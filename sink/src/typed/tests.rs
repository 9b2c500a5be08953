//! Structs to rows and back, type by type, and what is refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::row_deserializer::RowDeserializer;
use super::row_serializer::RowSerializer;
use super::*;
use crate::row::{Arena, Timestamp, Unscaled, Value};
use crate::types::LogicalType;

fn field(name: &str, logical: LogicalType) -> Field {
    Field::new(name, logical.nullable())
}

fn decimal(precision: u8, scale: u8) -> LogicalType {
    LogicalType::Decimal { precision, scale }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Colour {
    #[default]
    DeepRed,
    Green,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Point(f64, f64);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Inner {
    b: Option<String>,
    a: i32,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Everything {
    yes: bool,
    tiny: i8,
    small: u8,
    int: i32,
    big: u32,
    float: f32,
    double: f64,
    amount: String,
    whole: u64,
    text: String,
    colour: Colour,
    bytes: Vec<u8>,
    day: String,
    clock: String,
    wall: String,
    instant: String,
    list: Vec<Option<i64>>,
    map: BTreeMap<String, Inner>,
    bag: BTreeMap<String, i32>,
    inner: Inner,
    place: Point,
    nothing: Option<i32>,
}

fn columns() -> Vec<Field> {
    let array = |item: LogicalType| LogicalType::Array(Box::new(item.nullable()));
    let inner = LogicalType::Row([field("a", LogicalType::Int), field("b", LogicalType::STRING)].into());
    let place = LogicalType::Row([field("x", LogicalType::Double), field("y", LogicalType::Double)].into());
    let map = |value: LogicalType| {
        LogicalType::Map(Box::new(LogicalType::STRING.not_null()), Box::new(value.nullable()))
    };
    vec![
        field("yes", LogicalType::Boolean),
        field("tiny", LogicalType::TinyInt),
        field("small", LogicalType::SmallInt),
        field("int", LogicalType::Int),
        field("big", LogicalType::BigInt),
        field("float", LogicalType::Float),
        field("double", LogicalType::Double),
        field("amount", decimal(10, 2)),
        field("whole", decimal(20, 3)),
        field("text", LogicalType::VarChar(10)),
        field("colour", LogicalType::STRING),
        field("bytes", LogicalType::BYTES),
        field("day", LogicalType::Date),
        field("clock", LogicalType::Time(3)),
        field("wall", LogicalType::Timestamp(6)),
        field("instant", LogicalType::TimestampLtz(3)),
        field("list", array(LogicalType::BigInt)),
        field("map", map(inner.clone())),
        field("bag", LogicalType::Multiset(Box::new(LogicalType::STRING.not_null()))),
        field("inner", inner),
        field("place", place),
        field("nothing", LogicalType::Int),
    ]
}

fn everything() -> Everything {
    let inner = Inner { a: -1, b: Some("é".into()) };
    Everything {
        yes: true,
        tiny: -128,
        small: 255,
        int: i32::MIN,
        big: u32::MAX,
        float: 0.1,
        double: 0.1,
        amount: "-1234.50".into(),
        whole: 17,
        text: "a".into(),
        colour: Colour::DeepRed,
        bytes: vec![0, 255],
        day: "1969-12-31".into(),
        clock: "12:34:56.789".into(),
        wall: "2026-01-31T12:00:00.000001".into(),
        instant: "2026-01-31T12:00:00Z".into(),
        list: vec![Some(1), None],
        map: [("k".to_owned(), inner.clone())].into(),
        bag: [("x".to_owned(), 2)].into(),
        inner: Inner { a: 7, b: None },
        place: Point(1.5, -2.5),
        nothing: None,
    }
}

fn written<'a, T: Serialize>(it: &T, columns: &[Field], arena: &'a Arena) -> Result<Row<'a>, String> {
    RowSerializer::new(columns, None, arena).row(it).map_err(|error| error.to_string())
}

#[test]
fn a_struct_is_a_row_of_every_type() {
    let (columns, arena) = (columns(), Arena::new());
    let row = written(&everything(), &columns, &arena).unwrap();
    let noon = 1_769_860_800;
    let inner = [Value::Int(-1), Value::String("é")];
    let expected = [
        Value::Boolean(true),
        Value::TinyInt(-128),
        Value::SmallInt(255),
        Value::Int(i32::MIN),
        Value::BigInt(u32::MAX.into()),
        Value::Float(0.1),
        Value::Double(0.1),
        Value::Decimal(Unscaled(-123_450)),
        Value::Decimal(Unscaled(17_000)),
        Value::String("a"),
        Value::String("deep_red"),
        Value::Bytes(&[0, 255]),
        Value::Date(-1),
        Value::Time(45_296_789),
        Value::Timestamp(Timestamp { seconds: noon, nanos: 1_000 }),
        Value::Timestamp(Timestamp { seconds: noon, nanos: 0 }),
        Value::Array(&[Value::BigInt(1), Value::Null]),
        Value::Map(&[(Value::String("k"), Value::Row(&inner))]),
        Value::Map(&[(Value::String("x"), Value::Int(2))]),
        Value::Row(&[Value::Int(7), Value::Null]),
        Value::Row(&[Value::Double(1.5), Value::Double(-2.5)]),
        Value::Null,
    ];
    assert_eq!(row, expected);
    let read = Everything::deserialize(RowDeserializer::whole(&columns, row)).unwrap();
    assert_eq!(read, everything());
}

#[test]
fn names_decide_and_places_where_there_are_none() {
    let columns = [field("a", LogicalType::Int), field("b", LogicalType::STRING)];
    let arena = Arena::new();
    let expected = [Value::Int(1), Value::String("x")];
    let map: BTreeMap<&str, &str> = [("b", "x")].into();
    assert_eq!(written(&map, &columns, &arena).unwrap(), [Value::Null, Value::String("x")]);
    assert_eq!(written(&Inner { a: 1, b: Some("x".into()) }, &columns, &arena).unwrap(), expected);
    assert_eq!(written(&(1, "x"), &columns, &arena).unwrap(), expected);
    let read = <(i32, String)>::deserialize(RowDeserializer::whole(&columns, &expected)).unwrap();
    assert_eq!(read, (1, "x".to_owned()));
    assert_eq!(written(&(1,), &columns, &arena).unwrap_err(), "fewer values than the 2 columns a, b");
    assert_eq!(written(&(1, "x", 2), &columns, &arena).unwrap_err(), "more values than the 2 columns a, b");
}

#[test]
fn a_key_of_one_column_is_its_value() {
    let columns = [field("v", LogicalType::STRING), field("id", LogicalType::BigInt)];
    let arena = Arena::new();
    let key = |it: &dyn Fn(RowSerializer<'_, '_>) -> Result<Vec<String>, SerdeError>| {
        it(RowSerializer::new(&columns, Some(&[1]), &arena)).map_err(|error| error.to_string())
    };
    let shown = |row: Row<'_>| row.iter().map(|it| format!("{it:?}")).collect::<Vec<_>>();
    let expected = Ok(vec!["Null".to_owned(), "BigInt(7)".to_owned()]);
    assert_eq!(key(&|to| to.row(&7u8).map(shown)), expected);
    assert_eq!(key(&|to| to.row(&(7,)).map(shown)), expected);
    assert_eq!(
        key(&|to| to.row("7").map(shown)).unwrap_err(),
        "column id: BIGINT takes no value that is text"
    );
    let row = [Value::Null, Value::BigInt(7)];
    assert_eq!(u16::deserialize(RowDeserializer::of_key(&columns, &[1], &row)).unwrap(), 7);
    let two = i64::deserialize(RowDeserializer::whole(&columns, &row)).unwrap_err();
    assert_eq!(two.to_string(), "2 columns for one value; a struct is expected");
}

#[derive(Serialize)]
enum Figure {
    Square { side: f64 },
}

/// What a column cannot hold is refused by the way to it, and nothing is cut or rounded.
#[test]
fn what_does_not_fit_is_said_with_its_place() {
    let arena = Arena::new();
    let refused = |logical: LogicalType, value: &dyn Fn(RowSerializer<'_, '_>) -> Result<(), SerdeError>| {
        let columns = [field("c", logical)];
        value(RowSerializer::new(&columns, None, &arena)).unwrap_err().to_string()
    };
    macro_rules! refused {
        ($logical:expr, $value:expr) => {
            refused($logical, &|to| to.row(&$value).map(drop))
        };
    }
    assert_eq!(
        refused!(LogicalType::TinyInt, 128),
        "column c: 128 is no TINYINT: it is too large, or would lose digits"
    );
    assert_eq!(
        refused!(LogicalType::Float, 0.1f64),
        "column c: 0.1 is no FLOAT: it is too large, or would lose digits"
    );
    assert_eq!(refused!(decimal(4, 1), "1.25"), "column c: '1.25' is no DECIMAL(4, 1)");
    assert_eq!(refused!(decimal(4, 1), "1000.0"), "column c: '1000.0' is no DECIMAL(4, 1)");
    assert_eq!(refused!(decimal(4, 1), 0.5f64), "column c: DECIMAL(4, 1) takes no value that is a float");
    assert_eq!(refused!(LogicalType::Date, "2026-02-30"), "column c: '2026-02-30' is no DATE");
    assert_eq!(
        refused!(LogicalType::TimestampLtz(3), "2026-01-31T12:00:00"),
        "column c: '2026-01-31T12:00:00' is no TIMESTAMP_LTZ(3)"
    );
    assert_eq!(refused!(LogicalType::Int, "1"), "column c: INT takes no value that is text");
    let list = LogicalType::Array(Box::new(LogicalType::Int.not_null()));
    assert_eq!(
        refused!(list, (vec![Some(1), None],)),
        "column c.[1]: INT NOT NULL takes no value that is NULL"
    );
    let row = LogicalType::Row([Field::new("x", LogicalType::Int.not_null())].into());
    let empty: BTreeMap<&str, i32> = BTreeMap::new();
    assert_eq!(refused!(row.clone(), (&empty,)), "column c.x: it is NOT NULL, and has no value");
    let wrong: BTreeMap<&str, i32> = [("y", 1)].into();
    assert_eq!(refused!(row, (&wrong,)), "column c: field y is no column; there are: x");
    assert_eq!(refused!(LogicalType::BYTES, (vec![1, 256],)), "column c: 256 is no byte");
    assert_eq!(
        refused!(LogicalType::STRING, (Figure::Square { side: 1.0 },)),
        "column c: Figure::Square has fields, and SQL has no such type; let serde tag it as a struct, or flatten it"
    );
}

/// 2¹²⁷ is a float and 2¹²⁷ - 1 is none, though to cast it there and back gives it again.
#[test]
fn integers_are_taken_as_floats_where_no_digit_is_lost() {
    let arena = Arena::new();
    let taken =
        |number: i128, logical| written(&(number,), &[field("c", logical)], &arena).ok().map(<[_]>::to_vec);
    for (number, is_float, is_double) in [
        (0, true, true),
        (1 << 24, true, true),
        ((1 << 24) + 1, false, true),
        (-(1 << 53), true, true),
        ((1 << 53) + 1, false, false),
        (((1 << 53) - 1) << 70, false, true),
        (1 << 126, true, true),
        (i64::MAX.into(), false, false),
        (u64::MAX.into(), false, false),
        (i128::MAX, false, false),
        (i128::MAX - 1, false, false),
        (i128::MIN, true, true),
        (i128::MIN + 1, false, false),
    ] {
        let float = is_float.then(|| vec![Value::Float(number as f32)]);
        assert_eq!(taken(number, LogicalType::Float), float, "{number} as FLOAT");
        let double = is_double.then(|| vec![Value::Double(number as f64)]);
        assert_eq!(taken(number, LogicalType::Double), double, "{number} as DOUBLE");
    }
}

#[test]
fn decimals_are_taken_where_no_digit_is_lost() {
    let arena = Arena::new();
    let columns = [field("c", decimal(6, 2))];
    for (text, unscaled) in [
        ("1.50", 150),
        ("1.5000", 150),
        ("-0.01", -1),
        ("1e2", 10_000),
        ("100e-2", 100),
        ("0", 0),
        ("0.000", 0),
    ] {
        assert_eq!(
            written(&(text,), &columns, &arena).unwrap(),
            [Value::Decimal(Unscaled(unscaled))],
            "{text}"
        );
    }
    for text in ["1.505", "1e-3", "", "x", "1.5.0"] {
        assert!(written(&(text,), &columns, &arena).is_err(), "{text}");
    }
    let read = |unscaled| [Value::Decimal(Unscaled(unscaled))];
    let row = read(150);
    assert_eq!(f64::deserialize(RowDeserializer::whole(&columns, &row)).unwrap(), 1.5);
    assert!(i64::deserialize(RowDeserializer::whole(&columns, &row)).is_err());
    let row = read(-700);
    assert_eq!(i8::deserialize(RowDeserializer::whole(&columns, &row)).unwrap(), -7);
}

#[test]
fn what_a_struct_does_not_take_is_said_with_its_place() {
    let inner = LogicalType::Row([field("a", LogicalType::Int), field("b", LogicalType::STRING)].into());
    let columns = [field("list", LogicalType::Array(Box::new(inner.nullable())))];
    #[derive(Debug, Deserialize)]
    struct Lists {
        #[allow(dead_code, reason = "it is not read")]
        list: Vec<Inner>,
    }
    let bad = [Value::Null, Value::Null];
    let row = [Value::Array(&[Value::Row(&bad)])];
    let error = Lists::deserialize(RowDeserializer::whole(&columns, &row)).unwrap_err().to_string();
    assert_eq!(error, "column list.[0].a: invalid type: unit value, expected i32");
}

#[test]
fn changes_are_upserts_and_deletes() {
    let columns = [field("id", LogicalType::BigInt), field("v", LogicalType::STRING)];
    let row = [Value::BigInt(1), Value::String("x")];
    let read = |kind| typed::<(i64, String), i64>(kind, &row, &columns, &[0]).unwrap();
    for kind in [RowKind::Insert, RowKind::UpdateAfter] {
        assert_eq!(read(kind), Some(TypedChange::Upsert((1, "x".to_owned()))));
    }
    assert_eq!(read(RowKind::Delete), Some(TypedChange::Delete(1)));
    assert_eq!(read(RowKind::UpdateBefore), None);
    let whole = typed::<(), (i64, String)>(RowKind::Delete, &row, &columns, &[]).unwrap();
    assert_eq!(whole, Some(TypedChange::Delete((1, "x".to_owned()))));
}
