//! The text of a credentials file to its sections. Whatever is wrong is told at once, each with its line; a line itself
//! is never shown, since a secret may stand in it.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};
use upsert_kafka_client::Secret;

use super::section::{CredentialField, CredentialKind, Held, Holds, Section};
use super::{Credentials, PathMap, SecretLookup};
use crate::error::{Error, Finding, Rule};
use crate::options::nearest;

impl Credentials {
    /// The same of a text that is at hand, as if it stood in the file `path`; what it names is read by `lookup`.
    ///
    /// ```
    /// use std::path::Path;
    /// use upsert_kafka_sink::credentials::{Credentials, MACHINE, PathMap};
    ///
    /// let text = "[orders_tls]\nkind = 'kafka_ssl'\ntrustore = 'client.jks'";
    /// let error = Credentials::parse(text, Path::new("creds.toml"), PathMap::new(), MACHINE).unwrap_err();
    /// assert!(error.to_string().contains("creds.toml, line 3: [orders_tls] has no field 'trustore'"));
    /// ```
    ///
    /// # Errors
    /// As [`Credentials::load`].
    pub fn parse(text: &str, path: &Path, paths: PathMap, lookup: &dyn SecretLookup) -> Result<Self, Error> {
        self::parse(text, path, paths, lookup)
    }
}

fn parse(text: &str, path: &Path, paths: PathMap, lookup: &dyn SecretLookup) -> Result<Credentials, Error> {
    let file = path.display().to_string();
    let mut reading = Reading { text, file: &file, path, lookup, findings: Vec::new() };
    let document = match DeTable::parse(text) {
        Ok(document) => document.into_inner(),
        Err(error) => {
            reading.refuse(error.span().map_or(0, |span| span.start), error.message());
            return Err(Error::plan(reading.findings));
        }
    };
    let mut credentials = Credentials { paths, ..Credentials::default() };
    for (name, value) in &document {
        if &**name.get_ref() == PATHS {
            credentials.paths = reading.paths(credentials.paths, value);
        }
    }
    for (name, value) in &document {
        let key = &**name.get_ref();
        if key == PATHS {
            continue;
        }
        if let Some(section) = reading.section(key, name.span().start, value, &credentials.paths) {
            credentials.sections.insert(key.to_owned(), section);
        }
    }
    if !reading.findings.is_empty() {
        return Err(Error::plan(reading.findings));
    }
    credentials.file = Some(file);
    Ok(credentials)
}

/// The section that is a map of paths. No name of DLI begins with an underscore.
const PATHS: &str = "_paths";

struct Reading<'a> {
    text: &'a str,
    file: &'a str,
    path: &'a Path,
    lookup: &'a dyn SecretLookup,
    findings: Vec<Finding>,
}

impl Reading<'_> {
    fn refuse(&mut self, at: usize, text: impl std::fmt::Display) {
        let before = self.text.as_bytes().iter().take(at);
        let line = before.filter(|byte| **byte == b'\n').count() + 1;
        let text = format!("{}, line {line}: {text}", self.file);
        self.findings.push(Finding::new(Rule::Credentials, text));
    }

    /// What `[_paths]` says, under what the caller said.
    fn paths(&mut self, mut paths: PathMap, value: &Spanned<DeValue<'_>>) -> PathMap {
        let DeValue::Table(table) = value.get_ref() else {
            self.refuse(value.span().start, "[_paths] is no section");
            return paths;
        };
        for (prefix, folder) in table {
            let Some(folder) = folder.get_ref().as_str() else {
                self.refuse(folder.span().start, "[_paths] maps each prefix to a folder, a text");
                continue;
            };
            match paths.clone().with(prefix.get_ref(), &self.beside(folder)) {
                Ok(more) => paths = more,
                Err(error) => self.refuse(prefix.span().start, format_args!("[_paths]: {error}")),
            }
        }
        paths
    }

    fn section(
        &mut self,
        name: &str,
        at: usize,
        value: &Spanned<DeValue<'_>>,
        paths: &PathMap,
    ) -> Option<Section> {
        let DeValue::Table(table) = value.get_ref() else {
            self.refuse(at, format_args!("'{name}' stands in no section: a credential is a section [NAME]"));
            return None;
        };
        let kind = self.kind(name, at, table)?;
        let mut section = Section::new(kind);
        for (key, value) in table {
            match &**key.get_ref() {
                "kind" => {}
                "values" if kind == CredentialKind::Secret => self.values(name, value, paths, &mut section),
                field => self.field(name, key, field, value, paths, &mut section),
            }
        }
        for needed in NEEDED.iter().filter(|(of, _)| *of == kind).map(|(_, field)| *field) {
            if section.field(needed).is_none() {
                self.refuse(at, format_args!("[{name}] of kind {} needs '{needed}'", kind.name()));
            }
        }
        Some(section)
    }

    fn kind(&mut self, name: &str, at: usize, table: &DeTable<'_>) -> Option<CredentialKind> {
        let kinds = CredentialKind::ALL.map(|(_, name)| name);
        let Some((key, value)) = table.iter().find(|(key, _)| *key.get_ref() == "kind") else {
            self.refuse(at, format_args!("[{name}] needs 'kind', one of {}", kinds.join(", ")));
            return None;
        };
        let given = value.get_ref().as_str().unwrap_or_default();
        let kind = CredentialKind::ALL.iter().find(|(_, name)| name.eq_ignore_ascii_case(given));
        if kind.is_none() {
            let text = format!("[{name}] has a kind that does not exist; there are {}", kinds.join(", "));
            self.refuse(key.span().start, text);
        }
        kind.map(|(kind, _)| *kind)
    }

    fn field(
        &mut self,
        name: &str,
        key: &Spanned<DeString<'_>>,
        given: &str,
        value: &Spanned<DeValue<'_>>,
        paths: &PathMap,
        section: &mut Section,
    ) {
        let at = key.span().start;
        let kind = section.kind();
        let Some(field) =
            kind.fields().find(|it| it.name == given || (it.also == given && !given.is_empty()))
        else {
            return self.refuse(at, unknown(name, kind, given));
        };
        if section.field(field.name).is_some() {
            let text = format!("[{name}] has '{}' twice, also as '{}'", field.name, field.also);
            return self.refuse(at, text);
        }
        let held = match field.holds {
            Holds::Secret => self.secret(name, given, value, paths),
            Holds::Text | Holds::Path => {
                value.get_ref().as_str().map(|text| self.text(field, text, name, paths))
            }
        };
        match held {
            Some(held) => section.put(field, held),
            None if field.holds == Holds::Secret => self.refuse(at, not_a_secret(name, given)),
            None => self.refuse(at, format_args!("[{name}]: '{given}' is a text in quotes")),
        }
    }

    /// The values of a section of kind `secret`.
    fn values(&mut self, name: &str, value: &Spanned<DeValue<'_>>, paths: &PathMap, section: &mut Section) {
        let DeValue::Table(table) = value.get_ref() else {
            let text = format!("[{name}]: 'values' is a table, {{ KEY = \"…\", … }}");
            return self.refuse(value.span().start, text);
        };
        for (key, value) in table {
            match self.secret(name, key.get_ref(), value, paths) {
                Some(held) => section.put_value(key.get_ref().to_string(), held),
                None => self.refuse(key.span().start, not_a_secret(name, key.get_ref())),
            }
        }
    }

    fn text(&self, field: &CredentialField, text: &str, name: &str, paths: &PathMap) -> Held {
        match field.holds {
            Holds::Path => self.local(&format!("{name}.{}", field.name), text, paths).map(Secret::from),
            Holds::Text | Holds::Secret => Ok(Secret::from(text)),
        }
    }

    /// `"text"`, `{ file = "…" }` or `{ env = "NAME" }`; `None` for anything else.
    fn secret(&self, name: &str, key: &str, value: &Spanned<DeValue<'_>>, paths: &PathMap) -> Option<Held> {
        let table = match value.get_ref() {
            DeValue::String(text) => return Some(Ok(Secret::from(&**text))),
            DeValue::Table(table) => table,
            _ => return None,
        };
        let mut entries = table.iter();
        let (Some((source, value)), None) = (entries.next(), entries.next()) else { return None };
        let value = value.get_ref().as_str()?;
        match &**source.get_ref() {
            "file" => Some(self.local(&format!("{name}.{key}"), value, paths).and_then(|path| {
                let read = self.lookup.file(Path::new(&path));
                let text = read.map_err(|error| format!("'{name}.{key}': the file {path}: {error}"))?;
                Ok(Secret::from(without_line_end(text)))
            })),
            "env" => {
                let missing = || format!("'{name}.{key}': the environment variable {value} is not set");
                Some(self.lookup.variable(value).map(Secret::from).ok_or_else(missing))
            }
            _ => None,
        }
    }

    /// The file of this machine that a field names.
    fn local(&self, key: &str, path: &str, paths: &PathMap) -> Result<String, String> {
        let local = paths.local(path).map_err(|why| why.sentence(key, path))?;
        // What the map gives is a place already.
        Ok(if path.starts_with(super::OBJECT_STORE) { local } else { self.beside(&local) })
    }

    /// A path as it is meant from the credentials file's folder.
    fn beside(&self, path: &str) -> String {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        folder.join(path).to_string_lossy().into_owned()
    }
}

/// Fields without which a section cannot do.
const NEEDED: &[(CredentialKind, &str)] =
    &[(CredentialKind::Kerberos, "username"), (CredentialKind::Kerberos, "keytab")];

fn unknown(name: &str, kind: CredentialKind, given: &str) -> String {
    let values = if kind == CredentialKind::Secret { Some("values") } else { None };
    let known = || kind.fields().flat_map(|it| [it.name, it.also]).filter(|it| !it.is_empty()).chain(values);
    let hint = match nearest(given, known()) {
        Some(near) => format!("did you mean '{near}'?"),
        None => format!("kind {} has {}", kind.name(), known().collect::<Vec<_>>().join(", ")),
    };
    format!("[{name}] has no field '{given}'; {hint}")
}

fn not_a_secret(name: &str, key: &str) -> String {
    format!("[{name}]: '{key}' is a text in quotes, {{ file = \"…\" }} or {{ env = \"NAME\" }}")
}

/// Editors end a file with a line's end, which is no part of the secret.
fn without_line_end(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

#[cfg(test)]
mod tests;
