//! Scripts of any shape: planned or refused with a bounded sentence, never a panic, whatever nests or repeats.

use upsert_kafka_sink::plan::{PlanOptions, plan};
use upsert_kafka_sink::sql::Script;

/// The text of an error has at most so many bytes, however large the script is.
const ERROR_BYTES_MAX: usize = 50_000;

/// The bytes as a script of their own; and, where the first of them choose one, a shape with the rest in its middle.
pub fn script(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    check(&text);
    if let [shape, high, low, rest @ ..] = data {
        let (_, make) = SHAPES[usize::from(*shape) % SHAPES.len()];
        let size = usize::from(u16::from_be_bytes([*high, *low])) % SIZE_MAX;
        check(&make(size, &String::from_utf8_lossy(rest)));
    }
}

/// How often a shape repeats under the fuzzer; what is larger has a test of its own.
const SIZE_MAX: usize = 300;

fn check(text: &str) {
    let script = Script::substitute(text, |name| (name.len() < 3).then(|| "value".repeat(name.len())));
    if let Err(error) = script.and_then(|script| plan(script, &PlanOptions::default())) {
        let length = error.to_string().len();
        assert!(length <= ERROR_BYTES_MAX, "an error of {length} bytes");
    }
}

/// A script that repeats or nests something `size` times around a text of the fuzzer's.
type Shape = fn(size: usize, middle: &str) -> String;

/// Each by name; the test of large ones takes them all.
pub const SHAPES: &[(&str, Shape)] = &[
    ("sum", |size, middle| query(&format!("x{}{middle}", "+1".repeat(size)))),
    ("and", |size, middle| selection(&format!("{}{middle}", "a = 1 AND ".repeat(size)))),
    ("not", |size, middle| query(&format!("{}{middle}", "NOT ".repeat(size)))),
    ("minus", |size, middle| query(&format!("{}{middle}", "- ".repeat(size)))),
    ("interval", |size, middle| query(&format!("{}{middle}", "INTERVAL ".repeat(size)))),
    ("case", |size, middle| query(&nested("CASE WHEN a THEN ", middle, " END", size))),
    ("case sum", |size, middle| query(&format!("0{}{middle}", "+CASE WHEN a THEN b END".repeat(size)))),
    ("is null", |size, middle| query(&format!("a{}{middle}", " IS NULL".repeat(size)))),
    ("double colon", |size, middle| query(&format!("a{}{middle}", "::INT".repeat(size)))),
    ("between", |size, middle| query(&format!("a{}{middle}", " BETWEEN 1 AND 2".repeat(size)))),
    ("brackets", |size, middle| query(&nested("(", middle, ")", size))),
    ("open brackets", |size, middle| query(&format!("{}{middle}", "(".repeat(size)))),
    ("indexes", |size, middle| query(&format!("a{}{middle}", "[1]".repeat(size)))),
    ("nested indexes", |size, middle| query(&nested("a[", middle, "]", size))),
    ("path", |size, middle| query(&format!("a{}{middle}", ".b".repeat(size)))),
    ("calls", |size, middle| query(&nested("f(", middle, ")", size))),
    ("items", |size, middle| query(&format!("{}a{middle}", "a, ".repeat(size)))),
    ("stars", |size, middle| query(&format!("{}*{middle}", "*, ".repeat(size)))),
    ("cast", |size, middle| query(&format!("CAST(a AS {})", nested("ARRAY<", middle, ">", size)))),
    ("casts", |size, middle| query(&nested("CAST(", middle, " AS INT)", size))),
    ("from brackets", |size, middle| format!("SELECT a FROM {}", nested("(", middle, ")", size))),
    ("from queries", |size, middle| {
        format!("SELECT a FROM {}", nested("(SELECT a FROM ", middle, ")", size))
    }),
    ("joins", |size, middle| format!("SELECT a FROM s{}{middle}", " JOIN s ON a = b".repeat(size))),
    ("unions", |size, middle| {
        format!("SELECT a FROM s{}{middle}", " UNION ALL SELECT a FROM s".repeat(size))
    }),
    ("union brackets", |size, middle| nested("(SELECT a FROM s UNION ALL ", middle, ")", size)),
    ("with", |size, middle| {
        format!("WITH {}c AS (SELECT 1){middle} SELECT 1", "c AS (SELECT 1), ".repeat(size))
    }),
    ("hints", |size, middle| format!("SELECT a FROM s {}{middle}", "/*+ OPTIONS('a'='b') */".repeat(size))),
    ("windows", |size, middle| format!("SELECT a FROM {}", nested("TABLE(TABLE ", middle, ")", size))),
    ("type", |size, middle| columns(&format!("a {}", nested("ARRAY<", middle, ">", size)))),
    ("open type", |size, middle| columns(&format!("a {}{middle}", "ARRAY<".repeat(size)))),
    ("row type", |size, middle| columns(&format!("a {}", nested("ROW<a ", middle, ">", size)))),
    ("array suffix", |size, middle| columns(&format!("a INT{}{middle}", " ARRAY".repeat(size)))),
    ("fields", |size, middle| columns(&format!("a ROW<{middle}{}z INT>", numbered("f", " INT, ", size)))),
    ("columns", |size, middle| columns(&format!("{}z INT{middle}", numbered("c", " INT, ", size)))),
    ("equal columns", |size, middle| columns(&format!("{}z INT{middle}", "c INT, ".repeat(size)))),
    ("wrong columns", |size, middle| columns(&format!("{}z INT{middle}", numbered("c", " CHAR(0), ", size)))),
    ("key", |size, middle| {
        columns(&format!("a INT, PRIMARY KEY ({}a{middle}) NOT ENFORCED", numbered("k", ", ", size)))
    }),
    ("computed", |size, middle| columns(&format!("a AS {}{middle}", "1+".repeat(size)))),
    ("options", |size, middle| {
        format!("CREATE TABLE t (a INT) WITH ({}'z' = '{middle}')", numbered("'o", "' = 'v', ", size))
    }),
    ("topics", |size, middle| kafka(&format!("'topic' = '{}{middle}'", numbered("t", ";", size)))),
    ("addresses", |size, middle| {
        kafka(&format!(
            "'topic' = 't', 'properties.bootstrap.servers' = '{}{middle}'",
            numbered("b:", ",", size)
        ))
    }),
    ("unknown columns", |size, middle| {
        format!("{SOURCE}INSERT INTO s SELECT {}{middle} FROM s", numbered("c", ", ", size))
    }),
    ("targets", |size, middle| {
        format!("{SOURCE}INSERT INTO s ({}a{middle}) SELECT a FROM s", "a, ".repeat(size))
    }),
    ("inserts", |size, middle| format!("{SOURCE}{}{middle}", "INSERT INTO s SELECT * FROM s;".repeat(size))),
    ("tables", |size, middle| format!("{}{middle}", numbered("CREATE TABLE t", " (a INT);", size))),
    ("settings", |size, middle| format!("{}{middle}", numbered("SET 'k", "' = 'v';", size))),
    ("semicolons", |size, middle| format!("{}{middle}", ";".repeat(size))),
    ("placeholders", |size, middle| format!("{}{middle}", "${A}".repeat(size))),
    ("nested placeholders", |size, middle| nested("${A:-", middle, "}", size)),
    ("open placeholders", |size, middle| format!("{}{middle}", "${A:-".repeat(size))),
    ("quotes", |size, middle| format!("SELECT {}{middle}", "'".repeat(size))),
    ("comments", |size, middle| format!("{}{middle}", "/*".repeat(size))),
    ("lines", |size, middle| format!("{}{middle}", "SELECT\n".repeat(size))),
    ("long line", |size, middle| format!("{} {middle} INSRT", "x".repeat(size))),
    ("long text", |size, middle| {
        format!("CREATE TABLE t (a INT) WITH ('connector' = '{}' {middle}", "x".repeat(size))
    }),
    ("long name", |size, middle| format!("INSERT INTO {} SELECT * FROM s{middle}", "x".repeat(size))),
    ("database path", |size, middle| format!("INSERT INTO a{} SELECT * FROM s{middle}", ".b".repeat(size))),
];

const SOURCE: &str = "CREATE TABLE s (a INT) WITH ('connector' = 'kafka', 'topic' = 't', 'format' = 'json', \
    'properties.bootstrap.servers' = 'b:1', 'scan.startup.mode' = 'earliest-offset');";

/// Every INSERT of the job reads, as a group of its own, what it writes.
fn kafka(options: &str) -> String {
    let table = |name: &str, group: &str, more: &str| {
        format!(
            "CREATE TABLE {name} (a INT{more}, 'format' = 'json', 'scan.startup.mode' = 'earliest-offset', \
             'properties.group.id' = '{group}', {options});"
        )
    };
    let source = ") WITH ('connector' = 'kafka', 'properties.bootstrap.servers' = 'b:1'";
    let sink = "CREATE TABLE o (a INT PRIMARY KEY NOT ENFORCED) WITH ('connector' = 'upsert-kafka', 'topic' = 't', \
        'properties.bootstrap.servers' = 'c:1', 'key.format' = 'json', 'value.format' = 'json');";
    let inserts = "INSERT INTO o SELECT * FROM s; INSERT INTO o SELECT * FROM r;";
    format!("{}{}{sink}{inserts}", table("s", "g", source), table("r", "h", source))
}

fn query(item: &str) -> String {
    format!("{SOURCE}INSERT INTO s SELECT {item} FROM s")
}

fn selection(condition: &str) -> String {
    format!("{SOURCE}INSERT INTO s SELECT a FROM s WHERE {condition}")
}

fn columns(columns: &str) -> String {
    format!("CREATE TABLE t ({columns}) WITH ('connector' = 'print'); INSERT INTO t SELECT * FROM t")
}

fn nested(open: &str, middle: &str, close: &str, depth: usize) -> String {
    format!("{}{middle}{}", open.repeat(depth), close.repeat(depth))
}

fn numbered(before: &str, behind: &str, count: usize) -> String {
    (0..count).map(|number| format!("{before}{number}{behind}")).collect()
}
