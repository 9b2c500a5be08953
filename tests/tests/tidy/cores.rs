//! A core shares nothing: whatever it decides by came to it as the argument of an event.

use std::collections::{BTreeMap, BTreeSet};

use super::{CORES_BY_DEFAULT, SHELLS, Source, code, none_among, sources};

/// By which state is shared, and every word that begins with `Atomic`. A `LazyLock` is none of them: what is in it
/// never changes.
const LOCKS: &[&str] = &[
    "Mutex",
    "RwLock",
    "OnceLock",
    "OnceCell",
    "Condvar",
    "Notify",
    "Semaphore",
    "RefCell",
    "Cell",
    "UnsafeCell",
    "mpsc",
];
/// What a struct that is shared may hold instead; a core cannot name them without naming tokio.
const CHANNELS: &[&str] = &["watch", "oneshot"];

/// No shells, and no cores either: files whose state is shared, and why. All others that are not among `SHELLS` are
/// cores.
const SHARED: &[(&str, &str)] = &[
    ("client/src/environment.rs", "a sequence of seeds goes on from one owner of chance to the next"),
    (
        "client/src/producer/accumulator.rs",
        "`send` writes into it; a message per record costs more than the rest",
    ),
    ("client/src/producer/accumulator/pending_batches.rs", "the accumulator's lists, held under its lock"),
    (
        "client/src/producer/batch.rs",
        "its deliveries wait for it elsewhere; a core carries a batch and reads no more than its size",
    ),
    ("client/src/producer/delivery.rs", "whoever awaits a record waits in another task"),
    ("client/src/producer/keyless.rs", "where keyless records go is read once per record, without a lock"),
    ("client/src/producer/lock.rs", "the accumulator's lock itself"),
    ("client/src/producer/pool.rs", "callers take buffers, and the sender gives them back"),
    (
        "client/src/producer/send_gate.rs",
        "whether a transaction is open is read once per record, without a lock",
    ),
    ("client/src/producer/slots.rs", "the open batch that `send` writes into, and who leads its partition"),
    ("client/src/producer/topic.rs", "a topic's handle is shared by all who send to it"),
    ("protocol/examples/proxy.rs", "an example with threads, which decides nothing"),
    ("sink/src/arena.rs", "whoever makes part of a row asks for memory, and for the buffer to write in"),
    (
        "sink/src/expr/functions/regex/cache.rs",
        "the expressions of one row keep the patterns that rows bring with them",
    ),
    (
        "sink/src/format/avro/reader_cache.rs",
        "all tasks read by the schemas that one of them fetched, without a lock",
    ),
    (
        "sink/src/plan/expression_budget.rs",
        "what is left of it is counted by whoever binds, while one thread plans",
    ),
    ("sink/src/progress.rs", "a caller reads it while the job runs"),
    ("sink/src/skips.rs", "it counts in the progress that a caller reads"),
    ("sink/src/transform.rs", "the expressions of one row draw from one sequence of chance"),
];

#[test]
fn a_core_shares_nothing() {
    let all = sources();
    let shared = shared_types(&all);
    none_among(&all, |file| shares(&shared, file).filter(|_| is_core(&file.path)));
}

#[test]
fn what_is_said_to_share_state_does() {
    let all = sources();
    let shared = shared_types(&all);
    for (path, why) in SHARED {
        let file =
            all.iter().find(|file| file.path == *path).unwrap_or_else(|| panic!("no such file: {path}"));
        assert!(shares(&shared, file).is_some(), "{path} shares nothing: it is a core. ({why})");
        assert!(!SHELLS.contains(path), "{path} is a shell, so that nothing need be said of it here");
    }
}

#[test]
fn a_core_that_shares_state_is_seen() {
    let slot = planted("client/src/producer/slots.rs", "struct Slot {\n    open: Mutex<u8>,\n}");
    let slot = [slot];
    let shared = shared_types(&slot);
    for (text, seen) in [
        ("struct Dispatch {\n    leader: AtomicI32,\n}", true),
        ("struct Dispatch(Arc<Mutex<Leaders>>);", true),
        ("fn handle(known: &Arc<Slot>) {}", true),
        ("use std::sync::mpsc;", true),
        ("struct Dispatch {\n    partition: Arc<Partition>, // no Mutex\n}", false),
        ("#[cfg(test)]\nmod tests {\n    static ONE: Mutex<u8> = Mutex::new(1);\n}", false),
    ] {
        let core = planted("client/src/producer/dispatch.rs", text);
        assert!(is_core(&core.path));
        assert_eq!(shares(&shared, &core).is_some(), seen, "{text}");
    }
    let elsewhere = planted("broker/src/state.rs", "fn handle(known: &Arc<Slot>) {}");
    assert_eq!(shares(&shared, &elsewhere), None, "the other crate's is another type");
}

fn is_core(path: &str) -> bool {
    let shared = SHARED.iter().any(|(shared, _)| *shared == path);
    CORES_BY_DEFAULT.iter().any(|it| path.starts_with(it)) && !SHELLS.contains(&path) && !shared
}

/// What the file shares with others, if it does: a lock, an atomic, or an `Arc` of what holds one.
fn shares(shared: &SharedTypes<'_>, file: &Source) -> Option<String> {
    let shared = shared.get(crate_name(&file.path));
    file.lines[..file.tests_from].iter().enumerate().find_map(|(at, line)| {
        let words: Vec<_> = words(line).collect();
        let arc =
            words.windows(2).find(|it| it[0] == "Arc" && shared.is_some_and(|shared| shared.contains(it[1])));
        let found =
            arc.map(|it| it.join(" of ")).or_else(|| Some((*words.iter().find(|it| locks(it))?).to_owned()));
        Some(format!("line {}: {} in a core; if it is none, say why in tidy/cores.rs", at + 1, found?))
    })
}

/// By crate, the structs that hold a lock or an atomic.
type SharedTypes<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

fn shared_types(all: &[Source]) -> SharedTypes<'_> {
    let mut found = SharedTypes::new();
    for file in all {
        let lines = &file.lines[..file.tests_from];
        for (at, line) in lines.iter().enumerate() {
            let Some(name) = words(line).skip_while(|word| *word != "struct").nth(1) else { continue };
            let body =
                lines[at..].iter().take_while(|line| line.trim_start() != "}" && line.trim_start() != ")");
            let mut body = body.take(if line.ends_with(';') { 1 } else { usize::MAX });
            if body.any(|line| words(line).any(|word| locks(word) || CHANNELS.contains(&word))) {
                found.entry(crate_name(&file.path)).or_default().insert(name);
            }
        }
    }
    found
}

fn crate_name(path: &str) -> &str {
    path.split('/').next().unwrap_or_default()
}

fn locks(word: &str) -> bool {
    LOCKS.contains(&word) || word.starts_with("Atomic")
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    code(line).split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

fn planted(path: &str, text: &str) -> Source {
    Source::of(path.to_owned(), text)
}
