//! Java's JAAS texts: `sasl.jaas.config`, and the files that `java.security.auth.login.config` names.
//!
//! ```text
//! sasl.jaas.config    org.apache….PlainLoginModule required username="me" password="hush";
//! a file              KafkaClient { com.sun….Krb5LoginModule required useKeyTab=true keyTab="/etc/me.keytab"; };
//! ```

use std::fmt;

use crate::Secret;

mod file;
mod kerberos;
mod modules;
mod tokens;

#[cfg(feature = "__hostile")]
pub use file::jaas_file_login;
pub(super) use file::{entry_for, read};
pub(super) use modules::TypedEntry;
use tokens::{Lexeme, LexemeKind, TextPlace, Uncut, tokens};

/// A login module with its options, as the text has it.
pub(super) struct LoginEntry {
    class: String,
    options: Vec<EntryOption>,
    /// Whether a value stood there without quotes: a blank within a password then makes its rest look like a name.
    is_bare: bool,
}

struct EntryOption {
    name: String,
    value: Secret,
}

/// Why a text is none: where, and what is wrong. It never holds a word of the text, which may be a secret.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct NotJaas {
    at: Option<TextPlace>,
    why: String,
}

impl NotJaas {
    fn whole(why: impl Into<String>) -> Self {
        Self { at: None, why: why.into() }
    }
}

impl fmt::Display for NotJaas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some(at) => write!(f, "{at}: {}", self.why),
            None => f.write_str(&self.why),
        }
    }
}

/// The one module of `sasl.jaas.config`: Java takes no other number of them.
pub(super) fn entry(text: &str) -> Result<LoginEntry, NotJaas> {
    let mut entries = entries(text)?;
    match (entries.len(), entries.pop()) {
        (1, Some(entry)) => Ok(entry),
        (0, _) => Err(NotJaas::whole("it names no login module")),
        (count, _) => Err(NotJaas::whole(format!("it has {count} login modules, and Java takes one"))),
    }
}

fn entries(text: &str) -> Result<Vec<LoginEntry>, NotJaas> {
    all(text, |parser| {
        let mut entries = Vec::new();
        while parser.peek().is_some() {
            entries.push(parser.entry()?);
        }
        Ok(entries)
    })
}

/// Every context of a file, and its modules.
fn contexts(text: &str) -> Result<Vec<(String, Vec<LoginEntry>)>, NotJaas> {
    all(text, |parser| {
        let mut contexts: Vec<(String, Vec<LoginEntry>)> = Vec::new();
        while let Some(token) = parser.peek() {
            let at = token.at;
            let name = parser.word("the name of a context")?;
            if contexts.iter().any(|(other, _)| *other == name) {
                return Err((at, "this context stands there twice"));
            }
            parser.mark('{', "a context opens with {")?;
            let mut entries = Vec::new();
            while !parser.take('}') {
                entries.push(parser.entry()?);
            }
            parser.mark(';', "a context ends with };")?;
            contexts.push((name, entries));
        }
        Ok(contexts)
    })
}

fn all<T>(text: &str, parse: impl FnOnce(&mut JaasParser) -> Result<T, Uncut>) -> Result<T, NotJaas> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(NotJaas::whole(format!("it is longer than {TEXT_BYTES_MAX} bytes")));
    }
    let parsed = tokens(text).and_then(|tokens| {
        let mut parser = JaasParser { tokens, next: 0, end: text.chars().count() };
        parse(&mut parser)
    });
    parsed.map_err(|(at, why)| NotJaas { at: Some(TextPlace::of(text, at)), why: why.to_owned() })
}

struct JaasParser {
    tokens: Vec<Lexeme>,
    next: usize,
    end: usize,
}

impl JaasParser {
    /// `class flag name=value …;`
    fn entry(&mut self) -> Result<LoginEntry, Uncut> {
        let class = self.word("the class of a login module is missing here")?;
        let at = self.at();
        let flag = self.word("required, requisite, sufficient or optional must follow the class")?;
        if !FLAGS.iter().any(|known| flag.eq_ignore_ascii_case(known)) {
            return Err((at, "this is none of required, requisite, sufficient, optional"));
        }
        let mut options: Vec<EntryOption> = Vec::new();
        let mut is_bare = false;
        while !self.take(';') {
            let (option, is_quoted) = self.option()?;
            is_bare |= !is_quoted && !["true", "false"].contains(&option.value.reveal());
            // As in Java, the last counts.
            options.retain(|other| other.name != option.name);
            options.push(option);
        }
        Ok(LoginEntry { class, options, is_bare })
    }

    fn option(&mut self) -> Result<(EntryOption, bool), Uncut> {
        let name = self.word("an option or ; is missing here")?;
        self.mark(
            '=',
            "= and a value must follow an option; a value with other than letters and digits needs quotes",
        )?;
        let is_quoted = self.peek().is_some_and(|token| token.kind != LexemeKind::Word);
        let value = self.word("a value is missing here; one with / or = in it needs quotes")?;
        Ok((EntryOption { name, value: value.into() }, is_quoted))
    }

    fn peek(&self) -> Option<&Lexeme> {
        self.tokens.get(self.next)
    }

    fn at(&self) -> usize {
        self.peek().map_or(self.end, |token| token.at)
    }

    /// A word or a quoted text.
    fn word(&mut self, why: &'static str) -> Result<String, Uncut> {
        let at = self.at();
        let token = self.tokens.get_mut(self.next).filter(|token| !matches!(token.kind, LexemeKind::Mark(_)));
        let token = token.ok_or((at, why))?;
        self.next += 1;
        Ok(std::mem::take(&mut token.text))
    }

    fn mark(&mut self, mark: char, why: &'static str) -> Result<(), Uncut> {
        if self.take(mark) { Ok(()) } else { Err((self.at(), why)) }
    }

    fn take(&mut self, mark: char) -> bool {
        let found = self.peek().is_some_and(|token| token.kind == LexemeKind::Mark(mark));
        self.next += usize::from(found);
        found
    }
}

const FLAGS: [&str; 4] = ["required", "requisite", "sufficient", "optional"];
/// Java has no bound. The longest that means something holds a token or a key.
const TEXT_BYTES_MAX: usize = 256 << 10;

#[cfg(test)]
mod tests;
