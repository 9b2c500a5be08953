//! Sinks: what is written, which changes a sink sees, and what a table must say to be one.

use super::*;
use crate::delivery_guarantee::{DeliveryGuarantee, NamingStrategy, TransactionNaming};
use crate::format::Encoded;
use crate::row::{RowKind, Value};

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
fn a_print_table_takes_every_change() {
    let table = "CREATE TABLE o (id INT) WITH ('connector' = 'print', 'print-identifier' = 'x', 'standard-error' = 'true');";
    let plan = job(table, "INSERT INTO o SELECT id FROM src").unwrap();
    let SinkPlan::Print(print) = &plan.pipelines[0].inserts[0].sink else { panic!() };
    assert_eq!((print.identifier.as_deref(), print.standard_error), (Some("x"), true));
    assert!(!plan.pipelines[0].inserts[0].drop_update_before);
}

#[test]
fn a_table_of_its_own_is_for_programs_with_rows() {
    let plan = upsert_table(&sink(COLUMNS, "").as_str().into(), &PlanOptions::default()).unwrap().sink;
    assert_eq!((plan.topics.names(), plan.columns.len()), (&["out".to_owned()][..], 3));
    let error = upsert_table(&SOURCE.into(), &PlanOptions::default()).unwrap_err();
    assert!(error.to_string().contains("'connector' = 'upsert-kafka' is expected here"), "{error}");
    assert!(upsert_table(&ALL.into(), &PlanOptions::default()).is_err());
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
        ]
    );
}

const EXACTLY_ONCE: &str =
    ", 'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = 'tx'";

#[test]
fn exactly_once_is_planned_with_the_name_of_its_transactions() {
    for (naming, strategy) in [
        ("", NamingStrategy::Pooling),
        (", 'sink.transaction-naming-strategy' = 'POOLING'", NamingStrategy::Pooling),
        (", 'sink.transaction-naming-strategy' = 'INCREMENTING'", NamingStrategy::Incrementing),
    ] {
        let plan = job(&sink(COLUMNS, &format!("{EXACTLY_ONCE}{naming}")), ALL).unwrap();
        let SinkPlan::Kafka(sink) = &plan.pipelines[0].inserts[0].sink else { panic!() };
        let expected = TransactionNaming { prefix: "tx".into(), strategy };
        assert_eq!(sink.delivery.naming(), Some(&expected));
        let line = "  exactly-once: rows and offsets are one transaction, whose id begins with tx";
        assert!(plan.explain().to_string().lines().any(|it| it == line));
    }
    let plan = job(&sink(COLUMNS, ""), ALL).unwrap();
    let SinkPlan::Kafka(sink) = &plan.pipelines[0].inserts[0].sink else { panic!() };
    assert_eq!(sink.delivery, DeliveryGuarantee::AtLeastOnce);
}

#[test]
fn exactly_once_is_refused_where_a_transaction_cannot_last() {
    let options = ", 'properties.transaction.timeout.ms' = '5000'";
    let expected = "table o: 'properties.transaction.timeout.ms' = 5000 is not above 'execution.checkpointing.interval' = \
                    5000 ms: each transaction would be aborted before it is committed";
    assert_eq!(sentences(&sink(COLUMNS, &format!("{EXACTLY_ONCE}{options}")), ALL), [expected]);
    let of_group = |group: &str, prefix: &str| {
        let sink = sink(COLUMNS, EXACTLY_ONCE).replace("TABLE o ", "TABLE p ").replace("'tx'", prefix);
        let source =
            SOURCE.replace("TABLE src ", "TABLE other ").replace("'properties.group.id' = 'g'", group);
        format!("{}{source}{sink}", self::sink(COLUMNS, EXACTLY_ONCE))
    };
    let both = format!("{ALL};INSERT INTO p SELECT id, name, amt FROM other");
    let found = sentences(&of_group("'properties.group.id' = 'h'", "'tx'"), &both);
    assert_eq!(
        found,
        [
            "table p: 'sink.transactional-id-prefix' = 'tx' is that of another INSERT, which reads topic in as another \
             group: transactional ids name partitions, so that the two would fence each other; use another prefix"
        ]
    );
    assert!(job(&of_group("'properties.group.id' = 'h'", "'tx-p'"), &both).is_ok());
    let longer = sink(COLUMNS, &format!("{EXACTLY_ONCE}, 'properties.transaction.timeout.ms' = '5001'"));
    assert!(job(&longer, ALL).is_ok());
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

/// Nothing tells the next run how far this one came.
#[test]
fn exactly_once_without_a_group_is_said_to_hold_for_each_checkpoint_alone() {
    let once = ", 'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = 'tx'";
    let told = |source: &str| {
        let sql = format!("{source}{}{ALL}", sink(COLUMNS, once));
        let plan = plan(&*sql, &PlanOptions::default()).unwrap();
        plan.notices().iter().any(|it| it.to_string().contains("nobody keeps how far it is read"))
    };
    let anonymous =
        SOURCE.replace("'properties.group.id' = 'g',", "'scan.startup.mode' = 'earliest-offset',");
    assert!(told(&anonymous) && !told(SOURCE));
}
