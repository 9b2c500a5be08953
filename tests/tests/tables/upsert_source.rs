//! An upsert-kafka table that is read: what was there before is known, also after a restart, and within a bound.

use tokio::task::block_in_place;

use super::stage::{Stage, kafka, upsert};
use crate::program;

const COLUMNS: &str = "id INT, v STRING, PRIMARY KEY (id) NOT ENFORCED";

fn key(id: i32) -> String {
    format!("{{\"id\":{id}}}")
}

fn value(id: i32, v: &str) -> String {
    format!("{{\"id\":{id},\"v\":\"{v}\"}}")
}

async fn feed(stage: &Stage, rows: &[(i32, Option<&str>)]) {
    for (id, v) in rows {
        stage.feed("u", &[(Some(&key(*id)), v.map(|v| value(*id, v)).as_deref())]).await;
    }
}

fn image(before: Option<(i32, &str)>, after: Option<(i32, &str)>) -> String {
    let image = |of: Option<(i32, &str)>| of.map_or("null".to_owned(), |(id, v)| value(id, v));
    let op = if after.is_some() { "c" } else { "d" };
    format!("{{\"before\":{},\"after\":{},\"op\":\"{op}\"}}", image(before), image(after))
}

/// To a table that tells old rows too.
fn told(group: &str) -> String {
    upsert("u", COLUMNS, "u", group)
        + &kafka("k", "id INT, v STRING", "out", "debezium-json", "")
        + "INSERT INTO k SELECT * FROM u"
}

#[tokio::test]
async fn what_was_there_before_is_told_and_after_a_restart_only_what_is_new() {
    let stage = Stage::set(&[("u", 2), ("out", 1)]).await;
    feed(&stage, &[(1, Some("a")), (9, None), (1, Some("a")), (1, Some("b")), (2, Some("x"))]).await;
    let job = told("'properties.group.id' = 'g',");
    let summary = stage.run(&job).await.unwrap();
    assert_eq!(summary.counts.rows_in, 5);
    let mut first = stage.values("out").await;
    let (a, b, x) = ((1, "a"), (1, "b"), (2, "x"));
    let mut due =
        vec![image(None, Some(a)), image(Some(a), None), image(None, Some(b)), image(None, Some(x))];
    let of_1 = |all: &[String]| all.iter().filter(|it| it.contains("\"id\":1")).cloned().collect::<Vec<_>>();
    assert_eq!(of_1(&first), of_1(&due), "the changes of a key are in order");
    first.sort();
    due.sort();
    assert_eq!(first, due);

    feed(&stage, &[(1, None), (2, Some("y"))]).await;
    stage.run(&job).await.unwrap();
    let mut second = stage.values("out").await.split_off(4);
    second.sort();
    let mut due = [image(Some(b), None), image(Some(x), None), image(None, Some((2, "y")))];
    due.sort();
    assert_eq!(second, due, "the state was rebuilt, and nothing of before is told again");
    stage.run(&job).await.unwrap();
    assert_eq!(stage.values("out").await.len(), 7);
}

#[tokio::test]
async fn how_far_the_state_is_rebuilt_is_told() {
    let stage = Stage::set(&[("u", 2), ("out", 1)]).await;
    feed(&stage, &[(1, Some("a")), (1, Some("b")), (2, Some("x")), (3, Some("y")), (3, None)]).await;
    let job = told("'properties.group.id' = 'g', 'scan.parallelism' = '2',");
    let mut first = stage.open(&job).await.unwrap();
    assert_eq!(first.progress().rebuild(), None, "it was never run");
    first.stop_at_end().await.unwrap();
    first.run().await.unwrap();

    feed(&stage, &[(4, Some("z"))]).await;
    let mut second = stage.open(&job).await.unwrap();
    let progress = second.progress();
    let begun = progress.rebuild().unwrap();
    assert_eq!((begun.done, begun.total, begun.keys, begun.is_complete()), (0, 5, 0, false));
    second.stop_at_end().await.unwrap();
    let summary = second.run().await.unwrap();
    let rebuilt = progress.rebuild().unwrap();
    assert_eq!((rebuilt.done, rebuilt.total, rebuilt.is_complete()), (5, 5, true));
    // The new row may have come in the same fetch.
    assert!((2..=3).contains(&rebuilt.keys) && rebuilt.bytes > 0, "{rebuilt:?}");
    assert_eq!((summary.counts.rows_in, summary.counts.rows_out), (6, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_says_that_the_state_is_rebuilt_and_how_large_it_is() {
    let stage = Stage::set(&[("u", 1)]).await;
    feed(&stage, &[(1, Some("a")), (1, Some("b")), (2, Some("x"))]).await;
    let job =
        upsert("u", COLUMNS, "u", "'properties.group.id' = 'g', 'scan.bounded.mode' = 'latest-offset',")
            + "CREATE TABLE p (id INT, v STRING) WITH ('connector' = 'print'); INSERT INTO p SELECT * FROM u";
    let path = program::file("rebuilt.sql", &job);
    let (path, bootstrap) = (path.to_str().unwrap(), stage.bootstrap());
    let run = || block_in_place(|| program::run(&["run", path, "--bootstrap", &bootstrap]));
    let first = run();
    assert_eq!((first.code, first.err.contains("rebuilt")), (0, false), "{}", first.err);
    feed(&stage, &[(1, None)]).await;
    let second = run();
    assert_eq!(second.code, 0, "{}", second.err);
    assert!(second.out.starts_with("-D[1, b]\n"), "{}", second.out);
    let told = second.err.lines().find(|line| line.starts_with("note: the state is rebuilt: "));
    let told = told.unwrap_or_else(|| panic!("{}", second.err));
    assert!(
        told.contains(" keys, 0.0 MB from 3 offsets in ") || told.contains(" key, 0.0 MB from 3 "),
        "{told}"
    );
}

#[tokio::test]
async fn a_copy_keeps_nothing_and_hands_every_record_on() {
    let stage = Stage::set(&[("u", 1), ("out", 1)]).await;
    feed(&stage, &[(1, Some("a")), (9, None), (1, Some("a"))]).await;
    let columns = "id INT, v STRING NOT NULL, PRIMARY KEY (id) NOT ENFORCED";
    let job =
        upsert("u", columns, "u", "") + &upsert("o", columns, "out", "") + "INSERT INTO o SELECT * FROM u";
    let mut running = stage.open(&job).await.unwrap();
    running.stop_at_end().await.unwrap();
    let progress = running.progress();
    running.run().await.unwrap();
    assert_eq!(progress.state(), (0, 0));
    let read = stage.read("out").await;
    let pairs: Vec<_> = read.into_iter().map(|it| (it.key.unwrap(), it.value)).collect();
    assert_eq!(pairs, [(key(1), Some(value(1, "a"))), (key(9), None), (key(1), Some(value(1, "a")))]);
}

#[tokio::test]
async fn a_state_that_is_full_fails_the_job_and_says_what_to_do() {
    let stage = Stage::set(&[("u", 1), ("out", 1)]).await;
    let rows: Vec<_> = (0..5_000).map(|id| (key(id), value(id, "some text that is kept"))).collect();
    let records: Vec<_> = rows.iter().map(|(key, value)| (Some(&**key), Some(&**value))).collect();
    stage.feed("u", &records).await;
    let job = told("");
    let failed = stage.run(&format!("SET 'table.exec.state.max-memory' = '100 kb'; {job}")).await;
    let text = failed.unwrap_err().to_string();
    for part in ["table u: ", "table.exec.state.max-memory", "topic u, partition 0, offset"] {
        assert!(text.contains(part), "{text}");
    }
    stage.run(&format!("SET 'table.exec.state.max-memory' = '1 mb'; {job}")).await.unwrap();
}

#[tokio::test]
async fn several_tasks_share_a_table_and_its_state() {
    let stage = Stage::set(&[("u", 6), ("out", 1)]).await;
    let rows: Vec<_> = (0..300).map(|n| (key(n % 50), value(n % 50, &n.to_string()))).collect();
    let records: Vec<_> = rows.iter().map(|(key, value)| (Some(&**key), Some(&**value))).collect();
    stage.feed("u", &records).await;
    let job = told("'properties.group.id' = 'g', 'scan.parallelism' = '4',");
    let summary = stage.run(&job).await.unwrap();
    assert_eq!((summary.counts.rows_in, summary.counts.rows_out), (300, 50 + 250 * 2));
    let values = stage.values("out").await;
    for id in 0..50 {
        let own: Vec<_> = values.iter().filter(|it| it.contains(&format!("\"id\":{id},"))).collect();
        let numbers: Vec<String> = (0..6).map(|round| (id + 50 * round).to_string()).collect();
        let mut due = vec![image(None, Some((id, &numbers[0])))];
        for pair in numbers.windows(2) {
            due.extend([image(Some((id, &pair[0])), None), image(None, Some((id, &pair[1])))]);
        }
        assert!(own.iter().copied().eq(&due), "{id}: {own:?}");
    }
}
