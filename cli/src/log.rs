//! Where `tracing` goes: stderr, by `--log`, else `RUST_LOG`, else warnings.

use std::io::IsTerminal;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::exit::Failure;
use crate::stderr::Stderr;

/// Sets the process's log up, once.
///
/// # Errors
/// When the filter does not parse.
pub(crate) fn open(filter: Option<&str>) -> Result<(), Failure> {
    let text = filter.map(str::to_owned).or_else(|| std::env::var("RUST_LOG").ok());
    let text = text.unwrap_or_else(|| DEFAULT.to_owned());
    let filter: Targets = text.parse().map_err(|e| Failure::usage(format!("--log {text}: {e}")))?;
    let lines =
        tracing_subscriber::fmt::layer().with_writer(|| Stderr).with_ansi(std::io::stderr().is_terminal());
    // A second time, in a test that runs several commands, the first filter stays.
    let _ = tracing_subscriber::registry().with(lines).with(filter).try_init();
    Ok(())
}

const DEFAULT: &str = "warn";
