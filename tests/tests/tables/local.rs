//! Tables without Kafka: generated rows, lines of files, and one that forgets.

use super::stage::{Stage, upsert};

#[tokio::test]
async fn generated_rows_fill_a_table_and_end() {
    let stage = Stage::set(&[("out", 2)]).await;
    let job = "CREATE TABLE g (id INT, name STRING, amount DECIMAL(6, 2)) WITH ('connector' = 'datagen', \
               'fields.id.kind' = 'sequence', 'fields.id.start' = '1', 'fields.id.end' = '500', \
               'fields.name.length' = '5');\n"
        .to_owned()
        + &upsert("o", "id INT, name STRING, amount DECIMAL(6, 2), PRIMARY KEY (id) NOT ENFORCED", "out", "")
        + "INSERT INTO o SELECT * FROM g";
    let summary = stage.open(&job).await.unwrap().run().await.unwrap();
    assert_eq!((summary.counts.rows_in, summary.counts.rows_out), (500, 500));
    let mut ids: Vec<i64> = Vec::new();
    for value in stage.values("out").await {
        let row: serde_json::Value = serde_json::from_str(&value).unwrap();
        assert_eq!(row["name"].as_str().unwrap().len(), 5, "{value}");
        ids.push(row["id"].as_i64().unwrap());
    }
    ids.sort_unstable();
    assert!(ids.iter().copied().eq(1..=500));
}

#[tokio::test]
async fn the_lines_of_a_file_fill_a_table_and_a_bad_one_is_named() {
    let stage = Stage::set(&[("out", 1)]).await;
    let path = std::env::temp_dir().join(format!("upsert-kafka-table-{}.jsonl", std::process::id()));
    std::fs::write(&path, "{\"id\":1}\n{\"id\":2}\n").unwrap();
    let job = format!(
        "CREATE TABLE f (id INT) WITH ('connector' = 'filesystem', 'path' = '{}', 'format' = 'json');\n{}\
         INSERT INTO o SELECT * FROM f",
        path.display(),
        upsert("o", "id INT, PRIMARY KEY (id) NOT ENFORCED", "out", "")
    );
    stage.open(&job).await.unwrap().run().await.unwrap();
    assert_eq!(stage.values("out").await, [r#"{"id":1}"#, r#"{"id":2}"#]);
    std::fs::write(&path, "{\"id\":3}\n{\"id\":\"x\"}\n").unwrap();
    let failed = stage.open(&job).await.unwrap().run().await.unwrap_err().to_string();
    std::fs::remove_file(&path).unwrap();
    assert!(failed.contains(&path.display().to_string()) && failed.contains("id"), "{failed}");
    assert_eq!(stage.values("out").await.len(), 3, "what lies before it is written");
}

#[tokio::test]
async fn a_black_hole_counts() {
    let stage = Stage::set(&[]).await;
    let job = "CREATE TABLE g (id INT) WITH ('connector' = 'datagen', 'number-of-rows' = '100');
        CREATE TABLE b (id INT) WITH ('connector' = 'blackhole');
        INSERT INTO b SELECT * FROM g";
    let summary = stage.open(job).await.unwrap().run().await.unwrap();
    assert_eq!((summary.counts.rows_in, summary.counts.rows_out), (100, 100));
}
