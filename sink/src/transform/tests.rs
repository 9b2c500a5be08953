//! Filters between a changing table and its sink, row by row, as `shared/spec` 6.5 saw them in Flink.

use std::collections::BTreeMap;

use super::*;
use crate::deserializer::PartPlan;
use crate::expr::Expr;
use crate::format::FormatSpec;
use crate::option::OptionSet;
use crate::plan::{PlanOptions, plan};
use crate::types::{Field, LogicalType};

const JOB: &str = "
    CREATE TABLE src (id INT, ok BOOLEAN, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'kafka',
        'topic' = 'in', 'properties.bootstrap.servers' = 'a:1', 'properties.group.id' = 'g',
        'format' = 'debezium-json');
    CREATE TABLE o (id INT, ok BOOLEAN, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka',
        'topic' = 'out', 'properties.bootstrap.servers' = 'a:1', 'key.format' = 'json', 'value.format' = 'json');
    INSERT INTO o SELECT * FROM src";

/// The job, with a filter that the planner does not make yet: the column `ok`.
async fn filtered() -> Transform {
    let mut pipeline = plan(JOB, &PlanOptions::default()).unwrap().pipelines.remove(0);
    let insert = &mut pipeline.inserts[0];
    insert.steps = vec![Step::Filter(Expr::column(1, LogicalType::Boolean.nullable()))];
    insert.drop_update_before = false;
    let codecs = Codecs::open(&pipeline).await.unwrap();
    Transform::new(&pipeline, &codecs)
}

fn valued(value: &str) -> Message<'_> {
    Message { value: Some(value.as_bytes()), ..Message::new("in", 0, 0) }
}

fn kinds(transform: &mut Transform, message: &str) -> String {
    assert!(matches!(transform.feed(&valued(message)), Ok(Fed::Complete)));
    transform.changes()[0].iter().map(|change| change.kind.to_string()).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_row_goes_on_where_the_filter_is_true_and_neither_where_it_is_false_nor_null() {
    let mut transform = filtered().await;
    let insert = |ok: &str| format!(r#"{{"before":null,"after":{{"id":1,"ok":{ok}}},"op":"c"}}"#);
    for (ok, passes) in [("true", "+I"), ("false", ""), ("null", "")] {
        assert_eq!(kinds(&mut transform, &insert(ok)), passes, "{ok}");
    }
}

#[tokio::test]
async fn the_old_and_the_new_row_of_an_update_are_judged_each_by_itself() {
    let mut transform = filtered().await;
    let update = |before: bool, after: bool| {
        format!(r#"{{"before":{{"id":1,"ok":{before}}},"after":{{"id":1,"ok":{after}}},"op":"u"}}"#)
    };
    for (before, after, passes) in
        [(true, true, "-U +U"), (true, false, "-U"), (false, true, "+U"), (false, false, "")]
    {
        assert_eq!(kinds(&mut transform, &update(before, after)), passes, "{before} to {after}");
    }
}

#[tokio::test]
async fn a_row_that_is_filtered_out_was_read_all_the_same() {
    let mut transform = filtered().await;
    let message = r#"{"before":null,"after":{"id":1,"ok":false},"op":"c"}"#;
    assert_eq!(kinds(&mut transform, message), "");
    assert!(!transform.is_unread());
}

/// The old row is of one branch and the new one of the other: its tombstone must not come behind its successor.
#[tokio::test]
async fn branches_of_one_insert_write_in_the_order_of_the_rows() {
    let query = "INSERT INTO o SELECT id, ok FROM src WHERE ok UNION ALL SELECT id, ok FROM src WHERE NOT ok";
    let job = JOB.replace("INSERT INTO o SELECT * FROM src", query);
    let pipeline = plan(&*job, &PlanOptions::default()).unwrap().pipelines.remove(0);
    let mut transform = Transform::new(&pipeline, &Codecs::open(&pipeline).await.unwrap());
    for (before, after) in [(true, false), (false, true)] {
        let update =
            format!(r#"{{"before":{{"id":1,"ok":{before}}},"after":{{"id":1,"ok":{after}}},"op":"u"}}"#);
        assert_eq!(kinds(&mut transform, &update), "-U +U", "{before} to {after}");
        assert_eq!(transform.changes().len(), 1);
    }
}

/// Keeps the last row of each key, as ChangelogNormalize does (`shared/spec` 4.6), in the plainest way.
#[derive(Default)]
struct LastRows(BTreeMap<i32, String>);

impl Operator for LastRows {
    fn process<'a>(
        &mut self,
        _: &Message<'_>,
        kind: RowKind,
        row: Row<'a>,
        moment: &Moment<'a>,
        each: &mut dyn FnMut(RowKind, Row<'a>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Value::Int(key) = row[0] else { unreachable!("the key is an INT") };
        let old = self.0.get(&key).map(|text| moment.arena.alloc_str(text));
        let old_row = |text| &*moment.arena.alloc_slice_copy(&[Value::Int(key), Value::String(text)]);
        match (kind, row[1], old) {
            (RowKind::Delete, _, None) => return Ok(()),
            (RowKind::Delete, _, Some(old)) => {
                each(RowKind::Delete, old_row(old))?;
                self.0.remove(&key);
            }
            (_, Value::String(new), Some(old)) if new == old => {}
            (_, Value::String(new), old) => {
                if let Some(old) = old {
                    each(RowKind::UpdateBefore, old_row(old))?;
                }
                each(if old.is_some() { RowKind::UpdateAfter } else { RowKind::Insert }, row)?;
                self.0.insert(key, new.to_owned());
            }
            _ => unreachable!("the text is a STRING"),
        }
        Ok(())
    }

    fn forget(&mut self, _: &[TopicPartition]) {
        self.0.clear();
    }

    fn set_time(&mut self, _: i64) {}

    fn state_size(&self) -> StateSize {
        StateSize::default()
    }
}

/// What a SELECT * over an upsert-kafka table prints in Flink 2.x; the rows that it prints none for are read.
#[tokio::test]
async fn an_operator_turns_upserts_into_a_changelog() {
    let job = "CREATE TABLE src (id INT, text STRING) WITH ('connector' = 'kafka', 'topic' = 'in',
            'properties.bootstrap.servers' = 'a:1', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
        CREATE TABLE o (id INT, text STRING) WITH ('connector' = 'print');
        INSERT INTO o SELECT * FROM src";
    let mut pipeline = plan(job, &PlanOptions::default()).unwrap().pipelines.remove(0);
    pipeline.sources[0].deserializer.upsert_mode = true;
    let json = FormatSpec::named("json").unwrap().decoding.unwrap();
    let id = Field::new("id", LogicalType::Int.not_null());
    let format = json(&OptionSet::default(), &[id], &[]).unwrap();
    pipeline.sources[0].deserializer.key = Some(PartPlan { format, slots: vec![0] });
    let codecs = Codecs::open(&pipeline).await.unwrap();
    let mut transform = Transform::new(&pipeline, &codecs);
    transform.sources[0].operator = Some(Box::new(LastRows::default()));
    let mut told = Vec::new();
    for (id, text) in [(1, Some("a")), (2, Some("b")), (1, Some("c")), (2, None), (9, None), (1, Some("c"))] {
        let key = format!("{{\"id\":{id}}}");
        let value = text.map(|text| format!("{{\"id\":{id},\"text\":\"{text}\"}}"));
        let value = value.as_ref().map(|value| value.as_bytes());
        let message = Message { key: Some(key.as_bytes()), value, ..Message::new("in", 0, 0) };
        assert!(matches!(transform.feed(&message), Ok(Fed::Complete)));
        assert!(!transform.is_unread());
        let lines = transform.changes()[0].iter().filter_map(|change| change.value);
        told.extend(lines.map(|line| String::from_utf8_lossy(line).into_owned()));
    }
    assert_eq!(told, ["+I[1, a]", "+I[2, b]", "-U[1, a]", "+U[1, c]", "-D[2, b]"]);
}
