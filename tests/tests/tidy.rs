//! The rules of style that a program can check.

use std::collections::BTreeMap;
use std::path::Path;

use upsert_kafka_tests::repository;

mod circles;
mod cores;

/// Where tokio, `async` and the clock may be; every other file of these crates is a core, and a new one is too.
const SHELLS: &[&str] = &[
    "broker/src/broker.rs",
    "broker/src/broker/startup.rs",
    "broker/src/broker_task.rs",
    "broker/src/connector.rs",
    "broker/src/environment.rs",
    "broker/src/environment/clock.rs",
    "broker/src/frames.rs",
    "broker/src/limits.rs",
    "broker/src/listener.rs",
    "broker/src/listener/socket.rs",
    "broker/src/peer.rs",
    "broker/src/request_memory.rs",
    "broker/src/security.rs",
    "broker/src/security/tls.rs",
    "broker/src/transport.rs",
    "broker/src/worker.rs",
    "client/src/admin.rs",
    "client/src/admin/groups.rs",
    "client/src/admin/transactions.rs",
    "client/src/client.rs",
    "client/src/cluster.rs",
    "client/src/cluster/attempts.rs",
    "client/src/cluster/outage/shared.rs",
    "client/src/cluster/bootstrap.rs",
    "client/src/cluster/task.rs",
    "client/src/cluster/view.rs",
    "client/src/config/jaas/file.rs",
    "client/src/connection.rs",
    "client/src/connection/authenticate.rs",
    "client/src/connection/handshake.rs",
    "client/src/connection/open.rs",
    "client/src/connection/queued_request.rs",
    "client/src/connection/reauthentication.rs",
    "client/src/connection/task.rs",
    "client/src/consumer.rs",
    "client/src/consumer/committed_offsets.rs",
    "client/src/consumer/driver.rs",
    "client/src/consumer/epoch_end_lookup.rs",
    "client/src/consumer/fetcher.rs",
    "client/src/consumer/group.rs",
    "client/src/consumer/group/group_consumer.rs",
    "client/src/consumer/group/member_task.rs",
    "client/src/consumer/group/revocation.rs",
    "client/src/consumer/list_offsets.rs",
    "client/src/consumer/offset_lookup.rs",
    "client/src/consumer/record_stream.rs",
    "client/src/consumer/session_close.rs",
    "client/src/consumer/task_output.rs",
    "client/src/connection/visit.rs",
    "client/src/doctor.rs",
    "client/src/environment/clock.rs",
    "client/src/environment/dial.rs",
    "client/src/environment/kdc.rs",
    "client/src/hostile/replay.rs",
    "client/src/http.rs",
    "client/src/http/exchange.rs",
    "client/src/membership_lease.rs",
    "client/src/msk_iam.rs",
    "client/src/msk_iam/chain.rs",
    "client/src/msk_iam/metadata.rs",
    "client/src/oauth.rs",
    "client/src/oauth/endpoint.rs",
    "client/src/oauth/renewal.rs",
    "client/src/producer.rs",
    "client/src/producer/coordinator_client.rs",
    "client/src/producer/handle.rs",
    "client/src/producer/leader_connection.rs",
    "client/src/producer/orders.rs",
    "client/src/producer/sender.rs",
    "client/src/producer/shared.rs",
    "client/src/producer/transaction.rs",
    "client/src/sasl/gssapi.rs",
    "client/src/sasl/gssapi/task.rs",
    "client/src/security.rs",
    "client/src/tls.rs",
    "client/src/tls/material.rs",
    "client/src/tls/observed.rs",
    "client/src/tls/stream.rs",
    "sink/src/clients.rs",
    "sink/src/codecs.rs",
    "sink/src/arrow.rs",
    "sink/src/format/avro/registered.rs",
    "sink/src/format/avro/registry_format.rs",
    "sink/src/futures.rs",
    "sink/src/futures/batch_items.rs",
    "sink/src/futures/change_sink.rs",
    "sink/src/futures/change_stream.rs",
    "sink/src/futures/item.rs",
    "sink/src/futures/typed_items.rs",
    "sink/src/job.rs",
    "sink/src/job/dead_letters.rs",
    "sink/src/job/exchange_writer.rs",
    "sink/src/job/handover.rs",
    "sink/src/job/input.rs",
    "sink/src/job/sink_task.rs",
    "sink/src/job/task.rs",
    "sink/src/job/task/going_back.rs",
    "sink/src/job/task/processing.rs",
    "sink/src/job/topics.rs",
    "sink/src/job/transactions.rs",
    "sink/src/job/writers.rs",
    "sink/src/lingering.rs",
    "sink/src/local_source.rs",
    "sink/src/progress_topic.rs",
    "sink/src/query_results.rs",
    "sink/src/registry.rs",
    "sink/src/schema_fetch.rs",
    "sink/src/source.rs",
    "sink/src/source/beginning.rs",
    "sink/src/source/group_share.rs",
    "sink/src/source/rebalance.rs",
    "sink/src/source/topic_changes.rs",
    "sink/src/table_source.rs",
    "sink/src/task_transaction.rs",
    "sink/src/task_transaction/aligned.rs",
    "sink/src/task_transaction/aligning.rs",
    "sink/src/task_transaction/cut_off.rs",
    "sink/src/task_transaction/failing.rs",
    "sink/src/task_transaction/state.rs",
    "sink/src/task_transaction/taking_over.rs",
    "sink/src/typed.rs",
    "sink/src/typed/sink.rs",
    "sink/src/upsert_sink.rs",
    "sink/src/upsert_sink/commit_handle.rs",
    "sink/src/writer.rs",
    "sink/src/writer/acknowledgement.rs",
    "sink/src/writer/kafka.rs",
    "sink/src/writer/print.rs",
];
const CORES_BY_DEFAULT: &[&str] =
    &["protocol/", "client/kerberos/src/", "client/src/", "broker/src/", "sink/src/"];
const NOT_IN_A_CORE: &[&str] = &["tokio", "async ", ".await", "Instant::now", "SystemTime::now"];

/// An arrow points down, or does not exist: a crate, and whom it must never know.
const NO_ARROW: &[(&str, &[&str])] = &[
    ("protocol", &["client", "broker", "sink"]),
    ("client", &["broker", "sink"]),
    ("broker", &["client", "sink"]),
    ("sink", &["protocol", "broker"]),
];
/// What a crate takes from its machine through its environment alone, so that a test can hand in another one.
const FROM_THE_ENVIRONMENT: &[&str] = &[
    "TcpListener",
    "TcpSocket",
    "TcpStream",
    "lookup_host",
    "Instant::now",
    "SystemTime",
    ".elapsed()",
    "thread::sleep",
    "RandomState",
    "getrandom",
];
/// Where each crate does so.
const ENVIRONMENTS: &[(&str, &[&str])] = &[
    ("client/kerberos/src/", &[]),
    ("client/src/", &["client/src/environment"]),
    ("broker/src/", &["broker/src/environment", "broker/src/listener/socket.rs"]),
    ("sink/src/", &[]),
];
const NO_NAME: &[&str] = &["Manager", "Helper", "Util", "Inner"];
/// Structs that are named with their module.
const MESSAGES: &[&str] = &["protocol/src/messages/", "protocol/src/data/"];
const FUNCTION_LINES_MAX: usize = 70;

#[derive(Clone)]
struct Source {
    path: String,
    lines: Vec<String>,
    /// Where its tests begin; 0 in a file of tests.
    tests_from: usize,
}

#[test]
fn every_file_opens_with_its_sentence() {
    none(|file| (!file.lines.first()?.starts_with("//! ")).then(|| "does not open with //!".into()));
    none(|file| {
        (file.path.ends_with("/mod.rs") && !file.path.contains("/tests/"))
            .then(|| "is a mod.rs: foo.rs and foo/ it is".into())
    });
}

#[test]
fn no_function_is_longer_than_a_page() {
    none(|file| {
        let longest = (0..file.lines.len()).map(|at| (function_lines(&file.lines[at..]), at + 1)).max()?;
        (longest.0 > FUNCTION_LINES_MAX)
            .then(|| format!("line {}: a function of {} lines", longest.1, longest.0))
    });
}

#[test]
fn a_core_knows_no_runtime_and_no_clock() {
    none_in_product(|file, line| {
        let core =
            CORES_BY_DEFAULT.iter().any(|it| file.path.starts_with(it)) && !SHELLS.contains(&&*file.path);
        let found = NOT_IN_A_CORE.iter().find(|it| code(line).contains(**it))?;
        core.then(|| format!("`{}` in a core; if it is a shell, name it in tidy.rs", found.trim()))
    });
}

#[test]
fn sockets_clocks_and_chance_come_from_the_environment() {
    none_in_product(|file, line| {
        let (_, environment) = ENVIRONMENTS.iter().find(|(folder, _)| file.path.starts_with(folder))?;
        let found = FROM_THE_ENVIRONMENT.iter().find(|it| code(line).contains(**it))?;
        let within = environment.iter().any(|place| file.path.starts_with(place));
        (!within).then(|| format!("`{found}` outside of {}", environment.join(", ")))
    });
}

#[test]
fn an_arrow_points_down_or_does_not_exist() {
    for (crate_name, forbidden) in NO_ARROW {
        let manifest =
            std::fs::read_to_string(repository().join(crate_name).join("Cargo.toml")).expect("a manifest");
        let dependencies = manifest.split("[dependencies]").nth(1).unwrap_or_default().split("\n[").next();
        for other in *forbidden {
            let arrow = format!("upsert-kafka-{other}");
            let found = dependencies
                .unwrap_or_default()
                .lines()
                .any(|it| it.split(['.', ' ']).next() == Some(&*arrow));
            assert!(!found, "{crate_name}/Cargo.toml depends on {arrow}");
        }
    }
    none_in_product(|file, line| {
        let (_, forbidden) = NO_ARROW.iter().find(|it| file.path.starts_with(&format!("{}/src/", it.0)))?;
        let found = forbidden.iter().find(|it| code(line).contains(&format!("upsert_kafka_{it}::")))?;
        Some(format!("knows the crate {found}"))
    });
}

#[test]
fn what_cannot_fail_says_why() {
    none(|file| {
        let at = (1..file.tests_from).find(|&at| {
            let commented = [at - 1, at].iter().any(|&it| file.lines[it].contains("//"));
            code(&file.lines[at]).contains(".unwrap()") && !commented
        })?;
        Some(format!("line {}: unwrap() without a comment that says why it cannot fail", at + 1))
    });
}

#[test]
fn nothing_is_left_to_do() {
    let marks =
        [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("to", "do!("), concat!("unimplemented", "!(")];
    none(|file| {
        let at = file.lines.iter().position(|line| marks.iter().any(|it| line.contains(it)))?;
        Some(format!("line {}: {}", at + 1, file.lines[at].trim()))
    });
}

#[test]
fn a_name_says_what_the_thing_is() {
    none_in_product(|_, line| {
        let words: Vec<_> = code(line).split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        let at = words.iter().position(|it| ["struct", "enum", "trait", "fn"].contains(it))?;
        let name = words.get(at + 1)?;
        let bad = match words[at] {
            // The parser's own trait has it.
            "fn" if *name == "get_next_precedence" => false,
            "fn" => name.starts_with("get_") || name.starts_with("do_"),
            _ => NO_NAME.iter().any(|it| name.ends_with(it)),
        };
        bad.then(|| format!("`{name}` names no thing"))
    });
}

/// Two types of one name make a reader ask which one is meant. Messages are exempt: Kafka names them, and a path says
/// which API's they are.
#[test]
fn no_two_types_of_a_crate_share_a_name() {
    let files = sources();
    let mut homes: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for file in &files {
        let Some((crate_name, place)) = file.path.split_once("/src/") else { continue };
        if MESSAGES.iter().any(|it| file.path.starts_with(it)) || place.starts_with("bin/") {
            continue;
        }
        for name in file.lines.iter().filter_map(|line| type_name(line)) {
            homes.entry((crate_name, name)).or_default().push(place);
        }
    }
    assert!(homes.len() > 500, "only {} types: looking in the wrong place", homes.len());
    let shared: Vec<_> = homes
        .iter()
        .filter(|(_, homes)| homes.len() > 1)
        .map(|((crate_name, name), homes)| format!("{crate_name}: `{name}` in {}", homes.join(", ")))
        .collect();
    assert!(shared.is_empty(), "{}", shared.join("\n"));
}

/// The type that this line declares; one within a function or an `impl` is nobody else's.
fn type_name(line: &str) -> Option<&str> {
    let public = line.strip_prefix("pub").map_or(line, |rest| match rest.strip_prefix('(') {
        Some(rest) => rest.split_once(')').map_or(rest, |it| it.1),
        None => rest,
    });
    let mut words = public.trim_start().splitn(2, ' ');
    let kind = words.next()?;
    let indented = line.starts_with(' ');
    (!indented && ["struct", "enum", "trait", "union", "type"].contains(&kind)).then_some(())?;
    words.next()?.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}

#[test]
fn a_type_is_seen_by_its_declaration() {
    assert_eq!(type_name("pub(crate) struct Batch<'a> {"), Some("Batch"));
    assert_eq!(type_name("enum State {"), Some("State"));
    assert_eq!(type_name("pub type Row<'a> = &'a [Value<'a>];"), Some("Row"));
    assert_eq!(type_name("    type Output = ();"), None);
    assert_eq!(type_name("pub use batch::Batch;"), None);
}

fn none(broken: impl Fn(&Source) -> Option<String>) {
    none_among(&sources(), broken);
}

fn none_among(sources: &[Source], broken: impl Fn(&Source) -> Option<String>) {
    let found: Vec<_> =
        sources.iter().filter_map(|file| broken(file).map(|it| format!("{}: {it}", file.path))).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn none_in_product(broken: impl Fn(&Source, &str) -> Option<String>) {
    none(|file| {
        let mut lines = file.lines[..file.tests_from].iter().enumerate();
        lines.find_map(|(at, line)| broken(file, line).map(|it| format!("line {}: {it}", at + 1)))
    });
}

/// How many lines the function that begins here has; rustfmt closes it at the column where it opened.
fn function_lines(lines: &[String]) -> usize {
    let head = code(&lines[0]);
    let indent = &head[..head.len() - head.trim_start().len()];
    let begins = head.contains("fn ") && head.contains('(') && !head.trim_start().starts_with("//");
    if !begins || head.trim_end().ends_with(['}', ';', ',']) {
        return 0;
    }
    let closed = format!("{indent}}}");
    let ends = lines
        .iter()
        .position(|it| *it == closed || (it.starts_with(&format!("{indent})")) && it.ends_with(';')));
    ends.map_or(0, |at| at + 1)
}

/// A line without its comment.
fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    for folder in ["protocol", "client", "broker", "sink", "cli", "tests", "fuzz"] {
        walk(&repository(), folder, &mut found);
    }
    assert!(found.len() > 40, "only {} files: looking in the wrong place", found.len());
    found
}

fn walk(root: &Path, folder: &str, found: &mut Vec<Source>) {
    for entry in std::fs::read_dir(root.join(folder)).into_iter().flatten().flatten() {
        let name = entry.file_name().into_string().expect("a name in UTF-8");
        let path = format!("{folder}/{name}");
        if entry.path().is_dir() && name != "target" {
            walk(root, &path, found);
        } else if name.ends_with(".rs") {
            found.push(Source::read(root, path));
        }
    }
}

impl Source {
    fn read(root: &Path, path: String) -> Self {
        let text = std::fs::read_to_string(root.join(&path)).unwrap_or_else(|e| panic!("{path}: {e}"));
        Self::of(path, &text)
    }

    fn of(path: String, text: &str) -> Self {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let product = !["/tests/", "tests.rs", "/benches/"].iter().any(|it| path.contains(it))
            && !path.starts_with("tests/");
        // One item for tests, or the line that names a file of them, has product behind it.
        let begins =
            |it: &[String]| it[0] == "#[cfg(test)]" && it[1].starts_with("mod ") && it[1].ends_with('{');
        let tests_from = lines.windows(2).position(begins).unwrap_or(lines.len());
        Self { tests_from: if product { tests_from } else { 0 }, lines, path }
    }
}

#[test]
fn the_shells_are_there() {
    let gone: Vec<_> = SHELLS.iter().filter(|it| !repository().join(it).exists()).collect();
    assert!(gone.is_empty(), "no such files: {gone:?}");
}

#[test]
fn product_ends_where_the_module_of_its_tests_begins() {
    let tests_from = |text: &str| Source::of("sink/src/a.rs".into(), text).tests_from;
    assert_eq!(tests_from("fn a() {}\n#[cfg(test)]\nmod tests {\n}"), 1);
    assert_eq!(tests_from("#[cfg(test)]\nmod tests;\nfn a() {}"), 3);
    assert_eq!(tests_from("impl A {\n    #[cfg(test)]\n    fn a() {}\n}"), 4);
}

#[test]
fn a_long_function_is_seen() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(function_lines(&lines("    fn a(\n    ) {\n        if x {\n        }\n    }\n}")), 5);
    assert_eq!(function_lines(&lines("    fn a(\n        x: i32,\n    ) -> i32;\n    fn b() {\n    }")), 3);
    assert_eq!(function_lines(&lines("fn a() {}")), 0);
    assert_eq!(function_lines(&lines("let fn_ = 3;")), 0);
}
