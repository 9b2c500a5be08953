//! Filters between a changing table and its sink, row by row, as `shared/spec` 6.5 saw them in Flink.

use super::*;
use crate::plan::{PlanOptions, plan};
use crate::types::LogicalType;

const JOB: &str = "
    CREATE TABLE src (id INT, ok BOOLEAN, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'kafka',
        'topic' = 'in', 'properties.bootstrap.servers' = 'a:1', 'properties.group.id' = 'g',
        'format' = 'debezium-json');
    CREATE TABLE o (id INT, ok BOOLEAN, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka',
        'topic' = 'out', 'properties.bootstrap.servers' = 'a:1', 'key.format' = 'json', 'value.format' = 'json');
    INSERT INTO o SELECT * FROM src";

/// The job, with a filter that the planner does not make yet: the column `ok`.
fn filtered() -> Transform {
    let mut pipeline = plan(JOB, &PlanOptions::default()).unwrap().pipelines.remove(0);
    let insert = &mut pipeline.inserts[0];
    insert.filter = Some(Expr::column(1, LogicalType::Boolean.nullable()));
    insert.drop_update_before = false;
    Transform::new(pipeline)
}

fn valued(value: &str) -> Message<'_> {
    Message { value: Some(value.as_bytes()), ..Message::new("in", 0, 0) }
}

fn kinds(transform: &mut Transform, message: &str) -> String {
    let changes = &transform.feed(&valued(message)).unwrap()[0];
    changes.iter().map(|change| change.kind.to_string()).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_row_goes_on_where_the_filter_is_true_and_neither_where_it_is_false_nor_null() {
    let mut transform = filtered();
    let insert = |ok: &str| format!(r#"{{"before":null,"after":{{"id":1,"ok":{ok}}},"op":"c"}}"#);
    for (ok, passes) in [("true", "+I"), ("false", ""), ("null", "")] {
        assert_eq!(kinds(&mut transform, &insert(ok)), passes, "{ok}");
    }
}

#[test]
fn the_old_and_the_new_row_of_an_update_are_judged_each_by_itself() {
    let mut transform = filtered();
    let update = |before: bool, after: bool| {
        format!(r#"{{"before":{{"id":1,"ok":{before}}},"after":{{"id":1,"ok":{after}}},"op":"u"}}"#)
    };
    for (before, after, passes) in
        [(true, true, "-U +U"), (true, false, "-U"), (false, true, "+U"), (false, false, "")]
    {
        assert_eq!(kinds(&mut transform, &update(before, after)), passes, "{before} to {after}");
    }
}

#[test]
fn a_row_that_is_filtered_out_was_read_all_the_same() {
    let mut transform = filtered();
    let changes = transform.feed(&valued(r#"{"before":null,"after":{"id":1,"ok":false},"op":"c"}"#)).unwrap();
    assert!(changes[0].is_empty() && !changes[0].is_unread());
}
