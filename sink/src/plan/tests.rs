//! Jobs as users write them: what they come to, and every sentence about what is wrong.

mod catalog;
mod options;
mod queries;
mod settings;
mod sinks;
mod sources;

use std::time::Duration;

use super::*;
use crate::error::ErrorKind;
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
fn a_key_is_one_and_has_each_of_its_columns_once() {
    let columns =
        "id INT, up AS id + 1, PRIMARY KEY (id, id, up) NOT ENFORCED, PRIMARY KEY (id) NOT ENFORCED";
    assert_eq!(
        sentences(&sink(columns, ""), "INSERT INTO o SELECT id FROM src"),
        [
            "table o: PRIMARY KEY names 'id' twice",
            "table o: PRIMARY KEY names 'up', which is computed or metadata: a key has physical columns",
            "table o: a second PRIMARY KEY; a table has one"
        ]
    );
}

#[test]
fn a_job_needs_an_insert() {
    assert_eq!(sentences("", ""), ["nothing to run: the job has no INSERT and no SELECT"]);
    let found = sentences("", "INSERT INTO oo SELECT * FROM scr");
    assert_eq!(found, ["no table 'oo'", "no table 'scr'; did you mean 'src'?"]);
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
fn a_jobs_columns_are_bounded() {
    let columns: Vec<String> = (0..9_000).map(|index| format!("c{index} INT")).collect();
    let source = format!("CREATE TABLE src ({}) WITH ('connector' = 'print');", columns.join(","));
    let text = format!("{source}{}", "INSERT INTO src SELECT * FROM src;".repeat(20));
    let error = plan(&*text, &PlanOptions::default()).unwrap_err().to_string();
    assert!(error.contains("a job has at most 1000 INSERTs, and 200000 columns"), "{error}");
}
