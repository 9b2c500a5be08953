//! Jobs as users write them: what they come to, and every sentence about what is wrong.

use std::time::Duration;

use super::*;
use crate::error::ErrorKind;
use crate::expr::function::Moment;
use crate::expr::{Keep, OnNull};
use crate::format::Encoded;
use crate::row::{Arena, RowKind, Timestamp, Value};
use crate::scan::{Bounded, Startup};
use crate::settings::Settings;

const SOURCE: &str = "CREATE TABLE src (id INT, name STRING, amt DOUBLE) WITH ('connector' = 'kafka', 'topic' = 'in', \
    'properties.bootstrap.servers' = 'a:1, b:1', 'properties.group.id' = 'g', 'format' = 'json');\n";

fn sink(columns: &str, options: &str) -> String {
    format!(
        "CREATE TABLE o ({columns}) WITH ('connector' = 'upsert-kafka', 'topic' = 'out', \
         'properties.bootstrap.servers' = 'a:1', 'key.format' = 'json', 'value.format' = 'json'{options});\n"
    )
}

const COLUMNS: &str = "id BIGINT, name STRING, amt DOUBLE, PRIMARY KEY (id) NOT ENFORCED";

fn job(sink: &str, insert: &str) -> Result<Plan, Error> {
    plan(&*format!("{SOURCE}{sink}{insert}"), &PlanOptions::default())
}

/// The sentences of a refused job, without their places.
fn sentences(sink: &str, insert: &str) -> Vec<String> {
    let error = job(sink, insert).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Plan);
    error.findings().iter().map(|finding| Finding { at: None, ..finding.clone() }.to_string()).collect()
}

const ALL: &str = "INSERT INTO o SELECT * FROM src";

fn upsert(plan: &Plan) -> &KafkaSinkPlan {
    match &plan.pipelines[0].inserts[0].sink {
        SinkPlan::Kafka(sink) => sink,
        SinkPlan::Print(_) | SinkPlan::Blackhole(_) => panic!(),
    }
}

#[test]
fn a_job_is_a_source_a_projection_and_a_sink() {
    let plan = job(&sink(COLUMNS, ""), ALL).unwrap();
    let source = &plan.pipelines[0].sources[0];
    assert_eq!((source.topics.as_slice(), source.group_id.as_deref()), (&["in".to_owned()][..], Some("g")));
    assert_eq!((&source.startup, &source.bounded), (&Startup::GroupOffsets, &Bounded::Unbounded));
    assert_eq!(source.discovery_interval, Some(Duration::from_secs(300)));
    assert_eq!(
        (upsert(&plan).topics.names(), &upsert(&plan).primary_key[..]),
        (&["out".to_owned()][..], &[0][..])
    );
    assert_eq!(plan.settings, Settings::default());
    assert_eq!(plan.notices, []);
}

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
fn key_and_value_are_written_as_the_table_says() {
    let columns = "k_b STRING, v INT, k_a INT, PRIMARY KEY (k_a, k_b) NOT ENFORCED";
    let options = ", 'key.fields-prefix' = 'k_', 'value.fields-include' = 'EXCEPT_KEY'";
    let plan = job(&sink(columns, options), "INSERT INTO o (k_a, k_b) SELECT id, name FROM src").unwrap();
    let row = [Value::String("x"), Value::Null, Value::Int(5)];
    let (mut key, mut value) = (Vec::new(), Vec::new());
    for (format, out) in [(upsert(&plan).key.as_ref().unwrap(), &mut key), (&upsert(&plan).value, &mut value)]
    {
        let outcome = format.open_at_once().unwrap().encode(RowKind::Insert, &row, out);
        assert_eq!(outcome.unwrap(), Encoded::Bytes);
    }
    assert_eq!(String::from_utf8(key).unwrap(), r#"{"a":5,"b":"x"}"#);
    assert_eq!(String::from_utf8(value).unwrap(), r#"{"v":null}"#);
}

#[test]
fn columns_go_by_position_with_casts() {
    let insert = "INSERT INTO o SELECT id, name AS amt, s.amt FROM src AS s";
    let plan = job(&sink(COLUMNS, ""), insert).unwrap();
    let arena = Arena::new();
    let mut out = [Value::Null; 3];
    let row = [Value::Int(1), Value::String("a"), Value::Double(2.0)];
    assert_eq!(
        plan.pipelines[0].inserts[0]
            .projection
            .apply(&row, &mut out, &crate::expr::function::Moment::still(&arena))
            .unwrap(),
        Keep::Yes
    );
    assert_eq!(out, [Value::BigInt(1), Value::String("a"), Value::Double(2.0)]);
}

#[test]
fn a_query_that_does_not_fit_is_shown_with_both_lists() {
    assert_eq!(
        sentences(&sink(COLUMNS, ""), "INSERT INTO o SELECT id, name FROM src"),
        ["table o: the query gives 2 columns, the table takes 3\n  query: id INT, name STRING\n  \
          table: id BIGINT NOT NULL, name STRING, amt DOUBLE\n "]
    );
    assert_eq!(
        sentences(&sink(COLUMNS, ""), "INSERT INTO o SELECT name, id, amt FROM src"),
        [
            "table o: column 'id' (position 1): STRING does not become BIGINT by itself; column 'name' (position 2): \
          INT does not become STRING by itself\n  query: name STRING, id INT, amt DOUBLE\n  \
          table: id BIGINT NOT NULL, name STRING, amt DOUBLE\n "
        ]
    );
    assert_eq!(
        sentences(&sink(COLUMNS, ""), "INSERT INTO o (name) SELECT name FROM src"),
        ["table o: column 'id' is NOT NULL and not among those listed"]
    );
    assert_eq!(
        sentences(&sink(COLUMNS, ""), "INSERT INTO o SELECT ident, name, amt FROM src"),
        ["table src: no column 'ident'; there are: id, name, amt"]
    );
}

#[test]
fn all_that_is_wrong_with_a_table_is_said_in_order() {
    let options = ", 'value.fields-includ' = 'ALL', 'sink.parallelism' = '0', 'sink.buffer-flush.max-rows' = '5', \
        'sink.delivery-guarantee' = 'exactly-once', 'key.fields-prefix' = 'k_', 'scan.parallelism' = 'x'";
    let found = sentences(&sink("id BIGINT, name STRING, amt DOUBLE", options), ALL);
    let found: Vec<&str> = found.iter().map(|it| it.split(" 'upsert-kafka' knows").next().unwrap()).collect();
    assert_eq!(
        found,
        [
            "table o: unknown option 'value.fields-includ'; did you mean 'value.fields-include'?",
            "table o: 'scan.parallelism' = 'x' is not a whole number",
            "table o: needs PRIMARY KEY (…) NOT ENFORCED: it becomes the message key and says which row an update \
             or delete means",
            "table o: 'sink.buffer-flush.max-rows' = 5 and 'sink.buffer-flush.interval' = 0 s work together: set \
             both above zero, or neither",
            "table o: 'sink.delivery-guarantee' = 'exactly-once' needs 'sink.transactional-id-prefix', one of its \
             own for each job",
            "table o: 'key.fields-prefix' = 'k_' needs 'value.fields-include' = 'EXCEPT_KEY': with ALL the key \
             columns stand in the value too, unprefixed",
            "table o: 'sink.parallelism' = 0 must be at least 1",
            "table o: 'sink.delivery-guarantee' = 'exactly-once' is not supported yet",
        ]
    );
}

#[test]
fn what_a_connector_cannot_do_without_is_one_sentence() {
    let text = "CREATE TABLE o (id INT PRIMARY KEY NOT ENFORCED) WITH ('connector' = 'upsert-kafka', 'topic' = 'out');";
    assert_eq!(
        sentences(text, "INSERT INTO o SELECT id FROM src"),
        [
            "table o: missing 'key.format', 'value.format', 'properties.bootstrap.servers': 'upsert-kafka' cannot do \
          without"
        ]
    );
}

#[test]
fn formats_and_connectors_are_told_apart() {
    assert_eq!(
        sentences(&sink(COLUMNS, ", 'value.format' = 'debezium-json'"), ALL),
        [
            "table o: 'value.format' = 'debezium-json' carries changes of its own; here a null value is the delete, so \
          the value needs an insert-only format: json, csv, raw, avro, avro-confluent, protobuf"
        ]
    );
    let found = sentences(&sink(COLUMNS, ", 'key.format' = 'jsn'"), ALL);
    assert!(found[0].starts_with(
        "table o: 'key.format' = 'jsn': no such format; did you mean 'json'? there are: json, "
    ));
    let found = sentences(&sink(COLUMNS, ", 'connector' = 'upsert-kafkas'"), ALL);
    assert_eq!(
        found,
        [
            "table o: no connector 'upsert-kafkas'; did you mean 'upsert-kafka'? there are: blackhole, datagen, filesystem, kafka, print, upsert-kafka"
        ]
    );
}

#[test]
fn a_finding_stands_where_the_text_says_it() {
    let error = job(
        "CREATE TABLE o (\n  id INT,\n  PRIMARY KEY (nope) NOT ENFORCED\n) WITH ('connector' = 'print');\n",
        "INSERT INTO o SELECT id FROM src",
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "table o: PRIMARY KEY names 'nope', which is no column; there are: id (line 4, column 16)"
    );
}

#[test]
fn a_job_that_reads_what_it_writes_is_refused_unless_it_is_meant() {
    let text = format!("{SOURCE}{}{ALL}", sink(COLUMNS, ", 'topic' = 'in'"));
    let error = plan(&*text, &PlanOptions::default()).unwrap_err();
    assert!(error.to_string().starts_with(
        "table o: reads and writes topic 'in': the job would feed itself; use two topics, or --allow-loop (line 2, "
    ));
    assert_eq!(error.findings()[0].rule, Rule::Loop);
    plan(&*text, &PlanOptions::new().with_loop_allowed(true)).unwrap();
    // Another cluster is another topic, until the caller says that both are one.
    let apart = text.replace("'a:1'", "'c:1'");
    plan(&*apart, &PlanOptions::default()).unwrap();
    let one = PlanOptions::new().with_bootstrap("d:1");
    assert_eq!(plan(&*apart, &one).unwrap_err().findings()[0].rule, Rule::Loop);
}

#[test]
fn the_caller_replaces_addresses_and_options() {
    let options = PlanOptions::new().with_bootstrap("here:9").with_option("o", "topic", "other").with_option(
        "src",
        "scan.startup.mode",
        "earliest-offset",
    );
    let text = format!("{SOURCE}{}{ALL}", sink(COLUMNS, ""));
    let done = plan(&*text, &options).unwrap();
    assert_eq!(upsert(&done).topics.names(), ["other"]);
    assert!(upsert(&done).properties.contains(&("bootstrap.servers".into(), "here:9".into())));
    assert_eq!(done.pipelines[0].sources[0].startup, Startup::EarliestOffset);
    let wrong = PlanOptions::new().with_option("oo", "topic", "x");
    assert_eq!(plan(&*text, &wrong).unwrap_err().to_string(), "--set oo.topic: the job has no such table");
}

#[test]
fn update_before_is_dropped_where_the_keys_are_one() {
    let source = |key: &str| {
        SOURCE.replace("'json'", "'debezium-json'").replace("amt DOUBLE)", &format!("amt DOUBLE{key})"))
    };
    let drops = |key: &str, insert: &str| {
        let text = format!("{}{}{insert}", source(key), sink(COLUMNS, ""));
        plan(&*text, &PlanOptions::default()).unwrap().pipelines[0].inserts[0].drop_update_before
    };
    assert!(drops(", PRIMARY KEY (id) NOT ENFORCED", ALL));
    assert!(!drops("", ALL));
    assert!(!drops(", PRIMARY KEY (name) NOT ENFORCED", ALL));
    assert!(!drops(", PRIMARY KEY (id, name) NOT ENFORCED", ALL));
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
fn the_enforcer_counts_for_the_statements_behind_it() {
    let text = format!(
        "{SOURCE}{}{ALL}; SET 'table.exec.sink.not-null-enforcer' = 'DROP'; {ALL}",
        sink(COLUMNS, "")
    );
    let plan = plan(&*text, &PlanOptions::default()).unwrap();
    let on_null: Vec<OnNull> = plan.inserts().map(|(_, insert)| insert.projection.on_null()).collect();
    assert_eq!(on_null, [OnNull::Fail, OnNull::Drop]);
}

/// What Flink's documentation of TIMESTAMP_LTZ has of the two: an INSERT casts each to the other in the session's zone.
#[test]
fn a_wall_clock_is_an_instant_in_the_zone_of_the_session() {
    let text = |zone: &str, [from, to]: [&str; 2]| {
        let source = SOURCE.replace("amt DOUBLE", &format!("ts {from}"));
        let sink = sink(&format!("ts {to}, id INT PRIMARY KEY NOT ENFORCED"), "");
        format!("SET 'table.local-time-zone' = '{zone}';{source}{sink}INSERT INTO o SELECT ts, id FROM src")
    };
    let (wall_clock, instant) = ("TIMESTAMP(3)", "TIMESTAMP_LTZ(3)");
    // 2021-07-01 12:00:00, which Rome's clocks show at 10:00 UTC and New York's at 16:00 UTC.
    let noon = 1_625_140_800;
    for (zone, types, seconds) in [
        ("UTC", [wall_clock, instant], noon),
        ("Europe/Rome", [wall_clock, instant], noon - 2 * 3_600),
        ("Europe/Rome", [instant, wall_clock], noon + 2 * 3_600),
        ("America/New_York", [wall_clock, instant], noon + 4 * 3_600),
        ("America/New_York", [instant, wall_clock], noon - 4 * 3_600),
        ("GMT+08:00", [instant, wall_clock], noon + 8 * 3_600),
        ("Europe/Rome", [instant, instant], noon),
    ] {
        let plan = plan(&*text(zone, types), &PlanOptions::default()).unwrap();
        let (_, insert) = plan.inserts().next().unwrap();
        let row = [Value::Timestamp(Timestamp { seconds: noon, nanos: 0 }); 3];
        let arena = Arena::new();
        let stored =
            insert.projection.exprs().next().unwrap().evaluate(&row, &Moment::still(&arena)).unwrap();
        assert_eq!(stored, Value::Timestamp(Timestamp { seconds, nanos: 0 }), "{zone} {types:?}");
    }
    let error = plan(&*text("Rome", [wall_clock, instant]), &PlanOptions::default()).unwrap_err();
    assert_eq!(error.findings()[0].rule, Rule::Setting);
}

/// `SimpleDateFormat` looks for a year of two digits around the present, which is no time of planning here.
#[test]
fn a_year_of_two_digits_asks_for_the_present() {
    for (date, asks) in [
        ("TO_DATE(name, 'yyyy-M-d')", false),
        ("TO_DATE(name, 'yy-M-d')", true),
        ("TO_DATE('21-3-5', 'yy-M-d')", true),
        ("TO_DATE('2021-3-5', name)", true),
        ("UNIX_TIMESTAMP(name, 'yy-M-d')", true),
        ("UNIX_TIMESTAMP(name)", false),
    ] {
        let insert = format!("INSERT INTO o SELECT id, CAST({date} AS STRING), amt FROM src");
        let plan = job(&sink(COLUMNS, ""), &insert).unwrap();
        assert_eq!(plan.inserts().next().unwrap().1.reads_clock(), asks, "{date}");
    }
}

#[test]
fn a_unit_behind_parentheses_wants_the_difference_of_two_moments() {
    for (expression, why) in [
        ("(id - 1) DAY", "usage: (to - from) unit"),
        ("(CURRENT_DATE - CURRENT_TIMESTAMP) DAY", "cannot be subtracted"),
    ] {
        let found =
            sentences(&sink(COLUMNS, ""), &format!("INSERT INTO o SELECT {expression}, name, amt FROM src"));
        assert!(found.len() == 1 && found[0].contains(why), "{found:?}");
    }
}

#[test]
fn a_print_table_takes_every_change() {
    let table = "CREATE TABLE o (id INT) WITH ('connector' = 'print', 'print-identifier' = 'x', 'standard-error' = 'true');";
    let plan = job(table, "INSERT INTO o SELECT id FROM src").unwrap();
    let SinkPlan::Print(print) = &plan.pipelines[0].inserts[0].sink else { panic!() };
    assert_eq!((print.identifier.as_deref(), print.standard_error), (Some("x"), true));
    assert!(!plan.pipelines[0].inserts[0].drop_update_before);
}

#[test]
fn a_table_of_its_own_is_for_programs_with_rows() {
    let plan = upsert_table(&*sink(COLUMNS, ""), &PlanOptions::default()).unwrap();
    assert_eq!((plan.topics.names(), plan.columns.len()), (&["out".to_owned()][..], 3));
    let error = upsert_table(SOURCE, &PlanOptions::default()).unwrap_err();
    assert!(error.to_string().contains("'connector' = 'upsert-kafka' is expected here"), "{error}");
    assert!(upsert_table(ALL, &PlanOptions::default()).is_err());
}

#[test]
fn a_job_needs_an_insert() {
    assert_eq!(sentences("", ""), ["nothing to run: the job has no INSERT and no SELECT"]);
    let found = sentences("", "INSERT INTO oo SELECT * FROM scr");
    assert_eq!(found, ["no table 'oo'", "no table 'scr'; did you mean 'src'?"]);
}

#[test]
fn two_spellings_of_a_table_are_one_table() {
    let source = SOURCE.replace("TABLE src", "TABLE IF NOT EXISTS `db`.src");
    let insert = "USE default_catalog.db; INSERT INTO default_database.o SELECT src.id, name, amt FROM src; \
        INSERT INTO default_catalog.default_database.o SELECT * FROM default_catalog.`db`.`src`";
    let text = format!("{source}{}CREATE DATABASE IF NOT EXISTS db; {source}{insert}", sink(COLUMNS, ""));
    let plan = plan(&*text, &PlanOptions::default()).unwrap();
    let tables: Vec<&str> = plan.tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!((plan.pipelines.len(), plan.inserts().count(), tables), (1, 2, vec!["src", "o"]));
}

#[test]
fn equal_names_in_two_databases_are_two_tables_and_are_told_apart() {
    let other = SOURCE.replace("TABLE src", "TABLE b.src").replace("'topic' = 'in'", "'topic' = 'other'");
    let insert = "INSERT INTO o SELECT * FROM b.src; INSERT INTO o SELECT * FROM src";
    let text = format!("{SOURCE}{other}{}{insert}", sink(COLUMNS, ""));
    let set = PlanOptions::new().with_option("b", "src.scan.startup.mode", "latest-offset");
    let plan = plan(&*text, &set).unwrap();
    let sources = plan.inserts().map(|(source, _)| (source.table.as_str(), source.topics[0].as_str()));
    assert_eq!(sources.collect::<Vec<_>>(), [("b.src", "other"), ("src", "in")]);
    let startup: Vec<&Startup> = plan.inserts().map(|(source, _)| &source.startup).collect();
    assert_eq!(startup, [&Startup::LatestOffset, &Startup::GroupOffsets]);
}

#[test]
fn a_table_that_was_dropped_is_unknown_and_may_be_made_again() {
    assert_eq!(sentences(&sink(COLUMNS, ""), &format!("DROP TABLE src; {ALL}")), ["no table 'src'"]);
    let again = SOURCE.replace("'in'", "'new'");
    let plan = job(&sink(COLUMNS, ""), &format!("DROP TABLE IF EXISTS src; {again}{ALL}")).unwrap();
    assert_eq!(plan.pipelines[0].sources[0].topics, ["new"]);
    assert_eq!(plan.notices, []);
    let plan = job(&sink(COLUMNS, ""), &format!("DROP VIEW IF EXISTS v; {ALL}")).unwrap();
    assert_eq!(plan.notices[0].to_string(), "DROP VIEW v has no effect: the job has not made it");
    let found = sentences(&sink(COLUMNS, ""), &format!("DROP TABLE nope; {ALL}"));
    assert_eq!(found, ["DROP TABLE nope: there is none; write DROP TABLE IF EXISTS"]);
}

#[test]
fn a_hint_sets_options_of_one_use_below_those_of_the_caller() {
    let insert = "INSERT INTO o /*+ OPTIONS('topic' = 'hinted') */ SELECT * FROM src \
        /*+ OPTIONS('scan.startup.mode' = 'earliest-offset', 'topic' = 'no', 'properties.group.id' = 'h') */; \
        INSERT INTO o SELECT * FROM src";
    let text = format!("{SOURCE}{}{insert}", sink(COLUMNS, ""));
    let plan = plan(&*text, &PlanOptions::new().with_option("src", "topic", "set")).unwrap();
    let sinks = plan.inserts().map(|(_, insert)| insert.topic().unwrap());
    assert_eq!(sinks.collect::<Vec<_>>(), ["hinted", "out"]);
    let sources: Vec<_> =
        plan.inserts().map(|(source, _)| (&source.startup, source.topics[0].as_str())).collect();
    assert_eq!(sources, [(&Startup::EarliestOffset, "set"), (&Startup::GroupOffsets, "set")]);
}

#[test]
fn a_table_that_is_made_again_is_another_source_with_its_own_columns() {
    let again = SOURCE.replace("id INT", "id BIGINT");
    let plan = job(&sink(COLUMNS, ""), &format!("{ALL}; DROP TABLE src; {again}{ALL}")).unwrap();
    let [pipeline] = &plan.pipelines[..] else { panic!("{} readers", plan.pipelines.len()) };
    let reads: Vec<usize> = pipeline.inserts.iter().map(|it| it.source).collect();
    assert_eq!((pipeline.sources.len(), reads), (2, vec![0, 1]));
}

#[test]
fn what_is_refused_is_refused_once() {
    for (statement, insert, expected) in [
        (
            "CREATE VIEW v AS SELECT DISTINCT id FROM src;",
            "INSERT INTO o SELECT id, name FROM v",
            &["distinct"][..],
        ),
        ("", "INSERT INTO o WITH c AS (SELECT DISTINCT * FROM src) SELECT * FROM c", &["distinct"]),
        ("CREATE TABLE c WITH ('connector' = 'print') AS SELECT id FROM src;", "", &["create-table-as"]),
        (
            "CREATE TABLE c (id INT) DISTRIBUTED INTO 2 BUCKETS;",
            "INSERT INTO c SELECT id FROM src",
            &["distributed"],
        ),
        (
            "CREATE SOURCE STREAM s (id INT) WITH (type = 'kafka');",
            "INSERT INTO o SELECT id FROM s",
            &["statements"],
        ),
        ("", "WITH c AS (SELECT * FROM src) INSERT INTO o SELECT * FROM c", &["with"]),
    ] {
        let error = job(&format!("{}{statement}", sink(COLUMNS, "")), insert).unwrap_err();
        let rules: Vec<Rule> = error.findings().iter().map(|it| it.rule).collect();
        let expected: Vec<Rule> = expected.iter().map(|feature| Rule::NotYet(feature)).collect();
        assert_eq!(rules, expected, "{statement} {insert}: {error}");
    }
}

#[test]
fn a_table_of_another_database_is_named_by_its_whole_path() {
    let error =
        job(&sink(COLUMNS, ""), "USE elsewhere; INSERT INTO o SELECT id FROM src").unwrap_err().to_string();
    let said = "no table 'default_catalog.elsewhere.o'; there is 'default_catalog.default_database.o'";
    assert!(error.contains(said), "{error}");
}

#[test]
fn options_that_people_look_for_in_vain_say_why() {
    for (option, why) in [
        ("'scan.startup.mode' = 'earliest-offset'", "an upsert-kafka table is read from its beginning"),
        ("'format' = 'json'", "write 'key.format' and 'value.format'"),
        ("'sink.partitioner' = 'fixed'", "a row's partition follows from its key"),
        ("'key.fields' = 'id'", "the key is the table's PRIMARY KEY"),
        (
            "'connector.startup-mode' = 'x'",
            "it is of Flink 1.10, whose options are no more; today it is 'scan.startup.mode'",
        ),
        ("'update-mode' = 'upsert'", "it is no more, and can be left out"),
    ] {
        let found = sentences(&sink(COLUMNS, &format!(", {option}")), ALL);
        assert!(found.len() == 1 && found[0].contains(why), "{option}: {found:?}");
    }
}

#[test]
fn a_table_of_flink_1_10_is_told_its_clause_of_today() {
    let text = "CREATE TABLE o (id INT) WITH ('connector.type' = 'upsert-kafka', 'connector.topic' = 't', \
        'connector.version' = '0.11', 'connector.properties.bootstrap.servers' = 'a:1', 'format.type' = 'json', \
        'connector.properties.sasl.jaas.config' = 'hush', 'connector.sink.ignore-retraction' = 'true');";
    assert_eq!(
        sentences(text, "INSERT INTO o SELECT id FROM src"),
        ["table o: 'connector.type' is the spelling of Flink 1.10, which no later one reads; write WITH \
          ('connector' = 'upsert-kafka', 'topic' = 't', 'key.format' = 'json', 'value.format' = 'json', \
          'properties.bootstrap.servers' = 'a:1', 'properties.sasl.jaas.config' = '***'); \
          'connector.sink.ignore-retraction' = 'true' drops deletes, which is no more: filter them in the query, or \
          let readers skip null values"]
    );
}

#[test]
fn a_plain_table_of_flink_1_10_runs_after_its_clause_was_shown() {
    let text = "CREATE TABLE cars (id INT) WITH ('connector.type' = 'kafka', 'connector.topic' = 't', 'update-mode' = 'append', \
        'connector.version' = '0.11', 'connector.properties.bootstrap.servers' = 'a:1', 'format.type' = 'csv', \
        'connector.startup-mode' = 'earliest-offset', 'format.field-delimiter' = '|', \
        'connector.properties.sasl.jaas.config' = 'hush', \
        'connector.properties.flink.partition-discovery.interval-millis' = '3000');
        CREATE TABLE shown (id INT) WITH ('connector' = 'print'); INSERT INTO shown SELECT * FROM cars";
    let plan = plan(text, &PlanOptions::new()).unwrap();
    let source = plan.sources().next().unwrap();
    assert_eq!(source.topics(), ["t"]);
    assert_eq!(source.discovery_interval, Some(Duration::from_secs(3)));
    assert_eq!(
        plan.notices()[0].to_string(),
        "table cars: 'connector.type' is the spelling of Flink 1.10, which no later one reads; it runs as WITH \
         ('connector' = 'kafka', 'topic' = 't', 'scan.startup.mode' = 'earliest-offset', 'format' = 'csv', \
         'properties.bootstrap.servers' = 'a:1', 'scan.topic-partition-discovery.interval' = '3000', \
         'properties.sasl.jaas.config' = '***', 'csv.field-delimiter' = '|')"
    );
    let typo = text.replace("connector.version", "connector.verzion");
    let error = super::plan(&*typo, &PlanOptions::new()).unwrap_err().to_string();
    assert!(error.contains("'connector.verzion'"), "{error}");
}

#[test]
fn settings_of_the_caller_count_as_if_they_stood_before_the_text() {
    let text = format!("{SOURCE}{}{ALL}", sink(COLUMNS, ""));
    let options = PlanOptions::new().with_setting("execution.checkpointing.interval", "7 s");
    let options = options.with_setting("state.backend.type", "rocksdb");
    let planned = plan(&*text, &options).unwrap();
    assert_eq!(planned.settings.checkpoint_interval, Duration::from_secs(7));
    assert_eq!(planned.notices[0].to_string(), "setting 'state.backend.type' has no effect here");
    let own = format!("SET 'execution.checkpointing.interval' = '1 s'; {text}");
    assert_eq!(plan(&*own, &options).unwrap().settings.checkpoint_interval, Duration::from_secs(1));
    let wrong = PlanOptions::new().with_setting("parallelism.default", "many");
    let error = plan(&*text, &wrong).unwrap_err().to_string();
    assert_eq!(error, "setting 'parallelism.default' = 'many': this is not a whole number");
}

#[test]
fn indexed_properties_of_flink_1_10_are_told_by_their_names() {
    let text = "CREATE TABLE o (id INT) WITH ('connector.type' = 'upsert-kafka', 'connector.topic' = 't', \
        'connector.properties.0.key' = 'bootstrap.servers', 'connector.properties.0.value' = 'a:1', \
        'connector.properties.1.key' = 'group.id', 'connector.properties.1.value' = 'g', 'format.type' = 'json');";
    let found = sentences(text, "INSERT INTO o SELECT id FROM src");
    let clause = "'properties.bootstrap.servers' = 'a:1', 'properties.group.id' = 'g')";
    assert!(found.len() == 1 && found[0].contains(clause), "{found:?}");
}

#[test]
fn settings_go_back_to_their_defaults() {
    let text = format!(
        "SET pipeline.name = a; SET execution.checkpointing.interval = 1s; RESET pipeline.name; {SOURCE}{}{ALL}",
        sink(COLUMNS, "")
    );
    let settings = plan(&*text, &PlanOptions::default()).unwrap().settings;
    assert_eq!((settings.name, settings.checkpoint_interval), (None, Duration::from_secs(1)));
    let text = format!("SET pipeline.name = a; RESET; RESET 'x.y'; {SOURCE}{}{ALL}", sink(COLUMNS, ""));
    let plan = plan(&*text, &PlanOptions::default()).unwrap();
    assert_eq!(plan.settings, Settings::default());
    assert_eq!(plan.notices[0].to_string(), "RESET 'x.y' has no effect here");
}

#[test]
fn a_jobs_columns_are_bounded() {
    let columns: Vec<String> = (0..9_000).map(|index| format!("c{index} INT")).collect();
    let source = format!("CREATE TABLE src ({}) WITH ('connector' = 'print');", columns.join(","));
    let text = format!("{source}{}", "INSERT INTO src SELECT * FROM src;".repeat(20));
    let error = plan(&*text, &PlanOptions::default()).unwrap_err().to_string();
    assert!(error.contains("a job has at most 1000 INSERTs, and 200000 columns"), "{error}");
}
