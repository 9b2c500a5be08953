//! Statements in Flink's spelling, and what is said about those that are not.

use super::*;
use crate::error::{ErrorKind, Position, Rule};
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
    let error = on_known_stack(|| parse(&text.into()).map(drop)).unwrap_err();
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
    assert_eq!(table.name.path, ["my table"]);
    assert!(table.if_not_exists);
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.text.as_str()).collect();
    assert_eq!(names, ["id", "ts", "offset", "up", "name"]);
    assert!(
        matches!(&table.columns[1].kind, ColumnKind::Metadata { key: Some(key), is_virtual: true, .. } if key == "timestamp")
    );
    assert!(matches!(&table.columns[2].kind, ColumnKind::Metadata { key: None, is_virtual: false, .. }));
    assert!(matches!(&table.columns[3].kind, ColumnKind::Computed(_)));
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
        "line 2, column 1: expected a statement such as CREATE TABLE, CREATE VIEW, INSERT, SELECT or SET, found 'INSRT'\n \
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
    let select = select(insert.query.body.unwrap());
    let [FromItem { factor: Factor::Rows(QueryBody::Table(table)), alias: Some(alias), .. }] =
        &select.from[..]
    else {
        panic!()
    };
    assert_eq!((table.path.join("."), &*alias.text), ("src".to_owned(), "s"));
    assert!(matches!(&select.items[0], Item::Expression { expression, alias: Some(alias) }
        if expression.column_name() == Some("x") && alias.text == "y"));
    assert!(matches!(&select.items[1], Item::All { qualifier } if qualifier.is_empty()));
    assert!(matches!(&select.items[2], Item::All { qualifier } if qualifier[0].text == "s"));
}

fn select(body: QueryBody) -> std::sync::Arc<Select> {
    match body {
        QueryBody::Select(select) => select,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_query_nests_and_multiplies_rows() {
    let text = "SELECT a FROM (SELECT * FROM s) AS x (a, b) CROSS JOIN UNNEST(b) WITH ORDINALITY AS u (c, d) \
        LEFT JOIN LATERAL TABLE(string_split(c, \",\")) AS p (e) ON TRUE, UNNEST(a) WHERE a > 1";
    let Some(Statement::Select(query)) = statements(text).pop() else { panic!() };
    let select = select(query.body.unwrap());
    let names = |item: &FromItem| item.columns.iter().map(|it| it.text.clone()).collect::<Vec<_>>();
    let [first, elements, pieces, last] = &select.from[..] else { panic!("{:?}", select.from) };
    assert!(matches!(&first.factor, Factor::Rows(QueryBody::Select(_))));
    assert_eq!(
        (names(first), names(elements), names(pieces)),
        (vec!["a".into(), "b".into()], vec!["c".into(), "d".into()], vec!["e".into()])
    );
    assert!(matches!(&elements.factor, Factor::Unnest { is_outer: false, with_ordinality: true, .. }));
    assert!(
        matches!(&pieces.factor, Factor::Function { name, arguments, is_outer: true } if name == "STRING_SPLIT" && arguments.len() == 2)
    );
    assert!(matches!(&last.factor, Factor::Unnest { .. }));
    assert!(select.filter.is_some());
    let text = "WITH q AS (VALUES (1, 2), ROW(3, 4)) SELECT * FROM q UNION ALL SELECT 1, 2 UNION ALL TABLE r";
    let Some(Statement::Select(query)) = statements(text).pop() else { panic!() };
    assert_eq!(query.tables.iter().map(|it| it.path.join(".")).collect::<Vec<_>>(), ["r"]);
    let QueryBody::With { queries, body } = query.body.unwrap() else { panic!() };
    assert!(
        matches!(&queries[0].body, QueryBody::Values(values) if values.rows.iter().all(|row| row.len() == 2))
    );
    assert!(matches!(&*body, QueryBody::UnionAll(parts) if parts.len() == 3));
}

#[test]
fn more_than_that_is_refused_by_its_name() {
    for (query, feature, word) in [
        ("SELECT a FROM s GROUP BY a", "group-by", "GROUP BY is"),
        ("SELECT DISTINCT a FROM s", "distinct", "DISTINCT is"),
        ("SELECT a FROM s, r", "join", "a join is"),
        ("SELECT s.a FROM s LEFT JOIN r ON s.a = r.a", "join", "JOIN is"),
        ("SELECT a FROM s LEFT JOIN r FOR SYSTEM_TIME AS OF s.t ON s.a = r.a", "join", "JOIN is"),
        ("SELECT a FROM s LEFT JOIN UNNEST(b) AS u (c) ON a = c", "join", "JOIN is"),
        ("SELECT a FROM s UNION SELECT a FROM r", "union", "UNION is"),
        ("SELECT a FROM s EXCEPT SELECT a FROM r", "union", "EXCEPT is"),
        ("SELECT SUM(a) FROM s", "aggregate", "the aggregate function SUM is"),
        ("SELECT ROW_NUMBER() OVER (ORDER BY a) FROM s", "window", "ROW_NUMBER OVER is"),
        ("SELECT a FROM s WHERE a IN (SELECT b FROM r)", "subquery", "a query inside an expression is"),
        ("SELECT a FROM s ORDER BY a", "order-by", "ORDER BY is"),
        ("SELECT a FROM s LIMIT 3", "limit", "LIMIT is"),
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
        let finding = insert.query.body.unwrap_err().remove(0);
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
        ("ALTER TABLE t RENAME TO u", "ALTER"),
        ("DELETE FROM t", "DELETE"),
        ("INSERT OVERWRITE t SELECT * FROM s", "INSERT OVERWRITE"),
    ] {
        let all = statements(text);
        assert!(
            matches!(&all[..], [Statement::Refused { findings, .. }] if findings[0].text.starts_with(word)),
            "{text}: {all:?}"
        );
    }
}

/// `key=value` of every SET and RESET.
fn settings(text: &str) -> Vec<String> {
    let settings = statements(text).into_iter().map(|statement| match statement {
        Statement::Set(option) => format!("{}={}", option.key, option.value),
        Statement::Reset(key) => format!("reset {}", key.map_or("all".to_owned(), |key| key.key)),
        Statement::Show(Show::Settings) => "all are shown".to_owned(),
        other => panic!("{other:?}"),
    });
    settings.collect()
}

#[test]
fn settings_are_written_with_quotes_or_without() {
    assert_eq!(
        settings(
            "SET pipeline.name = users-kafka; set 'a'='it''s'; SET execution.checkpointing.interval=10 s ;\n\
             SET \"b\" = \"c\" -- why\n; SET `d` = 'e;f'; SET g = hdfs://h/i; RESET; RESET 'j'; reset k.l;SET;"
        ),
        [
            "pipeline.name=users-kafka",
            "a=it's",
            "execution.checkpointing.interval=10 s",
            "b=c",
            "d=e;f",
            "g=hdfs://h/i",
            "reset all",
            "reset j",
            "reset k.l",
            "all are shown"
        ]
    );
    for (text, place) in [
        ("SET 'a' 'b'", "line 1, column 9: expected '='"),
        ("SET 'a' =", "line 1, column 5: expected one value"),
        ("SET a = b\nSET c = d", "line 1, column 5: expected one value"),
        ("SET a = 'b' c", "line 1, column 5: expected one value"),
        ("SET 'a", "line 1, column 5: expected a setting"),
        ("RESET a b", "line 1, column 7: RESET takes one key"),
    ] {
        let error = error(text);
        assert!(error.starts_with(place), "{text}: {error}");
    }
}

#[test]
fn comments_are_of_three_kinds() {
    let text = "// one\nSET a = b; -- two ' ;\n/* three ; */ SELECT a // 'four'\nFROM s";
    let all = statements(text);
    assert!(
        matches!(&all[..], [Statement::Set(_), Statement::Select(query)] if query.body.is_ok()),
        "{all:?}"
    );
}

#[test]
fn what_has_no_effect_is_said_and_not_refused() {
    for (text, sentence) in [
        ("ADD JAR '/opt/x.jar'", "ADD JAR has no effect: Java classes cannot run here"),
        (
            "CREATE DATABASE IF NOT EXISTS d COMMENT 'x'",
            "CREATE DATABASE has no effect: databases and catalogs are parts of names",
        ),
        ("create catalog c with ('type' = 'hive')", "CREATE CATALOG has no effect"),
        ("DROP DATABASE IF EXISTS d CASCADE", "DROP DATABASE has no effect"),
        ("DROP TEMPORARY SYSTEM FUNCTION IF EXISTS f", "DROP FUNCTION has no effect"),
        ("SHOW JARS", "SHOW shows nothing here: TABLES, VIEWS"),
        ("USE MODULES core", "USE MODULES has no effect"),
        ("LOAD MODULE hive", "LOAD MODULE has no effect"),
    ] {
        let all = statements(text);
        assert!(matches!(&all[..], [Statement::NoEffect(it)] if it.starts_with(sentence)), "{text}: {all:?}");
    }
}

#[test]
fn what_is_asked_is_told_and_what_is_explained_is_not_run() {
    for (text, is_it) in [
        ("SHOW TABLES", (|it| matches!(it, Statement::Show(Show::Tables))) as fn(&Statement) -> bool),
        ("show views;", |it| matches!(it, Statement::Show(Show::Views))),
        ("SHOW FUNCTIONS", |it| matches!(it, Statement::Show(Show::Functions))),
        ("SHOW CREATE TABLE t", |it| matches!(it, Statement::Show(Show::Create(_)))),
        ("DESC t", |it| matches!(it, Statement::Describe(_))),
        ("DESCRIBE EXTENDED a.b", |it| matches!(it, Statement::Describe(name) if name.path == ["a", "b"])),
        ("SHOW COLUMNS FROM t", |it| matches!(it, Statement::Describe(_))),
        ("EXPLAIN PLAN FOR SELECT 1", |it| matches!(it, Statement::Explain(all) if all.len() == 1)),
        (
            "EXPLAIN CHANGELOG_MODE, ESTIMATED_COST INSERT INTO a SELECT * FROM b",
            |it| matches!(it, Statement::Explain(all) if matches!(all[..], [Statement::Insert(_)])),
        ),
        (
            "EXPLAIN STATEMENT SET BEGIN INSERT INTO a SELECT * FROM b; INSERT INTO c SELECT * FROM d; END",
            |it| matches!(it, Statement::Explain(all) if all.len() == 2),
        ),
    ] {
        let all = statements(text);
        assert!(all.len() == 1 && is_it(&all[0]), "{text}: {all:?}");
    }
}

#[test]
fn a_table_like_another_says_what_it_takes_over() {
    let table = table("CREATE TABLE t (a INT) WITH ('k' = 'v') LIKE c.d.s (EXCLUDING ALL INCLUDING OPTIONS)");
    let like = table.like.unwrap();
    assert_eq!(like.table.path, ["c", "d", "s"]);
    let rules: Vec<_> = like.rules.iter().map(|rule| (rule.merging, rule.part)).collect();
    assert_eq!(rules, [(Merging::Excluding, "ALL"), (Merging::Including, "OPTIONS")]);
    assert!(
        error("CREATE TABLE t LIKE s (OVERWRITING CONSTRAINTS)")
            .contains("OVERWRITING CONSTRAINTS is not there")
    );
    assert!(error("CREATE TABLE t LIKE s (INCLUDING ALL EXCLUDING ALL)").contains("ALL is said twice"));
}

#[test]
fn nothing_behind_quit_counts() {
    assert!(statements("SET a = b; QUIT; INSERT INTO nonsense").len() == 1);
}

#[test]
fn a_statement_set_is_its_inserts() {
    for text in [
        "EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT * FROM s; INSERT INTO b SELECT * FROM s; END;",
        "BEGIN STATEMENT SET; INSERT INTO a SELECT * FROM s; INSERT INTO b SELECT * FROM s; END;",
        "execute statement set begin\n-- c\ninsert into a select * from s;; insert into b select * from s; end",
        "EXECUTE INSERT INTO a SELECT * FROM s; INSERT INTO b SELECT * FROM s",
    ] {
        let all = statements(text);
        let tables = all.iter().map(|it| match it {
            Statement::Insert(insert) => insert.table.path.join("."),
            other => panic!("{text}: {other:?}"),
        });
        assert_eq!(tables.collect::<Vec<_>>(), ["a", "b"], "{text}");
    }
    for (text, reason) in [
        (
            "BEGIN STATEMENT SET; INSERT INTO a SELECT * FROM s",
            "line 1, column 1: this statement set is not closed",
        ),
        ("BEGIN STATEMENT SET; SET a = b; END", "line 1, column 22: expected INSERT or END"),
        ("EXECUTE STATEMENT SET INSERT INTO a SELECT 1", "line 1, column 23: expected BEGIN"),
        ("END", "line 1, column 1: expected a statement"),
    ] {
        let error = error(text);
        assert!(error.starts_with(reason), "{text}: {error}");
    }
}

#[test]
fn names_have_up_to_three_parts_and_hints() {
    let text = "INSERT INTO `c`.d.`t` /*+ OPTIONS('a' = 'b') */ (x) \
        SELECT d.s.x, s.y, d.s.* FROM d.s /*+ OPTIONS('k'='v', \"l\"=\"w\") */";
    let Some(Statement::Insert(insert)) = statements(text).pop() else { panic!() };
    assert_eq!(insert.table.path, ["c", "d", "t"]);
    assert_eq!((&*insert.table.options[0].key, &*insert.table.options[0].value), ("a", "b"));
    let from = |body: QueryBody| match &select(body).from[..] {
        [FromItem { factor: Factor::Rows(QueryBody::Table(table)), .. }] => table.clone(),
        other => panic!("{other:?}"),
    };
    let table = from(insert.query.body.unwrap());
    assert_eq!(table.path, ["d", "s"]);
    let options: Vec<_> = table.options.iter().map(|it| (&*it.key, &*it.value)).collect();
    assert_eq!(options, [("k", "v"), ("l", "w")]);
    let aliased = "SELECT a.x FROM d.s /*+ OPTIONS('k'='v') */ AS a";
    let Some(Statement::Select(query)) = statements(aliased).pop() else { panic!() };
    assert_eq!(from(query.body.unwrap()).options.len(), 1);
}

#[test]
fn a_hint_that_is_nobodys_is_an_error_and_one_without_use_a_notice() {
    let error = error("INSERT INTO t SELECT a FROM s AS b /*+ OPTIONS('k'='v') */");
    assert!(error.starts_with("line 1, column 36: this hint stands behind no table"), "{error}");
    let all = statements("SELECT /*+ STATE_TTL('s' = '1d'), BROADCAST(s) */ a FROM s");
    let said: Vec<&str> = all
        .iter()
        .filter_map(|it| match it {
            Statement::NoEffect(sentence) => Some(&**sentence),
            _ => None,
        })
        .collect();
    assert_eq!(said, ["the hint STATE_TTL has no effect here", "the hint BROADCAST has no effect here"]);
}

#[test]
fn a_refused_query_tells_all_that_it_asks_for() {
    let text = "INSERT INTO t WITH c AS (SELECT DISTINCT a FROM s) SELECT UPPER(a), LOWER(a), SUM(x.b), CAST(a AS INT) \
        FROM c JOIN TABLE(TUMBLE(TABLE w, DESCRIPTOR(a), INTERVAL '1' MINUTE)) ON a = b WHERE a > 1 GROUP BY a";
    let Some(Statement::Insert(insert)) = statements(text).pop() else { panic!() };
    let rules: Vec<Rule> = insert.query.body.unwrap_err().iter().map(|it| it.rule).collect();
    let expected = ["window", "distinct", "join", "group-by", "aggregate"];
    assert_eq!(rules.len(), expected.len(), "{rules:?}");
    for feature in expected {
        assert!(rules.contains(&Rule::NotYet(feature)), "{feature} of {rules:?}");
    }
    let tables: Vec<String> = insert.query.tables.iter().map(|it| it.path.join(".")).collect();
    assert_eq!(tables, ["s", "w"], "the tables that the query makes itself are none of the job's");
}

#[test]
fn types_of_other_databases_are_known() {
    for (column, instead) in [
        ("a INT(11)", "INT takes no length; write INT\n"),
        ("a BIGINT UNSIGNED", "write DECIMAL(20, 0)\n"),
        ("a TINYINT(1) UNSIGNED", "TINYINT takes no length"),
        ("a DATETIME", "DATETIME is no type of Flink; write TIMESTAMP(3)\n"),
        ("a DATETIME(6)", "write TIMESTAMP(3)\n"),
        ("a TIMESTAMP(3) WITH TIME ZONE", "write TIMESTAMP_LTZ(3), an instant\n"),
        ("a timestamptz", "write TIMESTAMP_LTZ(3)\n"),
        ("a TEXT", "write STRING\n"),
        ("a LONG", "write BIGINT\n"),
        ("a VARCHAR2(30)", "write STRING\n"),
        ("a NUMBER(10,2)", "write DECIMAL(38, s)"),
        ("a STRING(20)", "STRING takes no length; write VARCHAR(n)\n"),
        ("a ARRAY<BOOL>", "write BOOLEAN\n"),
        ("a STRUCT<b INT>", "write ROW<name TYPE, …>\n"),
        ("a INTT", "'INTT' is no type; there are: BOOLEAN, "),
    ] {
        let error = error(&format!("CREATE TABLE t ({column})"));
        assert!(error.contains(instead), "{column}: {error}");
    }
}
