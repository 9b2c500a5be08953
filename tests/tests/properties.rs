//! Java's client.properties, single properties and profiles: every command reaches a cluster by them, in one order.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::Value;
use tokio::task::block_in_place;
use upsert_kafka_sink::functions::{DLI_FUNCTIONS, DliVerdict};
use upsert_kafka_sink::internals::{CONNECTORS, FORMATS, credential_fields};
use upsert_kafka_tests::data;

use crate::dli::cluster::{Cluster, PASSWORD, private_file};
use crate::program::{self, Ran, file};

/// A client.properties as people have it, of the listener with everything.
fn client_properties(cluster: &Cluster) -> String {
    let text = format!(
        "# as handed out by the cluster's people\n! both kinds of comment\nbootstrap.servers : {}\n\
         security.protocol=SASL_SSL\nsasl.mechanism = PLAIN\nsasl.jaas.config=org.apache.kafka.common.security.plain.\\\n  \
         PlainLoginModule required username=\"orders\" \\\n  password=\"{PASSWORD}\";\n\
         ssl.truststore.location={}\nssl.truststore.password=trust-hush-11\nkey.serializer=org.example.Mine\n",
        cluster.address("SASL_SSL"),
        data("dli").join("client.jks").display()
    );
    private_file("client.properties", &text)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_reaches_a_cluster_by_its_client_properties() {
    let cluster = Cluster::start().await;
    let properties = client_properties(&cluster);
    fn with<'a>(args: &[&'a str], properties: &'a str) -> Vec<&'a str> {
        [args, &["--properties", properties]].concat()
    }
    let done = |args: &[&str]| {
        let ran = cluster.run(&with(args, &properties));
        assert_eq!((ran.code, &*ran.err), (0, ""), "{args:?}");
        ran.out
    };
    done(&["topic", "create", "in"]);
    done(&["topic", "create", "out", "--config", "cleanup.policy=compact"]);
    assert_eq!(done(&["topic", "list", "--output", "raw"]), "in\t1\nout\t1\n");
    let produced =
        block_in_place(|| program::run_with_input(&with(&["produce", "in"], &properties), b"{\"id\":7}\n"));
    assert_eq!((produced.code, &*produced.err), (0, "1 records\n"));
    let consume = ["consume", "in", "--from", "earliest", "--count", "1", "--output", "raw"];
    assert_eq!(done(&consume), "null\t{\"id\":7}\n");
    let job = file(
        "properties-job.sql",
        "CREATE TABLE src (id INT) WITH ('connector' = 'kafka', 'topic' = 'in', 'format' = 'json',
            'properties.group.id' = 'g', 'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset');
         CREATE TABLE o (id INT, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka', 'topic' = 'out',
            'key.format' = 'json', 'value.format' = 'json');
         INSERT INTO o SELECT * FROM src;",
    );
    let job = job.to_str().unwrap();
    let explained = done(&["explain", job]);
    assert!(
        explained.contains("'properties.sasl.jaas.config' = '***' (properties of the caller)"),
        "{explained}"
    );
    assert!(!explained.contains("hush"), "{explained}");
    done(&["run", job]);
    assert_eq!(done(&["topic", "dump", "out", "--output", "raw"]), "{\"id\":7}\t{\"id\":7}\n");
    done(&["doctor"]);
    done(&["sql", job, "--from-start-mode"]);
    assert!(done(&["group", "list", "--output", "raw"]).starts_with("g\t"));
    assert!(done(&["group", "describe", "g", "--output", "raw"]).contains("in"));
    done(&["group", "reset", "g", "--to", "earliest", "--topic", "in", "--execute"]);
    done(&["group", "delete", "g"]);
    let transactional = ["produce", "in", "--property", "transactional.id=t"];
    let produced = block_in_place(|| program::run_with_input(&with(&transactional, &properties), b"{}\n"));
    assert_eq!(produced.code, 0, "{}", produced.err);
    assert!(done(&["transactions", "list", "--output", "raw"]).starts_with("t\t"));
    assert!(done(&["transactions", "describe", "t", "--output", "raw"]).contains("t"));
    let aborted = cluster.run(&with(&["transactions", "abort", "t"], &properties));
    assert_eq!(
        (aborted.code, &*aborted.err),
        (0, "transactional id t: no transaction is open, it is CompleteCommit\n")
    );
}

/// Whichever command knows a cluster takes its client's properties, in each of the three ways.
#[test]
fn every_command_that_goes_to_a_cluster_takes_its_properties() {
    let help = program::run(&["--help"]).out;
    let rows = help.split("\n\n").nth(1).unwrap().lines();
    let names = rows.map(|row| row.trim_start().split("  ").next().unwrap());
    let mut without = Vec::new();
    for name in names {
        let words: Vec<_> =
            name.split(' ').filter(|it| it.bytes().all(|it| it.is_ascii_lowercase())).collect();
        let told = program::run(&[&words[..], &["--help"]].concat()).out;
        let takes =
            ["--properties FILE", "--property KEY=VALUE", "--profile NAME"].map(|it| told.contains(it));
        if takes.contains(&false) {
            assert_eq!(takes, [false; 3], "{name}");
            without.push(words.join(" "));
        }
    }
    let of_no_cluster = [
        "functions",
        "broker",
        "wire apis",
        "wire schema",
        "wire decode",
        "wire encode",
        "wire check",
        "wire stream",
    ];
    assert_eq!(without, of_no_cluster);
}

/// `explain` without a job: each key's row.
fn explained(ran: &Ran) -> BTreeMap<String, Value> {
    assert_eq!(ran.code, 0, "{}", ran.err);
    let rows = ran.out.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    rows.map(|row| (row["property"].as_str().unwrap().to_owned(), row)).collect()
}

/// What is wrong with one key hides nothing of the others, and several that are wrong are told at once.
#[test]
fn explain_shows_every_key_with_the_refusals_beside_theirs_and_fails() {
    let rows = |args: &[&str]| -> (Ran, BTreeMap<String, Value>) {
        let ran = program::run(&[&["explain", "--output", "json"], args].concat());
        let rows = ran.out.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let rows = rows.map(|row| (row["property"].as_str().unwrap().to_owned(), row)).collect();
        (ran, rows)
    };
    let (ran, wrong) =
        rows(&["--property", "linger.ms=soon", "--property", "acks=1", "--property", "retries=-1"]);
    let (_, right) = rows(&["--property", "acks=1"]);
    assert_eq!(wrong.keys().collect::<Vec<_>>(), right.keys().collect::<Vec<_>>());
    assert_eq!(ran.code, 2, "{}", ran.err);
    for key in ["linger.ms", "retries"] {
        assert_eq!(wrong[key]["becomes"], "refused", "{}", wrong[key]);
        let reason = wrong[key]["reason"].as_str().unwrap();
        assert!(
            reason.starts_with(&format!("property {key}: ")) && ran.err.contains(reason),
            "{reason}: {}",
            ran.err
        );
        assert_eq!(wrong[key]["given_by"], "--property");
    }
    assert_eq!((&wrong["acks"]["becomes"], &wrong["acks"]["value"]), (&"honoured".into(), &"1".into()));
    // Two that contradict each other.
    let (ran, rows) = rows(&["--property", "enable.idempotence=true", "--property", "acks=1"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("contradict each other"), "{}", ran.err);
    assert_eq!(
        (&rows["acks"]["becomes"], &rows["enable.idempotence"]["becomes"]),
        (&"refused".into(), &"refused".into())
    );
    assert_eq!(rows["retries"]["becomes"], "honoured");
}

#[test]
fn a_property_wins_over_a_file_and_a_file_over_a_profile() {
    let home = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("profiles-home");
    std::fs::create_dir_all(home.join("upsert-kafka")).unwrap();
    let profiles = "[prod]\nlinger.ms = 1\nacks = \"1\"\n\"client.id\" = \"of-profile\"\nproperties = \"base.properties\"\n\
                    [dev]\nlinger.ms = 9\n";
    std::fs::write(home.join("upsert-kafka/profiles.toml"), profiles).unwrap();
    std::fs::write(
        home.join("upsert-kafka/base.properties"),
        "acks=0\nretries=5\nenable.idempotence=false\n",
    )
    .unwrap();
    let properties = private_file("order.properties", "linger.ms=2\nacks=all\n");
    let run = |args: &[&str]| {
        let mut command = program::command(args);
        command.env("XDG_CONFIG_HOME", &home);
        program::ran(command.output().unwrap())
    };
    let all = ["--profile", "prod", "--properties", &properties, "--property", "linger.ms=3"];
    let rows = explained(&run(&[&["explain", "--output", "json"], &all[..]].concat()));
    for (key, value, by) in [
        ("linger.ms", "3", Value::from("--property")),
        ("acks", "all", Value::from(&*properties)),
        ("client.id", "of-profile", Value::from("profile prod")),
        ("batch.size", "16384", Value::Null),
    ] {
        assert_eq!((&rows[key]["value"], &rows[key]["given_by"]), (&Value::from(value), &by), "{key}");
    }
    assert_eq!(rows["retries"]["value"], "5", "of the file that the profile names");

    let missing = run(&["explain", "--profile", "pord"]);
    assert_eq!(missing.code, 2);
    assert!(missing.err.contains("no such profile; there are: dev, prod"), "{}", missing.err);
}

#[test]
fn explain_has_a_row_for_every_key_of_javas_clients() {
    let mut text = String::new();
    let file = std::fs::File::open(data("kafka/configs.json.gz")).unwrap();
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let golden: Value = serde_json::from_str(&text).unwrap();
    let properties = private_file("any.properties", "linger.ms=2\nlinger.mss=3\nmetadata.broker.list=a:1\n");
    let rows = explained(&program::run(&["explain", "--properties", &properties, "--output", "json"]));
    let mut keys = 0;
    for client in golden.as_object().unwrap().values() {
        for key in client.as_array().unwrap() {
            let name = key["name"].as_str().unwrap();
            let row = rows.get(name).unwrap_or_else(|| panic!("no row for {name}"));
            let becomes = row["becomes"].as_str().unwrap();
            assert!(["honoured", "ignored", "refused"].contains(&becomes), "{name}: {becomes}");
            assert!(
                becomes == "honoured" || !row["reason"].as_str().unwrap().is_empty(),
                "{name} has no reason"
            );
            keys += 1;
        }
    }
    assert!(keys > 300, "{keys}");
    assert!(rows["linger.mss"]["reason"].as_str().unwrap().contains("did you mean linger.ms?"));
    let librdkafkas = rows["metadata.broker.list"]["reason"].as_str().unwrap();
    assert!(librdkafkas.contains("bootstrap.servers"), "{librdkafkas}");
}

#[test]
fn what_cannot_be_read_is_named_and_not_shown() {
    let broken = private_file("broken.properties", "linger.ms=2\nsasl.jaas.config=hush-\\u12\n");
    let binary = private_file("job.properties", "bootstrap.servers=a:1\nsecurity.protocol=SLS\n");
    for (args, says) in [
        (&["topic", "list", "--properties", "no-such.properties"][..], "no-such.properties: "),
        (&["topic", "list", "--properties", &broken], "line 2"),
        (&["topic", "list", "--properties", &binary], "security.protocol"),
        (&["topic", "list", "--property", "acks"], "--property acks…: not of the form KEY=VALUE"),
        (&["explain"], "explain needs JOB.sql, or --properties FILE"),
        (
            &["run", "x.sql", "--embedded", "--properties", &binary],
            "--embedded and --properties exclude each other",
        ),
    ] {
        let ran = program::run(args);
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.err);
        assert!(ran.err.contains(says) && !ran.err.contains("hush"), "{args:?}: {}", ran.err);
    }
}

/// The tables of the README are the rows of the code: what this says is missing is what to paste.
#[test]
fn the_readmes_options_and_credentials_are_the_codes() {
    let readme = std::fs::read_to_string(upsert_kafka_tests::repository().join("README.md")).unwrap();
    let mut options: BTreeMap<&str, (String, String)> = BTreeMap::new();
    for connector in CONNECTORS {
        for spec in connector.options {
            let default = spec.default.map_or_else(String::new, |it| format!("`{it}`"));
            let told = format!("{default} | {} | {}", spec.since, spec.about);
            let (_, connectors) = options.entry(spec.key).or_insert_with(|| (told, String::new()));
            let comma = if connectors.is_empty() { "" } else { ", " };
            *connectors = format!("{connectors}{comma}{}", connector.name);
        }
    }
    let options =
        options.iter().map(|(key, (told, connectors))| format!("| `{key}` | {connectors} | {told} |"));
    let code = |text: &str| if text.is_empty() { String::new() } else { format!("`{text}`") };
    let fields = credential_fields().map(|[kind, name, also, property]| {
        format!("| {kind} | `{name}` | {} | {} |", code(also), code(property))
    });
    let missing: Vec<String> = options.chain(fields).filter(|row| !readme.contains(row)).collect();
    assert!(missing.is_empty(), "the README lacks\n{}", missing.join("\n"));
}

/// The README's table of functions likewise.
#[test]
fn the_readmes_functions_are_the_codes() {
    let readme = std::fs::read_to_string(upsert_kafka_tests::repository().join("README.md")).unwrap();
    let rows = upsert_kafka_sink::functions::all().into_iter().map(|it| {
        let usages: Vec<String> =
            it.usage.iter().map(|usage| format!("`{}`", usage.replace('|', "\\|"))).collect();
        let about = it.about.replace('|', "\\|");
        format!("| {} | {} | {about} |", usages.join("<br>"), it.since)
    });
    let rows: Vec<String> = rows.collect();
    let missing: Vec<&String> = rows.iter().filter(|row| !readme.contains(&**row)).collect();
    let listed = readme.split("### Functions").nth(1).and_then(|it| it.split("</details>").next());
    let listed = listed.expect("a table of functions").lines().filter(|line| line.starts_with("| `")).count();
    assert!(
        missing.is_empty(),
        "the README lacks\n{}",
        missing.iter().map(|it| it.as_str()).collect::<Vec<_>>().join("\n")
    );
    assert_eq!(listed, rows.len(), "the README has functions that are no more");
}

/// The README's table of what DLI has likewise.
#[test]
fn the_readmes_functions_of_dli_are_the_codes() {
    let readme = std::fs::read_to_string(upsert_kafka_tests::repository().join("README.md")).unwrap();
    let rows = DLI_FUNCTIONS.iter().map(|it| {
        let names: Vec<String> =
            it.uses.iter().map(|it| format!("`{}`", it.name.replace('|', "\\|"))).collect();
        let verdict = match it.verdict {
            DliVerdict::Flink => "Flink's: works",
            DliVerdict::DliAlone => "DLI's alone: works",
            DliVerdict::NotYet => "Flink's: needs many rows, not yet",
            DliVerdict::DliAloneNotYet => "DLI's alone: needs many rows, not yet",
            other => panic!("{other:?}"),
        };
        format!("| {} | {} | {} | {verdict} |", it.about, names.join(", "), it.releases)
    });
    let rows: Vec<String> = rows.collect();
    let missing: Vec<&str> = rows.iter().map(|it| &**it).filter(|row| !readme.contains(row)).collect();
    assert!(missing.is_empty(), "the README lacks\n{}", missing.join("\n"));
    let listed = readme.split("### Functions of DLI").nth(1).and_then(|it| it.split("</details>").next());
    let listed = listed.expect("a table of DLI's functions").lines().filter(|line| line.contains(" | `"));
    assert_eq!(listed.count(), rows.len(), "the README has functions that are no more");
}

/// The README's table of formats likewise.
#[test]
fn the_readmes_formats_are_the_codes() {
    let readme = std::fs::read_to_string(upsert_kafka_tests::repository().join("README.md")).unwrap();
    let mut options: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut rows = Vec::new();
    for format in FORMATS {
        for spec in format.options {
            let default = spec.default.map_or_else(String::new, |it| format!("`{it}`"));
            let row = format!("`{}` | {{formats}} | {default} | {} | {} |", spec.key, spec.since, spec.about);
            options.entry(row).or_default().push(format.name);
        }
        let does = [("reads", format.decoding.is_some()), ("writes", format.encoding.is_some())];
        let does: Vec<&str> = does.into_iter().filter(|(_, does)| *does).map(|(word, _)| word).collect();
        rows.push(format!("| `{}` | {} | {} |", format.name, format.about, does.join(", ")));
    }
    rows.extend(
        options.iter().map(|(row, formats)| format!("| {}", row.replace("{formats}", &formats.join(", ")))),
    );
    let missing: Vec<String> = rows.into_iter().filter(|row| !readme.contains(row)).collect();
    assert!(missing.is_empty(), "the README lacks\n{}", missing.join("\n"));
}
