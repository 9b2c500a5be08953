//! Whatever is wrong with a script, no output shows the secrets in it: each way of breaking one is tried at each place.

use upsert_kafka_sink::plan::{PlanOptions, plan};
use upsert_kafka_sink::sql::Script;

/// What must not be found, though a character of it was taken away.
const NEEDLES: [&str; 2] = ["Hush", "Mumm"];
const SECRET: &str = "HushMummHushMumm";

const SCRIPT: &str = r#"SET pipeline.name = job;
SET 'my.password' = 'HushMummHushMumm'; SET my.token = HushMummHushMumm;
CREATE TABLE src (id INT, name STRING) WITH (
  'connector' = 'kafka', 'topic' = 'in',
  'properties.bootstrap.servers' = 'a:1',
  'properties.sasl.jaas.config' = 'PlainLoginModule required username="u"
     password="HushMummHushMumm";',
  'properties.basic.auth.user.info' = 'u:HushMummHushMumm', 'properties.ssl.key.password' = '${PW}',
  "properties.ssl.keystore.key" = "HushMummHushMumm",
  'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE o (id INT PRIMARY KEY NOT ENFORCED, name STRING) WITH (
  'connector' = 'upsert-kafka', 'topic' = 'out', 'properties.bootstrap.servers' = 'a:1',
  'properties.ssl.keystore.password' = 'HushMummHushMumm', 'key.format' = 'json', 'value.format' = 'json');
INSERT INTO o SELECT id, name FROM src /*+ OPTIONS('properties.ssl.truststore.password' = 'HushMummHushMumm') */;
"#;

/// What a user sees of a script: the plan told, or the error.
fn output(text: &str) -> String {
    let script = Script::substitute(text, |name| (name == "PW").then(|| SECRET.to_owned()));
    match script.and_then(|script| plan(script, &PlanOptions::default())) {
        Ok(plan) => format!("{}{plan:?}", plan.explain()),
        Err(error) => format!("{error}\n{error:?}"),
    }
}

fn assert_hidden(text: &str) {
    let output = output(text);
    let found = NEEDLES.iter().find(|needle| output.contains(**needle));
    assert_eq!(found, None, "a secret is shown:\n{output}\n--- of\n{text}");
}

#[test]
fn explain_tells_keys_and_hides_values() {
    let output = output(SCRIPT);
    assert!(output.contains("'properties.sasl.jaas.config' = '***'"), "{output}");
    assert!(output.contains("'properties.basic.auth.user.info' = '***'"), "{output}");
    assert!(output.contains("'topic' = 'in'"), "{output}");
    assert_hidden(SCRIPT);
}

#[test]
fn a_script_that_lacks_a_character_anywhere_tells_no_secret() {
    for (at, c) in SCRIPT.char_indices() {
        assert_hidden(&format!("{}{}", &SCRIPT[..at], &SCRIPT[at + c.len_utf8()..]));
    }
}

#[test]
fn a_script_with_a_character_too_much_anywhere_tells_no_secret() {
    for (at, _) in SCRIPT.char_indices() {
        for extra in ["'", ";", " x ", "="] {
            assert_hidden(&format!("{}{extra}{}", &SCRIPT[..at], &SCRIPT[at..]));
        }
    }
}

#[test]
fn a_script_that_ends_anywhere_tells_no_secret() {
    for (at, _) in SCRIPT.char_indices() {
        assert_hidden(&SCRIPT[..at]);
    }
}

#[test]
fn a_placeholder_without_quotes_tells_no_value() {
    for text in [
        "SELECT ${PW} ${PW} FROM t",
        "INSERT INTO t SELECT a ${PW} b c FROM s",
        "INSERT INTO ${PW} ${PW} SELECT 1",
        "CREATE TABLE t (a ${PW})",
        "CREATE TABLE t (a INT) WITH (${PW} = 'x')",
        "CREATE TABLE t (a INT) WITH ('x' = ${PW})",
        "CREATE TABLE t (a INT) WITH ('x' = 'y' ${PW})",
        "CREATE ${PW} t",
        "${PW}",
        "DROP ${PW} t",
        "INSERT INTO o SELECT * FROM s WHERE ${PW} ${PW}",
    ] {
        assert_hidden(text);
    }
}

#[test]
fn a_value_of_the_wrong_kind_is_hidden_unless_its_key_is_harmless() {
    let with = |option: &str| SCRIPT.replace("'format' = 'json'", &format!("'format' = 'json', {option}"));
    assert!(output(&with("'scan.parallelism' = 'two'")).contains("'scan.parallelism' = 'two' is not"));
    for key in [
        "password",
        "properties.sasl.jaas.config",
        "properties.acks.password",
        "value.avro-confluent.url",
        "x",
    ] {
        assert_hidden(&with(&format!("'{key}' = '{SECRET}'")));
    }
    assert_hidden(&with(&format!("'scan.parallelism' = 'http://u:{SECRET}@host'")));
    assert_hidden(&format!(
        "CREATE TABLE t (a INT) WITH ('connector.type' = 'kafka', 'connector.properties.sasl.jaas.config' = '{SECRET}'); INSERT INTO t SELECT * FROM t"
    ));
}
