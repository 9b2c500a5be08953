//! Credentials laid under a table: what the names in its options stand for, as `properties.*` of the Kafka client.
//!
//! In this order: values of DEW's secret take the place of their keys; the section that `ssl_auth_name` names; one login
//! to Kerberos, by `krb_auth_name` or by `properties.connector.kerberos.*`; paths of buckets become files of this
//! machine. What the table says itself stays. Then it is judged whether all this can log in (V-AUTH).

use std::borrow::Cow;

use super::plan_options::PlanOptions;
use super::table::Table;
use crate::credentials::{CredentialKind, Credentials, OBJECT_STORE};
use crate::options::{Given, PROPERTIES};

mod dew;
mod judge;
mod kerberos;
mod left_out;
mod resolved;

use self::judge::Judge;
pub(super) use self::resolved::Resolved;
use self::resolved::{KEYS, SSL_AUTH};

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

const AUTH_OPEN: &str = "properties.connector.auth.open";

impl Resolved<'_> {
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
    key.starts_with(KEYS)
}

#[cfg(test)]
mod tests;
