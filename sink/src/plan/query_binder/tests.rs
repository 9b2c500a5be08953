//! Queries as users write them, by what `explain` tells of them.

use crate::plan::{Plan, PlanOptions, plan};

const TABLES: &str = "
    CREATE TABLE src (id INT, name STRING, tags ARRAY<STRING>, r ROW<a INT, b STRING>, rs ARRAY<ROW<x INT, y STRING>>,
        at_ms TIMESTAMP_LTZ(3) METADATA FROM 'timestamp', `offset` BIGINT METADATA VIRTUAL, copy AS id,
        WATERMARK FOR at_ms AS at_ms) WITH ('connector' = 'kafka', 'topic' = 'in',
        'properties.bootstrap.servers' = 'a:1', 'properties.group.id' = 'g', 'format' = 'json');
    CREATE TABLE other (id INT, name STRING) WITH ('connector' = 'kafka', 'topic' = 'other',
        'properties.bootstrap.servers' = 'a:1', 'properties.group.id' = 'g', 'format' = 'json');
    CREATE TABLE o (id BIGINT, name STRING) WITH ('connector' = 'print');\n";

fn planned(statements: &str) -> Plan {
    plan(&*format!("{TABLES}{statements}"), &PlanOptions::default())
        .unwrap_or_else(|error| panic!("{statements}: {error}"))
}

/// What is told of the INSERTs alone.
fn explained(statements: &str) -> Vec<String> {
    let text = planned(statements).explain().to_string();
    let inserts = text.lines().skip_while(|line| !line.starts_with("insert") && !line.starts_with("select"));
    let inserts = inserts.take_while(|line| !line.starts_with("topic ") && !line.starts_with("job "));
    inserts.map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

fn refused(statements: &str) -> Vec<String> {
    let error = plan(&*format!("{TABLES}{statements}"), &PlanOptions::default()).unwrap_err();
    error.findings().iter().map(|finding| finding.text.clone()).collect()
}

const EVERY: &str = "every change is printed";

#[test]
fn views_and_subqueries_are_put_into_one_projection_over_the_source() {
    let expected = ["insert into o from src", "id BIGINT = id, cast from INT", "name STRING = r.b", EVERY];
    for query in [
        "INSERT INTO o SELECT id, r.b FROM src",
        "INSERT INTO o SELECT id, s.r.b FROM src AS s",
        "CREATE VIEW v AS SELECT id AS x, r.b AS y FROM src; INSERT INTO o SELECT x, y FROM v",
        "CREATE TEMPORARY VIEW v (x, y) AS SELECT id, r.b FROM src; INSERT INTO o SELECT v.x, v.y FROM v",
        "INSERT INTO o SELECT x, y FROM (SELECT id, r.b FROM src) AS v (x, y)",
        "INSERT INTO o WITH v AS (SELECT id, r FROM src), w (x, y) AS (SELECT id, r.b FROM v) SELECT * FROM w",
        "INSERT INTO o (name, id) SELECT r.b, copy FROM src",
    ] {
        assert_eq!(explained(query), expected, "{query}");
    }
}

#[test]
fn filters_are_taken_in_the_order_of_the_queries() {
    let text = "CREATE VIEW v AS SELECT id, name, TRUE AS a, copy FROM src WHERE TRUE;
        INSERT INTO o SELECT id, name FROM v WHERE a";
    let lines = explained(text);
    assert_eq!(lines[1..3], ["where TRUE", "where TRUE"], "{lines:?}");
}

#[test]
fn union_all_is_several_inserts_into_one_sink() {
    let text = "INSERT INTO o SELECT id, name FROM src UNION ALL SELECT id, name FROM other UNION ALL (SELECT id, r.b FROM src)";
    let lines = explained(text);
    let from: Vec<&str> =
        lines.iter().map(String::as_str).filter(|line| line.starts_with("insert")).collect();
    assert_eq!(from, ["insert into o from src", "insert into o from src", "insert into o from other"]);
    assert_eq!(planned(text).pipelines().len(), 2, "one topic is read once");
    let found = refused("INSERT INTO o SELECT id, name FROM src UNION ALL SELECT id FROM other");
    assert_eq!(found, ["UNION ALL: 2 columns here and 1 there"]);
    let found = refused("INSERT INTO o SELECT id, name FROM src UNION ALL SELECT id, tags FROM src");
    assert_eq!(found, ["UNION ALL: column 2 is STRING and ARRAY<STRING>, which have no common type"]);
}

#[test]
fn metadata_is_read_of_the_record_and_of_its_own_type() {
    let lines = explained("INSERT INTO o SELECT `offset`, name FROM src");
    assert_eq!(lines[1], "id BIGINT = offset");
    assert_eq!(
        planned("INSERT INTO o SELECT id, name FROM src").notices()[0].to_string(),
        "table src: WATERMARK has no effect: no query that is supported yet waits for one"
    );
}

#[test]
fn an_array_becomes_rows() {
    let lines = explained("INSERT INTO o SELECT id, t FROM src CROSS JOIN UNNEST(tags) AS u (t)");
    assert_eq!(lines[1], "a row for each element of tags");
    let lines = explained("INSERT INTO o SELECT x, y FROM src, UNNEST(rs)");
    assert_eq!(lines[1], "a row for each element of rs");
    let lines =
        explained("INSERT INTO o SELECT n, w FROM src CROSS JOIN UNNEST(tags) WITH ORDINALITY AS u (w, n)");
    assert_eq!(lines[0], "insert into o from src");
    let lines =
        explained("INSERT INTO o SELECT id, p FROM src, LATERAL TABLE(STRING_SPLIT(name, ',')) AS u (p)");
    assert_eq!(lines[1], "a row for each piece of name");
    assert_eq!(
        refused("INSERT INTO o SELECT id, x FROM src CROSS JOIN UNNEST(name) AS u (x)"),
        ["UNNEST takes an ARRAY, a MAP or a MULTISET; this is STRING"]
    );
    assert_eq!(
        refused("INSERT INTO o SELECT id, a FROM src CROSS JOIN UNNEST(rs) AS u (a)"),
        ["this gives 2 columns (x, y), and 1 are named"]
    );
}

#[test]
fn what_a_query_names_must_be_there() {
    for (query, sentence) in [
        ("INSERT INTO o SELECT idd, name FROM src", "no column 'idd'; did you mean 'id'?"),
        ("INSERT INTO o SELECT x.id, name FROM src", "no column 'x'"),
        ("INSERT INTO o SELECT x.* FROM src", "'x' is not in FROM; 'src' is"),
        (
            "INSERT INTO o SELECT id, name FROM src WHERE name",
            "WHERE takes a condition, which is a BOOLEAN; this is STRING",
        ),
        ("INSERT INTO o SELECT id FROM src", "the query gives 1 columns, the table takes 2"),
        (
            "CREATE VIEW v (a, b) AS SELECT id FROM src; INSERT INTO o SELECT a, b FROM v",
            "'v' names 2 columns, and its query has 1",
        ),
        ("INSERT INTO o SELECT * FROM nope", "no table 'nope'"),
        (
            "CREATE VIEW v AS SELECT id FROM src; INSERT INTO v SELECT id FROM src",
            "'v' is a view, which cannot be written",
        ),
        (
            "CREATE VIEW src AS SELECT id FROM other; INSERT INTO o SELECT id, name FROM other",
            "it is made twice",
        ),
        (
            "INSERT INTO o SELECT id, x FROM src, LATERAL TABLE(EXPLODE(name)) AS u (x)",
            "no table function 'EXPLODE'",
        ),
    ] {
        let found = refused(query);
        assert!(found.len() == 1 && found[0].starts_with(sentence), "{query}: {found:?}");
    }
}

#[test]
fn a_view_that_grows_without_end_is_refused() {
    let mut text = "CREATE VIEW v0 AS SELECT r AS x FROM src;".to_owned();
    for at in 1..60 {
        text += &format!(
            "CREATE VIEW v{at} AS SELECT x, x AS y FROM v{} UNION ALL SELECT x, x FROM v{};",
            at - 1,
            at - 1
        );
    }
    let found = refused(&text);
    assert!(found[0].starts_with("UNION ALL has more than 1000 parts"), "{found:?}");
}

#[test]
fn a_table_like_another_borrows() {
    let text = "CREATE TABLE l (extra STRING) WITH ('topic' = 'l') LIKE src (EXCLUDING GENERATED EXCLUDING WATERMARKS);
        INSERT INTO o SELECT id, extra FROM l";
    let plan = planned(text);
    assert_eq!(plan.sources().next().unwrap().topics(), ["l"]);
    for (like, sentence) in [
        ("(id INT) LIKE src", "the table behind LIKE has a column 'id' already"),
        ("WITH ('topic' = 'l') LIKE src (INCLUDING OPTIONS)", "the table behind LIKE sets 'topic' already"),
        ("(WATERMARK FOR at_ms AS at_ms) LIKE src", "the table behind LIKE has a WATERMARK already"),
        ("LIKE nope", "no table 'nope'"),
    ] {
        let found = refused(&format!("CREATE TABLE l {like}; INSERT INTO o SELECT id, name FROM src"));
        assert!(found.len() == 1 && found[0].starts_with(sentence), "{like}: {found:?}");
    }
    let computed =
        refused("CREATE TABLE l LIKE src (EXCLUDING GENERATED); INSERT INTO o SELECT copy, name FROM l");
    assert!(computed[0].starts_with("no column 'copy'"), "{computed:?}");
}

#[test]
fn what_is_asked_is_told_before_the_job() {
    let plan = planned("CREATE VIEW v AS SELECT id FROM src; SHOW TABLES; SHOW VIEWS; DESCRIBE o; DESC v; SHOW CREATE TABLE src; SET;
        EXPLAIN INSERT INTO o SELECT id, name FROM src");
    assert_eq!(plan.pipelines().len(), 0, "what is explained is not run");
    let [tables, views, described, view, created, settings, explained] = plan.answers() else {
        panic!("{:?}", plan.answers())
    };
    assert_eq!(
        tables,
        "+------------+\n| table name |\n+------------+\n|          o |\n|      other |\n|        src |\n|          v |\n+------------+\n4 rows in set\n"
    );
    assert!(views.contains("|         v |"), "{views}");
    assert!(described.contains("|   id | BIGINT | TRUE |     |        |"), "{described}");
    assert!(view.contains("|   id |"), "{view}");
    assert!(created.contains("`at_ms` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp',"), "{created}");
    assert!(settings.contains("table.local-time-zone |     UTC |"), "{settings}");
    assert!(explained.contains("insert into o from src"), "{explained}");
}

#[test]
fn a_select_of_its_own_is_printed() {
    let lines = explained("SELECT id, name FROM src");
    assert_eq!(lines, ["select from src", "id INT = id", "name STRING = name", EVERY]);
}
