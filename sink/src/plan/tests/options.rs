//! Options: those of one use, those of the caller, those of Flink 1.10, and those that no table has.

use std::time::Duration;

use super::*;
use crate::scan::Startup;

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
fn indexed_properties_of_flink_1_10_are_told_by_their_names() {
    let text = "CREATE TABLE o (id INT) WITH ('connector.type' = 'upsert-kafka', 'connector.topic' = 't', \
        'connector.properties.0.key' = 'bootstrap.servers', 'connector.properties.0.value' = 'a:1', \
        'connector.properties.1.key' = 'group.id', 'connector.properties.1.value' = 'g', 'format.type' = 'json');";
    let found = sentences(text, "INSERT INTO o SELECT id FROM src");
    let clause = "'properties.bootstrap.servers' = 'a:1', 'properties.group.id' = 'g')";
    assert!(found.len() == 1 && found[0].contains(clause), "{found:?}");
}
