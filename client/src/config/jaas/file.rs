//! A JAAS file: which of its modules is the client's.

use std::io::Read;

use super::{EntryOption, LoginEntry, NotJaas, TEXT_BYTES_MAX, contexts};
use crate::config::{LoginModule, SaslConfig, SaslMechanism};
use crate::error::quoted;
use crate::{Error, ErrorKind};

impl SaslConfig {
    /// What `login_file` says now.
    ///
    /// # Errors
    /// It cannot be read, or is no JAAS file with a login for the mechanism.
    #[cfg_attr(not(feature = "sasl"), allow(dead_code))] // only mechanisms ask
    pub(crate) fn read_login_again(&self) -> Result<LoginModule, Error> {
        let path = self.login_file.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        let entry = read(&path).and_then(|entries| entry_for(self.mechanism, entries));
        let typed = entry.and_then(LoginEntry::typed);
        typed.map(|entry| entry.module).map_err(|why| {
            let sentence = format!("property java.security.auth.login.config: {why}");
            Error::new(ErrorKind::Config, sentence)
        })
    }
}

/// The modules of the context `KafkaClient` in the file of that name, with `${…}` filled in as Java does by its system
/// properties: of those there are some here, that say where the user is.
pub(in crate::config) fn read(path: &str) -> Result<Vec<LoginEntry>, NotJaas> {
    let unread = |e: std::io::Error| NotJaas::whole(format!("{path} cannot be read: {e}"));
    if !std::fs::metadata(path).map_err(unread)?.is_file() {
        return Err(NotJaas::whole(format!("{path} is no file")));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(unread)?;
    file.take(TEXT_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(unread)?;
    let within = |why: NotJaas| NotJaas { why: format!("{path}: {why}"), at: None };
    client_entries(&String::from_utf8_lossy(&bytes), &system_property).map_err(within)
}

/// The login in a file's text, where `${…}` is what it names, for fuzzing.
///
/// # Errors
/// Why there is none, as it is told.
#[cfg(feature = "__hostile")]
pub fn jaas_file_login(text: &str, mechanism: SaslMechanism) -> Result<LoginModule, String> {
    let entries = client_entries(text, &|name| Some(name.to_owned()));
    let entry = entries.and_then(|entries| entry_for(mechanism, entries)).and_then(LoginEntry::typed);
    entry.map(|it| it.module).map_err(|why| why.to_string())
}

pub(super) fn client_entries(
    text: &str,
    property: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<LoginEntry>, NotJaas> {
    let mut contexts = contexts(text)?;
    let at = contexts.iter().position(|(name, _)| name == CLIENT).ok_or_else(|| {
        let names: Vec<_> = contexts.iter().map(|(name, _)| name.as_str()).collect();
        match names.is_empty() {
            true => NotJaas::whole("it is empty, and a client's login stands in KafkaClient { … };"),
            false => {
                NotJaas::whole(format!("it has no context {CLIENT}, only {}", quoted(&names.join(", "))))
            }
        }
    })?;
    let (_, mut entries) = contexts.swap_remove(at);
    for option in entries.iter_mut().flat_map(|entry| &mut entry.options) {
        option.expand(property)?;
    }
    match entries.is_empty() {
        true => Err(NotJaas::whole(format!("its context {CLIENT} names no login module"))),
        false => Ok(entries),
    }
}

/// The module that the mechanism wants, else the first: why it will not do is said later. Java asks all of them.
pub(in crate::config) fn entry_for(
    mechanism: SaslMechanism,
    mut entries: Vec<LoginEntry>,
) -> Result<LoginEntry, NotJaas> {
    let wanted = entries.iter().position(|entry| entry.is_for(mechanism)).unwrap_or(0);
    match wanted < entries.len() {
        true => Ok(entries.swap_remove(wanted)),
        false => Err(NotJaas::whole("it names no login module")),
    }
}

impl EntryOption {
    /// Java's `PropertyExpander`: `${/}` is the separator of paths, `${{…}}` stays as it is, and so does what is not closed.
    fn expand(&mut self, property: &dyn Fn(&str) -> Option<String>) -> Result<(), NotJaas> {
        if !self.value.reveal().contains("${") {
            return Ok(());
        }
        let mut rest = self.value.reveal();
        let mut expanded = String::new();
        while let Some((before, after)) = rest.split_once("${") {
            expanded.push_str(before);
            let closing = if after.starts_with('{') { "}}" } else { "}" };
            let Some((name, behind)) = after.split_once(closing) else {
                expanded.push_str("${");
                rest = after;
                break;
            };
            match name.strip_prefix('{') {
                Some(inner) => expanded.extend(["${{", inner, "}}"]),
                None if name == "/" => expanded.push(std::path::MAIN_SEPARATOR),
                None => expanded.push_str(&property(name).ok_or_else(|| unknown(&self.name, name))?),
            }
            rest = behind;
        }
        expanded.push_str(rest);
        self.value = expanded.into();
        Ok(())
    }
}

fn unknown(option: &str, name: &str) -> NotJaas {
    let name = if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.') { name } else { "…" };
    NotJaas::whole(format!(
        "option {option} has ${{{name}}}, a system property of Java's that is not known here; write its value"
    ))
}

fn system_property(name: &str) -> Option<String> {
    let of = |name| std::env::var(name).ok();
    match name {
        "user.home" => of("HOME"),
        "user.name" => of("USER"),
        "user.dir" => Some(std::env::current_dir().ok()?.display().to_string()),
        "java.io.tmpdir" => Some(std::env::temp_dir().display().to_string()),
        _ => None,
    }
}

const CLIENT: &str = "KafkaClient";
