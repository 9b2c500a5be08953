//! A cluster without TLS and logins, such as a broker inside the process: what a table says of both is left out before
//! anything reads it, so that no store, keytab or credentials file is missed.

use super::dew;
use super::resolved::{KRB_AUTH, Resolved, SSL_AUTH};
use crate::options::PROPERTIES;

/// What names of credentials a table has.
const NAMES: [&str; 2] = [SSL_AUTH, KRB_AUTH];
/// How properties begin that say whom the client trusts, and who it is.
const GROUPS: [&str; 7] =
    ["security.", "sasl.", "ssl.", "java.security.", "connector.auth.", "connector.kerberos.", "kerberos."];

impl Resolved<'_> {
    pub(super) fn leave_security_out(&mut self) {
        let keys: Vec<_> = self.table.options.keys().filter(|key| is_security(key)).cloned().collect();
        if keys.is_empty() {
            return;
        }
        let named: Vec<_> = keys.iter().map(|key| format!("'{key}'")).collect();
        self.lines
            .push(format!("not used, since the cluster has neither TLS nor logins: {}", named.join(", ")));
        self.leaves_security_out = true;
        let options = &mut self.table.to_mut().options;
        keys.iter().for_each(|key| drop(options.remove(key)));
        self.leave_secrets_out();
    }

    /// Of DEW's secret stays what is for other options.
    fn leave_secrets_out(&mut self) {
        let Some(fields) = self.given(dew::FIELDS) else { return };
        let (security, others): (Vec<&str>, Vec<&str>) = fields
            .split(',')
            .map(str::trim)
            .filter(|it| !it.is_empty())
            .partition(|field| is_security(field));
        if security.is_empty() {
            return;
        }
        let others = others.join(",");
        let options = &mut self.table.to_mut().options;
        if others.is_empty() {
            [dew::FIELDS, dew::SECRET_NAME, dew::VERSION].iter().for_each(|key| drop(options.remove(*key)));
        } else if let Some(given) = options.get_mut(dew::FIELDS) {
            given.value = others;
        }
    }
}

fn is_security(key: &str) -> bool {
    let property = key.strip_prefix(PROPERTIES);
    NAMES.contains(&key) || property.is_some_and(|it| GROUPS.iter().any(|group| it.starts_with(group)))
}
