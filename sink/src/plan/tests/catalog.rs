//! Tables by their names: two spellings of one, two of one name, those that are gone.

use super::*;
use crate::scan::Startup;

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
fn a_table_that_is_made_again_is_another_source_with_its_own_columns() {
    let again = SOURCE.replace("id INT", "id BIGINT");
    let plan = job(&sink(COLUMNS, ""), &format!("{ALL}; DROP TABLE src; {again}{ALL}")).unwrap();
    let [pipeline] = &plan.pipelines[..] else { panic!("{} readers", plan.pipelines.len()) };
    let reads: Vec<usize> = pipeline.inserts.iter().map(|it| it.source).collect();
    assert_eq!((pipeline.sources.len(), reads), (2, vec![0, 1]));
}

#[test]
fn a_table_of_another_database_is_named_by_its_whole_path() {
    let error =
        job(&sink(COLUMNS, ""), "USE elsewhere; INSERT INTO o SELECT id FROM src").unwrap_err().to_string();
    let said = "no table 'default_catalog.elsewhere.o'; there is 'default_catalog.default_database.o'";
    assert!(error.contains(said), "{error}");
}
