//! Quotes, comments and literals of DLI's scripts.

use super::place::{Place, bounded, print, printed};
use crate::program::{self, Ran};

/// `explain` of a script.
pub(super) fn explained(name: &str, script: &str, flags: &[&str]) -> Ran {
    let path = program::file(&format!("dli-{name}.sql"), script);
    program::run(&[&["explain", path.to_str().unwrap()], flags].concat())
}

/// `explain` of a script that stands.
pub(super) fn plan(name: &str, script: &str, flags: &[&str]) -> String {
    let ran = explained(name, script, flags);
    assert_eq!(ran.code, 0, "{script}\n{}", ran.err);
    ran.out
}

/// Why a script does not stand.
pub(super) fn refusal(name: &str, script: &str) -> String {
    let ran = explained(name, script, &[]);
    assert_eq!(ran.code, 3, "{script}\n{}{}", ran.out, ran.err);
    ran.err
}

const JOB: &str = "
    CREATE TABLE src (id INT, name STRING) WITH ('connector' = 'kafka', 'topic' = 'in', 'format' = 'json',
        'properties.bootstrap.servers' = 'broker1:9092', 'properties.group.id' = 'g',
        'scan.startup.mode' = 'earliest-offset');
    CREATE TABLE o (id INT, name STRING, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka',
        'topic' = 'out', 'properties.bootstrap.servers' = 'broker1:9092', 'key.format' = 'json',
        'value.format' = 'json');
    INSERT INTO o SELECT * FROM src;";

#[test]
fn point_1_the_seeds_script_is_accepted_with_its_double_quotes() {
    let script =
        std::fs::read_to_string(upsert_kafka_tests::repository().join("examples/orders.sql")).unwrap();
    assert!(script.contains("\"format\" = \"json\""), "the example is not the page's");
    let plan = plan("seed", &script, &[]);
    assert!(plan.contains("'format' = 'json'"), "{plan}");
}

#[test]
fn point_2_options_in_double_quotes_plan_as_in_single_ones() {
    let (head, query) = JOB.split_once("    INSERT").unwrap();
    let doubled = format!("{}    INSERT{query}", head.replace('\'', "\""));
    assert!(doubled.contains("\"connector\" = \"upsert-kafka\""));
    assert_eq!(plan("double", &doubled, &[]), plan("single", JOB, &[]));
}

/// The cells of a SELECT of one row.
fn selected(query: &str) -> Vec<String> {
    let ran = program::run_with_input(&["sql", "--output", "raw"], format!("{query};").as_bytes());
    assert_eq!(ran.code, 0, "{query}\n{}", ran.err);
    let line = ran.out.trim_end_matches('\n').strip_prefix("+I\t");
    line.unwrap_or_else(|| panic!("{query}: {}", ran.out)).split('\t').map(str::to_owned).collect()
}

#[test]
fn point_3_texts_in_double_quotes_are_texts_wherever_an_expression_stands() {
    let row = "(VALUES ('{\"a\":\"one\"}', '10')) AS t (m, x)";
    let query = format!("SELECT JSON_VAL(m, \"$.a\"), concat(x, \":00\"), \"\" FROM {row}");
    assert_eq!(selected(&query), ["one", "10:00", ""]);
}

#[test]
fn points_4_and_5_a_quote_in_quotes_is_one_quote() {
    let place = Place::set(&["in"]);
    place.feed("in", "'a,b','it''s'\n");
    for (at, quote) in [r#""csv.quote-character" = "''""#, "'csv.quote-character' = ''''"].iter().enumerate()
    {
        let script = bounded("src", "a STRING, b STRING", "in", &format!("'format' = 'csv', {quote}"))
            + &print("o", "a STRING, b STRING")
            + "INSERT INTO o SELECT * FROM src;";
        let ran = place.run(&format!("quote-{at}"), &script, &[]);
        assert_eq!(printed(&ran), ["+I[a,b, it's]"], "{quote}");
    }
}

#[test]
fn point_6_three_spellings_of_one_delimiter_are_the_byte_1() {
    let place = Place::set(&["in"]);
    place.feed("in", "a,b\u{1}c\n");
    for (at, delimiter) in [
        r#""csv.field-delimiter" = "\u0001""#,
        r"'csv.field-delimiter' = '\u0001'",
        r"'csv.field-delimiter' = U&'\0001'",
    ]
    .iter()
    .enumerate()
    {
        let script = bounded("src", "a STRING, b STRING", "in", &format!("'format' = 'csv', {delimiter}"))
            + &print("o", "a STRING, b STRING")
            + "INSERT INTO o SELECT * FROM src;";
        let ran = place.run(&format!("delimiter-{at}"), &script, &[]);
        assert_eq!(printed(&ran), ["+I[a,b, c]"], "{delimiter}");
    }
}

#[test]
fn point_7_two_characters_are_no_delimiter_of_elements() {
    let script = JOB.replace("'format' = 'json'", "'format' = 'csv', 'csv.array-element-delimiter' = '::'");
    let said = refusal("elements", &script);
    assert!(
        said.contains("'csv.array-element-delimiter'") || said.contains("'array-element-delimiter'"),
        "{said}"
    );
    assert!(said.contains("'::'"), "{said}");
}

#[test]
fn point_8_comments_stand_anywhere_and_an_address_is_none() {
    let script = JOB
        .replace("'topic' = 'in',", "'topic' = 'in', // the orders\n")
        .replace(
            "'scan.startup.mode' = 'earliest-offset')",
            "'scan.startup.mode' = 'earliest-offset' -- all\n)",
        )
        .replace("'value.format' = 'json')", "'value.format' = 'json' // the end of it\n)")
        + "\n-- no line end";
    let plain = plan("no-comments", JOB, &[]);
    assert_eq!(plan("comments", &script, &[]), plain);
    let script = JOB
        .replace("'format' = 'json'", "'format' = 'avro-confluent', 'avro-confluent.url' = 'http://h:8081'");
    assert!(plan("address", &script, &[]).contains("'http://h:8081'"));
}

#[test]
fn point_9_a_column_in_double_quotes_is_a_text() {
    assert_eq!(selected("SELECT \"a\" FROM (VALUES ('b')) AS t (a)"), ["a"]);
}

#[test]
fn point_10_a_literal_may_spell_its_characters() {
    assert_eq!(selected("SELECT U&'#263A' UESCAPE '#'"), ["\u{263a}"]);
}

/// Section 5 of the specification: what no one but DLI evaluates, and what only Java runs.
#[test]
fn expressions_in_placeholders_and_functions_of_java_are_told_apart() {
    let dated = JOB.replace("'topic' = 'out'", "'topic' = 'out_${date_format(current_date, ''yyyyMMdd'')}'");
    let said = refusal("el", &dated);
    assert!(said.contains("an expression in '${…}' is DLI's; pass the value as a variable"), "{said}");
    let said = refusal("udf", &JOB.replace("SELECT *", "SELECT id, my_upper(name)"));
    assert!(said.contains("there is no function MY_UPPER"), "{said}");
    assert!(said.contains("functions written in Java cannot run here"), "{said}");
}
