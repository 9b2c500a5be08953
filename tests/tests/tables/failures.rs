//! What fails while a job runs says where: the record, and the expression's line and column in the script.

use super::stage::{Stage, kafka, upsert};

/// Stands before the expression that is to fail.
const HERE: char = '§';

/// The script without its mark, and the place of that.
fn marked(script: &str) -> (String, String) {
    let before = script.split(HERE).next().unwrap();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
    (script.replace(HERE, ""), format!("(line {line}, column {column})"))
}

/// Tables with a line of their own each, and the statement under them.
fn script(source_options: &str, columns: &str, statement: &str) -> String {
    kafka("src", columns, "in", "json", source_options)
        + &upsert("o", "id INT, v STRING, PRIMARY KEY (id) NOT ENFORCED", "out", "")
        + statement
}

const COLUMNS: &str = "id INT, n INT, s STRING";

#[tokio::test]
async fn an_expression_that_fails_is_told_with_its_place_in_the_script() {
    for (columns, statement, why) in [
        (COLUMNS, "INSERT INTO o\n  SELECT id,\n    CAST(§10 / n AS STRING) FROM src", "division by zero"),
        (COLUMNS, "INSERT INTO o SELECT id, CAST(CAST(§s AS INT) AS STRING) FROM src", "not a whole number"),
        (COLUMNS, "INSERT INTO o SELECT id, s FROM src\n WHERE id > 0 AND\n §10 % n = 0", "division by zero"),
        (
            COLUMNS,
            "INSERT INTO o SELECT id, s FROM src WHERE §s SIMILAR TO CONCAT(s, '[')",
            "no regular expression of SQL",
        ),
        (
            COLUMNS,
            "CREATE VIEW w AS\n SELECT id, CASE WHEN n = 0 THEN CAST(§id / n AS STRING) END AS v FROM src;\n\
             INSERT INTO o SELECT * FROM w",
            "division by zero",
        ),
        (
            COLUMNS,
            "INSERT INTO o SELECT id, CAST(t AS STRING) FROM src CROSS JOIN UNNEST(ARRAY[id, §1 / n]) AS u (t)",
            "division by zero",
        ),
        (
            "id INT, n INT, s STRING, q AS §100 / n",
            "INSERT INTO o SELECT id, CAST(q AS STRING) FROM src",
            "division",
        ),
        (
            COLUMNS,
            "INSERT INTO o SELECT id, CAST(q AS STRING) FROM\n (SELECT id, §n / n AS q FROM src)",
            "division",
        ),
        (COLUMNS, "INSERT INTO o SELECT id, 'é' || CAST(§n / 0 AS STRING) FROM src", "division by zero"),
    ] {
        let stage = Stage::set(&[("in", 1), ("out", 1)]).await;
        let good = r#"{"id":1,"n":1,"s":"1"}"#;
        stage.feed("in", &[(None, Some(good)), (None, Some(r#"{"id":2,"n":0,"s":"x"}"#))]).await;
        let (sql, place) = marked(&script("", columns, statement));
        let failed = stage.run(&sql).await.unwrap_err().to_string();
        let is_of_every_row = statement.contains("/ 0") || statement.contains("SIMILAR");
        let offset = if is_of_every_row { 0 } else { 1 };
        let record = format!("topic in, partition 0, offset {offset}: table o: ");
        assert!(failed.starts_with(&record), "{statement}: {failed}");
        assert!(failed.contains(why) && failed.ends_with(&place), "{statement}: {place}: {failed}");
    }
}

/// A record that is left out for it carries the same sentence as a header.
#[tokio::test]
async fn a_dead_letter_tells_the_place_too() {
    let stage = Stage::set(&[("in", 1), ("out", 1), ("dead", 1)]).await;
    let bad = r#"{"id":2,"n":0,"s":"x"}"#;
    stage.feed("in", &[(None, Some(r#"{"id":1,"n":5,"s":""}"#)), (Some("k"), Some(bad))]).await;
    let kept = "'error-handling.mode' = 'log', 'error-handling.dead-letter-topic' = 'dead',";
    let statement = "INSERT INTO o\nSELECT id,\n       CAST(§10 / n AS STRING)\nFROM src";
    let (sql, place) = marked(&script(kept, COLUMNS, statement));
    let summary = stage.run(&sql).await.unwrap();
    assert_eq!((summary.counts.rows_in, summary.counts.rows_out, summary.counts.failed), (2, 1, 1));
    assert_eq!(stage.values("out").await, [r#"{"id":1,"v":"2"}"#]);
    let dead = stage.read("dead").await;
    assert_eq!((dead.len(), dead[0].key.as_deref(), dead[0].value.as_deref()), (1, Some("k"), Some(bad)));
    let error = dead[0].headers.iter().find(|(key, _)| key == "upsert-kafka.error").unwrap();
    let told = String::from_utf8(error.1.clone().unwrap()).unwrap();
    assert!(told.starts_with("table o: ") && told.ends_with(&format!("division by zero {place}")), "{told}");
}
