//! How DLI's jobs run: points 68 to 72. Point 67 is `crash`'s.

use super::place::{Place, bounded};
use super::text::{explained, plan};
use crate::program;

const TWO: &str = "
    CREATE TABLE a (id INT, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka', 'topic' = 'a',
        'properties.bootstrap.servers' = 'b:9092', 'key.format' = 'json', 'value.format' = 'json');
    CREATE TABLE b (id INT, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka', 'topic' = 'b',
        'properties.bootstrap.servers' = 'b:9092', 'key.format' = 'json', 'value.format' = 'json');";

#[test]
fn point_68_two_inserts_are_one_job_in_a_set_and_without() {
    let source = bounded("src", "id INT", "in", "'format' = 'json', 'properties.group.id' = 'g'");
    let (one, other) = ("INSERT INTO a SELECT id FROM src;", "INSERT INTO b SELECT id + 1 FROM src;");
    for (name, inserts) in [
        ("set", format!("EXECUTE STATEMENT SET BEGIN {one} {other} END;")),
        ("bare", format!("{one} {other}")),
    ] {
        let script = format!("{source}{TWO}{inserts}");
        let told = plan(name, &script, &[]);
        assert!(
            told.contains("topic in is read once for 2 INSERTs; a commit waits for all of them"),
            "{told}"
        );
        let place = Place::set(&["in", "a", "b"]);
        place.feed("in", "{\"id\":1}\n");
        let ran = place.run(name, &script, &[]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.out.contains("1 rows in, 2 rows out"), "{}", ran.out);
        assert_eq!(
            (&*place.dump("a"), &*place.dump("b")),
            ("{\"id\":1}\t{\"id\":1}\n", "{\"id\":2}\t{\"id\":2}\n")
        );
    }
}

const PLAIN: &str = "CREATE TABLE src (id INT) WITH ('connector' = 'datagen', 'number-of-rows' = '1');
    CREATE TABLE gone (id INT) WITH ('connector' = 'blackhole');
    INSERT INTO gone SELECT id FROM src;";

#[test]
fn point_69_a_setting_of_the_script_stands_over_the_services() {
    let conf = ["--conf", "execution.checkpointing.interval=10 s"];
    let script = format!("SET 'execution.checkpointing.interval' = '30 s';\n{PLAIN}");
    assert!(plan("set-conf", &script, &conf).contains("offsets are committed every 30s"));
    assert!(plan("conf", PLAIN, &conf).contains("offsets are committed every 10s"));
}

/// Keys of DLI's runtime configuration, one of each pattern.
const SERVICE: [&str; 14] = [
    "kubernetes.jobmanager.cpu",
    "kubernetes.taskmanager.cpu",
    "jobmanager.memory.process.size",
    "taskmanager.memory.process.size",
    "taskmanager.memory.managed.fraction",
    "state.backend.rocksdb.block.cache-size",
    "state.backend.rocksdb.writebuffer.size",
    "table.exec.mini-batch.enabled",
    "table.exec.mini-batch.allow-latency",
    "table.exec.mini-batch.size",
    "table.optimizer.aggphase-strategy",
    "table.optimizer.distinct-agg.split.enabled",
    "table.optimizer.distinct-agg.split.bucket-num",
    "pipeline.auto-watermark-interval",
];

#[test]
fn point_70_settings_of_the_service_are_taken_and_told_to_have_no_effect() {
    for key in SERVICE {
        let told = plan("service", PLAIN, &["--conf", &format!("{key}=1")]);
        assert!(told.contains(&format!("'{key}' has no effect here")), "{key}: {told}");
    }
    let flags: Vec<String> =
        SERVICE.iter().flat_map(|key| ["--conf".to_owned(), format!("{key}=1")]).collect();
    let path = program::file("dli-service-run.sql", PLAIN);
    let mut args = vec!["run", path.to_str().unwrap()];
    args.extend(flags.iter().map(String::as_str));
    assert_eq!(program::run(&args).code, 0);
    // What would be missed is not passed over.
    for (key, value) in
        [("table.exec.source.cdc-events-duplicate", "true"), ("execution.savepoint.path", "obs://b/p")]
    {
        let ran = explained("missed", &format!("SET '{key}' = '{value}';\n{PLAIN}"), &[]);
        assert!(ran.code == 3 && ran.err.contains(key), "{}{}", ran.out, ran.err);
    }
}

#[test]
fn point_71_a_broker_that_is_not_reached_is_named_with_what_failed() {
    let job = |at: &str| {
        bounded("src", "id INT", "in", "'format' = 'json', 'properties.bootstrap.timeout.ms' = '1500'")
            .replace("broker1:9092", at)
            + "CREATE TABLE gone (id INT) WITH ('connector' = 'blackhole'); INSERT INTO gone SELECT id FROM src;"
    };
    for (name, at, says) in
        [("no-name", "nowhere.invalid:9092", "name"), ("no-listener", "127.0.0.1:1", "refused")]
    {
        let path = program::file(&format!("dli-{name}.sql"), &job(at));
        let ran = program::run(&["run", path.to_str().unwrap()]);
        assert_eq!(ran.code, 4, "{}", ran.err);
        assert!(ran.err.contains(at) && ran.err.contains(says), "{}", ran.err);
        assert!(!ran.err.contains("Timeout expired"), "{}", ran.err);
    }
}

#[test]
fn point_72_a_group_that_committed_nothing_is_told_both_ways_out() {
    let place = Place::set(&["in"]);
    let script = bounded("src", "id INT", "in", "'format' = 'json', 'properties.group.id' = 'new'")
        .replace("'scan.startup.mode' = 'earliest-offset',", "'scan.startup.mode' = 'group-offsets',")
        + "CREATE TABLE gone (id INT) WITH ('connector' = 'blackhole'); INSERT INTO gone SELECT id FROM src;";
    let ran = place.run("no-offset", &script, &[]);
    assert_eq!(ran.code, 4, "{}", ran.err);
    for part in ["partition 0", "'properties.auto.offset.reset'", "'scan.startup.mode'"] {
        assert!(ran.err.contains(part), "no {part} in {}", ran.err);
    }
}
