//! A row on its way through a task takes no memory from the allocator, once buffers have grown. Alone in its binary, and
//! one test: the allocator counts whatever any thread takes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use upsert_kafka_sink::internals::{Codecs, Fed, Message, Transform};
use upsert_kafka_sink::plan::{PlanOptions, plan};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const ROWS: usize = 500;

/// The seed's shapes (strings, and doubles in quotes), with casts; a moment, a DECIMAL and JSON in JSON.
const SOURCE: &str =
    "id STRING, amount DOUBLE, note STRING, n INT, price DECIMAL(10, 2), paid TIMESTAMP(3), doc STRING";

/// What is selected, as which type.
const EXPRESSIONS: &[(&str, &str)] = &[
    ("VARCHAR(9)", "note"),
    ("BIGINT", "n"),
    ("STRING", "CASE WHEN amount > 10 AND note <> 'none' THEN 'a' WHEN n IS NULL THEN 'b' ELSE note END"),
    ("BOOLEAN", "n BETWEEN 1 AND 100 OR NOT price >= 7 OR note IN ('a', 'b', 'c', 'd')"),
    (
        "STRING",
        "CAST(amount AS STRING) || CAST(n AS STRING) || CAST(price AS STRING) || CAST(paid AS STRING)",
    ),
    ("STRING", "CONCAT(SUBSTRING(note, 2, 5), '-', UPPER(id))"),
    ("DECIMAL(13, 4)", "CAST(price * 1.07 AS DECIMAL(13, 4))"),
    ("DOUBLE", "ROUND(amount * 1.07, 1)"),
    ("STRING", "DATE_FORMAT(paid, 'yyyy-MM-dd HH:mm')"),
    ("TIMESTAMP(3)", "TO_TIMESTAMP('2021-03-25 12:00:' || LPAD(CAST(MOD(n, 60) AS STRING), 2, '0'))"),
    ("BOOLEAN", "note LIKE '%quoted%' AND note NOT LIKE 'b_%'"),
    ("BOOLEAN", "note LIKE id OR id LIKE note"),
    ("BOOLEAN", "REGEXP(note, '^a \"q[a-z]+d\" one$')"),
    ("BOOLEAN", "REGEXP(note, id)"),
    ("BOOLEAN", "note SIMILAR TO 'a%[a-z]+'"),
    ("BOOLEAN", "note SIMILAR TO id OR note SIMILAR TO CONCAT('_', id) ESCAPE '!'"),
    ("STRING", "REGEXP_EXTRACT(note, '(q[a-z]+)(d)', 2) || REGEXP_EXTRACT(note, '(' || id || ')?a', 0)"),
    ("STRING", "REGEXP_EXTRACT(note, '(' || SUBSTRING(note, 4, 2) || ')([a-z]+)', 1)"),
    ("STRING", "ARRAY_JOIN(REGEXP_EXTRACT_ALL(note, '([a-z])(o|e)?', 1), '-')"),
    ("STRING", "STR_TO_MAP(note, SUBSTRING(note, 2, 1), SUBSTRING(note, 5, 1))['q']"),
    ("STRING", "REGEXP_REPLACE(note, '[aeiou]', '_') || REGEXP_EXTRACT(note, 'q[a-z]+')"),
    ("INT", "REGEXP_COUNT(note, '[aeiou]') + REGEXP_INSTR(note, 'q')"),
    ("STRING", "STR_TO_MAP(note, ' ', 'u')['q']"),
    ("STRING", "JSON_VALUE(doc, '$.items[0].sku') || JSON_VALUE(doc, '$.none' DEFAULT '-' ON EMPTY)"),
    ("STRING", "JSON_QUERY(doc, '$.items') || JSON_QUERY(doc, 'lax $.items[*].sku')"),
    ("BOOLEAN", "JSON_EXISTS(doc, '$.items') AND doc IS JSON OBJECT"),
    ("STRING", "JSON_OBJECT('b' VALUE amount, 'a' VALUE n, 'c' VALUE price) || JSON_ARRAY(note, 1)"),
    ("STRING", "JSON_STRING(amount) || JSON_QUOTE(note)"),
    ("STRING", "PRINTF('%-9s|%05d|%.2f|%X|%,d|%e', note, n, amount, n, n, amount)"),
    ("STRING", "TO_BASE64(note) || FROM_BASE64(TO_BASE64(id)) || BIN(n) || HEX(n) || MD5(note)"),
    ("STRING", "URL_DECODE(URL_ENCODE(note))"),
];

/// What reads and writes the same rows: value formats that ask nobody.
const FORMATS: &[&str] = &["json", "csv", "avro", "debezium-json", "canal-json", "maxwell-json", "ogg-json"];

#[tokio::test]
async fn a_row_that_is_read_computed_and_written_allocates_nothing() {
    let mut failed = Vec::new();
    for format in FORMATS {
        let sink = kafka("o", "id STRING, amount DOUBLE, note STRING, n INT", format);
        let source = kafka("src", SOURCE, "json");
        let mut first =
            transform(&format!("{source}{sink}INSERT INTO o SELECT id, amount, note, n FROM src")).await;
        let values = orders().iter().map(|value| written(&mut first, value)).collect::<Vec<_>>();
        let source = kafka("src", "id STRING, amount DOUBLE, note STRING, n INT", format);
        let job = format!("{source}{sink}INSERT INTO o SELECT * FROM src");
        failed.extend(taken(format, &mut transform(&job).await, &values));
    }
    for (logical, expression) in EXPRESSIONS {
        let source = kafka("src", SOURCE, "json");
        let sink = kafka("o", &format!("id STRING, it {logical}"), "json");
        let job =
            format!("{source}{sink}INSERT INTO o SELECT id, {expression} FROM src WHERE n >= 0 AND id <> ''");
        failed.extend(taken(expression, &mut transform(&job).await, &orders()));
    }
    assert!(failed.is_empty(), "in {ROWS} rows: {failed:#?}");
}

/// What a pass over rows takes from the allocator, if it takes anything.
fn taken(what: &str, transform: &mut Transform, values: &[Vec<u8>]) -> Option<String> {
    let mut pass = || {
        let mut bytes = 0;
        for value in values {
            let message = Message { value: Some(value), ..Message::new("in", 0, 0) };
            match transform.feed(&message) {
                Ok(Fed::Complete) => {}
                Ok(Fed::NeedsSchema(_)) => panic!("{what}: a schema is missing"),
                Err(error) => panic!("{what}: {error}"),
            }
            bytes += transform.changes()[0].iter().map(|it| it.value.map_or(0, <[u8]>::len)).sum::<usize>();
        }
        bytes
    };
    let warm = pass();
    let region = Region::new(ALLOCATOR);
    let again = pass();
    let change = region.change();
    assert!(warm == again && warm > ROWS * 10, "{what}: {warm} bytes, {again} bytes");
    let taken = (change.allocations, change.reallocations);
    (taken != (0, 0)).then(|| format!("{what}: {taken:?}"))
}

/// The value that the first INSERT makes of a row.
fn written(transform: &mut Transform, value: &[u8]) -> Vec<u8> {
    let message = Message { value: Some(value), ..Message::new("in", 0, 0) };
    assert!(matches!(transform.feed(&message), Ok(Fed::Complete)));
    let value = transform.changes()[0].iter().next().and_then(|it| it.value.map(<[u8]>::to_vec));
    value.unwrap()
}

async fn transform(job: &str) -> Transform {
    let plan = plan(job, &PlanOptions::default()).unwrap_or_else(|error| panic!("{job}: {error}"));
    let pipeline = &plan.pipelines()[0];
    let codecs = Codecs::open(pipeline).await.unwrap();
    Transform::new(pipeline, &codecs)
}

fn kafka(name: &str, columns: &str, format: &str) -> String {
    format!(
        "CREATE TABLE {name} ({columns}) WITH ('connector' = 'kafka', 'topic' = '{name}', 'format' = '{format}',
            'properties.bootstrap.servers' = 'a:1', 'scan.startup.mode' = 'earliest-offset');\n"
    )
}

fn orders() -> Vec<Vec<u8>> {
    let order = |at: usize| {
        format!(
            concat!(
                r#"{{"id":"{:08}", "amount":"{}.50", "note":"a \"quoted\" one", "n":{}, "price":{}.25, "#,
                r#""paid":"2021-03-25 12:02:02.125", "#,
                r#""doc":"{{\"items\":[{{\"sku\":\"A1\",\"count\":2.50}}],\"type\":\"order\"}}"}}"#
            ),
            at % 8,
            at,
            at,
            at % 90
        )
        .into_bytes()
    };
    (0..ROWS).map(order).collect()
}
