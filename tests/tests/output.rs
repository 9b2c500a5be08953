//! Every command into a closed pipe, onto a full disk, and over a value of 20 MB.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::Stdio;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::program::{self, Ran, broker, run};

/// A command line, what goes into its standard input, and what of it stands on standard output.
struct Invocation {
    command: &'static str,
    args: Vec<String>,
    input: Vec<u8>,
    writes: Writes,
}

#[derive(Clone, Copy, PartialEq)]
enum Writes {
    Nothing,
    Something,
    /// The value of 20 MB, at least once.
    TheValue,
}

/// In the field of a row, the value of a record, and the field of a message: 20 MB, and more than any buffer holds.
const VALUE_BYTES: usize = 20_000_000;
const SMALL_BYTES: usize = 200_000;

/// Each command at work on the value, where it has one.
fn invocations(at: &str, size: usize) -> Vec<Invocation> {
    let mut all = Vec::new();
    let mut add = |command: &'static str, args: &[&str], input: Vec<u8>, writes| {
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        all.push(Invocation { command, args, input, writes });
    };
    use Writes::{Nothing, Something, TheValue};
    let value = "v".repeat(size);
    let row = format!("{{\"order_id\":\"1\",\"user_name\":\"{value}\"}}");
    let big_row = program::file(&format!("output-row-{size}.json"), &row);
    let big_row = format!("orders={}", big_row.to_str().expect("UTF-8"));
    for form in ["table", "json", "raw"] {
        let embedded = ["--embedded", "--input", &big_row, "--output", form];
        add("run", &[&["run", "examples/orders.sql"][..], &embedded].concat(), Vec::new(), TheValue);
        let dump = ["topic", "dump", "big", "--bootstrap", at, "--output", form];
        add("topic dump", &dump, Vec::new(), TheValue);
        add("topic dump", &[&dump[..], &["--compacted"]].concat(), Vec::new(), TheValue);
        let consume =
            ["consume", "big", "--bootstrap", at, "--from", "earliest", "--count", "1", "--output", form];
        add("consume", &consume, Vec::new(), TheValue);
        add("topic list", &["topic", "list", "--bootstrap", at, "--output", form], Vec::new(), Something);
        let reset =
            ["group", "reset", "g", "--topic", "big", "--to", "latest", "--execute", "--bootstrap", at];
        add("group reset", &[&reset[..], &["--output", form]].concat(), Vec::new(), Something);
        add("group list", &["group", "list", "--bootstrap", at, "--output", form], Vec::new(), Something);
        let described = ["group", "describe", "g", "--bootstrap", at, "--output", form];
        add("group describe", &described, Vec::new(), Something);
        let transactions = ["transactions", "list", "--bootstrap", at, "--output", form];
        add("transactions list", &transactions, Vec::new(), Something);
        let described = ["transactions", "describe", "tx", "--bootstrap", at, "--output", form];
        add("transactions describe", &described, Vec::new(), Something);
        let doctor = ["doctor", "--bootstrap", at, "--topic", "big", "--output", form];
        add("doctor", &doctor, Vec::new(), Something);
        add("functions", &["functions", "--output", form], Vec::new(), Something);
        add("wire apis", &["wire", "apis", "--output", form], Vec::new(), Something);
        add("wire schema", &["wire", "schema", "Fetch", "--output", form], Vec::new(), Something);
    }
    let repeat = program::file(&format!("output-repeat-{size}.sql"), &format!("SELECT REPEAT('v', {size});"));
    add("sql", &["sql", repeat.to_str().expect("UTF-8")], Vec::new(), TheValue);
    add("explain", &["explain", "examples/orders.sql"], Vec::new(), Something);
    let create = ["topic", "create", "made", "--bootstrap", at];
    add("topic create", &create, Vec::new(), Nothing);
    add("transactions abort", &["transactions", "abort", "tx", "--bootstrap", at], Vec::new(), Nothing);
    add("group delete", &["group", "delete", "g", "--bootstrap", at], Vec::new(), Nothing);
    add("produce", &produce(at), [b"k|", value.as_bytes(), b"\n"].concat(), Nothing);
    add_wire(&value, &mut add);
    all
}

fn produce(at: &str) -> Vec<&str> {
    let room = ["--property", "max.request.size=30000000", "--property", "buffer.memory=60000000"];
    [&["produce", "big", "--bootstrap", at, "--key-delimiter", "|"][..], &room].concat()
}

/// The bytes of a password, as a message's field of 20 MB.
fn add_wire(value: &str, add: &mut impl FnMut(&'static str, &[&str], Vec<u8>, Writes)) {
    use Writes::TheValue;
    let api = ["--api", "SaslAuthenticate", "--version", "0", "--request"];
    let json = format!("{{\"authBytes\":\"{}\"}}", STANDARD.encode(value));
    add("wire encode", &[&["wire", "encode"][..], &api].concat(), json.into_bytes(), TheValue);
    let length = u32::try_from(value.len()).expect("a length").to_be_bytes();
    let body = [&length[..], value.as_bytes()].concat();
    let hex = upsert_kafka_tests::hex::encode(&body);
    add("wire decode", &[&["wire", "decode"][..], &api].concat(), hex.clone().into_bytes(), TheValue);
    // Its verdict names the value that is not as the vector says, cut.
    let vector = format!(
        "{{\"api\":\"SaslAuthenticate\",\"key\":36,\"direction\":\"request\",\"version\":0,\"hex\":\"{hex}\"}}\n"
    );
    let vectors = program::file(&format!("output-vectors-{}.jsonl", value.len()), &vector);
    add("wire check", &["wire", "check", vectors.to_str().expect("UTF-8")], Vec::new(), Writes::Something);
    let header = [&[0, 36, 0, 0, 0, 0, 0, 7, 0xff, 0xff][..], &body].concat();
    let length = u32::try_from(header.len()).expect("a length").to_be_bytes();
    let frames = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("output-frames-{}", value.len()));
    std::fs::write(&frames, [&length[..], &header].concat()).expect("a temporary file");
    let frames = frames.to_str().expect("UTF-8").to_owned();
    add("wire stream", &["wire", "stream", "--requests", &frames], Vec::new(), TheValue);
}

impl Invocation {
    fn run(&self, stdout: impl Into<Stdio>, stderr: impl Into<Stdio>) -> Ran {
        let args: Vec<_> = self.args.iter().map(String::as_str).collect();
        let child = program::command(&args).stdin(Stdio::piped()).stdout(stdout).stderr(stderr).spawn();
        let mut child = child.expect("the binary runs");
        let mut input = child.stdin.take().expect("its input");
        let bytes = self.input.clone();
        // A command that ends early does not read it all.
        let writer = std::thread::spawn(move || input.write_all(&bytes));
        let ran = program::ran(child.wait_with_output().expect("it ends"));
        let _ = writer.join();
        ran
    }

    fn name(&self) -> String {
        self.args.join(" ")
    }
}

/// A broker with a topic that holds one record of 20 MB.
fn broker_with_value(size: usize) -> (program::Running, String) {
    let (broker, at) = broker();
    let create = ["topic", "create", "big", "--bootstrap", &at, "--config", "max.message.bytes=30000000"];
    assert_eq!(run(&create).code, 0);
    let value = "v".repeat(size);
    let produced = program::run_with_input(&produce(&at), &[b"k|", value.as_bytes(), b"\n"].concat());
    assert_eq!(produced.code, 0, "{}", produced.err);
    let transaction = ["produce", "small", "--bootstrap", &at, "--property", "transactional.id=tx"];
    assert_eq!(program::run_with_input(&transaction, b"v\n").code, 0);
    (broker, at)
}

#[test]
fn every_command_is_looked_at() {
    let tried: BTreeSet<_> =
        invocations("x:1", 1).iter().map(|it| it.command.to_owned()).chain(["broker".into()]).collect();
    let help = run(&["--help"]).out;
    let rows = help.split("\n\n").nth(1).expect("the commands");
    let name = |row: &str| {
        let words = row.trim_start().split("  ").next().unwrap_or_default().split(' ');
        words.filter(|word| word.bytes().all(|it| it.is_ascii_lowercase())).collect::<Vec<_>>().join(" ")
    };
    let listed: BTreeSet<_> = rows.lines().map(name).collect();
    assert_eq!(tried, listed, "a command of the table is not tried, or the other way round");
}

#[test]
fn a_value_of_20_mb_is_shown_whole_by_every_command() {
    let (_broker, at) = broker_with_value(VALUE_BYTES);
    let value = "v".repeat(VALUE_BYTES);
    let forms = [value.clone(), upsert_kafka_tests::hex::encode(value.as_bytes()), STANDARD.encode(&value)];
    for it in invocations(&at, VALUE_BYTES) {
        let ran = it.run(Stdio::piped(), Stdio::piped());
        assert_eq!(ran.code, 0, "{}: {}", it.name(), ran.err);
        assert_eq!(it.writes == Writes::Nothing, ran.out.is_empty(), "{}", it.name());
        if it.writes == Writes::TheValue {
            assert!(forms.iter().any(|form| ran.out.contains(form)), "{}: {}", it.name(), ran.out.len());
        }
    }
}

#[test]
fn a_reader_that_leaves_ends_every_command_in_silence() {
    let (_broker, at) = broker_with_value(SMALL_BYTES);
    for it in invocations(&at, SMALL_BYTES) {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let ran = it.run(writer, Stdio::piped());
        let is_news = |line: &&str| {
            !line.ends_with(" seconds") && *line != "1 records" && !line.contains("no transaction is open")
        };
        let said = ran.err.lines().filter(is_news).count();
        assert_eq!((ran.code, said), (0, 0), "{}: {}", it.name(), ran.err);
    }
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let broker = program::command(&["broker", "--listen", "127.0.0.1:0"]).stdout(writer).output();
    let broker = program::ran(broker.expect("it ends"));
    assert_eq!((broker.code, &*broker.err), (0, ""));
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let help = program::command(&["--help"]).stdout(writer).output().expect("it ends");
    assert_eq!((help.status.code(), &*help.stderr), (Some(0), &b""[..]));
}

#[test]
fn a_full_disk_is_said_and_stops_what_only_writes_there() {
    let (_broker, at) = broker_with_value(SMALL_BYTES);
    let full = || File::options().write(true).open("/dev/full").expect("/dev/full");
    for it in invocations(&at, SMALL_BYTES) {
        let ran = it.run(full(), Stdio::piped());
        if it.writes == Writes::Nothing {
            assert_eq!(ran.code, 0, "{}: {}", it.name(), ran.err);
            continue;
        }
        assert_eq!(ran.code, 5, "{}: {}", it.name(), ran.err);
        assert!(ran.err.contains("standard output: No space left"), "{}: {}", it.name(), ran.err);
        assert!(!ran.err.contains("panicked"), "{}: {}", it.name(), ran.err);
    }
    // What cannot be said changes nothing, however much of it there is.
    // What changes a group finds another one the second time.
    let changes = |it: &Invocation| matches!(it.command, "group reset" | "group delete");
    let further =
        invocations(&at, SMALL_BYTES).into_iter().filter(|it| !changes(it) && it.command != "group describe");
    for it in further {
        let it = Invocation { args: [it.args, vec!["--log".into(), "trace".into()]].concat(), ..it };
        let (said, silent) = (it.run(Stdio::piped(), Stdio::null()), it.run(Stdio::piped(), full()));
        // Of times that were measured one may have a digit more.
        let size = |out: &str| out.chars().filter(|it| !it.is_ascii_digit()).count();
        assert_eq!((said.code, size(&said.out)), (silent.code, size(&silent.out)), "{}", it.name());
        assert!(it.command == "topic create" || said.code == 0, "{}", it.name());
    }
}

#[test]
fn consume_ends_with_its_reader_also_while_no_record_comes() {
    let (_broker, at) = broker_with_value(10);
    let (mut reader, writer) = std::io::pipe().expect("a pipe");
    let consume = ["consume", "big", "--bootstrap", &at, "--from", "earliest", "--output", "raw"];
    let mut child =
        program::command(&consume).stdout(writer).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut line = [0; 13];
    reader.read_exact(&mut line).expect("a record");
    assert_eq!(&line, b"k\tvvvvvvvvvv\n");
    drop(reader);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_print_table_ends_with_whoever_reads_it() {
    let job = program::file(
        "output-print.sql",
        "CREATE TABLE src (id INT) WITH ('connector' = 'kafka', 'topic' = 'in',
           'properties.bootstrap.servers' = 'x:1', 'properties.group.id' = 'g',
           'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
         CREATE TABLE o (id INT) WITH ('connector' = 'print');
         INSERT INTO o SELECT * FROM src",
    );
    let rows: String = (0..20_000).map(|id| format!("{{\"id\":{id}}}\n")).collect();
    let rows = program::file("output-print.jsonl", &rows);
    let input = format!("src={}", rows.to_str().expect("UTF-8"));
    let args = ["run", job.to_str().expect("UTF-8"), "--embedded", "--input", &input];
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let ran = program::ran(program::command(&args).stdout(writer).output().expect("it ends"));
    assert_eq!((ran.code, &*ran.err), (0, ""));
    let full = File::options().write(true).open("/dev/full").expect("/dev/full");
    let ran = program::ran(program::command(&args).stdout(full).output().expect("it ends"));
    assert_eq!(ran.code, 5, "{}", ran.err);
    assert!(ran.err.contains("table o: standard output: No space left"), "{}", ran.err);
}
