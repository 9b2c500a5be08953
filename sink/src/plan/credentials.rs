//! Credentials laid under a table: what the names in its options stand for, as `properties.*` of the Kafka client.
//!
//! In this order: values of DEW's secret take the place of their keys; the section that `ssl_auth_name` names; one login
//! to Kerberos, by `krb_auth_name` or by `properties.connector.kerberos.*`; paths of buckets become files of this
//! machine. What the table says itself stays. Then it is judged whether all this can log in (V-AUTH).

use std::borrow::Cow;

use super::table::Table;
use super::{Notice, Origin, PlanOptions, TableReport};
use crate::credentials::{CredentialKind, Credentials, OBJECT_STORE, Section};
use crate::error::{Finding, Rule};
use crate::options::{Given, HIDDEN, PROPERTIES, looks_secret};

mod dew;
mod judge;
mod kerberos;
mod left_out;

use self::judge::Judge;

/// A table as the client will see it, and what is to be said of how it came to that.
pub(super) struct Resolved<'a> {
    pub(super) table: Cow<'a, Table>,
    findings: Vec<Finding>,
    notices: Vec<Notice>,
    lines: Vec<String>,
    /// Values that must not be said, wherever they went.
    secrets: Vec<String>,
    leaves_security_out: bool,
}

/// Resolves what a table names. Print tables name nothing.
pub(super) fn resolved<'a>(table: &'a Table, caller: &PlanOptions) -> Resolved<'a> {
    let credentials = &caller.credentials;
    let mut resolved = Resolved {
        table: Cow::Borrowed(table),
        findings: Vec::new(),
        notices: Vec::new(),
        lines: Vec::new(),
        secrets: Vec::new(),
        leaves_security_out: false,
    };
    if resolved.given("connector").is_none_or(|connector| !connector.ends_with("kafka")) {
        return resolved;
    }
    if caller.leaves_security_out {
        resolved.leave_security_out();
    }
    resolved.dew(credentials);
    // As the table has it, before a section adds to it.
    let judge = Judge::of(&resolved);
    resolved.stores(credentials);
    resolved.kerberos(credentials, &judge);
    resolved.auth_open();
    resolved.local_paths(credentials);
    judge.judge(&mut resolved);
    resolved
}

const SSL_AUTH: &str = "ssl_auth_name";
const AUTH_OPEN: &str = "properties.connector.auth.open";

impl Resolved<'_> {
    /// Whether nothing is wrong with what the table names.
    pub(super) fn stands(&self) -> bool {
        self.findings.is_empty()
    }

    /// Whether the table says something of TLS or a login that the caller leaves out.
    pub(super) fn leaves_security_out(&self) -> bool {
        self.leaves_security_out
    }

    /// Adds what is to be said of the table, and takes out every secret that found its way into a sentence.
    pub(super) fn add_to(
        &mut self,
        (report, findings, notices): &mut (TableReport, Vec<Finding>, Vec<Notice>),
    ) {
        report.lines.append(&mut self.lines);
        let table = &self.table;
        findings.extend(self.findings.iter().map(|it| it.clone().of(&table.name).at(table.at)));
        notices.append(&mut self.notices);
        self.hide(&mut report.lines);
        findings.iter_mut().for_each(|it| self.hide(std::slice::from_mut(&mut it.text)));
        notices.iter_mut().for_each(|it| self.hide(std::slice::from_mut(&mut it.text)));
    }

    /// Takes secrets out of texts: a value of DEW's secret may be that of any option.
    pub(super) fn hide(&self, texts: &mut [String]) {
        for text in texts {
            for secret in &self.secrets {
                if text.contains(secret.as_str()) {
                    *text = text.replace(secret.as_str(), HIDDEN);
                }
            }
        }
    }

    fn given(&self, key: &str) -> Option<&str> {
        self.table.options.get(key).map(|given| given.value.as_str())
    }

    /// Whether the table itself says it, or who stands above it.
    fn is_said(&self, key: &str) -> bool {
        self.table.options.get(key).is_some_and(|given| given.origin != Origin::Properties)
    }

    fn set(&mut self, key: &str, value: &str, origin: Origin) {
        self.table.to_mut().options.insert(key.to_owned(), Given::by(origin, value));
    }

    /// Lays a property under what the table says.
    fn lay_under(&mut self, property: &str, value: &str, origin: Origin) {
        let key = format!("{PROPERTIES}{property}");
        if !self.is_said(&key) {
            self.set(&key, value, origin);
        }
    }

    fn refuse(&mut self, key: &str, text: impl Into<String>) {
        self.find(Rule::Credentials, key, text);
    }

    fn find(&mut self, rule: Rule, key: &str, text: impl Into<String>) {
        let at = self.table.options.get(key).and_then(|given| given.at);
        self.findings.push(Finding::new(rule, text).at(at));
    }

    fn notice(&mut self, text: String) {
        self.notices.push(Notice { table: Some(self.table.name.clone()), text });
    }

    /// The section that an option names, if there is one of that kind; with what is wrong found.
    fn section<'c>(
        &mut self,
        key: &str,
        name: &str,
        kind: CredentialKind,
        credentials: &'c Credentials,
    ) -> Option<&'c Section> {
        let Some(file) = credentials.file() else {
            let text = format!(
                "'{key}' = '{name}' needs a credentials file: --credentials FILE, or the environment variable \
                 UPSERT_KAFKA_CREDENTIALS"
            );
            self.refuse(key, text);
            return None;
        };
        let text = match credentials.find(name) {
            Some(section) if section.kind() == kind => return Some(section),
            Some(section) => {
                format!("'{key}' = '{name}' is of kind {}, not {}", section.kind().name(), kind.name())
            }
            None => {
                let names = credentials.names();
                format!("'{key}' = '{name}': no such credential in {file}; it holds: {names}")
            }
        };
        self.refuse(key, text);
        None
    }

    /// Each field of a section that is a property of the client.
    fn lay_section_under(&mut self, key: &str, name: &str, section: &Section) {
        for stored in section.fields().iter().filter(|stored| !stored.field.property.is_empty()) {
            match &stored.held {
                Ok(value) => {
                    self.lay_under(stored.field.property, value.reveal(), Origin::Section(name.to_owned()))
                }
                Err(_) if self.is_said(&format!("{PROPERTIES}{}", stored.field.property)) => {}
                Err(why) => self.refuse(key, why.as_str()),
            }
        }
    }

    fn stores(&mut self, credentials: &Credentials) {
        let Some(name) = self.given(SSL_AUTH).map(str::to_owned) else { return };
        if let Some(section) = self.section(SSL_AUTH, &name, CredentialKind::KafkaSsl, credentials) {
            self.lay_section_under(SSL_AUTH, &name, section);
        }
    }

    /// `obs://…` becomes a file by the map, in every property.
    fn local_paths(&mut self, credentials: &Credentials) {
        let is_path = |key: &str, value: &str| {
            value.starts_with(OBJECT_STORE)
                || value.starts_with("file:///") && PATHS.iter().any(|end| key.ends_with(end))
        };
        let options = self.table.options.iter();
        let paths: Vec<(String, Given)> = options
            .filter(|(key, given)| key.starts_with(PROPERTIES) && is_path(key, &given.value))
            .map(|(key, given)| (key.clone(), given.clone()))
            .collect();
        for (key, given) in paths {
            match credentials.paths().local(&given.value) {
                Ok(path) if is_kerberos(&key) => self.lines.push(format!("'{key}' is {path}")),
                Ok(path) => {
                    self.lines.push(format!("'{key}' = '{}' is {path}", given.value));
                    self.table.to_mut().options.insert(key, Given { value: path, ..given });
                }
                // It was told with its login.
                Err(_) if is_kerberos(&key) => {}
                Err(why) => self.refuse(&key, why.sentence(&key, &given.value)),
            }
        }
    }

    /// What lets DLI's own client fetch files means nothing here.
    fn auth_open(&mut self) {
        let Some(value) = self.given(AUTH_OPEN) else { return };
        let is_off = value.trim().eq_ignore_ascii_case("false");
        let needs_it = |(key, given): (&String, &Given)| {
            is_kerberos(key) || key.ends_with("store.location") && given.value.starts_with(OBJECT_STORE)
        };
        let effect = format!("'{AUTH_OPEN}' has no effect here: files are read where they are");
        if is_off && self.table.options.iter().any(needs_it) {
            self.notice(effect);
        } else {
            self.lines.push(effect);
        }
    }
}

/// How keys end whose value is a file.
const PATHS: &[&str] =
    &[".location", ".krb5.conf", ".login.config", "assertion.file", "private.key.file", "template.file"];

fn is_kerberos(key: &str) -> bool {
    key.starts_with(kerberos::KEYS)
}

/// A key of a secret as a sentence may have it: somebody may have written the secret itself.
fn shown_key(text: &str) -> &str {
    if looks_secret(text) || text.len() > KEY_BYTES_SHOWN_MAX { HIDDEN } else { text }
}

const KEY_BYTES_SHOWN_MAX: usize = 100;

#[cfg(test)]
mod tests;
