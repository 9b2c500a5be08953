//! Where `tracing` goes: stderr, by `--log`, else `RUST_LOG`, else warnings.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::exit::Failure;
use crate::stderr::Stderr;

/// Sets the process's log up, once.
///
/// # Errors
/// When the filter does not parse.
pub(crate) fn open(filter: Option<&str>) -> Result<(), Failure> {
    let text = filter.map(str::to_owned).or_else(|| std::env::var("RUST_LOG").ok());
    let text = text.unwrap_or_else(|| DEFAULT.to_owned());
    let filter = EnvFilter::try_new(&text).map_err(|e| Failure::usage(format!("--log {text}: {e}")))?;
    let ansi = std::io::stderr().is_terminal();
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(|| Stderr).with_ansi(ansi);
    // A second time, in a test that runs several commands, the first filter stays.
    let _ = subscriber.try_init();
    Ok(())
}

const DEFAULT: &str = "warn";
