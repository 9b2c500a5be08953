//! Queries beyond a projection: rows of the query itself, a row that becomes several, metadata of a format.

use super::stage::{Stage, kafka, upsert};

const OUT: &str = "id INT, name STRING, PRIMARY KEY (id) NOT ENFORCED";

fn row(id: i32, name: &str) -> String {
    format!("{{\"id\":{id},\"name\":{name}}}")
}

#[tokio::test]
async fn values_are_written_in_their_order() {
    let stage = Stage::set(&[("out", 1)]).await;
    let table = upsert("o", OUT, "out", "");
    for (query, due) in [
        (
            "VALUES (1, 'a'), (2, CAST(NULL AS STRING)), (1, 'c')",
            vec![row(1, "\"a\""), row(2, "null"), row(1, "\"c\"")],
        ),
        (
            "SELECT x * 2, UPPER(y) FROM (VALUES (4, 'a'), (5, 'b'), (6, 'c')) AS t (x, y) WHERE x <> 5",
            vec![row(8, "\"A\""), row(12, "\"C\"")],
        ),
    ] {
        let before = stage.values("out").await.len();
        // It ends by itself.
        let summary =
            stage.open(&format!("{table} INSERT INTO o {query}")).await.unwrap().run().await.unwrap();
        assert_eq!(summary.counts.rows_out, due.len() as u64, "{query}");
        assert_eq!(stage.values("out").await.split_off(before), due, "{query}");
    }
}

#[tokio::test]
async fn a_row_becomes_one_for_each_element_and_piece() {
    let stage = Stage::set(&[("in", 1), ("out", 1)]).await;
    for value in [
        r#"{"id":1,"tags":["a","b"],"line":"x,y"}"#,
        r#"{"id":2,"tags":[],"line":""}"#,
        r#"{"id":3,"tags":null,"line":"z"}"#,
    ] {
        stage.feed("in", &[(None, Some(value))]).await;
    }
    let tables = kafka("src", "id INT, tags ARRAY<STRING>, line STRING", "in", "json", "")
        + &upsert("o", OUT, "out", "");
    for (query, due) in [
        ("SELECT id, t FROM src CROSS JOIN UNNEST(tags) AS u (t)", vec![row(1, "\"a\""), row(1, "\"b\"")]),
        (
            "SELECT id, t FROM src LEFT JOIN UNNEST(tags) AS u (t) ON TRUE",
            vec![row(1, "\"a\""), row(1, "\"b\""), row(2, "null"), row(3, "null")],
        ),
        (
            "SELECT n, t FROM src CROSS JOIN UNNEST(tags) WITH ORDINALITY AS u (t, n)",
            vec![row(1, "\"a\""), row(2, "\"b\"")],
        ),
        (
            "SELECT id, p FROM src, LATERAL TABLE(STRING_SPLIT(line, ',')) AS u (p) WHERE p <> 'y'",
            vec![row(1, "\"x\""), row(2, "\"\""), row(3, "\"z\"")],
        ),
    ] {
        let before = stage.values("out").await.len();
        stage.run(&format!("{tables} INSERT INTO o {query}")).await.unwrap();
        assert_eq!(stage.values("out").await.split_off(before), due, "{query}");
    }
}

/// The event of `debezium-json-00144`, whose metadata Flink read so.
#[tokio::test]
async fn metadata_of_the_values_format_are_columns() {
    let stage = Stage::set(&[("in", 1), ("out", 1)]).await;
    let event = r#"{"before":null,"after":{"id":315},"source":{"version":"1.1","connector":"mysql","name":"dbserver1","ts_ms":1589355606000,"db":"inventory","schema":"sch","table":"products","snapshot":false,"pos":154},"ts_ms":1589361987000,"op":"c"}"#;
    stage.feed("in", &[(None, Some(event))]).await;
    let columns = "id INT, db STRING METADATA FROM 'value.source.database' VIRTUAL, \
                   tab STRING METADATA FROM 'value.source.table' VIRTUAL, \
                   at TIMESTAMP_LTZ(3) METADATA FROM 'value.source.timestamp' VIRTUAL, \
                   props MAP<STRING, STRING> METADATA FROM 'value.source.properties' VIRTUAL, \
                   part INT METADATA FROM 'partition' VIRTUAL";
    let columns = columns.replace("at TIMESTAMP", "changed TIMESTAMP");
    let job = kafka("src", &columns, "in", "debezium-json", "")
        + &upsert("o", "id INT, v STRING, PRIMARY KEY (id) NOT ENFORCED", "out", "")
        + "INSERT INTO o SELECT id, CONCAT_WS('|', db, tab, CAST(changed AS STRING), props['pos'], \
           CAST(part AS STRING)) FROM src";
    stage.run(&job).await.unwrap();
    let due = r#"{"id":315,"v":"inventory|products|2020-05-13 07:40:06.000|154|0"}"#;
    assert_eq!(stage.values("out").await, [due]);
}

/// Spec 3.4: a column may have another type than its metadata, if an explicit cast exists.
#[tokio::test]
async fn metadata_are_written_from_columns_of_other_types() {
    let stage = Stage::set(&[("in", 1), ("out", 1)]).await;
    stage.feed("in", &[(None, Some(r#"{"id":1,"t":"2020-05-13 07:40:06"}"#))]).await;
    let columns = "id INT, at_text STRING METADATA FROM 'timestamp', \
                   tags MAP<STRING, STRING> METADATA FROM 'headers', PRIMARY KEY (id) NOT ENFORCED";
    let wall = "id INT, at_wall TIMESTAMP(3) METADATA FROM 'timestamp', PRIMARY KEY (id) NOT ENFORCED";
    let source = kafka("src", "id INT, t STRING", "in", "json", "");
    let job = format!(
        "SET 'table.local-time-zone' = 'Asia/Shanghai';
        {source}{} INSERT INTO o SELECT id, t, MAP['k', t] FROM src",
        upsert("o", columns, "out", "")
    );
    stage.run(&job).await.unwrap();
    let job = format!(
        "SET 'table.local-time-zone' = 'Asia/Shanghai';
        {source}{} INSERT INTO o SELECT id, CAST(t AS TIMESTAMP(3)) FROM src",
        upsert("o", wall, "out", "")
    );
    stage.run(&job).await.unwrap();
    let written = stage.read("out").await;
    // Shanghai is eight hours ahead.
    assert_eq!(written[0].timestamp_ms, 1_589_355_606_000 - 8 * 3_600_000);
    assert_eq!(written[0].headers, [("k".to_owned(), Some(b"2020-05-13 07:40:06".to_vec()))]);
    assert_eq!(written[0].value.as_deref(), Some(r#"{"id":1}"#));
    assert_eq!(written[1].timestamp_ms, written[0].timestamp_ms, "a wall clock is the job's zone's");
}
