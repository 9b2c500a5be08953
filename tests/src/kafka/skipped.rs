//! Says aloud which tests are skipped, and in the end how many.
//!
//! libtest counts a test that returns early as passed, hides what it prints and has no last word. So each skipped test
//! says so past its capture, and a shell that waits for the end of this process says how many there were.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// The tests that were skipped, and the shell that counts them.
static SKIPPED: Mutex<(BTreeSet<String>, Option<ChildStdin>)> = Mutex::new((BTreeSet::new(), None));

/// A part of the running test is skipped for want of a KDC.
pub(super) fn skip_kerberos(why: &str) {
    let thread = std::thread::current();
    say(&format!(
        "SKIPPED: the Kerberos part of {}, because {why}. {HOW_KERBEROS}",
        thread.name().unwrap_or("a test")
    ));
}

/// The running test is skipped for want of something else than Kafka and a KDC.
pub fn say_skipped(why: &str) {
    let thread = std::thread::current();
    say(&format!("SKIPPED: {}, because {why}", thread.name().unwrap_or("a test")));
}

/// The running test is skipped for this reason.
pub(super) fn skip(why: &str) {
    let thread = std::thread::current();
    // A test that has threads of its own may ask on one of them; libtest names the first after the test.
    let name = thread.name().unwrap_or("a test").to_owned();
    let mut skipped = SKIPPED.lock().unwrap_or_else(PoisonError::into_inner);
    let (names, counter) = &mut *skipped;
    if names.is_empty() {
        *counter = count();
        say(&format!("\nSKIPPED: every test against a real Apache Kafka, because {why}. {HOW}\n"));
    }
    if names.insert(name.clone()) {
        say(&format!("SKIPPED: {name}"));
        if let Some(counter) = counter {
            // Without a shell nobody counts; each test has said it for itself.
            let _ = writeln!(counter, "{name}");
        }
    }
}

/// Past libtest's capture.
fn say(line: &str) {
    // Nobody is left to tell when stderr is closed.
    let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// A shell that reads a line for each test until this process ends, and then says how many came.
fn count() -> Option<ChildStdin> {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", COUNT]).stdin(Stdio::piped()).stdout(Stdio::null());
    shell.spawn().ok()?.stdin
}

const HOW: &str = "Install a JDK 17 or newer and Maven (Debian: apt-get install openjdk-17-jdk-headless maven) to run \
                   them; UPSERT_KAFKA_REQUIRE_JAVA=1 makes this a failure.";

/// What a machine without a KDC needs.
pub(super) const HOW_KERBEROS: &str = "Install MIT's KDC (Debian: apt-get install krb5-kdc krb5-admin-server krb5-user) \
                                       to run it; UPSERT_KAFKA_REQUIRE_KDC=1 makes this a failure.";

const COUNT: &str = r#"
count=0
while read -r _; do count=$((count + 1)); done
echo "SKIPPED: $count tests that are counted as passed above, for want of a real Apache Kafka." >&2
"#;
