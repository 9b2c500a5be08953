//! Statements in Flink's spelling, and what is said about those that are not.

use super::*;
use crate::error::ErrorKind;
use crate::types::{Field, LogicalType};

fn statements(text: &str) -> Vec<Statement> {
    parse(&text.into()).unwrap()
}

fn table(text: &str) -> CreateTable {
    match statements(text).pop() {
        Some(Statement::CreateTable(table)) => table,
        other => panic!("{other:?}"),
    }
}

fn error(text: &str) -> String {
    let error = parse(&text.into()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Sql);
    error.to_string()
}

fn types(columns: &str) -> Vec<String> {
    let table = table(&format!("CREATE TABLE t ({columns})"));
    assert_eq!(table.findings, []);
    let types = table.columns.iter().map(|column| match &column.kind {
        ColumnKind::Physical(data_type) => data_type.to_string(),
        other => panic!("{other:?}"),
    });
    types.collect()
}

#[test]
fn a_table_has_columns_a_key_and_options() {
    let table = table(
        "CREATE TEMPORARY TABLE IF NOT EXISTS `my table` ( -- a comment
           id BIGINT NOT NULL COMMENT 'the id',
           ts TIMESTAMP(3) METADATA FROM 'timestamp' VIRTUAL,
           `offset` BIGINT METADATA,
           up AS UPPER(name || 'x, y)') COMMENT 'computed',
           name STRING,
           WATERMARK FOR ts AS ts - INTERVAL '5' SECOND,
           CONSTRAINT c PRIMARY KEY (name, id) NOT ENFORCED
         ) COMMENT 'it''s' PARTITIONED BY (name) WITH ('a' = 'it''s', \"format\" = \"json\")",
    );
    assert_eq!(table.name.text, "my table");
    assert!(table.if_not_exists);
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.text.as_str()).collect();
    assert_eq!(names, ["id", "ts", "offset", "up", "name"]);
    assert!(
        matches!(&table.columns[1].kind, ColumnKind::Metadata { key: Some(key), is_virtual: true } if key == "timestamp")
    );
    assert!(matches!(&table.columns[2].kind, ColumnKind::Metadata { key: None, is_virtual: false }));
    assert!(matches!(&table.columns[3].kind, ColumnKind::Computed));
    let key: Vec<&str> = table.primary_keys[0].columns.iter().map(|name| name.text.as_str()).collect();
    assert_eq!((key, table.primary_keys[0].is_enforced), (vec!["name", "id"], false));
    let options: Vec<(&str, &str)> =
        table.options.iter().map(|it| (it.key.as_str(), it.value.as_str())).collect();
    assert_eq!(options, [("a", "it's"), ("format", "json")]);
    assert_eq!(table.options[1].at, Position { line: 9, column: 71 });
}

#[test]
fn types_are_flinks_with_their_defaults() {
    assert_eq!(
        types(
            "a DECIMAL, b NUMERIC(5), c DEC(5, 2), d CHAR, e VARCHAR, f BINARY, g TIME, h TIMESTAMP, i TIMESTAMP_LTZ"
        ),
        [
            "DECIMAL(10, 0)",
            "DECIMAL(5, 0)",
            "DECIMAL(5, 2)",
            "CHAR(1)",
            "VARCHAR(1)",
            "BINARY(1)",
            "TIME(0)",
            "TIMESTAMP(6)",
            "TIMESTAMP_LTZ(6)"
        ]
    );
    assert_eq!(
        types(
            "a string, b BYTES, c INTEGER, d DOUBLE PRECISION, e TIMESTAMP(3) WITH LOCAL TIME ZONE, f CHARACTER VARYING(3)"
        ),
        ["STRING", "BYTES", "INT", "DOUBLE", "TIMESTAMP_LTZ(3)", "VARCHAR(3)"]
    );
}

#[test]
fn types_nest_with_their_nullability() {
    let table = table(
        "CREATE TABLE t (r ROW<a INT NOT NULL, b MAP<STRING, ARRAY<ROW(c INT)>>> NOT NULL, m INT MULTISET)",
    );
    let ColumnKind::Physical(row) = &table.columns[0].kind else { panic!() };
    let inner = LogicalType::Row([Field::new("c", LogicalType::Int.nullable())].into());
    let map = LogicalType::Map(
        Box::new(LogicalType::STRING.nullable()),
        Box::new(LogicalType::Array(Box::new(inner.nullable())).nullable()),
    );
    let fields = [Field::new("a", LogicalType::Int.not_null()), Field::new("b", map.nullable())];
    assert_eq!(*row, LogicalType::Row(fields.into()).not_null());
    let ColumnKind::Physical(set) = &table.columns[1].kind else { panic!() };
    assert_eq!(*set, LogicalType::Multiset(Box::new(LogicalType::Int.nullable())).nullable());
}

#[test]
fn a_number_beyond_its_type_is_found_and_does_not_hide_others() {
    let table = table("CREATE TABLE t (a DECIMAL(39, 1), b CHAR(0), c DEC(5, 6))");
    let texts: Vec<&str> = table.findings.iter().map(|finding| finding.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "DECIMAL(39, 1): the precision must lie between 1 and 38",
            "CHAR(0): the length must lie between 1 and 2147483647",
            "DECIMAL(5, 6): the scale must lie between 0 and 5"
        ]
    );
}

#[test]
fn what_is_not_sql_is_shown_with_a_caret() {
    assert_eq!(
        error("CREATE TABLE t (\n  id BIGINT,\n  timestamp TIMESTAMP(3)\n)"),
        "line 3, column 3: timestamp is a reserved word; as a name it needs backquotes: `timestamp`\n \
         3 |   timestamp TIMESTAMP(3)\n   |   ^"
    );
    assert_eq!(
        error("SET 'a' = 'b';\nINSRT INTO t SELECT 1"),
        "line 2, column 1: expected a statement (CREATE TABLE, SET or INSERT), found 'INSRT'\n \
         2 | INSRT INTO t SELECT 1\n   | ^"
    );
    assert_eq!(
        error("INSERT INTO t SELECT a b c FROM s"),
        "line 1, column 26: expected the end of the statement, ';', found 'c'\n \
         1 | INSERT INTO t SELECT a b c FROM s\n   |                          ^"
    );
}

#[test]
fn the_place_of_a_mistake_is_never_far() {
    for (text, place) in [
        ("CREATE TABLE t (id INT) WITH ('a' = 'b',)", "line 1, column 41"),
        ("CREATE TABLE t (id TEXT)", "line 1, column 20"),
        ("CREATE TABLE t (id INT, PRIMARY KEY () NOT ENFORCED)", "line 1, column 38"),
        ("CREATE TABLE t (id INT", "line 1, column 23"),
        ("INSERT INTO t SELECT FROM s", "line 1, column 27"),
        ("INSERT INTO t SELECT a, FROM s WHERE", "line 1, column 30"),
        ("SET 'a' 'b'", "line 1, column 9"),
        ("INSERT INTO t", "line 1, column 14"),
        ("SELECT 'open", "line 1, column 8"),
    ] {
        let error = error(text);
        assert!(error.starts_with(place), "{text}: {error}");
    }
}

#[test]
fn a_query_is_columns_of_a_table() {
    let text = "INSERT INTO t (a, `b c`) SELECT s.x AS y, *, s.* FROM src AS s ON CONFLICT DO DEDUPLICATE";
    let Some(Statement::Insert(insert)) = statements(text).pop() else { panic!() };
    let columns: Vec<String> = insert.columns.unwrap().into_iter().map(|name| name.text).collect();
    assert_eq!(columns, ["a", "b c"]);
    let select = insert.query.body.unwrap();
    assert_eq!((select.from.text.as_str(), select.alias.as_deref()), ("src", Some("s")));
    assert!(matches!(&select.items[0], Item::Column { qualifier: Some(q), column, alias: Some(alias) }
        if q.text == "s" && column.text == "x" && alias == "y"));
    assert!(matches!(&select.items[1], Item::All { qualifier: None }));
    assert!(matches!(&select.items[2], Item::All { qualifier: Some(q) } if q.text == "s"));
}

#[test]
fn more_than_that_is_refused_by_its_name() {
    for (query, feature, word) in [
        ("SELECT a FROM s WHERE a > 1", "filter", "WHERE is"),
        ("SELECT a FROM s GROUP BY a", "group-by", "GROUP BY is"),
        ("SELECT DISTINCT a FROM s", "distinct", "DISTINCT is"),
        ("SELECT a FROM s, r", "join", "a join is"),
        ("SELECT s.a FROM s LEFT JOIN r ON s.a = r.a", "join", "JOIN is"),
        ("SELECT a FROM s LEFT JOIN r FOR SYSTEM_TIME AS OF s.t ON s.a = r.a", "join", "JOIN is"),
        ("SELECT a FROM s UNION ALL SELECT a FROM r", "union", "UNION is"),
        ("SELECT UPPER(a) FROM s", "function", "the function UPPER is"),
        ("SELECT CAST(a AS ROW<b INT NOT NULL>) FROM s", "cast", "CAST is"),
        ("SELECT a + 1 FROM s", "expression", "the expression a + 1 is"),
        ("SELECT 'x' FROM s", "literal", "the literal 'x' is"),
        ("SELECT a FROM (SELECT * FROM s)", "subquery", "a query in FROM is"),
        ("SELECT a FROM s ORDER BY a", "order-by", "ORDER BY is"),
        ("SELECT a FROM s LIMIT 3", "limit", "LIMIT is"),
        ("VALUES (1, 'a')", "values", "VALUES is"),
        (
            "SELECT * FROM TABLE(TUMBLE(TABLE s, DESCRIPTOR(t), INTERVAL '1' MINUTE))",
            "window",
            "window functions are",
        ),
        ("SELECT a FROM s ON CONFLICT DO NOTHING", "on-conflict", "ON CONFLICT DO NOTHING is"),
    ] {
        let Some(Statement::Insert(insert)) = statements(&format!("INSERT INTO t {query}")).pop() else {
            panic!()
        };
        let finding = insert.query.body.unwrap_err();
        assert_eq!(finding.rule, Rule::NotYet(feature), "{query}");
        assert!(
            finding.text.starts_with(&format!("{word} ")) || finding.text.starts_with(&format!("{word} not")),
            "{query}: {}",
            finding.text
        );
        assert!(finding.at.is_some(), "{query}");
    }
}

#[test]
fn statements_for_which_there_is_no_use_are_refused_by_name() {
    for (text, word) in [
        ("EXECUTE STATEMENT SET BEGIN INSERT INTO t SELECT * FROM s; END", "EXECUTE STATEMENT SET"),
        ("CREATE VIEW v AS SELECT 1", "CREATE VIEW"),
        ("DROP TABLE t", "DROP"),
        ("DELETE FROM t", "DELETE"),
        ("INSERT OVERWRITE t SELECT * FROM s", "INSERT OVERWRITE"),
    ] {
        let all = statements(text);
        assert!(
            matches!(&all[..], [Statement::Refused(finding)] if finding.text.starts_with(word)),
            "{text}: {all:?}"
        );
    }
    let hint = parse(&"INSERT INTO t SELECT * FROM s /*+ OPTIONS('a' = 'b') */".into()).unwrap_err();
    assert_eq!(hint.findings()[0].rule, Rule::NotYet("hints"));
}
