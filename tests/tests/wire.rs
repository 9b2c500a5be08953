//! `wire`: messages by hand, good and bad; where a byte is wrong, and in which field, is said.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use upsert_kafka_protocol::schema::Schema;
use upsert_kafka_protocol::{APIS, AnyRequest, AnyResponse, ApiKey, Bytes};
use upsert_kafka_tests::{data, hex};

use crate::program::{Ran, run, run_with_input};

/// Those lines of a golden file that the text says so much of; few are worth the time that parsing takes.
fn lines(file: &str, says: &'static str) -> impl Iterator<Item = String> + use<> {
    let opened = File::open(data("kafka").join(file)).unwrap();
    let lines = BufReader::new(GzDecoder::new(opened)).lines().map(|line| line.unwrap());
    lines.filter(move |line| line.contains(says))
}

fn line(file: &str, says: &'static str) -> Value {
    parsed(&lines(file, says).next().unwrap())
}

fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn wire(line: &str) -> Ran {
    let args: Vec<_> = ["wire"].into_iter().chain(line.split_whitespace()).collect();
    run(&args)
}

fn good(ran: Ran) -> String {
    assert_eq!((ran.code, &*ran.err), (0, ""), "{}", ran.out);
    ran.out
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

#[test]
fn every_api_is_listed() {
    let text = good(wire("apis"));
    assert_eq!(text.lines().count(), 1 + APIS.len());
    let fetch = text.lines().find(|line| line.starts_with("1 ")).unwrap();
    assert!(fetch.split_whitespace().eq(["1", "Fetch", "0-18", "4-18", "12+"]), "{fetch}");
    let objects = good(wire("apis --output json"));
    let sasl = objects.lines().map(parsed).find(|it| it["name"] == "SaslHandshake").unwrap();
    assert_eq!(
        sasl,
        json!({"key": 17, "name": "SaslHandshake", "versions": [0, 1], "current": [0, 1], "flexibleFrom": null})
    );
    let data = good(wire("apis --data"));
    let offset = data.lines().find(|line| line.contains(" OffsetCommitValue")).unwrap();
    assert!(offset.split_whitespace().eq(["1", "OffsetCommitValue", "0-4", "4+"]), "{offset}");
    assert!(data.contains("-     EndTxnMarker"), "{data}");
}

#[test]
fn a_schema_shows_the_rows_of_its_version() {
    let both = good(wire("schema fetch 12"));
    assert!(
        both.contains("FetchRequest: request of API 1, versions 0-18, here version 12 (flexible)"),
        "{both}"
    );
    assert!(both.contains("\nFetchResponse: response"), "{both}");
    let row = |name: &str| {
        let row =
            both.lines().find(|line| line.trim_start().starts_with(name)).unwrap_or_else(|| panic!("{name}"));
        row.split_whitespace().collect::<Vec<_>>()
    };
    assert_eq!(row("cluster_id"), ["cluster_id", "string", "12+", "12+", "0"]);
    assert_eq!(row("topics"), ["topics", "[]FetchTopic", "0+"]);
    assert!(both.contains("\n    fetch_offset "), "nested: {both}");
    assert!(!both.contains("topic_id") && !both.contains("replica_state"), "later versions': {both}");
    let all = good(wire("schema FetchRequest"));
    assert!(
        all.contains("topic_id") && all.contains("flexible 12+") && !all.contains("FetchResponse"),
        "{all}"
    );
    assert!(good(wire("schema offsetcommitvalue 3")).contains("data of type 1"));
}

#[test]
fn a_schema_as_json_is_what_encode_takes() {
    for (name, flags) in [("Fetch", "--request"), ("Metadata", "--response"), ("OffsetCommitValue", "")] {
        let version = if name == "OffsetCommitValue" { 3 } else { 12 };
        let blank = good(wire(&format!("schema {name} {version} --json {flags}")));
        let bytes = good(run_with_input(
            &[
                "wire",
                "encode",
                "--api",
                name,
                "--version",
                &version.to_string(),
                if flags.is_empty() { "--data" } else { flags },
            ],
            blank.as_bytes(),
        ));
        let back = good(wire(&format!("decode --api {name} --version {version} {flags} {bytes}")));
        assert_eq!(back, blank, "{name}");
    }
}

#[test]
fn what_java_wrote_is_shown_as_java_shows_it_and_made_from_that() {
    let picked = |file: &str, step| lines(file, r#""kind":"filled""#).step_by(step);
    let vectors = picked("messages.jsonl.gz", 150)
        .chain(picked("data.jsonl.gz", 60))
        .chain(picked("headers.jsonl.gz", 20));
    for vector in vectors.map(|line| parsed(&line)) {
        let (api, version, hex) =
            (vector["api"].as_str().unwrap(), &vector["version"], vector["hex"].as_str().unwrap());
        let direction = match vector["direction"].as_str().unwrap() {
            "header" => String::new(),
            direction => format!("--{direction}"),
        };
        let target = format!("--api {api} --version {version} {direction}");
        let decode = run_with_input(&split(&format!("decode {target} -")), hex.as_bytes());
        assert_eq!(parsed(&good(decode)), vector["json"], "{target}");
        let encode =
            run_with_input(&split(&format!("encode {target}")), vector["json"].to_string().as_bytes());
        assert_eq!(good(encode).trim(), hex, "{target}");
    }
}

fn split(line: &str) -> Vec<&str> {
    ["wire"].into_iter().chain(line.split_whitespace()).collect()
}

#[test]
fn unknown_tags_are_shown_and_come_back() {
    // Version 4, and tag 7 with two bytes behind the fields.
    let bytes = "02670000000302 6d00 01 07 02 beef".replace(' ', "");
    let shown = parsed(&good(wire(&format!("decode {HEARTBEAT} 4 {bytes}"))));
    assert_eq!(shown["unknownTaggedFields"], json!([{"tag": 7, "data": "vu8="}]));
    let args = ["wire", "encode", "--api", "Heartbeat", "--request", "--version", "4", &shown.to_string()];
    assert_eq!(good(run(&args)).trim(), bytes);
}

#[test]
fn hexadecimal_text_is_taken_as_people_paste_it() {
    let args: Vec<_> = split("decode --api Heartbeat --request --version 0 -");
    let pasted = b"0x00 0x01\n67,00:00 00 03\r\n\t0001 6D\n";
    let shown = good(run_with_input(&args, pasted));
    assert_eq!(parsed(&shown), json!({"groupId": "g", "generationId": 3, "memberId": "m"}));
    let raw = split("decode --api Heartbeat --request --version 0 --binary");
    assert_eq!(good(run_with_input(&raw, b"\0\x01g\0\0\0\x03\0\x01m")), shown);
    let written =
        run_with_input(&split("encode --api Heartbeat --request --version 0 --binary"), shown.as_bytes());
    assert_eq!(good(written), "\0\x01g\0\0\0\x03\0\x01m");
}

#[test]
fn the_first_wrong_byte_is_named_with_its_field_and_shown() {
    let ran = wire(&format!("decode {HEARTBEAT} 0 00016700000003001f6d"));
    assert_eq!((ran.code, &*ran.out), (6, ""));
    assert!(ran.err.contains("HeartbeatRequest 0: member_id: the frame ends early at byte 9"), "{}", ran.err);
    let lines: Vec<_> = ran.err.lines().collect();
    let mark = lines[2].find("^^").unwrap();
    assert_eq!((&lines[1][mark..mark + 2], lines.len()), ("6d", 3), "{}", ran.err);
    let nested = wire("decode --api Metadata --version 1 --request 0000000200016100ff");
    assert!(nested.err.contains("topics.name: the frame ends early at byte 9"), "{}", nested.err);
    for (bytes, says) in [
        ("0001670000000300016d00", "trailing bytes at byte 10"),
        ("0001ff0000000300016d", "group_id: a string that is not UTF-8 at byte 3"),
        ("", "group_id: the frame ends early at byte 0"),
        ("000", "odd number"),
        ("00xx", "no hexadecimal digit"),
    ] {
        let ran = wire(&format!("decode {HEARTBEAT} 0 {}", if bytes.is_empty() { "-" } else { bytes }));
        assert_eq!(ran.code, 6, "{says}");
        assert!(ran.err.contains(says), "{says}: {}", ran.err);
    }
}

#[test]
fn json_that_is_no_message_is_refused_with_its_path() {
    let encode =
        |view: &str| run(&["wire", "encode", "--api", "Metadata", "--version", "1", "--request", view]);
    for (view, says) in [
        (
            r#"{"topics": [{"name": "a"}, {"name": 3}]}"#,
            "MetadataRequest 1: topics.1.name: a string is wanted, not 3",
        ),
        (r#"{"topics": 3}"#, "topics: an array is wanted"),
        (r#"{}"#, "'topics' is missing"),
        (r#"{"topics": [], "allowAutoTopicCreation": true}"#, "version 1 has no 'allowAutoTopicCreation'"),
        (r#"{"topics": ["#, "not JSON"),
    ] {
        let ran = encode(view);
        assert_eq!((ran.code, &*ran.out), (6, ""), "{view}");
        assert!(ran.err.contains(says), "{says}: {}", ran.err);
    }
}

#[test]
fn a_request_frame_says_itself_what_it_is() {
    let view = r#"{"groupId":"g","generationId":3,"memberId":"m","groupInstanceId":null}"#;
    let told = "encode --api Heartbeat --request --version 4 --frame --correlation-id 7 --client-id me -";
    let frame = good(run_with_input(&split(told), view.as_bytes()));
    assert_eq!(
        frame.trim(),
        "00000017000c0004000000070002".to_owned() + "6d6500" + "02670000000302" + "6d0000"
    );
    let shown = good(wire(&format!("decode --frame {frame}")));
    let head = json!({"requestApiKey": 12, "requestApiVersion": 4, "correlationId": 7, "clientId": "me"});
    assert_eq!(parsed(&shown), json!({"header": head, "body": parsed(view)}));
    assert_eq!(good(run_with_input(&split("encode --frame"), shown.as_bytes())), frame, "there and back");
    assert_eq!(good(wire(&format!("decode --frame --api 12 --version 4 --request {frame}"))), shown);
    for (flags, says) in [
        ("--api Fetch --request --version 4", "holds HeartbeatRequest 4, not Fetch"),
        ("--version 3", "holds HeartbeatRequest 4, not version 3"),
    ] {
        let ran = wire(&format!("decode --frame {flags} {frame}"));
        assert_eq!(ran.code, 6, "{}", ran.err);
        assert!(ran.err.contains(says), "{says}: {}", ran.err);
    }
}

#[test]
fn a_bad_frame_is_told_by_the_byte_of_the_frame() {
    let body = wire("decode --frame 00000010000c0000000000070000000167000000");
    assert!(
        body.err.contains("generation_id: the frame ends early at byte 3, which is byte 17 of the frame"),
        "{}",
        body.err
    );
    for (frame, says) in [
        ("000000", "four bytes of length"),
        ("00000009000c0000000000070000", "length says 9 bytes, and 10 follow"),
        (
            "00000006000c00000000",
            "RequestHeader: correlation_id: the frame ends early at byte 4, which is byte 8 of the frame",
        ),
        ("0000000a7fff0000000000070000", "the header says API 32767"),
        ("0000000b000c006300000007000000", "HeartbeatRequest has no version 99 in this build, but 0-4"),
    ] {
        let ran = wire(&format!("decode --frame {frame}"));
        assert_eq!(ran.code, 6, "{says}");
        assert!(ran.err.contains(says) && ran.err.contains("^^"), "{says}: {}", ran.err);
    }
}

#[test]
fn a_response_frame_is_read_by_what_the_flags_say() {
    let told = "--api Heartbeat --response --version 4 --frame";
    let body = json!({"throttleTimeMs": 1, "errorCode": 27});
    let frame = good(run_with_input(
        &split(&format!("encode {told} --correlation-id 9")),
        body.to_string().as_bytes(),
    ));
    assert_eq!(frame.trim(), "0000000c000000090000000001001b00");
    let shown = parsed(&good(wire(&format!("decode {told} {frame}"))));
    assert_eq!(shown, json!({"header": {"correlationId": 9}, "body": body}));
    // A broker that does not know the version of ApiVersions answers in the first one, always with the first header.
    let refusal =
        wire("decode --api ApiVersions --response --version 4 --frame 000000100000000500230000000100120000");
    assert_eq!(refusal.code, 6, "the length is wrong: {}", refusal.err);
    let refusal = wire(
        "decode --api ApiVersions --response --version 4 --frame 00000010000000050023000000010012 00000005"
            .replace("12 ", "12")
            .as_str(),
    );
    assert_eq!(
        parsed(&good(refusal))["body"],
        json!({"errorCode": 35, "apiKeys": [{"apiKey": 18, "minVersion": 0, "maxVersion": 5}]})
    );
}

#[test]
fn what_makes_no_sense_is_usage() {
    for (line, says) in [
        ("schema Fecth", "did you mean Fetch?"),
        ("schema Fetch 99", "FetchRequest has no version 99 in this build, but 0-18"),
        ("schema Fetch twelve", "not a version's number"),
        ("schema OffsetCommitValue --request", "--request: OffsetCommitValue is data"),
        ("decode --version 1 00", "--api NAME is missing"),
        ("decode --api Fetch --version 1 00", "say --request or --response"),
        ("decode --api FetchRequest 00", "--version is missing: FetchRequest has 0-18"),
        (
            "decode --api Fetch --request --response --version 1 00",
            "--request and --response exclude each other",
        ),
        ("decode --api FetchRequest --version 99 00", "no version 99"),
        ("decode --api FetchRequest --version 1 --binary 00", "leave the operand out"),
        ("decode --api EndTxnMarker --version 0 --frame 00", "data travels in no frame"),
        ("encode --api FetchRequest --version 1 --client-id x {}", "--client-id needs --frame"),
        ("encode --frame {}", "--api is missing"),
        ("check", "wire check needs FILE…"),
        ("stream", "--requests FILE is missing"),
        ("fly", "no command 'wire fly'"),
    ] {
        let ran = wire(line);
        assert_eq!((ran.code, &*ran.out), (2, ""), "{line}: {}", ran.err);
        assert!(ran.err.contains(says), "{line}: {}", ran.err);
    }
}

fn golden(names: &[&str]) -> String {
    names.iter().map(|name| format!(" {}", data("kafka").join(name).display())).collect()
}

#[test]
fn golden_vectors_pass() {
    let messages = golden(&["messages.jsonl.gz", "headers.jsonl.gz", "data.jsonl.gz", "older.jsonl.gz"]);
    assert_eq!(good(wire(&format!("check{messages}"))), "6046 passed, 0 failed\n");
    let mutated = good(wire(&format!("check{}", golden(&["mutated.jsonl.gz", "older_mutated.jsonl.gz"]))));
    assert_eq!(mutated, "2978 passed (755 of them refused by us, not by Java), 0 failed\n");
    let records = good(wire(&format!("check --records{}", golden(&["records.jsonl.gz"]))));
    assert_eq!(records, "789 passed, 0 failed\n");
}

#[test]
fn a_vector_with_one_bit_flipped_fails_and_is_named() {
    let flipped = |vector: &mut Value| {
        let mut bytes = hex::decode(vector["hex"].as_str().unwrap()).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        vector["hex"] = hex::encode(&bytes).into();
    };
    let written = |name: &str, vectors: &[Value]| {
        let text: String = vectors.iter().map(|it| format!("{it}\n")).collect();
        file(name, text.as_bytes()).display().to_string()
    };
    let mut messages: Vec<_> = lines("messages.jsonl.gz", "").take(3).map(|line| parsed(&line)).collect();
    flipped(&mut messages[1]);
    let path = written("wire_flipped_messages.jsonl", &messages);
    let ran = wire(&format!("check {path}"));
    assert_eq!((ran.code, ran.err.trim()), (6, "upsert-kafka: 1 vectors failed"));
    let name =
        ["api", "direction", "version", "kind", "n"].map(|it| messages[1][it].to_string().replace('"', ""));
    assert!(ran.out.starts_with(&format!("{path}:2: {}: ", name.join(" "))), "{}", ran.out);
    assert!(ran.out.ends_with("\n2 passed, 1 failed\n"), "{}", ran.out);

    let mut records: Vec<_> = lines("records.jsonl.gz", VALID).take(2).map(|line| parsed(&line)).collect();
    flipped(&mut records[0]);
    let ran = wire(&format!("check --records {}", written("wire_flipped_records.jsonl", &records)));
    assert_eq!(ran.code, 6);
    assert!(
        ran.out.contains(":1: ") && ran.out.contains("checksum") && ran.out.contains("1 passed, 1 failed"),
        "{}",
        ran.out
    );
}

#[test]
fn a_fact_that_is_not_so_fails_and_is_named() {
    let mut message = line("messages.jsonl.gz", "");
    message["json"]["extra"] = 1.into();
    let mut laxer = lines("mutated.jsonl.gz", "accepted")
        .map(|it| parsed(&it))
        .find(|it| it["rewritten"] == it["hex"])
        .unwrap();
    laxer["result"] = "rejected".into();
    let mut good = line("records.jsonl.gz", r#""compression":"none","valid":true,"batches":[{"position":0"#);
    good["batches"][0]["records"][0]["offset"] = (-5).into();
    let mut broken = line("records.jsonl.gz", VALID);
    broken["valid"] = false.into();
    broken["stage"] = "iterate".into();
    let absent = json!({"api": "Fetch", "key": 1, "direction": "request", "version": 99, "hex": ""});
    let all =
        [message, laxer, good, broken, absent, json!({"neither": 1})].map(|it| it.to_string()).join("\n");
    let path = file("wire_facts.jsonl", (all + "\n\nno JSON\n").as_bytes());
    let ran = wire(&format!("check {}", path.display()));
    let failures: Vec<_> = ran.out.lines().collect();
    let says = [
        ".extra is missing",
        "laxer than Java",
        "batch 0: record 0: offset is",
        "laxer than Java",
        "FetchRequest has no version 99 in this build, but 0-18",
        "neither a message's vector",
        "not JSON",
        "0 passed, 7 failed",
    ];
    assert_eq!((ran.code, failures.len()), (6, says.len()), "{}", ran.out);
    failures.iter().zip(says).for_each(|(line, says)| assert!(line.contains(says), "{says}: {line}"));
    assert!(failures[6].contains("wire_facts.jsonl:8: "), "{}", failures[6]);
}

#[test]
fn a_file_that_is_not_there_or_holds_no_vectors_is_no_pass() {
    let gone = wire("check tests/data/nothing.jsonl");
    assert_eq!(gone.code, 6);
    assert!(gone.err.contains("nothing.jsonl: "), "{}", gone.err);
    let empty = wire(&format!("check {}", file("wire_empty.jsonl", b"\n").display()));
    assert_eq!((empty.code, empty.err.trim()), (6, "upsert-kafka: no vectors"));
}

/// A request of an API and a version whose fields have their defaults, and its response.
fn exchange(key: ApiKey, version: i16, id: i32) -> (Bytes, Bytes) {
    let name = key.to_string();
    let body = |direction: &str| {
        let view = good(wire(&format!("schema {name} {version} --json --{direction}")));
        let to = format!("encode --api {name} --version {version} --{direction}");
        Bytes::from(hex::decode(good(run_with_input(&split(&to), view.as_bytes())).trim()).unwrap())
    };
    let request = AnyRequest::decode(key.0, version, &body("request")).unwrap().unwrap();
    let response = AnyResponse::decode(key.0, version, &body("response")).unwrap().unwrap();
    let client = "me".into();
    (
        request.frame(version, id, Some(&client)).unwrap().into_bytes(),
        response.frame(version, id).unwrap().into_bytes(),
    )
}

#[test]
fn a_stream_shows_each_request_and_its_response() {
    let (versions, versions_answer) = exchange(ApiKey::API_VERSIONS, 3, 0);
    let (metadata, metadata_answer) = exchange(ApiKey::METADATA, 12, 1);
    let requests = file("wire_requests", &[&versions[..], &metadata].concat());
    // Answers need not come in order.
    let responses = file("wire_responses", &[&metadata_answer[..], &versions_answer].concat());
    let both = format!("--requests {} --responses {}", requests.display(), responses.display());
    let shown: Vec<_> = good(wire(&format!("stream {both}"))).lines().map(parsed).collect();
    let facts = |line: &Value| (line["direction"].clone(), line["api"].clone(), line["at"].as_u64().unwrap());
    let expected = [
        ("request", "ApiVersions", 0),
        ("response", "ApiVersions", metadata_answer.len()),
        ("request", "Metadata", versions.len()),
        ("response", "Metadata", 0),
    ];
    let expected = expected.map(|(direction, api, at)| (direction.into(), api.into(), at as u64));
    assert_eq!(shown.iter().map(facts).collect::<Vec<_>>(), expected);
    assert_eq!(shown[2]["header"]["clientId"], "me");
    assert_eq!(shown[2]["size"], metadata.len() - 4);
    assert_eq!((&shown[3]["version"], &shown[3]["body"]["brokers"]), (&json!(12), &json!([])));
    let short = good(wire(&format!("stream --no-body {both}")));
    assert!(short.lines().count() == 4 && !short.contains("\"body\""), "{short}");
    let alone = good(wire(&format!("stream --requests {}", requests.display())));
    assert_eq!(alone.lines().count(), 2);
}

#[test]
fn a_stream_goes_on_after_a_frame_that_is_wrong() {
    let (versions, answer) = exchange(ApiKey::API_VERSIONS, 3, 5);
    let unknown = hex::decode("0000000a7fff0000000000070000").unwrap();
    let damaged = hex::decode("00000010000c0000000000070000000167000000").unwrap();
    let cut = hex::decode("00000010000c").unwrap();
    let requests = file("wire_bad_requests", &[&unknown[..], &damaged, &versions, &cut].concat());
    let nobodys = hex::decode("00000006000000630000").unwrap();
    let responses = file("wire_bad_responses", &[&nobodys[..], &answer].concat());
    let ran = wire(&format!("stream --requests {} --responses {}", requests.display(), responses.display()));
    assert_eq!((ran.code, ran.err.trim()), (6, "upsert-kafka: 4 frames are not what they should be"));
    let shown: Vec<_> = ran.out.lines().map(parsed).collect();
    let says = [
        Some("API 32767"),
        Some("generation_id: the frame ends early"),
        None,
        None,
        Some("its length is 16, and the stream ends 2 bytes behind it"),
        Some("it answers no request that could be read"),
    ];
    assert_eq!(shown.len(), says.len(), "{}", ran.out);
    for (line, says) in shown.iter().zip(says) {
        let error = line["error"].as_str();
        assert_eq!(error.is_some(), says.is_some(), "{line}");
        assert!(error.unwrap_or_default().contains(says.unwrap_or_default()), "{line}");
    }
    assert_eq!(shown[1]["api"], "Heartbeat", "what is known of it is shown");
}

#[test]
fn what_is_no_stream_of_frames_is_told_at_its_first_byte() {
    for (name, bytes, says) in [
        ("wire_short", &b"\0\0"[..], "ends within its length: 2 bytes are left"),
        ("wire_negative", b"\xff\xff\xff\xff\0\0", "its length is -1: no frame begins here"),
        (
            "wire_http",
            b"GET / HTTP/1.1\r\n\r\n",
            "its length is 1195725856, and the stream ends 14 bytes behind it",
        ),
    ] {
        let ran = wire(&format!("stream --requests {}", file(name, bytes).display()));
        assert_eq!((ran.code, ran.out.lines().count()), (6, 1), "{name}");
        let line = parsed(&ran.out);
        assert!(line["error"].as_str().unwrap().contains(says) && line["at"] == 0, "{line}");
    }
    assert_eq!(good(wire(&format!("stream --requests {}", file("wire_nothing", b"").display()))), "");
}

/// Every record of every good set, in a Produce request: its batches and records are those that Java lists.
#[test]
fn records_are_shown_one_by_one() {
    let schema = Schema::named("ProduceRequest").unwrap();
    let mut count = 0;
    for vector in lines("records.jsonl.gz", VALID).step_by(3).map(|it| parsed(&it)) {
        let records = STANDARD.encode(hex::decode(vector["hex"].as_str().unwrap()).unwrap());
        let part = json!({ "index": 0, "records": records });
        let request = json!({
            "transactionalId": null, "acks": -1, "timeoutMs": 0,
            "topicData": [{ "name": "t", "partitionData": [part] }],
        });
        let body = upsert_kafka_protocol::json::encode(schema, 9, &request).unwrap().into_bytes();
        let args =
            ["wire", "decode", "--api", "Produce", "--version", "9", "--request", "--binary", "--records"];
        let shown = parsed(&good(run_with_input(&args, &body)));
        let batches = shown["topicData"][0]["partitionData"][0]["records"].as_array().unwrap();
        let theirs = vector["batches"].as_array().unwrap();
        assert!(batches.len() >= theirs.len(), "{}", vector["name"]);
        for (ours, theirs) in batches.iter().zip(theirs) {
            assert_eq!((&ours["magic"], &ours["compression"]), (&theirs["magic"], &theirs["compression"]));
            assert_eq!((&ours["lastOffset"], &ours["checksum"]), (&theirs["last_offset"], &Value::Null));
            let (ours, theirs) = (ours["records"].as_array().unwrap(), theirs["records"].as_array().unwrap());
            assert_eq!(ours.len(), theirs.len(), "{}", vector["name"]);
            for (ours, theirs) in ours.iter().zip(theirs) {
                assert_eq!((&ours["offset"], &ours["timestamp"]), (&theirs["offset"], &theirs["timestamp"]));
                assert_eq!(digits(&ours["key"]), theirs["key"], "{}", vector["name"]);
                assert_eq!(digits(&ours["value"]), theirs["value"], "{}", vector["name"]);
                count += 1;
            }
        }
    }
    assert!(count > 100, "{count} records");
}

/// What is shown of bytes, as golden data writes them.
fn digits(shown: &Value) -> Value {
    match shown {
        Value::String(text) => hex::encode(text.as_bytes()).into(),
        other => other.get("hex").cloned().unwrap_or(Value::Null),
    }
}

const VALID: &str = r#""valid":true"#;

/// It has a group id, a generation, and a member id; flexible from version 4.
const HEARTBEAT: &str = "--api Heartbeat --request --version";
