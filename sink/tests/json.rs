//! The JSON reader against `serde_json`, against broken bytes, and what it says about them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::sync::Arc;

use serde_json::{Deserializer, Value as Json};
use upsert_kafka_sink::internals::{DecodeError, Decoder, FormatSpec, OptionSet, OptionValue};
use upsert_kafka_sink::row::{Arena, RowKind, Value};
use upsert_kafka_sink::types::{Field, LogicalType};

#[test]
fn valid_documents_are_read_as_serde_json_reads_them() {
    for (name, decoder) in text_decoders() {
        let mut random = Random(7);
        for round in 0..4_000 {
            let mut document = String::new();
            random.document(0, &mut document);
            let message = format!("{{\"skipped\":{document}, \"f\" : {document} }}");
            let expected: Json = serde_json::from_str(&document).unwrap();
            let text = text_of(&*decoder, message.as_bytes())
                .unwrap_or_else(|error| panic!("{name}, {round}: {error}\n{message}"));
            assert!(alike(&json_of(&text, &expected), &expected), "{name}, {round}: {text}\n{message}");
        }
    }
}

#[test]
fn broken_documents_are_refused_as_serde_json_refuses_them() {
    let (mut accepted, mut refused) = (0, 0);
    for (name, decoder) in text_decoders() {
        let mut random = Random(11);
        for round in 0..20_000 {
            let mut document = String::from("{\"f\":");
            random.document(0, &mut document);
            document.push('}');
            let mut message = document.into_bytes();
            random.break_one(&mut message);
            if message.is_empty() {
                continue;
            }
            let ours = text_of(&*decoder, &message);
            let first: Option<Result<Json, _>> = Deserializer::from_slice(&message).into_iter().next();
            // What Jackson takes and serde_json does not: controls, half pairs, 1e400; and Flink needs an object.
            let lax =
                message.iter().any(|&byte| byte < b' ') || message.windows(2).any(|pair| pair == b"\\u");
            match (&ours, &first) {
                (Ok(_), Some(Ok(_))) => accepted += 1,
                (Err(_), Some(Err(_)) | None) => refused += 1,
                (Ok(_), Some(Err(error))) if lax || error.to_string().contains("out of range") => {}
                (Err(_), Some(Ok(json))) if !json.is_object() => {}
                _ => panic!("{name}, {round}: {ours:?}, {first:?}: {}", String::from_utf8_lossy(&message)),
            }
        }
    }
    assert!(accepted > 2_000 && refused > 10_000, "a poor mix: {accepted} accepted, {refused} refused");
}

#[test]
fn no_bytes_make_it_panic_or_hoard() {
    let columns = all_types();
    let mut random = Random(13);
    let mut arena = Arena::new();
    for format in ["json", "debezium-json"] {
        for (missing, ignore, parser) in
            [(true, false, true), (false, true, true), (false, false, false), (false, true, false)]
        {
            let decoder = decoder(
                format,
                &columns,
                &[
                    ("fail-on-missing-field", missing),
                    ("ignore-parse-errors", ignore),
                    ("decode.json-parser.enabled", parser),
                ],
            );
            for _ in 0..6_000 {
                let mut message = random.message(&columns);
                (0..random.below(4)).for_each(|_| random.break_one(&mut message));
                arena.reset();
                let _ = decoder.decode(Some(&message), &arena, &mut |_, _| {});
            }
            for part in [
                &b"["[..],
                b"{\"a\":",
                b"{}",
                b"[{},",
                b"\"\\u0000",
                b"1,",
                b"null,",
                b"{\"m\":{\"\":1,",
                b"\0{",
                b"[[[1,",
            ] {
                let message = [b"[", &part.repeat(20_000)[..]].concat();
                let arena = Arena::new();
                let _ = decoder.decode(Some(&message), &arena, &mut |_, _| {});
                let most = 2 * 24 * columns.len() * message.len();
                assert!(arena.allocated_bytes() < most, "{} of {}", arena.allocated_bytes(), message.len());
            }
        }
    }
}

#[test]
fn nesting_has_jacksons_bound() {
    for (name, decoder) in text_decoders() {
        for (depth, fits) in [(999, true), (1_000, false), (100_000, false)] {
            let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            let message = format!("{{\"f\":{nested}}}");
            assert_eq!(text_of(&*decoder, message.as_bytes()).is_ok(), fits, "{name}, {depth}");
        }
    }
}

#[test]
fn other_encodings_are_read() {
    let text = "{\"f\":\"é😀\"}";
    let utf16: Vec<u16> = text.encode_utf16().collect();
    let messages = [
        [&[0xEF, 0xBB, 0xBF], text.as_bytes()].concat(),
        utf16.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
        utf16.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
        [0xFE, 0xFF].into_iter().chain(utf16.iter().flat_map(|unit| unit.to_be_bytes())).collect(),
        text.chars().flat_map(|char| u32::from(char).to_be_bytes()).collect(),
        text.chars().flat_map(|char| u32::from(char).to_le_bytes()).collect(),
    ];
    for (name, decoder) in text_decoders() {
        for message in &messages {
            assert_eq!(text_of(&*decoder, message).unwrap(), "é😀", "{name}, {message:?}");
        }
    }
}

#[test]
fn nested_values_in_a_string_are_written_as_jackson_does() {
    let nested = r#"{"f": {"b": [1.50, 1e2, -0, "\u00e9\/\u001f", "😀"], "a": {}, "b": null} }"#;
    for (name, decoder) in text_decoders() {
        assert_eq!(text_of(&*decoder, nested.as_bytes()).unwrap(), r#"{"b":null,"a":{}}"#, "{name}");
        let items = nested.replace(r#", "b": null"#, "");
        assert_eq!(
            text_of(&*decoder, items.as_bytes()).unwrap(),
            "{\"b\":[1.5,100.0,0,\"é/\\u001F\",\"😀\"],\"a\":{}}",
            "{name}"
        );
    }
}

#[test]
fn errors_say_what_and_where() {
    let item = LogicalType::Row([Field::new("price", LogicalType::Double.nullable())].into());
    let columns = [
        Field::new("id", LogicalType::Int.nullable()),
        Field::new("items", LogicalType::Array(Box::new(item.nullable())).nullable()),
    ];
    let says = |message: &str, options: &[(&'static str, bool)]| {
        let decoder = decoder("json", &columns, options);
        let arena = Arena::new();
        decoder.decode(Some(message.as_bytes()), &arena, &mut |_, _| {}).unwrap_err().to_string()
    };
    let strict = [("fail-on-missing-field", true)];
    let tree = [("decode.json-parser.enabled", false)];
    let wrong = r#"{"id":1,"items":[{},{"price":"cheap"}]}"#;
    assert_eq!(
        says(wrong, &[]),
        "column items[1].price of type DOUBLE: cannot read `\"cheap\"` as a value of that type (byte 29)"
    );
    assert_eq!(
        says(wrong, &tree),
        "column items[1].price of type DOUBLE: cannot read `\"cheap\"` as a value of that type"
    );
    assert_eq!(
        says(r#"{"id":1,"items":[{]}"#, &[]),
        "column items[0]: the message is not JSON: expected a name in double quotes, found `]}` (byte 18)"
    );
    assert_eq!(
        says(r#"{"id":1"#, &[]),
        "the message is not JSON: expected `,` or `}`, but the text ends there (a message is one whole value: one \
         that is spread over several lines must not be sent line by line) (byte 7)"
    );
    assert_eq!(says("3", &[]), "the message is neither a JSON object nor an array of objects");
    assert_eq!(
        says(r#"{"items":null}"#, &strict),
        "field id or items is missing, and 'fail-on-missing-field' is set"
    );
    let long = format!(r#"{{"id":"{}"}}"#, "x".repeat(100_000));
    assert!(says(&long, &[]).len() < 200);

    let decoder = decoder("debezium-json", &columns, &[]);
    let error =
        decoder.decode(Some(br#"{"after":{"id":"x"},"op":"c"}"#), &Arena::new(), &mut |_, _| {}).unwrap_err();
    assert_eq!((error.path(), error.offset()), ("after.id", None));
}

#[test]
fn debeziums_bytes_where_a_number_should_be_are_known() {
    let columns = [Field::new("n", LogicalType::Decimal { precision: 10, scale: 2 }.nullable())];
    let says = |value: &str| {
        let decoder = decoder("debezium-json", &columns, &[]);
        let message = format!(r#"{{"before":null,"after":{{"n":{value}}},"op":"c"}}"#);
        decoder.decode(Some(message.as_bytes()), &Arena::new(), &mut |_, _| {}).unwrap_err().to_string()
    };
    for value in [r#""AQ==""#, r#""E4gA""#, r#"{"scale":2,"value":"AQ=="}"#] {
        let said = says(value);
        assert!(
            said.ends_with(
                "unless its connector has 'decimal.handling.mode' = 'string', which is exact, or 'double'"
            ),
            "{said}"
        );
    }
    assert!(!says(r#""a b""#).contains("decimal.handling.mode"));
}

#[test]
fn an_error_does_not_grow_with_its_message() {
    let map =
        LogicalType::Map(Box::new(LogicalType::STRING.nullable()), Box::new(LogicalType::Int.nullable()));
    let decoder = decoder("json", &[Field::new("m", map.nullable())], &[]);
    let message = format!(r#"{{"m":{{"{}":"x"}}}}"#, "k".repeat(1_000_000));
    let error = decoder.decode(Some(message.as_bytes()), &Arena::new(), &mut |_, _| {}).unwrap_err();
    assert!(error.to_string().len() < 300);
}

#[test]
fn a_row_that_cannot_be_written_leaves_nothing_behind() {
    let map =
        LogicalType::Map(Box::new(LogicalType::STRING.nullable()), Box::new(LogicalType::Int.nullable()));
    let row = LogicalType::Row([Field::new("m", map.nullable())].into());
    let columns = [Field::new("id", LogicalType::Int.nullable()), Field::new("r", row.nullable())];
    let says = |row: &[Value<'_>]| {
        let encoder = FormatSpec::named("json").unwrap().encoding.unwrap();
        let mut out = b"before".to_vec();
        let encoder = encoder(&OptionSet::default(), &columns, &[0, 1]).unwrap().open_at_once().unwrap();
        let error = encoder.encode(RowKind::Insert, row, &mut out).unwrap_err();
        assert_eq!(out, b"before");
        error.to_string()
    };
    let entries = [(Value::String("a"), Value::Int(1)), (Value::Null, Value::Int(2))];
    assert_eq!(
        says(&[Value::Int(1), Value::Row(&[Value::Map(&entries)])]),
        "column r.m: a key of the map is NULL; the option 'map-null-key.mode' may be 'DROP' to leave it out, or 'LITERAL'"
    );
    assert_eq!(says(&[Value::String("1"), Value::Null]), "column id: the value is not of the column's type");
}

#[test]
fn what_a_format_cannot_hold_or_do_is_refused_when_it_is_made() {
    let map = LogicalType::Map(Box::new(LogicalType::Int.nullable()), Box::new(LogicalType::Int.nullable()));
    let row = LogicalType::Row([Field::new("m", map.nullable())].into());
    let columns = [Field::new("x", LogicalType::Array(Box::new(row.nullable())).nullable())];
    let json = FormatSpec::named("json").unwrap();
    let plain = OptionSet::default();
    let refused = "column x.m: json cannot hold MAP<INT, INT>: the names of an object are strings";
    assert_eq!(json.decoding.unwrap()(&plain, &columns, &[]).err().unwrap().to_string(), refused);
    assert_eq!(json.encoding.unwrap()(&plain, &columns, &[0]).err().unwrap().to_string(), refused);

    let mut both = OptionSet::default();
    both.insert("fail-on-missing-field", OptionValue::Bool(true));
    both.insert("ignore-parse-errors", OptionValue::Bool(true));
    both.insert("map-null-key.mode", OptionValue::String("KEEP".into()));
    let refused = "'fail-on-missing-field' and 'ignore-parse-errors' cannot both be true";
    assert_eq!(json.decoding.unwrap()(&both, &[], &[]).err().unwrap().to_string(), refused);
    let refused = "'map-null-key.mode' is 'KEEP', not FAIL, DROP or LITERAL";
    assert_eq!(json.encoding.unwrap()(&both, &[], &[]).err().unwrap().to_string(), refused);
}

/// The parser and the tree, of one STRING column.
fn text_decoders() -> [(&'static str, Arc<dyn Decoder>); 2] {
    let columns = [Field::new("f", LogicalType::STRING.nullable())];
    [("parser", true), ("tree", false)]
        .map(|(name, parser)| (name, decoder("json", &columns, &[("decode.json-parser.enabled", parser)])))
}

fn decoder(format: &str, columns: &[Field], options: &[(&'static str, bool)]) -> Arc<dyn Decoder> {
    let mut set = OptionSet::default();
    options.iter().for_each(|&(key, value)| set.insert(key, OptionValue::Bool(value)));
    let described = FormatSpec::named(format).unwrap().decoding.unwrap()(&set, columns, &[]).unwrap();
    described.open_at_once().unwrap()
}

fn text_of(decoder: &dyn Decoder, message: &[u8]) -> Result<String, DecodeError> {
    let (arena, mut text) = (Arena::new(), String::new());
    decoder.decode(Some(message), &arena, &mut |_, row| {
        if let Some([Value::String(value)]) = row {
            text = (*value).to_owned();
        }
    })?;
    Ok(text)
}

/// A string stands bare in a STRING column, a number and a word as they are.
fn json_of(text: &str, expected: &Json) -> Json {
    match expected {
        Json::String(_) => Json::String(text.to_owned()),
        Json::Null => Json::Null,
        _ => serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}")),
    }
}

/// `serde_json` may miss a double's last digit.
fn alike(ours: &Json, theirs: &Json) -> bool {
    match (ours, theirs) {
        (Json::Number(ours), Json::Number(theirs)) => {
            let (ours, theirs) = (ours.as_f64().unwrap(), theirs.as_f64().unwrap());
            (ours - theirs).abs() <= theirs.abs() * 1e-15
        }
        (Json::Array(ours), Json::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| alike(ours, theirs))
        }
        (Json::Object(ours), Json::Object(theirs)) => {
            ours.len() == theirs.len()
                && ours.iter().zip(theirs).all(|(ours, theirs)| ours.0 == theirs.0 && alike(ours.1, theirs.1))
        }
        _ => ours == theirs,
    }
}

fn all_types() -> Vec<Field> {
    let row = LogicalType::Row(
        [Field::new("x", LogicalType::Int.nullable()), Field::new("a", LogicalType::BYTES.nullable())].into(),
    );
    let types = [
        LogicalType::Boolean,
        LogicalType::TinyInt,
        LogicalType::BigInt,
        LogicalType::Float,
        LogicalType::Double,
        LogicalType::Decimal { precision: 38, scale: 18 },
        LogicalType::STRING,
        LogicalType::BYTES,
        LogicalType::Date,
        LogicalType::Time(0),
        LogicalType::Timestamp(3),
        LogicalType::TimestampLtz(3),
        LogicalType::Array(Box::new(LogicalType::Array(Box::new(row.clone().nullable())).nullable())),
        LogicalType::Map(Box::new(LogicalType::STRING.not_null()), Box::new(LogicalType::Int.nullable())),
        row,
    ];
    let name = |at: usize| char::from(b"abcdefghijklmno"[at]).to_string();
    types.into_iter().enumerate().map(|(at, logical)| Field::new(name(at), logical.nullable())).collect()
}

/// Splitmix: the same documents in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn document(&mut self, depth: usize, out: &mut String) {
        let blank = self.pick(&["", "", " ", "\n\t", "\r "]);
        out.push_str(blank);
        match self.below(if depth < 5 { 9 } else { 6 }) {
            0 => out.push_str(self.pick(&["true", "false", "null"])),
            1 | 2 => self.number(out),
            3..=5 => self.string(out),
            6 => self.members('[', ']', depth, out),
            _ => self.members('{', '}', depth, out),
        }
        out.push_str(blank);
    }

    fn members(&mut self, open: char, close: char, depth: usize, out: &mut String) {
        out.push(open);
        let few = self.below(4);
        let count = if self.below(20) == 0 { 30 } else { few };
        for at in 0..count {
            out.push_str(if at == 0 { "" } else { "," });
            if open == '{' {
                self.string(out);
                out.push(':');
            }
            self.document(depth + 1, out);
        }
        out.push(close);
    }

    fn number(&mut self, out: &mut String) {
        let sign = self.pick(&["", "-"]);
        let whole = self.next() >> self.below(64);
        let fraction = self.next() >> self.below(64);
        let exponent = self.below(40);
        out.push_str(&match self.below(4) {
            0 => format!("{sign}{}", whole >> 1),
            1 => format!("{sign}{whole}.{fraction}"),
            2 => format!("{sign}{whole}e{exponent}"),
            _ => format!("{sign}0.{fraction}E-{exponent}"),
        });
    }

    fn string(&mut self, out: &mut String) {
        out.push('"');
        for _ in 0..self.below(12) {
            out.push_str(self.pick(&[
                "a",
                "b",
                "0",
                " ",
                "é",
                "語",
                "😀",
                "\u{7f}",
                "\\n",
                "\\\"",
                "\\\\",
                "\\/",
                "\\u00e9",
                "\\uD83D\\uDE00",
                "\\u001F",
                "[",
                "{",
                ":",
            ]));
        }
        out.push('"');
    }

    /// Mostly fields that the columns have, with values of any kind.
    fn message(&mut self, columns: &[Field]) -> Vec<u8> {
        let mut out = String::from(self.pick(&["{", "[{", "{\"op\":\"u\",\"before\":{\"a\":1},\"after\":{"]));
        for at in 0..self.below(12) {
            out.push_str(if at == 0 { "" } else { "," });
            let name = &columns[self.below(columns.len())].name;
            out.push_str(&format!("\"{name}\":"));
            match self.below(3) {
                0 => out.push_str(self.pick(&[
                    "\"2021-03-25\"",
                    "\"2021-02-30 24:00:00\"",
                    "\"12:00:00.5\"",
                    "\"AQI=\"",
                    "[[{\"x\":1}]]",
                    "{\"x\":2}",
                    "\"0x1p3\"",
                    "1e400",
                    "-0",
                ])),
                _ => self.document(3, &mut out),
            }
        }
        out.push_str(self.pick(&["}", "}]", "}}", ""]));
        out.into_bytes()
    }

    /// One byte gone, changed, doubled, or the rest cut off.
    fn break_one(&mut self, message: &mut Vec<u8>) {
        if message.is_empty() {
            return;
        }
        let at = self.below(message.len());
        match self.below(5) {
            0 => drop(message.remove(at)),
            1 => message[at] = self.next().to_le_bytes()[0],
            2 => message[at] = b"{}[]\",:\\0-+.eEtfnu'/"[self.below(20)],
            3 => message.insert(at, message[at]),
            _ => message.truncate(at),
        }
    }
}
