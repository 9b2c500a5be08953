//! Rows through Arrow and back, type by type, and Flink's own bytes through it.

use std::io::Read as _;
use std::sync::Arc;

use arrow_array::builder::{Int32Builder, ListBuilder, MapBuilder, StringBuilder};
use arrow_array::types::{Int8Type, Int32Type};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, BooleanArray, Date32Array, Decimal64Array,
    Decimal128Array, DictionaryArray, FixedSizeBinaryArray, FixedSizeListArray, Float32Array, Int8Array,
    Int32Array, Int64Array, LargeBinaryArray, LargeListArray, LargeStringArray, ListArray, NullArray,
    RecordBatch, StringArray, StringViewArray, StructArray, Time32SecondArray, Time64NanosecondArray,
    TimestampMillisecondArray, TimestampNanosecondArray, UInt8Array, UInt64Array,
};
use arrow_schema::{DataType as ArrowType, Schema};

use super::batch_builder::BatchBuilder;
use super::batch_mapping::Mapping;
use super::schema::{per_second, schema, unit};
use crate::format::{DecodingFormat, EncodingFormat, FormatSpec};
use crate::kafka_table::KafkaTable;
use crate::option::OptionSet;
use crate::row::{Arena, Row, RowKind, Timestamp, Unscaled, Value};
use crate::types::{Field, LogicalType};

fn field(name: &str, logical: LogicalType) -> Field {
    Field::new(name, logical.nullable())
}

/// Rows as a source gives them, in a batch.
fn batch(columns: &[Field], rows: &[(RowKind, Row<'_>)]) -> Result<RecordBatch, String> {
    let schema = schema(columns, "_row_kind")?;
    let mut builder = BatchBuilder::new(&schema, columns);
    rows.iter().try_for_each(|(kind, row)| builder.append(*kind, row))?;
    builder.finish()
}

/// What a sink reads of a batch, as text: a row's values borrow from its arena.
fn read(columns: &[Field], key: &[usize], batch: &RecordBatch) -> Result<Vec<String>, String> {
    let mapping = Mapping::new(batch.schema_ref(), columns, key, "_row_kind")?;
    let rows = mapping.rows(batch, columns)?;
    let arena = Arena::new();
    (0..batch.num_rows()).map(|at| rows.row(at, &arena).map(|(kind, row)| shown(kind, row))).collect()
}

fn shown(kind: RowKind, row: Row<'_>) -> String {
    format!("{kind} {row:?}")
}

fn one(name: &str, array: impl Array + 'static) -> RecordBatch {
    RecordBatch::try_from_iter([(name, Arc::new(array) as ArrayRef)]).unwrap()
}

/// A column of every type that a table can have.
fn every_type() -> Vec<Field> {
    let array = |item: LogicalType| LogicalType::Array(Box::new(item.nullable()));
    let ltz = LogicalType::TimestampLtz(9);
    let nested = LogicalType::Row([field("x", LogicalType::Int), field("t", ltz)].into());
    let map = LogicalType::Map(
        Box::new(LogicalType::STRING.not_null()),
        Box::new(array(nested.clone()).nullable()),
    );
    vec![
        field("boolean", LogicalType::Boolean),
        field("tiny", LogicalType::TinyInt),
        field("small", LogicalType::SmallInt),
        field("int", LogicalType::Int),
        field("big", LogicalType::BigInt),
        field("float", LogicalType::Float),
        field("double", LogicalType::Double),
        field("decimal", LogicalType::Decimal { precision: 38, scale: 10 }),
        field("char", LogicalType::Char(3)),
        field("string", LogicalType::STRING),
        field("binary", LogicalType::Binary(2)),
        field("bytes", LogicalType::BYTES),
        field("date", LogicalType::Date),
        field("time", LogicalType::Time(0)),
        field("seconds", LogicalType::Timestamp(0)),
        field("millis", LogicalType::Timestamp(3)),
        field("micros", LogicalType::TimestampLtz(6)),
        field("nanos", LogicalType::Timestamp(9)),
        field("array", array(array(LogicalType::Int))),
        field("map", map),
        field("multiset", LogicalType::Multiset(Box::new(LogicalType::STRING.not_null()))),
        field("row", nested),
    ]
}

#[test]
fn every_type_goes_to_arrow_and_back() {
    let columns = every_type();
    let at = |nanos| Value::Timestamp(Timestamp { seconds: -2, nanos });
    let ints = [Value::Int(1), Value::Null];
    let lists = [Value::Array(&ints), Value::Null, Value::Array(&[])];
    let rows = [Value::Row(&[Value::Int(7), Value::Null]), Value::Null];
    let entries = [(Value::String("k"), Value::Array(&rows)), (Value::String(""), Value::Null)];
    let inner = [Value::Null, at(999_999_999)];
    let full = [
        Value::Boolean(true),
        Value::TinyInt(i8::MIN),
        Value::SmallInt(i16::MAX),
        Value::Int(i32::MIN),
        Value::BigInt(i64::MAX),
        Value::Float(-0.5),
        Value::Double(f64::MIN_POSITIVE),
        Value::Decimal(Unscaled(-(10i128.pow(38) - 1))),
        Value::String("a  "),
        Value::String("é😀"),
        Value::Bytes(&[0, 255]),
        Value::Bytes(&[]),
        Value::Date(-719_528),
        Value::Time(86_399_999),
        at(0),
        at(999_000_000),
        at(999_999_000),
        at(999_999_999),
        Value::Array(&lists),
        Value::Map(&entries),
        Value::Map(&[(Value::String("x"), Value::Int(3))]),
        Value::Row(&inner),
    ];
    let empty = [Value::Null; 22];
    let rows: [(RowKind, Row<'_>); 4] = [
        (RowKind::Insert, &full),
        (RowKind::UpdateBefore, &empty),
        (RowKind::UpdateAfter, &full),
        (RowKind::Delete, &empty),
    ];
    let batch = batch(&columns, &rows).unwrap();
    let expected: Vec<String> = rows.iter().map(|(kind, row)| shown(*kind, row)).collect();
    assert_eq!(read(&columns, &[], &batch).unwrap(), expected);
    // A part of a batch has arrays that begin elsewhere.
    assert_eq!(read(&columns, &[], &batch.slice(2, 2)).unwrap(), expected[2..]);
    let types: Vec<String> = batch.schema().fields().iter().map(|it| it.data_type().to_string()).collect();
    assert_eq!(types[7], "Decimal128(38, 10)");
    assert_eq!(
        types[13..18],
        ["Time32(ms)", "Timestamp(s)", "Timestamp(ms)", "Timestamp(µs, \"UTC\")", "Timestamp(ns)"]
    );
    assert_eq!(types[22], "Utf8");
}

/// What other engines have for the same values.
#[test]
fn a_sink_takes_what_holds_the_same() {
    let taken = |logical: LogicalType, array: ArrayRef| {
        let batch = RecordBatch::try_from_iter([("c", array)]).unwrap();
        read(&[field("c", logical)], &[], &batch).map(|rows| rows.join("; "))
    };
    let text = Ok(r#"+U [String("a")]; +U [Null]"#.to_owned());
    let texts = vec![Some("a"), None];
    assert_eq!(taken(LogicalType::STRING, Arc::new(StringArray::from(texts.clone()))), text);
    assert_eq!(taken(LogicalType::STRING, Arc::new(LargeStringArray::from(texts.clone()))), text);
    assert_eq!(taken(LogicalType::STRING, Arc::new(StringViewArray::from(texts.clone()))), text);
    let dictionary: DictionaryArray<Int8Type> = texts.into_iter().collect();
    assert_eq!(taken(LogicalType::STRING, Arc::new(dictionary)), text);
    // A dictionary may have its null among the values, too.
    let keys = Int32Array::from(vec![Some(1), Some(0)]);
    let values = StringArray::from(vec![None, Some("a")]);
    let dictionary = DictionaryArray::<Int32Type>::new(keys, Arc::new(values));
    assert_eq!(taken(LogicalType::STRING, Arc::new(dictionary)), text);
    let empty =
        DictionaryArray::<Int32Type>::new(Int32Array::from(vec![None]), Arc::new(StringArray::new_null(0)));
    assert_eq!(taken(LogicalType::STRING, Arc::new(empty)), Ok("+U [Null]".to_owned()));
    assert_eq!(taken(LogicalType::Date, Arc::new(NullArray::new(1))), Ok("+U [Null]".to_owned()));

    let bytes = Ok("+U [Bytes([1, 2])]".to_owned());
    assert_eq!(taken(LogicalType::BYTES, Arc::new(BinaryArray::from(vec![&[1, 2][..]]))), bytes);
    assert_eq!(taken(LogicalType::BYTES, Arc::new(LargeBinaryArray::from(vec![&[1, 2][..]]))), bytes);
    assert_eq!(taken(LogicalType::BYTES, Arc::new(BinaryViewArray::from(vec![&[1, 2][..]]))), bytes);
    let fixed = FixedSizeBinaryArray::try_from_iter([[1, 2]].into_iter()).unwrap();
    assert_eq!(taken(LogicalType::Binary(2), Arc::new(fixed)), bytes);

    let int = Ok("+U [Int(200)]".to_owned());
    assert_eq!(taken(LogicalType::Int, Arc::new(UInt8Array::from(vec![200]))), int);
    assert_eq!(taken(LogicalType::Int, Arc::new(Int64Array::from(vec![200]))), int);
    let wide = taken(LogicalType::BigInt, Arc::new(UInt64Array::from(vec![u64::MAX])));
    assert_eq!(wide, Err("column c: 18446744073709551615 is too large for BIGINT".to_owned()));
    assert_eq!(
        taken(LogicalType::Double, Arc::new(Float32Array::from(vec![0.5]))),
        Ok("+U [Double(0.5)]".to_owned())
    );
    let decimal = LogicalType::Decimal { precision: 4, scale: 2 };
    let narrow = Decimal64Array::from(vec![-150]).with_precision_and_scale(18, 2).unwrap();
    assert_eq!(taken(decimal.clone(), Arc::new(narrow)), Ok("+U [Decimal(Unscaled(-150))]".to_owned()));
    let wide = Decimal128Array::from(vec![10_000]).with_precision_and_scale(38, 2).unwrap();
    assert_eq!(
        taken(decimal.clone(), Arc::new(wide)),
        Err("column c: 10000, without its point, is too large for DECIMAL(4, 2)".to_owned())
    );
    let other = Decimal128Array::from(vec![1]).with_precision_and_scale(4, 1).unwrap();
    assert_eq!(
        taken(decimal, Arc::new(other)),
        Err("column c: it is DECIMAL(4, 2), the batch has Decimal128(4, 1); Decimal128(4, 2) is expected"
            .to_owned())
    );
}

#[test]
fn times_have_any_unit_and_lose_nothing() {
    let taken = |logical: LogicalType, array: ArrayRef| {
        let batch = RecordBatch::try_from_iter([("c", array)]).unwrap();
        read(&[field("c", logical)], &[], &batch).map(|rows| rows.join("; "))
    };
    assert_eq!(
        taken(LogicalType::Time(0), Arc::new(Time32SecondArray::from(vec![1]))),
        Ok("+U [Time(1000)]".to_owned())
    );
    let nanos = |count| taken(LogicalType::Time(3), Arc::new(Time64NanosecondArray::from(vec![count])));
    assert_eq!(nanos(1_000_000), Ok("+U [Time(1)]".to_owned()));
    assert_eq!(
        nanos(1_000_001),
        Err("column c: 1000001 of 1000000000 in a second is no time of a day to the millisecond".to_owned())
    );
    assert!(nanos(86_400_000_000_000).is_err() && nanos(-1_000_000).is_err());
    let wall = TimestampNanosecondArray::from(vec![-1]);
    let moment = Ok("+U [Timestamp(Timestamp { seconds: -1, nanos: 999999999 })]".to_owned());
    assert_eq!(taken(LogicalType::Timestamp(3), Arc::new(wall.clone())), moment);
    assert_eq!(taken(LogicalType::TimestampLtz(3), Arc::new(wall.clone().with_timezone("+02:00"))), moment);
    let refused = taken(LogicalType::TimestampLtz(3), Arc::new(wall));
    assert_eq!(
        refused,
        Err("column c: it is TIMESTAMP_LTZ(3), the batch has Timestamp(ns); Timestamp(ms, \"UTC\") is expected".to_owned())
    );
    assert!(
        taken(
            LogicalType::Timestamp(3),
            Arc::new(TimestampMillisecondArray::from(vec![0]).with_timezone("UTC"))
        )
        .is_err()
    );
}

#[test]
fn lists_maps_and_structs_are_read_by_place_and_name() {
    let taken = |logical: LogicalType, array: ArrayRef| {
        let batch = RecordBatch::try_from_iter([("c", array)]).unwrap();
        read(&[field("c", logical)], &[], &batch).map(|rows| rows.join("; "))
    };
    let list = LogicalType::Array(Box::new(LogicalType::Int.nullable()));
    let items = || vec![Some(vec![Some(1), None]), None, Some(vec![Some(2), Some(3)])];
    let expected = Ok("+U [Array([Int(1), Null])]; +U [Null]; +U [Array([Int(2), Int(3)])]".to_owned());
    let array = ListArray::from_iter_primitive::<Int32Type, _, _>(items());
    assert_eq!(taken(list.clone(), Arc::new(array)), expected);
    let array = LargeListArray::from_iter_primitive::<Int32Type, _, _>(items());
    assert_eq!(taken(list.clone(), Arc::new(array)), expected);
    let array = FixedSizeListArray::from_iter_primitive::<Int32Type, _, _>(items(), 2);
    assert_eq!(taken(list.clone(), Arc::new(array.clone())), expected);
    assert_eq!(taken(list, Arc::new(array.slice(2, 1))), Ok("+U [Array([Int(2), Int(3)])]".to_owned()));
    let mut lists = ListBuilder::new(Int32Builder::new());
    lists.append_value([Some(1), None]);
    let strict = LogicalType::Array(Box::new(LogicalType::Int.not_null()));
    assert_eq!(
        taken(strict, Arc::new(lists.finish())),
        Err("column c: NULL within it, where INT NOT NULL is expected".to_owned())
    );
    let mut map = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    map.keys().append_value("k");
    map.values().append_value(5);
    map.append(true).unwrap();
    map.append(false).unwrap();
    let map = map.finish();
    let of =
        LogicalType::Map(Box::new(LogicalType::STRING.not_null()), Box::new(LogicalType::BigInt.nullable()));
    assert_eq!(
        taken(of, Arc::new(map.clone())),
        Ok(r#"+U [Map([(String("k"), BigInt(5))])]; +U [Null]"#.to_owned())
    );
    let bag = LogicalType::Multiset(Box::new(LogicalType::STRING.not_null()));
    assert_eq!(taken(bag, Arc::new(map.slice(0, 1))), Ok(r#"+U [Map([(String("k"), Int(5))])]"#.to_owned()));

    let columns: [(&str, ArrayRef); 2] =
        [("b", Arc::new(StringArray::from(vec!["x"]))), ("a", Arc::new(Int32Array::from(vec![1])))];
    let array = StructArray::try_from(columns.to_vec()).unwrap();
    let row = |fields: &[Field]| LogicalType::Row(fields.into());
    let (a, b) = (field("a", LogicalType::Int), field("b", LogicalType::STRING));
    let more = field("more", LogicalType::Int);
    assert_eq!(
        taken(row(&[a.clone(), b.clone(), more]), Arc::new(array.clone())),
        Ok(r#"+U [Row([Int(1), String("x"), Null])]"#.to_owned())
    );
    assert_eq!(
        taken(row(&[a]), Arc::new(array)),
        Err("column c: the batch has a field b, the column has none".to_owned())
    );
}

#[test]
fn row_kinds_are_flinks_signs_or_numbers() {
    let columns = [field("id", LogicalType::Int)];
    let with = |kinds: ArrayRef| {
        let ids: ArrayRef = Arc::new(Int32Array::from_iter_values(0..kinds.len() as i32));
        let batch = RecordBatch::try_from_iter([("_row_kind", kinds), ("id", ids)]).unwrap();
        read(&columns, &[0], &batch)
    };
    let all = ["+I [Int(0)]", "-U [Int(1)]", "+U [Int(2)]", "-D [Int(3)]"];
    assert_eq!(with(Arc::new(StringArray::from(vec!["+I", "-U", "+U", "-D"]))).unwrap(), all);
    let dictionary: DictionaryArray<Int8Type> = ["+I", "-U", "+U", "-D"].into_iter().collect();
    assert_eq!(with(Arc::new(dictionary)).unwrap(), all);
    assert_eq!(with(Arc::new(Int8Array::from(vec![0, 1, 2, 3]))).unwrap(), all);
    assert_eq!(
        with(Arc::new(StringArray::from(vec!["INSERT"]))).unwrap_err(),
        r#"String("INSERT") is no row kind; there are: +I, -U, +U, -D, or 0 to 3"#
    );
    assert!(with(Arc::new(Int8Array::from(vec![None]))).unwrap_err().starts_with("Null is no row kind"));
    assert!(with(Arc::new(BooleanArray::from(vec![true]))).unwrap_err().starts_with("column _row_kind: "));
}

#[test]
fn a_schema_is_held_to_the_table() {
    let columns = [
        Field::new("id", LogicalType::Int.not_null()),
        field("day", LogicalType::Date),
        Field::new("v", LogicalType::Int.not_null()),
    ];
    let refused = |batch: RecordBatch| read(&columns, &[0], &batch).unwrap_err();
    let ints = || Arc::new(Int32Array::from(vec![1])) as ArrayRef;
    let other = RecordBatch::try_from_iter([("id", ints()), ("x", ints())]).unwrap();
    assert_eq!(
        refused(other),
        "the batch has a column x, the table has none; there are: id, day, v, and _row_kind"
    );
    assert_eq!(refused(one("v", Int32Array::from(vec![1]))), "column id is NOT NULL, the batch has none");
    assert_eq!(
        refused(one("day", StringArray::from(vec!["x"]))),
        "column day: it is DATE, the batch has Utf8; Date32 is expected"
    );
    let enough = RecordBatch::try_from_iter([("v", ints()), ("id", ints())]).unwrap();
    assert_eq!(read(&columns, &[0], &enough).unwrap(), ["+U [Int(1), Null, Int(1)]"]);
    let days = RecordBatch::try_from_iter([
        ("id", ints()),
        ("v", ints()),
        ("day", Arc::new(Date32Array::from(vec![9])) as ArrayRef),
    ]);
    assert_eq!(read(&columns, &[0], &days.unwrap()).unwrap(), ["+U [Int(1), Date(9), Int(1)]"]);
    let twice = Schema::new(vec![
        arrow_schema::Field::new("id", ArrowType::Int32, true),
        arrow_schema::Field::new("id", ArrowType::Int32, true),
    ]);
    let twice = RecordBatch::try_new(Arc::new(twice), vec![ints(), ints()]).unwrap();
    assert_eq!(refused(twice), "the batch has two columns id");
    let taken = schema(&[field("_row_kind", LogicalType::Int)], "_row_kind").unwrap_err();
    assert_eq!(taken, "it has a column _row_kind, so row kinds need another name");
}

/// A row that Arrow cannot hold is not half in: those before and behind it are a batch.
#[test]
fn a_value_that_arrow_does_not_have_leaves_the_batch_as_it_was() {
    let map =
        LogicalType::Map(Box::new(LogicalType::STRING.nullable()), Box::new(LogicalType::Int.nullable()));
    let columns = [field("n", LogicalType::Int), field("t", LogicalType::Timestamp(9)), field("m", map)];
    let arrow = schema(&columns, "_row_kind").unwrap();
    let mut builder = BatchBuilder::new(&arrow, &columns);
    let at = |seconds| Value::Timestamp(Timestamp { seconds, nanos: 0 });
    let good = [Value::Int(1), at(9_223_372_036), Value::Null];
    builder.append(RowKind::Insert, &good).unwrap();
    let late = builder.append(RowKind::Insert, &[Value::Int(2), at(9_223_372_037), Value::Null]).unwrap_err();
    assert_eq!(late, "column t: second 9223372037 of 1970 is too far away for Timestamp(ns)");
    let keyless = [(Value::Null, Value::Int(1))];
    let keyless =
        builder.append(RowKind::Insert, &[Value::Int(3), Value::Null, Value::Map(&keyless)]).unwrap_err();
    assert_eq!(keyless, "column m: a map's key is NULL, which Arrow's maps do not have");
    builder.append(RowKind::Delete, &good).unwrap();
    let rows = read(&columns, &[], &builder.finish().unwrap()).unwrap();
    assert_eq!(rows, [shown(RowKind::Insert, &good), shown(RowKind::Delete, &good)]);
}

/// The bytes that Flink wrote of each value of `golden/flink/formats/json`, read, taken through Arrow, and written again.
#[test]
fn flinks_bytes_come_back_through_arrow() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/flink/formats/json.jsonl.gz");
    let mut text = String::new();
    let file = std::fs::File::open(file).unwrap();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let (mut passed, mut cut) = (0, 0);
    for line in text.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let Some(golden) = line["output"]["utf8"].as_str() else { continue };
        let is_plain = line["options"].as_object().is_some_and(serde_json::Map::is_empty);
        if line["dir"] != "encode" || !is_plain {
            continue;
        }
        let ddl = format!(
            "CREATE TABLE t ({}) WITH ('connector' = 'kafka', 'topic' = 't', 'format' = 'json',
               'properties.bootstrap.servers' = 'k:1', 'scan.startup.mode' = 'earliest-offset')",
            line["schema"].as_str().unwrap()
        );
        let Ok(plan) = KafkaTable::from_ddl(&*ddl).and_then(|table| table.source_plan()) else { continue };
        let (columns, id) = (plan.columns, line["id"].as_str().unwrap());
        let (decoder, encoder) = json(&columns);
        let (decoder, encoder) = (decoder.open_at_once().unwrap(), encoder.open_at_once().unwrap());
        let (arena, mut rows) = (Arena::new(), Vec::new());
        decoder
            .decode(Some(golden.as_bytes()), &arena, &mut |kind, row| rows.push((kind, row.unwrap())))
            .unwrap();
        let written = |kind, row: Row<'_>| {
            let mut out = Vec::new();
            let _ = encoder.encode(kind, row, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        let (kind, row) = rows[0];
        // What JSON alone loses on the way is no matter of Arrow; and Flink writes more digits of a timestamp than its
        // column has, if they are there.
        if written(kind, row) != golden || row.iter().zip(&*columns).any(has_digits_more) {
            cut += 1;
            continue;
        }
        let batch = match batch(&columns, &rows) {
            Ok(batch) => batch,
            // The year 1 in nanoseconds.
            Err(error) if error.contains("too far away for Timestamp(ns") => {
                cut += 1;
                continue;
            }
            Err(error) => panic!("{id}: {error}"),
        };
        let mapping = Mapping::new(batch.schema_ref(), &columns, &[], "_row_kind").unwrap();
        let back = mapping.rows(&batch, &columns).unwrap();
        let (kind, row) = back.row(0, &arena).unwrap();
        assert_eq!(written(kind, row), golden, "{id}");
        passed += 1;
    }
    assert!(passed > 250 && cut < passed, "{passed} passed, {cut} left out");
}

fn has_digits_more((value, column): (&Value<'_>, &Field)) -> bool {
    match (value, &column.data_type.logical) {
        (Value::Timestamp(at), LogicalType::Timestamp(p) | LogicalType::TimestampLtz(p)) => {
            i64::from(at.nanos) % (1_000_000_000 / per_second(unit(*p))) != 0
        }
        _ => false,
    }
}

fn json(columns: &[Field]) -> (Box<dyn DecodingFormat>, Box<dyn EncodingFormat>) {
    let format = FormatSpec::named("json").unwrap();
    let options = OptionSet::default();
    let slots: Vec<usize> = (0..columns.len()).collect();
    let decoding = (format.decoding.unwrap())(&options, columns, &[]).unwrap();
    (decoding, (format.encoding.unwrap())(&options, columns, &slots).unwrap())
}
