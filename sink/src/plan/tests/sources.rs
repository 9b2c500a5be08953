//! Sources: which topics are read, by how many readers, and from where to where.

use super::*;
use crate::credentials::{Credentials, PathMap};
use crate::local_source::LocalPlan;
use crate::scan::{Bounded, Startup};

fn table(name: &str, options: &str) -> String {
    format!(
        "CREATE TABLE {name} (id INT) WITH ('connector' = 'kafka', 'properties.bootstrap.servers' = 'b:1', \
         'format' = 'json', 'properties.group.id' = 'g'{options});\nINSERT INTO o (id) SELECT id FROM {name};\n"
    )
}

#[test]
fn a_topic_is_read_once_however_many_inserts_want_it() {
    let all = format!("{ALL};\n{ALL};\n");
    let more =
        table("other", ", 'topic' = 'in', 'properties.fetch.min.bytes' = '1'").replace("b:1", "a:1, b:1");
    let source = SOURCE.replace("'format'", "'properties.fetch.min.bytes' = '1', 'format'");
    let plan = plan(&*format!("{source}{}{all}{more}", sink(COLUMNS, "")), &PlanOptions::default()).unwrap();
    let [pipeline] = &plan.pipelines[..] else { panic!("{} readers", plan.pipelines.len()) };
    let tables: Vec<&str> = pipeline.sources.iter().map(|it| &*it.table).collect();
    let reads: Vec<usize> = pipeline.inserts.iter().map(|it| it.source).collect();
    assert_eq!((tables, reads), (vec!["src", "other"], vec![0, 0, 1]));
}

#[test]
fn two_readers_of_one_topic_and_group_are_refused() {
    let refused = |options: &str| {
        let sql = format!("{SOURCE}{}{ALL};\n{}", sink(COLUMNS, ""), table("other", options));
        plan(&*sql, &PlanOptions::default()).map(|plan| plan.pipelines.len()).map_err(|e| e.to_string())
    };
    let startup = ", 'topic' = 'in', 'scan.startup.mode' = 'latest-offset'";
    let text = refused(startup).unwrap_err();
    assert!(text.starts_with("table other: table src reads topic in as group g too"), "{text}");
    assert!(
        text.contains("another 'scan.startup.mode'") && text.contains("'properties.group.id' of its own"),
        "{text}"
    );
    assert!(refused(", 'topic' = 'more;in'").unwrap_err().contains("another 'topic'"));
    assert!(refused(", 'topic' = 'in'").unwrap_err().contains("another 'properties.bootstrap.servers'"));
    assert_eq!(refused(", 'topic' = 'more'"), Ok(2), "another topic");
}

#[test]
fn a_source_says_where_it_begins_and_ends() {
    let with = |options: &str| {
        let source = SOURCE.replace("'format' = 'json'", &format!("'format' = 'json', {options}"));
        plan(&*format!("{source}{}{ALL}", sink(COLUMNS, "")), &PlanOptions::default())
    };
    let offsets = with(
        "'scan.startup.mode' = 'specific-offsets', 'scan.startup.specific-offsets' = 'partition:1,offset:7'",
    );
    assert_eq!(offsets.unwrap().pipelines[0].sources[0].startup, Startup::SpecificOffsets([(1, 7)].into()));
    let bounded = with("'scan.bounded.mode' = 'timestamp', 'scan.bounded.timestamp-millis' = '5'").unwrap();
    assert_eq!(bounded.pipelines[0].sources[0].bounded, Bounded::Timestamp(5));
    assert_eq!(bounded.pipelines[0].sources[0].discovery_interval, None);
    let error = with("'scan.startup.mode' = 'timestamp'").unwrap_err();
    assert!(
        error.to_string().contains("'scan.startup.mode' = 'timestamp' needs 'scan.startup.timestamp-millis'")
    );
    let error =
        with("'scan.bounded.mode' = 'specific-offsets', 'scan.bounded.specific-offsets' = 'x'").unwrap_err();
    assert!(error.to_string().contains(
        "'scan.bounded.specific-offsets' = 'x' is not of the form 'partition:0,offset:42;partition:1,offset:300' (at 'x')"
    ));
}

#[test]
fn without_a_group_one_notice_says_what_that_means() {
    let source = SOURCE.replace("'properties.group.id' = 'g'", "'scan.startup.mode' = 'earliest-offset'");
    let text = format!("{source}{}{ALL}; {ALL}", sink(COLUMNS, ""));
    let plan = plan(&*text, &PlanOptions::default()).unwrap();
    let notices: Vec<String> = plan.notices.iter().map(Notice::to_string).collect();
    assert_eq!(
        notices,
        ["table src: no 'properties.group.id': offsets are not kept, so a restart starts anew"]
    );
    assert_eq!(plan.inserts().count(), 2);
}

#[test]
fn files_of_buckets_lie_where_the_map_says_and_no_other_store_is_read() {
    let paths = PathMap::new().with("obs://bucket/", "/mnt/bucket").unwrap();
    let options = PlanOptions::new().with_credentials(Credentials::of_paths(paths));
    let path = |path: &str| -> Result<String, String> {
        let sql = format!(
            "CREATE TABLE f (id INT) WITH ('connector' = 'filesystem', 'path' = '{path}', 'format' = 'json');
             CREATE TABLE p (id INT) WITH ('connector' = 'print'); INSERT INTO p SELECT * FROM f"
        );
        let plan = plan(&*sql, &options).map_err(|error| error.to_string())?;
        match plan.pipelines[0].sources[0].local.clone() {
            Some(LocalPlan::Lines { path }) => Ok(path),
            other => panic!("{other:?}"),
        }
    };
    for (given, local) in [
        ("obs://bucket/orders/a.jsonl", "/mnt/bucket/orders/a.jsonl"),
        ("file:///data/orders", "/data/orders"),
        ("/data/a:b", "/data/a:b"),
        ("orders.jsonl", "orders.jsonl"),
        ("-", "-"),
    ] {
        assert_eq!(path(given).as_deref(), Ok(local));
    }
    for (given, says) in [
        (
            "obs://other/x",
            "'path' = 'obs://other/x' lies in an object store that is not read here; copy the file and map it: \
             --map-path obs://other/=DIR",
        ),
        ("obs://bucket/../x", "'path' = 'obs://bucket/../x' leaves the folder that stands for its bucket"),
        (
            "s3a://b/x",
            "'path' = 's3a://b/x': files by s3a:// are not read here; copy them to this machine, or mount what holds \
             them, and name that folder",
        ),
        (
            "hdfs://node:8020/x",
            "'path' = 'hdfs://node:8020/x': files by hdfs:// are not read here; copy them to this machine, or mount \
             what holds them, and name that folder",
        ),
    ] {
        let refused = path(given).unwrap_err();
        assert!(refused.starts_with("table f: ") && refused.contains(says), "{refused}");
        assert!(refused.contains("line 1, column "), "the place of the option: {refused}");
    }
}
