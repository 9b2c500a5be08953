//! The small commands: produce, consume, topic, help.

use crate::program::{broker, broker_of, command, run, run_with_input};

/// A group keeps how far it came: who comes next goes on there, and nothing is shown twice or passed over.
#[test]
fn a_group_that_consumes_goes_on_where_it_stood() {
    let (_broker, at) = broker();
    assert_eq!(run(&["topic", "create", "t", "--bootstrap", &at, "--partitions", "2"]).code, 0);
    let rows: String = (0..10).map(|id| format!("{{\"id\":{id}}}\n")).collect();
    assert_eq!(run_with_input(&["produce", "t", "--bootstrap", &at], rows.as_bytes()).code, 0);
    let consume = |count: &str| {
        let args =
            ["consume", "t", "--bootstrap", &at, "--group", "g", "--from", "earliest", "--count", count];
        let ran = run(&[&args[..], &["--output", "raw"]].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out.lines().filter_map(|line| Some(line.split_once('\t')?.1.to_owned())).collect::<Vec<_>>()
    };
    let mut all = [consume("4"), consume("5"), consume("1")].concat();
    all.sort();
    let due: Vec<String> = (0..10).map(|id| format!("{{\"id\":{id}}}")).collect();
    assert_eq!(all, due);
    let described = run(&["group", "describe", "g", "--bootstrap", &at, "--output", "json"]);
    let lag = |line: &str| serde_json::from_str::<serde_json::Value>(line).ok()?["lag"].as_i64();
    assert_eq!(described.out.lines().filter_map(lag).sum::<i64>(), 0, "{}", described.out);
    for (more, why) in [
        (["--partition", "0"], "--partition and --group exclude each other"),
        (["--from", "7"], "--from 7: a group goes on where it stands"),
    ] {
        let refused = run(&[&["consume", "t", "--bootstrap", &at, "--group", "g"][..], &more].concat());
        assert!(refused.code == 2 && refused.err.contains(why), "{} {}", refused.code, refused.err);
    }
}

#[test]
fn what_is_produced_is_consumed_and_dumped_tombstones_visible() {
    let (_broker, at) = broker();
    assert_eq!(
        run(&["topic", "create", "t", "--bootstrap", &at, "--config", "cleanup.policy=compact"]).code,
        0
    );
    let lines = b"a|1\nb|\xff\na|NULL\n";
    let produced = run_with_input(
        &["produce", "t", "--bootstrap", &at, "--key-delimiter", "|", "--null-value", "NULL"],
        lines,
    );
    assert_eq!((produced.code, produced.err.trim()), (0, "3 records"));

    let consumed =
        run(&["consume", "t", "--bootstrap", &at, "--from", "earliest", "--count", "3", "--output", "json"]);
    assert_eq!(consumed.code, 0, "{}", consumed.err);
    let dumped = run(&["topic", "dump", "t", "--bootstrap", &at, "--output", "json"]);
    assert_eq!(consumed.out, dumped.out);
    let records: Vec<serde_json::Value> =
        dumped.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let values: Vec<_> =
        records.iter().map(|it| (it["offset"].clone(), it["key"].clone(), it["value"].clone())).collect();
    let expected = [
        (0.into(), "a".into(), "1".into()),
        (1.into(), "b".into(), serde_json::json!({ "hex": "ff" })),
        (2.into(), "a".into(), serde_json::Value::Null),
    ];
    assert_eq!(values, expected);
    assert!(
        records.iter().all(|it| it["timestamp"].is_i64() && it["headers"].is_array() && it["partition"] == 0)
    );

    let text = run(&["topic", "dump", "t", "--bootstrap", &at]);
    assert!(text.out.lines().any(|line| line.split_whitespace().eq(["0", "2", "a", "null"])), "{}", text.out);
    let second = run(&["consume", "t", "--bootstrap", &at, "--from", "1", "--count", "1"]);
    assert_eq!(second.out, "partition  offset  key  value\n0          1       b    0xff\n");
    let raw = ["consume", "t", "--bootstrap", &at, "--from", "earliest", "--count", "3", "--output", "raw"];
    let raw = command(&raw).output().expect("it runs");
    assert_eq!(raw.stdout, b"a\t1\nb\t\xff\na\tnull\n");
}

#[test]
fn groups_are_listed_described_reset_and_deleted() {
    let (_broker, at) = broker();
    assert_eq!(run(&["topic", "create", "t", "--bootstrap", &at, "--partitions", "2"]).code, 0);
    let produced = run_with_input(&["produce", "t", "--bootstrap", &at, "--partition", "1"], b"1\n2\n3\n");
    assert_eq!(produced.code, 0, "{}", produced.err);
    let group = |args: &[&str]| run(&[&["group"], args, &["--bootstrap", &at]].concat());
    let raw = |args: &[&str]| group(&[args, &["--output", "raw"]].concat()).out;
    let reset = |more: &[&str]| group(&[&["reset", "g", "--output", "raw"], more].concat());

    let shown = reset(&["--topic", "t", "--to", "earliest"]);
    assert_eq!((shown.code, &*shown.out), (0, "t\t0\t-\t0\nt\t1\t-\t0\n"));
    assert!(shown.err.contains("--execute"), "{}", shown.err);
    assert_eq!(raw(&["list"]), "", "nothing was changed");

    assert_eq!(reset(&["--topic", "t", "--to", "+1", "--execute"]).out, "t\t0\t-\t0\nt\t1\t-\t1\n");
    assert_eq!(raw(&["list"]), "g\tclassic\tEmpty\n");
    assert_eq!(raw(&["describe", "g"]), "t\t0\t0\t0\t0\t-\t-\t-\nt\t1\t1\t3\t2\t-\t-\t-\n");
    // What it has committed needs no topic; no offset lies outside of its log.
    assert_eq!(reset(&["--to", "99", "--execute"]).out, "t\t0\t0\t0\nt\t1\t1\t3\n");
    assert_eq!(reset(&["--to", "-2"]).out, "t\t0\t0\t0\nt\t1\t3\t1\n");
    assert_eq!(reset(&["--to", "@0"]).out, "t\t0\t0\t0\nt\t1\t3\t0\n");
    assert!(reset(&["--to", "tomorrow"]).err.contains("--to tomorrow"));

    assert_eq!(group(&["delete", "g"]).code, 0);
    assert_eq!(raw(&["list"]), "");
    for args in [&["delete", "g"][..], &["describe", "g"]] {
        let refused = group(args);
        assert_eq!((refused.code, &*refused.out), (4, ""), "{}", refused.err);
        assert!(refused.err.contains("group g"), "{}", refused.err);
    }
}

#[test]
fn lines_under_a_transactional_id_are_seen_together_and_metrics_are_shown() {
    let (_broker, at) = broker();
    assert_eq!(run(&["topic", "create", "t", "--bootstrap", &at]).code, 0);
    let produce = ["produce", "t", "--bootstrap", &at, "--property", "transactional.id=lines", "--metrics"];
    let produced = run_with_input(&produce, b"1\n2\n3\n");
    assert_eq!(produced.code, 0, "{}", produced.err);
    assert!(produced.err.contains("record-send-total 3\n"), "{}", produced.err);
    let consume = ["consume", "t", "--bootstrap", &at, "--from", "earliest", "--count", "3"];
    let committed = ["--property", "isolation.level=read_committed", "--output", "raw"];
    let consumed = run(&[&consume[..], &committed].concat());
    assert_eq!(consumed.out.lines().count(), 3, "{}", consumed.err);
    let dumped = run(&["topic", "dump", "t", "--bootstrap", &at, "--output", "json"]);
    assert_eq!(dumped.out.lines().count(), 3, "the marker behind them is no record");
}

#[test]
fn topics_are_listed_and_an_unknown_one_is_said_to_be_unknown() {
    let (_broker, at) = broker();
    assert_eq!(run(&["topic", "create", "b", "--bootstrap", &at, "--partitions", "3"]).code, 0);
    assert_eq!(run(&["topic", "create", "a", "--bootstrap", &at]).code, 0);
    let listed = run(&["topic", "list", "--bootstrap", &at, "--output", "json"]);
    assert_eq!(listed.out, "{\"topic\":\"a\",\"partitions\":1}\n{\"topic\":\"b\",\"partitions\":3}\n");
    let raw = run(&["topic", "list", "--bootstrap", &at, "--output", "raw"]);
    assert_eq!(raw.out, "a\t1\nb\t3\n");
    let again = run(&["topic", "create", "a", "--bootstrap", &at]);
    assert_eq!(again.code, 4);
    assert!(again.err.contains("TOPIC_ALREADY_EXISTS"), "{}", again.err);
}

#[test]
fn a_missing_topic_is_said_to_be_missing_and_is_not_made() {
    let (_broker, at) = broker();
    for args in [&["topic", "dump"][..], &["topic", "dump", "--compacted"], &["consume"]] {
        let ran = run(&[args, &["odrers", "--bootstrap", &at]].concat());
        assert_eq!((ran.code, &*ran.out), (4, ""), "{args:?}: {}", ran.err);
        assert!(ran.err.contains("topic odrers does not exist"), "{}", ran.err);
    }
    assert_eq!(run(&["topic", "list", "--bootstrap", &at, "--output", "json"]).out, "");
}

#[test]
fn an_offset_outside_the_log_is_refused_with_the_range() {
    let (_broker, at) = broker();
    assert_eq!(run(&["topic", "create", "t", "--bootstrap", &at]).code, 0);
    let from = |offset: &str| {
        run(&["consume", "t", "--bootstrap", &at, "--count", "1", &format!("--from={offset}")])
    };
    let empty = from("1");
    assert_eq!(empty.code, 4, "{}", empty.err);
    assert!(empty.err.contains("partition 0: --from 1 is outside: it holds nothing"), "{}", empty.err);
    assert_eq!(run_with_input(&["produce", "t", "--bootstrap", &at], b"a\nb\nc\n").code, 0);
    for offset in ["-1", "4", "9223372036854775807"] {
        let ran = from(offset);
        assert_eq!(ran.code, 4, "{}", ran.err);
        assert!(
            ran.err.contains(&format!("--from {offset} is outside: it holds offsets 0 to 2")),
            "{}",
            ran.err
        );
    }
    assert!(from("2").out.ends_with("  c\n"));
}

#[test]
fn a_topic_is_folded_to_the_newest_value_of_each_key() {
    let (_broker, at) = broker();
    assert_eq!(run(&["topic", "create", "t", "--bootstrap", &at]).code, 0);
    let produce = ["produce", "t", "--bootstrap", &at, "--key-delimiter", "|", "--null-value", "NULL"];
    let lines = b"a|1\nb|1\nc|1\na|2\nkeyless\nb|NULL\nd|NULL\nc|2\nc|NULL\ne|1\nc|3\n";
    assert_eq!(run_with_input(&produce, lines).code, 0);
    let folded = run(&["topic", "dump", "t", "--bootstrap", &at, "--compacted", "--output", "raw"]);
    assert_eq!((folded.code, &*folded.out), (0, "a\t2\ne\t1\nc\t3\n"));
    assert!(folded.err.contains("1 records have no key"), "{}", folded.err);
}

#[test]
fn what_was_not_acknowledged_is_said_and_is_no_success() {
    let (_broker, at) = broker();
    let create = ["topic", "create", "t", "--bootstrap", &at, "--config", "max.message.bytes=400"];
    assert_eq!(run(&create).code, 0);
    let lines = format!("a\n{}\nc\n", "x".repeat(600));
    // A batch each: a batch that is too large is split, and what fits is written.
    let produce = ["produce", "t", "--bootstrap", &at, "--property", "batch.size=0"];
    let ran = run_with_input(&produce, lines.as_bytes());
    assert_eq!(ran.code, 4, "{}", ran.err);
    assert!(ran.err.contains("1 of 3 records are not acknowledged; the first is line 2: "), "{}", ran.err);

    // One that is not even taken in ends the reading; what was sent before it is written, and that is said.
    let produce = [
        "produce",
        "t",
        "--bootstrap",
        &at,
        "--property",
        "max.request.size=500",
        "--property",
        "linger.ms=60000",
    ];
    let ran = run_with_input(&produce, lines.as_bytes());
    assert_eq!(ran.code, 4, "{}", ran.err);
    assert!(
        ran.err.contains("line 2 is not sent: ") && ran.err.contains("; 1 records are written"),
        "{}",
        ran.err
    );
    let dumped = run(&["topic", "dump", "t", "--bootstrap", &at, "--output", "raw"]);
    assert_eq!(dumped.out, "null\ta\nnull\tc\nnull\ta\n");

    // Of a transaction nothing is.
    let ran =
        run_with_input(&[&produce[..], &["--property", "transactional.id=x"]].concat(), lines.as_bytes());
    assert_eq!(ran.code, 4, "{}", ran.err);
    assert!(ran.err.contains("the transaction was aborted: none of its 1 records"), "{}", ran.err);
}

#[test]
fn a_broker_of_three_nodes_is_reached_by_each() {
    let (_broker, at) = broker_of(3);
    let nodes: Vec<_> = at.split(',').collect();
    assert_eq!(nodes.len(), 3, "{at}");
    assert_eq!(run(&["topic", "create", "t", "--bootstrap", nodes[1], "--partitions", "3"]).code, 0);
    let lines: String = (0..300).map(|number| format!("key-{number}|{number}\n")).collect();
    let produce = ["produce", "t", "--bootstrap", nodes[2], "--key-delimiter", "|"];
    let produced = run_with_input(&produce, lines.as_bytes());
    assert_eq!((produced.code, produced.err.trim()), (0, "300 records"));
    let dumped = run(&["topic", "dump", "t", "--bootstrap", nodes[0], "--output", "json"]);
    assert_eq!(dumped.out.lines().count(), 300, "{}", dumped.err);
}

#[test]
fn help_names_every_command_and_every_exit_code() {
    let help = run(&["--help"]);
    assert_eq!(help.code, 0);
    for text in ["run JOB.sql", "explain", "broker", "topic dump", "produce", "consume", "130"] {
        assert!(help.out.contains(text), "{text}: {}", help.out);
    }
    let run_help = run(&["run", "--help"]).out;
    assert!(run_help.contains("--embedded") && run_help.contains("--set"), "{run_help}");
}

#[test]
fn a_function_tells_how_it_is_called_since_when_and_whose_it_is() {
    let of = |name: &str| run(&["functions", name, "--output", "raw"]);
    let shown = of("substr");
    assert_eq!(shown.code, 0, "{}", shown.err);
    for line in ["usage\tSUBSTRING(text, from [, length])", "also called\tSUBSTR", "since\tFlink 1.12"] {
        assert!(shown.out.lines().any(|it| it == line), "{line}: {}", shown.out);
    }
    assert!(
        of("date_add").out.contains("since\tnot in Flink; Huawei DLI has it\n"),
        "{}",
        of("date_add").out
    );
    let unknown = of("substrng");
    assert_eq!(unknown.code, 2);
    assert!(
        unknown.err.contains("there is no function substrng; did you mean SUBSTRING?"),
        "{}",
        unknown.err
    );
    let all = run(&["functions", "--output", "raw"]).out;
    assert!(all.lines().count() > 150 && all.lines().any(|it| it.starts_with("SUBSTRING\t")), "{all}");
}

#[test]
fn the_readmes_exit_codes_are_the_commands() {
    let readme =
        std::fs::read_to_string(upsert_kafka_tests::repository().join("README.md")).expect("README.md");
    let help = run(&["--help"]).out;
    let codes = help.split("Exit codes\n").nth(1).expect("exit codes");
    for line in codes.lines() {
        let (code, about) = line.trim().split_once(' ').expect("a code and what it says");
        let row = format!("| {code} | {} |", about.trim());
        assert!(readme.contains(&row), "the README lacks: {row}");
    }
}
