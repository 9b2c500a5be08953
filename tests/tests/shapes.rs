//! Scripts and messages that nest and repeat without end: refused, or read, within a bound of time and memory.

use std::process::Command;
use std::time::{Duration, Instant};

use upsert_kafka_tests::checks::{SHAPES, read, readers};

use crate::program::PROGRAM;

/// How often each shape repeats: just within the bounds, as what once overflowed the stack, and far beyond.
const SIZES: [usize; 4] = [38, 450, 9_500, 100_000];

/// Address space of a process that plans a script. A tenth of it is the binary's own.
const MEMORY_KB: usize = 700_000;

/// An unoptimized build on a busy machine; what is quadratic takes hours.
const TIME: Duration = Duration::from_secs(40);

#[test]
fn a_script_of_any_shape_is_planned_or_refused_in_bounded_time_and_memory() {
    let folder = std::env::temp_dir().join(format!("upsert-kafka-shapes-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for (name, make) in SHAPES {
        for size in SIZES {
            let path = folder.join("job.sql");
            std::fs::write(&path, make(size, "")).unwrap();
            let began = Instant::now();
            let limited = format!("ulimit -v {MEMORY_KB}; exec \"$0\" explain \"$1\"");
            let ran =
                Command::new("sh").args(["-c", &limited, PROGRAM]).arg(&path).env("A", "value").output();
            let ran = ran.expect("the binary runs");
            let said = String::from_utf8_lossy(&ran.stderr);
            // 3 is a job that is refused; a signal has no code, a panic another one.
            assert!(
                matches!(ran.status.code(), Some(0 | 3)),
                "{name} × {size}: {} {}",
                ran.status,
                &said[..said.len().min(2_000)]
            );
            assert!(said.len() < 60_000, "{name} × {size}: an error of {} bytes", said.len());
            assert!(began.elapsed() < TIME, "{name} × {size}: {:?}", began.elapsed());
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_message_of_any_depth_is_refused_on_a_small_stack() {
    let deep = [("[", "]"), ("{\"a\":", "}"), ("{\"c\":[", "]}"), ("[{\"d\":", "}]")];
    let messages: Vec<String> = deep
        .iter()
        .flat_map(|(open, close)| {
            [1_000, 1_000_000].map(|depth| format!("{}{}", open.repeat(depth), close.repeat(depth)))
        })
        .chain(deep.iter().map(|(open, _)| open.repeat(1_000_000)))
        .collect();
    let small = std::thread::Builder::new().stack_size(1024 * 1024).spawn(move || {
        let began = Instant::now();
        for reader in readers() {
            messages.iter().for_each(|message| read(&*reader, message.as_bytes()));
        }
        began.elapsed()
    });
    let elapsed = small.unwrap().join().expect("no reader panics or overflows");
    assert!(elapsed < TIME, "{elapsed:?}");
}
