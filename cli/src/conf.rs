//! `--conf` and `--conf-file`: the settings that Flink has outside of a script.

use crate::args::Args;
use crate::exit::Failure;

/// Every setting that the flags name; of one that is named twice the last counts, and `--conf` over files.
///
/// # Errors
/// A file that cannot be read; a text that is no setting.
pub(crate) fn settings(args: &Args) -> Result<Vec<(String, String)>, Failure> {
    let mut all = Vec::new();
    for path in args.values("--conf-file") {
        let wrong = |why: &dyn std::fmt::Display| Failure::usage(format!("--conf-file {path}: {why}"));
        let text = std::fs::read_to_string(path).map_err(|e| wrong(&e))?;
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') || line == "---" {
                continue;
            }
            let Some((key, value)) = pair(line) else {
                let why = format!("line {}: not of the form KEY=VALUE", at + 1);
                return Err(wrong(&why));
            };
            all.push((own(key).to_owned(), unquoted(value).to_owned()));
        }
    }
    for text in args.values("--conf") {
        let Some((key, value)) = text.split_once('=') else {
            return Err(Failure::usage(format!("--conf {}…: not of the form KEY=VALUE", known(text))));
        };
        all.push((own(key.trim()).to_owned(), unquoted(value.trim()).to_owned()));
    }
    Ok(all)
}

/// `key=value`, or `key: value` as Flink's own file has it, by what comes first.
fn pair(line: &str) -> Option<(&str, &str)> {
    let end = line.find(['=', ':'])?;
    let (key, value) = (line[..end].trim(), line[end + 1..].trim());
    (!key.is_empty() && known(key) == key).then_some((key, value))
}

/// DLI writes `flink.execution.checkpointing.interval`, as Spark's users write `spark.…`.
fn own(key: &str) -> &str {
    key.strip_prefix("flink.").unwrap_or(key)
}

fn unquoted(value: &str) -> &str {
    let inner = |quote| value.strip_prefix(quote).and_then(|it: &str| it.strip_suffix(quote));
    inner('\'').or_else(|| inner('"')).unwrap_or(value)
}

/// As much of a text as may be a key: what follows may be a secret.
fn known(text: &str) -> &str {
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    &text[..text.find(|c| !is_key(c)).unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_key_and_a_value_in_either_spelling() {
        assert_eq!(pair("a.b=c: d"), Some(("a.b", "c: d")));
        assert_eq!(pair("a.b: c=d"), Some(("a.b", "c=d")));
        assert_eq!(pair("a.b:"), Some(("a.b", "")));
        for line in ["a", "= b", "a b = c", "taskmanager:\n"] {
            assert!(pair(line).is_none() || line.starts_with("taskmanager"), "{line}");
        }
        assert_eq!(
            (own("flink.state.backend"), own("table.x"), unquoted("'5 s'")),
            ("state.backend", "table.x", "5 s")
        );
    }
}
