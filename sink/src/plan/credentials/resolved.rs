//! A table on its way to what the client will see: what is laid under it, found wrong with it, and said of it.

use std::borrow::Cow;

use crate::credentials::{CredentialKind, Credentials, Section};
use crate::error::{Finding, Rule};
use crate::options::{Given, HIDDEN, Origin, PROPERTIES, looks_secret};
use crate::plan::notice::Notice;
use crate::plan::report::TableReport;
use crate::plan::table::Table;

/// A table as the client will see it, and what is to be said of how it came to that.
pub(in crate::plan) struct Resolved<'a> {
    pub(in crate::plan) table: Cow<'a, Table>,
    pub(super) findings: Vec<Finding>,
    pub(super) notices: Vec<Notice>,
    pub(super) lines: Vec<String>,
    /// Values that must not be said, wherever they went.
    pub(super) secrets: Vec<String>,
    pub(super) leaves_security_out: bool,
}

impl Resolved<'_> {
    /// Whether nothing is wrong with what the table names.
    pub(in crate::plan) fn stands(&self) -> bool {
        self.findings.is_empty()
    }

    /// Whether the table says something of TLS or a login that the caller leaves out.
    pub(in crate::plan) fn leaves_security_out(&self) -> bool {
        self.leaves_security_out
    }

    /// Adds what is to be said of the table, and takes out every secret that found its way into a sentence.
    pub(in crate::plan) fn add_to(
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
    pub(in crate::plan) fn hide(&self, texts: &mut [String]) {
        for text in texts {
            for secret in &self.secrets {
                if text.contains(secret.as_str()) {
                    *text = text.replace(secret.as_str(), HIDDEN);
                }
            }
        }
    }

    pub(super) fn given(&self, key: &str) -> Option<&str> {
        self.table.options.get(key).map(|given| given.value.as_str())
    }

    /// Whether the table itself says it, or who stands above it.
    pub(super) fn is_said(&self, key: &str) -> bool {
        self.table.options.get(key).is_some_and(|given| given.origin != Origin::Properties)
    }

    pub(super) fn set(&mut self, key: &str, value: &str, origin: Origin) {
        self.table.to_mut().options.insert(key.to_owned(), Given::by(origin, value));
    }

    /// Lays a property under what the table says.
    pub(super) fn lay_under(&mut self, property: &str, value: &str, origin: Origin) {
        let key = format!("{PROPERTIES}{property}");
        if !self.is_said(&key) {
            self.set(&key, value, origin);
        }
    }

    pub(super) fn refuse(&mut self, key: &str, text: impl Into<String>) {
        self.find(Rule::Credentials, key, text);
    }

    pub(super) fn find(&mut self, rule: Rule, key: &str, text: impl Into<String>) {
        let at = self.table.options.get(key).and_then(|given| given.at);
        self.findings.push(Finding::new(rule, text).at(at));
    }

    pub(super) fn notice(&mut self, text: String) {
        self.notices.push(Notice { table: Some(self.table.name.clone()), text });
    }

    /// The section that an option names, if there is one of that kind; with what is wrong found.
    pub(super) fn section<'c>(
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
    pub(super) fn lay_section_under(&mut self, key: &str, name: &str, section: &Section) {
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
}

/// A key of a secret as a sentence may have it: somebody may have written the secret itself.
pub(super) fn shown_key(text: &str) -> &str {
    if looks_secret(text) || text.len() > KEY_BYTES_SHOWN_MAX { HIDDEN } else { text }
}

const KEY_BYTES_SHOWN_MAX: usize = 100;

pub(super) const SSL_AUTH: &str = "ssl_auth_name";
pub(super) const KRB_AUTH: &str = "krb_auth_name";
/// How the keys of the later spelling begin.
pub(super) const KEYS: &str = "properties.connector.kerberos.";
