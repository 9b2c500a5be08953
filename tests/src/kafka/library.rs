//! Kafka's jars, fetched once per machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::tool::run;
use super::{Failure, broken};

/// The folder of jars: `4.4.0` in `$UPSERT_KAFKA_LIB`, else in `target/kafka-lib` of the repository.
pub(super) fn find() -> Result<PathBuf, Failure> {
    check_java()?;
    let all = match std::env::var_os("UPSERT_KAFKA_LIB") {
        Some(folder) => PathBuf::from(folder),
        None => crate::repository().join("target/kafka-lib"),
    };
    let library = all.join(VERSION);
    if !library.exists() {
        fetch(&all, &library)?;
    }
    library.canonicalize().map_err(broken)
}

fn check_java() -> Result<(), Failure> {
    let text = run(Command::new("java").arg("-version"), "java", Failure::Missing)?;
    // `openjdk version "17.0.15" 2025-04-15`
    let major =
        text.split('"').nth(1).and_then(|it| it.split(['.', '-']).next()).and_then(|it| it.parse().ok());
    match major {
        Some(17_u32..) => Ok(()),
        _ => Err(Failure::Missing(format!(
            "java is older than 17: {}",
            text.lines().next().unwrap_or_default()
        ))),
    }
}

/// Into a folder of our own first: another process may do the same, and a rename is all or nothing.
fn fetch(all: &Path, library: &Path) -> Result<(), Failure> {
    let mine = all.join(super::unique("fetching"));
    std::fs::create_dir_all(&mine).map_err(broken)?;
    let mut maven = Command::new("mvn");
    maven.args(["-q", "-B", "-f", POM, "dependency:copy-dependencies", "-DincludeScope=runtime"]);
    maven.arg(format!("-Dkafka.version={VERSION}")).arg(format!("-DoutputDirectory={}", mine.display()));
    let fetched = run(&mut maven, "mvn", Failure::Missing);
    if fetched.is_ok() && std::fs::rename(&mine, library).is_ok() {
        return Ok(());
    }
    // What is left of an attempt that failed, or came second, is in nobody's way.
    let _ = std::fs::remove_dir_all(&mine);
    match library.exists() {
        true => Ok(()),
        false => fetched.map(drop),
    }
}

const VERSION: &str = "4.4.0";
const POM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/java/pom.xml");
