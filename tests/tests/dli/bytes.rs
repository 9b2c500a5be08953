//! What DLI's examples read and write, as Flink does it: points 54 to 66. Rows and numbers of examples are those of our
//! specification of DLI, section 4.

use upsert_kafka_tests::registry::RegistryServer;

use super::place::{Place, bounded, print, printed};
use crate::program;

const ORDER: &str = "order_id STRING, order_channel STRING, order_time STRING, pay_amount DOUBLE, real_pay DOUBLE, \
    pay_time STRING, user_id STRING, user_name STRING, area_id STRING";

/// An order as the pages write it: amounts as they are given.
fn order(
    at: &str,
    channel: &str,
    time: &str,
    pay: [&str; 2],
    paid: &str,
    user: [&str; 2],
    area: &str,
) -> String {
    let [amount, real] = pay;
    let [id, name] = user;
    format!(
        r#"{{"order_id":"{at}","order_channel":"{channel}","order_time":"{time}","pay_amount":{amount},"real_pay":{real},"pay_time":"{paid}","user_id":"{id}","user_name":"{name}","area_id":"{area}"}}"#
    )
}

const ALICE: [&str; 2] = ["0001", "Alice"];

fn a(pay: [&str; 2]) -> String {
    let (time, paid) = ("2021-03-24 10:00:00", "2021-03-24 10:02:03");
    order("202103241000000001", "webShop", time, pay, paid, ALICE, "330106")
}

fn b(pay: [&str; 2]) -> String {
    let (time, paid) = ("2021-03-24 16:06:06", "2021-03-24 16:10:06");
    order("202103241606060001", "appShop", time, pay, paid, ALICE, "330106")
}

fn c(pay: [&str; 2], area: &str) -> String {
    let (time, paid) = ("2021-03-25 12:02:02", "2021-03-25 12:03:00");
    order("202103251202020001", "miniAppShop", time, pay, paid, ["0002", "Bob"], area)
}

fn d(pay: [&str; 2]) -> String {
    let (time, paid) = ("2021-03-25 15:05:05", "2021-03-25 15:10:00");
    order("202103251505050001", "qqShop", time, pay, paid, ["0003", "Cindy"], "330108")
}

fn lines(rows: &[String]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

/// Writes `out` of connector `kafka` in that format.
fn kafka_sink(columns: &str, format: &str) -> String {
    format!(
        "CREATE TABLE o ({columns}) WITH ('connector' = 'kafka', 'topic' = 'out', 'format' = '{format}',
            'properties.bootstrap.servers' = 'broker1:9092');
         INSERT INTO o SELECT * FROM src;"
    )
}

fn upsert(name: &str, columns: &str, topic: &str, key: &str, value: &str) -> String {
    format!(
        "CREATE TABLE {name} ({columns}) WITH ('connector' = 'upsert-kafka', 'topic' = '{topic}',
            'properties.bootstrap.servers' = 'broker1:9092', 'key.format' = '{key}', 'value.format' = '{value}');\n"
    )
}

/// The values of what a job writes that reads these lines.
fn values(name: &str, source: &str, sink: &str, input: &str) -> Vec<String> {
    let place = Place::set(&["in", "out"]);
    place.feed("in", input);
    let ran = place.run(name, &format!("{source}{sink}"), &[]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    place.dump("out").lines().map(|line| line.split_once('\t').unwrap().1.to_owned()).collect()
}

#[test]
fn point_54_numbers_that_are_numbers_come_out_as_they_went_in() {
    let input = [a(["100.0", "100.0"]), b(["200.0", "180.0"])];
    let source = bounded("src", ORDER, "in", "'format' = 'json'");
    assert_eq!(values("e9", &source, &kafka_sink(ORDER, "json"), &lines(&input)), input);
}

#[test]
fn point_55_amounts_become_numbers_though_the_pages_print_texts() {
    let text = |amount: &str| format!("\"{amount}\"");
    let sixty = [&*text("60.00"), &text("60.00")];
    let (c, d) = (c(sixty, "330110"), d([&text("500.00"), &text("400.00")]));
    // Blanks behind commas and colons, as the pages have them.
    let input = lines(&[c.clone(), d, c]).replace("\":", "\": ").replace(",\"", ", \"");
    let key = format!("{ORDER}, PRIMARY KEY (order_id) NOT ENFORCED");
    let source = bounded("src", ORDER, "in", "'format' = 'json'");
    let insert = "INSERT INTO o SELECT * FROM src;";
    let wall = ORDER.replace("order_time STRING", "order_time TIMESTAMP(3)");
    for (name, source, sink) in [
        ("e1", source.clone(), upsert("o", &key, "out", "json", "json") + insert),
        ("e2", source, upsert("o", &key, "out", "csv", "json") + insert),
        ("e13", bounded("src", &wall, "in", "'format' = 'json'"), kafka_sink(&wall, "json")),
    ] {
        let written = values(name, &source, &sink, &input);
        let sixty = super::bytes::c(["60.0", "60.0"], "330110");
        assert_eq!(written, [sixty.clone(), super::bytes::d(["500.0", "400.0"]), sixty], "{name}");
    }
}

#[test]
fn point_56_csv_quotes_blanks_and_prints_numbers_anew() {
    let input = "202103251505050001,qqShop,2021-03-25 15:05:05,500.00,400.00,2021-03-25 15:10:00,0003,Cindy,330108\n\
                 202103241606060001,appShop,2021-03-24 16:06:06,200.00,180.00,2021-03-24 16:10:06,0001,Alice,330106\n";
    let source = bounded("src", ORDER, "in", "'format' = 'csv'");
    assert_eq!(
        values("e18", &source, &kafka_sink(ORDER, "csv"), input),
        [
            r#"202103251505050001,qqShop,"2021-03-25 15:05:05",500.0,400.0,"2021-03-25 15:10:00",0003,Cindy,330108"#,
            r#"202103241606060001,appShop,"2021-03-24 16:06:06",200.0,180.0,"2021-03-24 16:10:06",0001,Alice,330106"#,
        ]
    );
}

/// What `print` shows of an upsert-kafka table of orders, keyed by csv.
fn upsert_printed(name: &str, settings: &str, input: &str) -> program::Ran {
    let place = Place::set(&["in"]);
    place.feed_keyed("in", input);
    let key = format!("{ORDER}, PRIMARY KEY (order_id) NOT ENFORCED");
    let script =
        upsert("src", &key, "in", "csv", "json") + &print("o", &key) + "INSERT INTO o SELECT * FROM src;";
    place.run(name, &format!("{settings}{script}"), &["--set", "src.scan.bounded.mode=latest-offset"])
}

fn keyed(rows: &[String]) -> String {
    let key = |row: &str| row.split('"').nth(3).unwrap().to_owned();
    rows.iter().map(|row| format!("{}|{row}\n", key(row))).collect()
}

const C: &str =
    "202103251202020001, miniAppShop, 2021-03-25 12:02:02, 60.0, 60.0, 2021-03-25 12:03:00, 0002, Bob";
const D: &str =
    "202103251505050001, qqShop, 2021-03-25 15:05:05, 500.0, 400.0, 2021-03-25 15:10:00, 0003, Cindy, 330108";

#[test]
fn point_57_an_equal_row_changes_nothing_unless_rows_grow_old() {
    let (c, d) = (c(["60.00", "60.00"], "330110"), d(["500.00", "400.00"]));
    let input = keyed(&[c.clone(), d, c]);
    let two = [format!("+I[{C}, 330110]"), format!("+I[{D}]")];
    assert_eq!(printed(&upsert_printed("e3", "", &input)), two);
    let again = ["-U", "+U"].map(|sign| format!("{sign}[{C}, 330110]"));
    let four = [&two[..], &again].concat();
    let aged = upsert_printed("e3-ttl", "SET 'table.exec.state.ttl' = '1 h';\n", &input);
    assert_eq!(printed(&aged), four);
}

#[test]
fn point_58_a_row_that_changed_is_taken_back_first_and_blanks_stay() {
    let (c, d, moved) =
        (c(["60.00", "60.00"], "330110"), d(["500.00", "400.00"]), c(["60.00", "60.00"], "330111"));
    let blanks = |text: &str| text.replace("miniAppShop", "mini App  Shop");
    let input = blanks(&keyed(&[c, d, moved]));
    let c = blanks(C);
    assert_eq!(
        printed(&upsert_printed("e4", "", &input)),
        [
            format!("+I[{c}, 330110]"),
            format!("+I[{D}]"),
            format!("-U[{c}, 330110]"),
            format!("+U[{c}, 330111]"),
        ]
    );
}

#[test]
fn point_59_records_without_keys_are_rows_of_no_key_and_counted() {
    let place = Place::set(&["in"]);
    let c = c(["60.00", "60.00"], "330110");
    place.feed("in", &lines(&[c.clone(), d(["500.00", "400.00"]), c]));
    let key = format!("{ORDER}, PRIMARY KEY (order_id) NOT ENFORCED");
    let script =
        upsert("src", &key, "in", "csv", "json") + &print("o", &key) + "INSERT INTO o SELECT * FROM src;";
    let ran = place.run("e3-keyless", &script, &["--set", "src.scan.bounded.mode=latest-offset"]);
    assert_eq!(printed(&ran), [""; 0]);
    assert!(ran.err.contains("3 of 3 records gave no row"), "{}", ran.err);
}

const WHOLE_LINE: &str = "message STRING, `topic` STRING METADATA VIRTUAL, `partition` INT METADATA VIRTUAL, \
    headers MAP<STRING, BYTES> METADATA VIRTUAL, `offset` BIGINT METADATA VIRTUAL, \
    `timestamp-type` STRING METADATA VIRTUAL, event_time TIMESTAMP(3) METADATA FROM 'timestamp'";

#[test]
fn point_60_a_whole_line_is_one_column_beside_its_metadata() {
    let line = a(["100.00", "100.00"]);
    let csv = r#""format" = "csv", "csv.field-delimiter" = "\u0001", "csv.quote-character" = "''""#;
    let source = bounded("src", WHOLE_LINE, "in", csv);
    let place = Place::set(&["in", "out"]);
    place.feed("in", &format!("{line}\n"));
    let shown = format!(
        "{source}{}",
        print("o", "t STRING, p INT, h MAP<STRING, BYTES>, o BIGINT, k STRING, m STRING")
    ) + "INSERT INTO o SELECT `topic`, `partition`, headers, `offset`, `timestamp-type`, message FROM src;";
    let rows = printed(&place.run("e6", &shown, &[]));
    assert_eq!(rows, [format!("+I[in, 0, {{}}, 0, CreateTime, {line}]")]);

    let columns = "`topic` STRING, headers MAP<STRING, BYTES>, event_time TIMESTAMP(3), message STRING";
    let written =
        kafka_sink(columns, "json").replace("SELECT *", "SELECT `topic`, headers, event_time, message");
    let ran = place.run("e12", &format!("{source}{written}"), &[]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let value: serde_json::Value =
        serde_json::from_str(place.dump("out").trim_end().split_once('\t').unwrap().1).unwrap();
    assert_eq!(value["topic"], "in");
    assert_eq!(value["headers"], serde_json::json!({}));
    assert_eq!(value["message"], line.as_str());
    assert_eq!(value["event_time"].as_str().unwrap().as_bytes()[10], b' ', "{value}");
}

const PRODUCT: &str = "id BIGINT, name STRING, description STRING, weight DECIMAL(10, 2)";

/// What is printed of one message, however it is laid out, in a format of changes.
fn change(format: &str, message: &str) -> Vec<String> {
    let source =
        bounded("src", PRODUCT, "in", &format!("'format' = '{format}', 'properties.group.id' = 'g'"));
    let script = source + &print("o", PRODUCT) + "INSERT INTO o SELECT * FROM src;";
    let path = program::file(&format!("dli-{format}.sql"), &script);
    let input = program::file(&format!("dli-{format}.json"), message);
    let input = format!("src={}", input.display());
    printed(&program::run(&["run", path.to_str().unwrap(), "--embedded", "--input", &input]))
}

#[test]
fn point_61_messages_of_changes_are_read_as_the_pages_lay_them_out() {
    let row = |sign: &str, weight: &str| format!("{sign}[111, scooter, Big 2-wheel scooter, {weight}]");
    let product = |weight: &str| {
        format!(
            "{{\n  \"id\": 111,\n  \"name\": \"scooter\",\n  \"description\": \"Big 2-wheel scooter\",\n  \"weight\": {weight}\n}}"
        )
    };
    let canal = format!(
        "{{\n \"data\": [\n {}\n ],\n \"database\": \"inventory\",\n \"es\": 1589373560000,\n \"id\": 9,\n \"isDdl\": false,\n \
         \"old\": [\n {{\n \"weight\": \"5.15\"\n }}\n ],\n \"pkNames\": [\n \"id\"\n ],\n \"sql\": \"\",\n \"table\": \
         \"products\",\n \"ts\": 1589373560798,\n \"type\": \"UPDATE\"\n}}",
        product("\"5.18\"")
    );
    assert_eq!(change("canal-json", &canal), [row("-U", "5.15"), row("+U", "5.18")]);
    let debezium = format!(
        "{{\n \"before\": {},\n \"after\": {},\n \"source\": {{\"db\": \"inventory\"}},\n \"op\": \"u\",\n \"ts_ms\": \
         1589362330904\n}}",
        product("5.18"),
        product("5.15")
    );
    assert_eq!(change("debezium-json", &debezium), [row("-U", "5.18"), row("+U", "5.15")]);
    let maxwell = format!(
        "{{\n \"database\": \"test\",\n \"table\": \"e\",\n \"type\": \"insert\",\n \"ts\": 1477053217,\n \"data\": {},\n \
         \"old\": {{\n \"weight\": 5.18\n }}\n}}",
        product("5.15")
    );
    assert_eq!(change("maxwell-json", &maxwell), [row("+I", "5.15")]);
    let ogg = format!(
        "{{\n \"before\": {},\n \"after\": {},\n \"op_type\": \"U\",\n \"op_ts\": \"2020-05-13 15:40:06.000000\"\n}}",
        product("5.18"),
        product("5.15")
    );
    assert_eq!(change("ogg-json", &ogg), [row("-U", "5.18"), row("+U", "5.15")]);
}

#[test]
fn point_62_json_val_takes_json_apart_and_nothing_else() {
    let path = |path: &str| format!("JSON_VAL(message, \"{path}\")");
    let paths =
        ["", "$.name", "$.grades.science", "$.grades.science[*]", "$.grades.science[1]", "$.grades.dddd"];
    let query = format!("INSERT INTO o SELECT {} FROM src;", paths.map(path).join(", "));
    let csv = r#""format" = "csv", "csv.field-delimiter" = "\u0001", "csv.quote-character" = "''""#;
    let six = "a STRING, b STRING, c STRING, d STRING, e STRING, f STRING";
    let script = bounded("src", "message STRING", "in", csv) + &print("o", six) + &query;
    let place = Place::set(&["in"]);
    place.feed(
        "in",
        "{\"name\":\"James\",\"age\":24,\"grades\":{\"math\":95,\"science\":[80,85],\"english\":100}}\n\
         {name:James,age:24,grades:{math:95,science:[80,85],english:100}}\n",
    );
    assert_eq!(
        printed(&place.run("e30", &script, &[])),
        ["+I[null, James, [80,85], [80,85], 85, null]", "+I[null, null, null, null, null, null]"]
    );
}

#[test]
fn point_63_a_text_becomes_a_row_for_each_piece() {
    let script = bounded("src", "target STRING, separator STRING", "in", "'format' = 'json'")
        + &print("o", "target STRING, item STRING")
        + "INSERT INTO o SELECT target, item FROM src, lateral table(string_split(target, separator)) as T(item);";
    let place = Place::set(&["in"]);
    let texts = ["test-flink", "flink", "one-two-ww-three"];
    let rows: Vec<_> =
        texts.iter().map(|it| format!("{{\"target\":\"{it}\",\"separator\":\"-\"}}")).collect();
    place.feed("in", &lines(&rows));
    let pieces = texts.iter().flat_map(|text| text.split('-').map(move |it| format!("+I[{text}, {it}]")));
    let pieces: Vec<String> = pieces.collect();
    assert_eq!(pieces.len(), 7);
    assert_eq!(printed(&place.run("e31", &script, &[])), pieces);
}

#[test]
fn point_64_casts_are_printed_as_java_prints_them() {
    let row = r#"{"int2string":1,"string2int":"1","string2timestamp":"2022-04-02 15:00:00","timestamp2date":"2022-04-02 15:00:00"}"#;
    let columns = "int2string INT, string2int STRING, string2timestamp STRING, timestamp2date TIMESTAMP";
    let script = bounded("src", columns, "in", "'format' = 'json'")
        + &print("o", "a STRING, b INT, c TIMESTAMP, d DATE")
        + "INSERT INTO o SELECT cast(int2string as string), cast(string2int as int),
             cast(string2timestamp as timestamp), cast(timestamp2date as date) FROM src;";
    let place = Place::set(&["in"]);
    place.feed("in", &format!("{row}\n"));
    assert_eq!(printed(&place.run("e32", &script, &[])), ["+I[1, 1, 2022-04-02T15:00, 2022-04-02]"]);
}

#[test]
fn point_65_seconds_that_are_none_are_not_printed() {
    let columns = ORDER.replace("order_time STRING", "order_time timestamp(3)");
    let script = bounded("src", &columns, "in", "'format' = 'json'")
        + &print("o", &columns)
        + "INSERT INTO o SELECT * FROM src;";
    let place = Place::set(&["in"]);
    place.feed("in", &lines(&[a(["100.00", "100.00"])]));
    let rows = printed(&place.run("e8", &script, &[]));
    let row = "202103241000000001, webShop, 2021-03-24T10:00, 100.0, 100.0, 2021-03-24 10:02:03, 0001, Alice, 330106";
    assert_eq!(rows, [format!("+I[{row}]")]);
}

#[test]
fn point_66_both_spellings_of_a_registry_give_one_schema_under_the_topics_subject() {
    let registry = RegistryServer::start();
    let place = Place::set(&["in", "out"]);
    place.feed("in", "{\"id\":1}\n");
    for key in ["schema-registry.url", "url"] {
        let sink = kafka_sink("id INT", "avro-confluent").replace(
            "'format' = 'avro-confluent'",
            &format!("'format' = 'avro-confluent', 'avro-confluent.{key}' = '{}'", registry.url()),
        );
        let script = bounded("src", "id INT", "in", "'format' = 'json'") + &sink;
        let ran = place.run("e21", &script, &[]);
        assert_eq!(ran.code, 0, "{}", ran.err);
    }
    let subjects: Vec<String> = registry.registered().into_iter().map(|(subject, _)| subject).collect();
    assert!(!subjects.is_empty() && subjects.iter().all(|it| it == "out-value"), "{subjects:?}");
    let ran = program::run(&["topic", "dump", "out", "--bootstrap", &place.at, "--output", "json"]);
    let messages: Vec<serde_json::Value> = ran
        .out
        .lines()
        .map(|it| serde_json::from_str::<serde_json::Value>(it).unwrap()["value"].clone())
        .collect();
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0], messages[1], "frame, schema id and body");
}
