//! The command line as a table: parser and help are made from the same rows.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write;
use std::time::Duration;

use crate::exit::{Exit, Failure};

/// One command.
#[derive(Debug)]
pub(crate) struct Command {
    /// One or two words: `run`, `topic list`.
    pub(crate) name: &'static str,
    /// What stands after the name, for people: `JOB.sql`. One in brackets may be left out, a last one that ends in
    /// `…` may come again.
    pub(crate) operands: &'static [&'static str],
    /// One line.
    pub(crate) about: &'static str,
    /// The flags that are its own.
    pub(crate) flags: &'static [Flag],
    /// Those that it shares with other commands, in groups.
    pub(crate) shared: &'static [&'static [Flag]],
}

impl Command {
    /// Whether it has the flag.
    pub(crate) fn has(&self, flag: &str) -> bool {
        self.flags().any(|it| it.name == flag)
    }

    /// Its own flags, and behind them those that it shares.
    pub(crate) fn flags(&self) -> impl Iterator<Item = &'static Flag> + use<> {
        self.flags.iter().chain(self.shared.iter().copied().flatten())
    }
}

/// One flag.
#[derive(Debug)]
pub(crate) struct Flag {
    /// With its dashes.
    pub(crate) name: &'static str,
    /// What its value is called; `None` for a switch.
    pub(crate) value: Option<&'static str>,
    /// One line.
    pub(crate) about: &'static str,
}

/// A command line after parsing.
#[derive(Debug, Default)]
pub(crate) struct Args {
    operands: Vec<String>,
    flags: BTreeMap<&'static str, Vec<String>>,
}

impl Args {
    /// Whether the switch was given.
    pub(crate) fn has(&self, flag: &'static str) -> bool {
        self.flags.contains_key(flag)
    }

    /// The last value of a flag.
    pub(crate) fn value(&self, flag: &'static str) -> Option<&str> {
        self.values(flag).last().map(String::as_str)
    }

    /// Every value of a flag, in order.
    pub(crate) fn values(&self, flag: &'static str) -> &[String] {
        self.flags.get(flag).map_or(&[], Vec::as_slice)
    }

    /// A flag's value as a number, or the default.
    ///
    /// # Errors
    /// When the text is no such number.
    pub(crate) fn number<N: std::str::FromStr>(&self, flag: &'static str, default: N) -> Result<N, Failure> {
        Ok(self.optional(flag)?.unwrap_or(default))
    }

    /// A flag's value as a number, if it was given.
    ///
    /// # Errors
    /// When the text is no such number.
    pub(crate) fn optional<N: std::str::FromStr>(&self, flag: &'static str) -> Result<Option<N>, Failure> {
        let Some(text) = self.value(flag) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| Failure::usage(format!("{flag} {text}: not a number that fits")))
    }

    /// A flag's value as a time, `25 s` or `25s`, or the default.
    ///
    /// # Errors
    /// When the text is no such time.
    pub(crate) fn duration(&self, flag: &'static str, default: Duration) -> Result<Duration, Failure> {
        let Some(text) = self.value(flag) else { return Ok(default) };
        // SQL counts a bare number in milliseconds, and most people in seconds.
        let has_unit = text.ends_with(|c: char| !c.is_ascii_digit());
        let parsed = upsert_kafka_sink::parse_duration(text).filter(|_| has_unit);
        parsed.ok_or_else(|| Failure::usage(format!("{flag} {text}: not a time such as '25 s' or '500 ms'")))
    }

    /// The operand at that place; parsing has seen to it that it is there.
    pub(crate) fn operand(&self, at: usize) -> &str {
        self.optional_operand(at).unwrap_or_default()
    }

    /// The operand at that place, if it was given.
    pub(crate) fn optional_operand(&self, at: usize) -> Option<&str> {
        self.operands.get(at).map(String::as_str)
    }

    /// Every operand, in order.
    pub(crate) fn operands(&self) -> &[String] {
        &self.operands
    }
}

/// What was asked for.
#[derive(Debug)]
pub(crate) enum Parsed {
    /// A command and its arguments.
    Command(&'static Command, Args),
    /// A text to print.
    Help(String),
}

/// Reads a command line by the table.
///
/// # Errors
/// An unknown command or flag, a missing or surplus operand, a flag without its value.
pub(crate) fn parse(
    table: &'static [Command],
    args: impl Iterator<Item = OsString>,
) -> Result<Parsed, Failure> {
    let mut parser = lexopt::Parser::from_args(args);
    let mut words: Vec<String> = Vec::new();
    let mut command = None;
    let mut parsed = Args::default();
    while let Some(arg) = parser.next().map_err(|e| Failure::usage(e.to_string()))? {
        let flag = match arg {
            lexopt::Arg::Value(word) => {
                take_word(table, text(word)?, &mut words, &mut command, &mut parsed);
                continue;
            }
            lexopt::Arg::Short(c) => format!("-{c}"),
            lexopt::Arg::Long(name) => format!("--{name}"),
        };
        match flag.as_str() {
            "--help" | "-h" => return Ok(Parsed::Help(help(table, command))),
            // A message has a version too.
            "--version" if command.is_some_and(|it| it.has(&flag)) => {}
            "--version" | "-V" => return Ok(Parsed::Help(version())),
            _ => {}
        }
        let known = find_flag(table, command, &words, &flag)?;
        let value = match known.value {
            Some(_) => text(parser.value().map_err(|e| Failure::usage(e.to_string()))?)?,
            None => String::new(),
        };
        parsed.flags.entry(known.name).or_default().push(value);
    }
    let Some(command) = command else { return no_command(table, &words) };
    check_operands(command, &parsed)?;
    Ok(Parsed::Command(command, parsed))
}

fn take_word(
    table: &'static [Command],
    word: String,
    words: &mut Vec<String>,
    command: &mut Option<&'static Command>,
    parsed: &mut Args,
) {
    if command.is_some() {
        parsed.operands.push(word);
        return;
    }
    words.push(word);
    let name = words.join(" ");
    *command = table.iter().find(|it| it.name == name);
}

fn find_flag(
    table: &'static [Command],
    command: Option<&'static Command>,
    words: &[String],
    flag: &str,
) -> Result<&'static Flag, Failure> {
    let Some(command) = command else { return no_command(table, words).map(|_| &Flag::NONE) };
    let found = command.flags().chain(COMMON).find(|it| it.name == flag);
    found.ok_or_else(|| {
        Failure::usage(format!(
            "{} has no flag {flag}; see upsert-kafka {} --help",
            command.name, command.name
        ))
    })
}

fn no_command(table: &'static [Command], words: &[String]) -> Result<Parsed, Failure> {
    if words.is_empty() {
        return Err(Failure::usage(format!("a command is missing\n\n{}", help(table, None))));
    }
    let names: Vec<_> = table.iter().map(|it| it.name).collect();
    Err(Failure::usage(format!("no command '{}'; there are: {}", words.join(" "), names.join(", "))))
}

fn check_operands(command: &Command, parsed: &Args) -> Result<(), Failure> {
    let missing = command.operands.get(parsed.operands.len()).filter(|it| !it.starts_with('['));
    if let Some(missing) = missing {
        return Err(Failure::usage(format!("{} needs {missing}", command.name)));
    }
    let wanted = command.operands.len();
    match parsed.operands.get(wanted) {
        _ if command.operands.last().is_some_and(|it| it.ends_with('…')) => Ok(()),
        Some(surplus) => Err(Failure::usage(format!("{}: one operand too many: '{surplus}'", command.name))),
        None => Ok(()),
    }
}

fn text(value: OsString) -> Result<String, Failure> {
    value.into_string().map_err(|value| Failure::usage(format!("{} is not UTF-8", value.to_string_lossy())))
}

/// The help of one command, or of all.
pub(crate) fn help(table: &[Command], command: Option<&Command>) -> String {
    let mut out = String::new();
    match command {
        Some(command) => {
            let operands = command.operands.join(" ");
            let _ =
                writeln!(out, "{}\n\n  upsert-kafka {} {operands} [flags]\n", command.about, command.name);
            flags(&mut out, command.flags());
        }
        None => {
            out += "Kafka's protocol and Flink's Upsert Kafka table, in pure Rust.\n\n";
            for it in table {
                let _ =
                    writeln!(out, "  {:<32} {}", format!("{} {}", it.name, it.operands.join(" ")), it.about);
            }
            out += "\nEach command has its own --help.\n";
        }
    }
    out += "\nEverywhere\n";
    flags(&mut out, COMMON);
    out += "  -h, --help                       this text\n  -V, --version                    the version\n";
    out += "\nExit codes\n";
    for (exit, about) in Exit::TABLE {
        let _ = writeln!(out, "  {:<4} {about}", *exit as i32);
    }
    out
}

fn flags<'a>(out: &mut String, flags: impl IntoIterator<Item = &'a Flag>) {
    for it in flags {
        let name = format!("{} {}", it.name, it.value.unwrap_or_default());
        let _ = writeln!(out, "  {name:<32} {}", it.about);
    }
}

fn version() -> String {
    format!("upsert-kafka {}\n", env!("CARGO_PKG_VERSION"))
}

impl Flag {
    const NONE: Self = Self { name: "", value: None, about: "" };
}

/// The flags of every command.
pub(crate) const COMMON: &[Flag] = &[Flag {
    name: "--log",
    value: Some("FILTER"),
    about: "what to log to stderr: warn (default), info, debug, or module=level,…; RUST_LOG does the same",
}];

#[cfg(test)]
mod tests {
    use super::*;

    static TABLE: &[Command] = &[
        Command {
            name: "run",
            operands: &["JOB.sql"],
            about: "runs",
            flags: &[
                Flag { name: "--set", value: Some("T.K=V"), about: "sets" },
                Flag { name: "--embedded", value: None, about: "embeds" },
            ],
            shared: &[],
        },
        Command { name: "topic list", operands: &[], about: "lists", flags: &[], shared: &[] },
        Command {
            name: "show",
            operands: &["NAME", "[AT]"],
            about: "shows",
            flags: &[],
            shared: &[&[Flag { name: "--version", value: Some("N"), about: "of the message" }]],
        },
        Command { name: "check", operands: &["FILE…"], about: "checks", flags: &[], shared: &[] },
    ];

    fn parsed(line: &str) -> Result<Parsed, Failure> {
        parse(TABLE, line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn flags_and_operands_may_mix() {
        let Ok(Parsed::Command(command, args)) = parsed("run --set a.b=c job.sql --embedded --set=d.e=f")
        else {
            panic!("should parse")
        };
        assert_eq!((command.name, args.operand(0)), ("run", "job.sql"));
        assert_eq!(args.values("--set"), ["a.b=c", "d.e=f"]);
        assert!(args.has("--embedded"));
    }

    #[test]
    fn a_command_may_have_two_words() {
        assert!(matches!(parsed("topic list"), Ok(Parsed::Command(it, _)) if it.name == "topic list"));
    }

    #[test]
    fn an_operand_may_be_left_out_and_the_last_may_come_again() {
        for (line, operands) in
            [("show a", &["a"][..]), ("show a 3", &["a", "3"]), ("check a b c", &["a", "b", "c"])]
        {
            assert!(
                matches!(parsed(line), Ok(Parsed::Command(_, it)) if it.operands() == operands),
                "{line}"
            );
        }
    }

    #[test]
    fn a_command_may_have_a_version_of_its_own() {
        assert!(matches!(parsed("show a --version 3"), Ok(Parsed::Command(_, it)) if it.has("--version")));
        assert!(matches!(parsed("run a --version"), Ok(Parsed::Help(_))));
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (line, says) in [
            ("", "a command is missing"),
            ("fly", "no command 'fly'"),
            ("run", "run needs JOB.sql"),
            ("run a b", "one operand too many: 'b'"),
            ("show a 3 b", "one operand too many: 'b'"),
            ("check", "check needs FILE…"),
            ("run a --fast", "no flag --fast"),
            ("run a --set", "missing argument"),
        ] {
            let failure = parsed(line).expect_err(line);
            assert!(failure.message.contains(says), "{line}: {failure}");
            assert_eq!(failure.exit, Exit::Usage);
        }
    }
}
