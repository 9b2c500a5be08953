//! Options of DLI's tables, by `explain` where nothing need be reached.

use upsert_kafka_broker::{Action, Broker, BrokerConfig, Fault};
use upsert_kafka_protocol::ApiKey;

use super::place::{Place, bounded, print, printed};
use super::text::{plan, refusal};

/// Reads `t` of connector `kafka` with these options.
fn source(columns: &str, options: &str) -> String {
    format!(
        "CREATE TABLE src ({columns}) WITH ('connector' = 'kafka', 'properties.bootstrap.servers' = 'b:9092', {options});
         CREATE TABLE gone (id INT) WITH ('connector' = 'blackhole');
         INSERT INTO gone SELECT id FROM src;"
    )
}

/// Writes a table of this connector with these options.
fn sink(connector: &str, columns: &str, options: &str) -> String {
    format!(
        "CREATE TABLE src (id INT) WITH ('connector' = 'datagen', 'number-of-rows' = '1');
         CREATE TABLE o ({columns}) WITH ('connector' = '{connector}', {options});
         INSERT INTO o SELECT id FROM src;"
    )
}

const TOPIC: &str = "'topic' = 't', 'format' = 'json', 'properties.group.id' = 'g',";
const OUT: &str = "'topic' = 't', 'properties.bootstrap.servers' = 'b:9092',";

fn holds(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
}

#[test]
fn point_11_a_value_holds_all_columns_where_nothing_else_is_said() {
    let script = "CREATE TABLE src (id INT, name STRING, PRIMARY KEY (id) NOT ENFORCED) WITH (
            'connector' = 'upsert-kafka', 'topic' = 't', 'properties.bootstrap.servers' = 'b:9092',
            'key.format' = 'csv', 'value.format' = 'json');
        CREATE TABLE o (id INT, name STRING) WITH ('connector' = 'print');
        INSERT INTO o SELECT * FROM src;";
    holds(&plan("all", script, &[]), &["  value: id, name\n", "'value.fields-include' = 'ALL' (default)"]);
}

#[test]
fn point_12_of_two_formats_the_shorter_key_wins_with_a_warning() {
    let options = "'topic' = 't', 'format' = 'json', 'value.format' = 'csv', 'properties.group.id' = 'g'";
    let text = plan("both-formats", &source("id INT", options), &[]);
    holds(&text, &["table src: 'value.format' = 'csv' is ignored: 'format' = 'json' wins"]);
    holds(&text, &["'json.ignore-parse-errors' = 'false' (default)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn point_13_without_a_group_no_group_appears_on_the_broker() {
    let broker = Broker::start(BrokerConfig::default()).await.unwrap();
    let at = broker.address().to_string();
    let mut asked = Vec::new();
    for api in [ApiKey::FIND_COORDINATOR, ApiKey::OFFSET_COMMIT, ApiKey::JOIN_GROUP, ApiKey::OFFSET_FETCH] {
        let counted = Fault::new(api, Action::Delay(std::time::Duration::ZERO)).times(u32::MAX);
        asked.push(broker.fault(counted).await);
    }
    let script = "CREATE TABLE src (id INT) WITH ('connector' = 'kafka', 'topic' = 't', 'format' = 'json',
            'properties.bootstrap.servers' = 'b:9092', 'scan.startup.mode' = 'latest-offset',
            'scan.bounded.mode' = 'latest-offset');
        CREATE TABLE gone (id INT) WITH ('connector' = 'blackhole');
        INSERT INTO gone SELECT id FROM src;";
    let path = crate::program::file("dli-no-group.sql", script);
    let ran = tokio::task::block_in_place(|| {
        assert_eq!(crate::program::run(&["topic", "create", "t", "--bootstrap", &at]).code, 0);
        crate::program::run(&["run", path.to_str().unwrap(), "--bootstrap", &at])
    });
    assert_eq!(ran.code, 0, "{}", ran.err);
    holds(&ran.err, &["no 'properties.group.id': offsets are not kept"]);
    for asked in asked {
        assert_eq!(asked.disarm().await, 0, "somebody asks for a group");
    }
}

#[test]
fn point_14_neither_a_group_nor_a_start_names_both_ways_out() {
    let said = refusal("no-start", &source("id INT", "'topic' = 't', 'format' = 'json'"));
    holds(&said, &["needs 'properties.group.id': give the table one, or another 'scan.startup.mode'"]);
}

#[test]
fn point_15_blanks_around_topics_and_servers_are_none_of_them() {
    let place = Place::set(&["t1", "t2"]);
    place.feed("t1", "{\"id\":1}\n");
    place.feed("t2", "{\"id\":2}\n");
    let script = bounded("src", "id INT", " t1 ; t2 ", "'format' = 'json'")
        .replace("broker1:9092", &format!(" {} , {} ", place.at, place.at))
        + &print("o", "id INT")
        + "INSERT INTO o SELECT * FROM src;";
    let path = crate::program::file("dli-blanks.sql", &script);
    let mut rows = printed(&crate::program::run(&["run", path.to_str().unwrap()]));
    rows.sort();
    assert_eq!(rows, ["+I[1]", "+I[2]"]);
}

#[test]
fn point_16_a_topic_and_a_pattern_exclude_each_other() {
    let said = refusal("pattern", &source("id INT", &format!("{TOPIC} 'topic-pattern' = 't.*'")));
    holds(&said, &["'topic' and 'topic-pattern' exclude each other"]);
}

#[test]
fn point_17_the_old_word_for_delivery_is_known_to_kafka_alone() {
    let plain = format!("{OUT} 'format' = 'json', 'sink.semantic' = 'at-least-once'");
    holds(&plan("semantic", &sink("kafka", "id INT", &plain), &[]), &["'sink.semantic' = 'at-least-once'"]);
    let key = "id INT, PRIMARY KEY (id) NOT ENFORCED";
    let upsert =
        format!("{OUT} 'key.format' = 'json', 'value.format' = 'json', 'sink.semantic' = 'at-least-once'");
    let said = refusal("semantic-upsert", &sink("upsert-kafka", key, &upsert));
    holds(&said, &["'sink.semantic'", "'sink.delivery-guarantee'"]);
}

#[test]
fn point_18_exactly_once_without_a_prefix_gives_a_line_to_paste() {
    let options = format!("{OUT} 'format' = 'json', 'sink.semantic' = 'exactly-once'");
    let said = refusal("eos", &sink("kafka", "id INT", &options));
    holds(&said, &["'sink.semantic' = 'exactly-once' needs", "add 'sink.transactional-id-prefix' = 'o-t'"]);
}

/// That it runs at that rate is `tables::sources`'.
#[test]
fn point_19_the_old_spelling_of_discovery_counts_and_reaches_no_client() {
    let key = "properties.flink.partition-discovery.interval-millis";
    let script = source("id INT", &format!("{TOPIC} '{key}' = '3000'"));
    let text = plan("discovery", &script, &[]);
    holds(&text, &["= '3000' is 'scan.topic-partition-discovery.interval' today"]);
    holds(&text, &["  looks for new partitions every 3s\n"]);
    assert!(!text.contains("property flink."), "{text}");
    let said = refusal("discovery-text", &source("id INT", &format!("{TOPIC} '{key}' = 'often'")));
    holds(&said, &["= 'often' is not a whole number"]);
}

#[test]
fn point_20_a_kafka_table_of_inserts_has_no_primary_key() {
    let said = refusal("key", &source("id INT, PRIMARY KEY (id) NOT ENFORCED", TOPIC.trim_end_matches(',')));
    holds(&said, &["PRIMARY KEY with 'format' = 'json'"]);
}

#[test]
fn point_21_a_key_has_no_format_of_changes() {
    let options = format!("{OUT} 'format' = 'json', 'key.format' = 'canal-json', 'key.fields' = 'id'");
    let said = refusal("key-format", &sink("kafka", "id INT", &options));
    holds(
        &said,
        &["'key.format' = 'canal-json' carries changes of its own; a key needs an insert-only format"],
    );
}

/// That it runs is `scripts::a_table_in_the_spelling_of_1_10_runs`.
#[test]
fn point_22_a_source_of_flink_1_10_is_shown_in_todays_words() {
    let script = source("id INT", "X").replace(
        "'connector' = 'kafka', 'properties.bootstrap.servers' = 'b:9092', X",
        "'connector.type' = 'kafka', 'connector.topic' = 't', 'connector.properties.bootstrap.servers' = 'b:9092',
         'connector.properties.group.id' = 'g', 'connector.startup-mode' = 'earliest-offset', 'format.type' = 'json',
         'update-mode' = 'append'",
    );
    holds(
        &plan("legacy", &script, &[]),
        &[
            "'connector' = 'kafka', 'topic' = 't'",
            "'scan.startup.mode' = 'earliest-offset'",
            "'format' = 'json'",
        ],
    );
}

fn legacy_upsert(more: &str) -> String {
    let key = "id INT, PRIMARY KEY (id) NOT ENFORCED";
    sink("x", key, "X").replace(
        "'connector' = 'x', X",
        &format!(
            "'connector.type' = 'upsert-kafka', 'connector.topic' = 't', 'format.type' = 'csv',
             'connector.properties.bootstrap.servers' = 'b:9092', 'update-mode' = 'upsert'{more}"
        ),
    )
}

#[test]
fn point_23_an_upsert_table_of_flink_1_10_is_told_its_keys_format() {
    holds(&refusal("legacy-upsert", &legacy_upsert("")), &["'key.format' = 'csv'", "'value.format' = 'csv'"]);
}

#[test]
fn point_24_deletes_are_not_ignored_in_silence() {
    let said = refusal("retraction", &legacy_upsert(", 'connector.sink.ignore-retraction' = 'true'"));
    holds(&said, &["'connector.sink.ignore-retraction' = 'true' drops deletes", "filter them in the query"]);
}

#[test]
fn point_25_a_stream_of_flink_1_7_is_told_how_it_is_written_today() {
    for kind in ["SOURCE", "SINK", "TEMP"] {
        let said = refusal("stream", &format!("CREATE {kind} STREAM s (id INT) WITH (type = \"kafka\");"));
        holds(
            &said,
            &[
                &format!("CREATE {kind} STREAM is DLI's syntax of Flink 1.7"),
                "write CREATE TABLE … WITH ('connector' = 'kafka', …)",
                "kafka_certificate_name becomes ssl_auth_name",
            ],
        );
    }
}

#[test]
fn point_26_another_system_is_reached_by_kafka_connect() {
    let said = refusal("jdbc", &sink("jdbc", "id INT", "'url' = 'jdbc:x', 'table-name' = 't'"));
    holds(&said, &["no connector 'jdbc'", "let a Kafka Connect sink carry it on"]);
}

#[test]
fn point_27_a_format_of_files_is_called_so() {
    for name in ["orc", "parquet"] {
        let key = "id INT, PRIMARY KEY (id) NOT ENFORCED";
        let options = format!("{OUT} 'key.format' = 'json', 'value.format' = '{name}'");
        let said = refusal("orc", &sink("upsert-kafka", key, &options));
        let sentence =
            format!("'value.format' = '{name}': this is a file format; a Kafka message needs one of: json,");
        holds(&said, &[&sentence]);
    }
}

#[test]
fn point_28_a_records_time_is_a_wall_clock_of_the_sessions_zone() {
    let place = Place::set(&["t"]);
    place.feed("t", "{\"id\":1}\n");
    let columns = "id INT, ts TIMESTAMP(3) METADATA FROM 'timestamp'";
    let seconds = |zone: &str| {
        let script = format!("SET 'table.local-time-zone' = '{zone}';\n")
            + &bounded("src", columns, "t", "'format' = 'json'")
            + &print("o", "s INT")
            + "INSERT INTO o SELECT TIMESTAMPDIFF(SECOND, TIMESTAMP '2026-01-01 00:00:00', ts) FROM src;";
        let rows = printed(&place.run("zone", &script, &[]));
        rows[0].trim_start_matches("+I[").trim_end_matches(']').parse::<i64>().unwrap()
    };
    assert_eq!(seconds("Asia/Shanghai") - seconds("UTC"), 8 * 3_600);
}

#[test]
fn point_29_metadata_of_a_print_table_is_told_to_be_virtual() {
    let script = "CREATE TABLE src (id INT) WITH ('connector' = 'datagen', 'number-of-rows' = '1');
        CREATE TABLE o (id INT, seen TIMESTAMP(3) METADATA FROM 'timestamp') WITH ('connector' = 'print');
        INSERT INTO o SELECT id, LOCALTIMESTAMP FROM src;";
    holds(&refusal("print-metadata", script), &["column 'seen'", "VIRTUAL"]);
}

#[test]
fn point_30_a_slip_in_a_formats_metadata_is_answered_with_the_name() {
    let columns = "id INT, k ARRAY<STRING> METADATA FROM 'value.primary_keys' VIRTUAL";
    let options = TOPIC.replace("'json'", "'ogg-json'");
    let said = refusal("ogg", &source(columns, options.trim_end_matches(',')));
    holds(&said, &["no metadata 'value.primary_keys' can be read; did you mean 'value.primary-keys'?"]);
}
