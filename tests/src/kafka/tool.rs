//! The programs that a harness calls: `openssl`, `keytool`, those of a KDC.

use std::path::Path;
use std::process::{Command, Output};

use super::{Failure, broken};

/// Runs a program in a folder and gives what it printed.
///
/// # Errors
/// `Missing` when there is no such program, `Broken` when it fails.
pub(super) fn tool(name: &str, arguments: &[&str], folder: &Path) -> Result<String, Failure> {
    run(Command::new(name).args(arguments).current_dir(folder), name, broken)
}

/// Runs a command to its end; `failed` makes of its complaint what stands for it.
pub(super) fn run(
    command: &mut Command,
    name: &str,
    failed: impl FnOnce(String) -> Failure,
) -> Result<String, Failure> {
    let output = command.output().map_err(|e| Failure::Missing(format!("`{name}` does not run ({e})")))?;
    match output.status.success() {
        true => Ok(text(&output)),
        false => Err(failed(format!("`{name}` failed: {}", text(&output).trim()))),
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
