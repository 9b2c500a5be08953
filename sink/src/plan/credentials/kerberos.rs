//! One login to Kerberos for a table, by name or by the options of DLI's later spelling. Two tables of a job may log in as
//! two users to two realms: nothing of it is the process's.

use super::judge::Judge;
use super::resolved::{KEYS, KRB_AUTH, Resolved};
use crate::credentials::{CredentialKind, Credentials};
use crate::error::Rule;
use crate::options::{Origin, quoted};

const PARTS: [&str; 3] = ["principal", "krb5", "keytab"];
const SERVICE_NAME: &str = "properties.sasl.kerberos.service.name";
/// What brokers' principals begin with where nobody says otherwise.
const SERVICE: &str = "kafka";

/// Who logs in, and by which keys.
struct Login<'a> {
    principal: &'a str,
    keytab: &'a str,
}

impl Resolved<'_> {
    /// Lays the login under the table.
    pub(super) fn kerberos(&mut self, credentials: &Credentials, judge: &Judge) {
        if let Some(name) = self.given(KRB_AUTH).map(str::to_owned) {
            self.by_name(&name, credentials, judge);
        }
        self.by_options(credentials, judge);
    }

    fn by_name(&mut self, name: &str, credentials: &Credentials, judge: &Judge) {
        let Some(section) = self.section(KRB_AUTH, name, CredentialKind::Kerberos, credentials) else {
            return;
        };
        let (Some(principal), Some(keytab)) = (section.field("username"), section.field("keytab")) else {
            return;
        };
        let login = match (principal, keytab) {
            (Ok(principal), Ok(keytab)) => Login { principal: principal.reveal(), keytab: keytab.reveal() },
            (Err(why), _) | (_, Err(why)) => return self.refuse(KRB_AUTH, why.as_str()),
        };
        self.lay_section_under(KRB_AUTH, name, section);
        self.lay_login_under(&login, Origin::Section(name.to_owned()), KRB_AUTH, judge);
    }

    /// `properties.connector.kerberos.principal`, `.krb5` and `.keytab`, all or none.
    fn by_options(&mut self, credentials: &Credentials, judge: &Judge) {
        let keys = PARTS.map(|part| format!("{KEYS}{part}"));
        let values = keys.each_ref().map(|key| self.given(key).map(|value| value.trim().to_owned()));
        let [Some(principal), Some(krb5), Some(keytab)] = &values else {
            let (given, missing): (Vec<_>, Vec<_>) =
                keys.iter().zip(&values).partition(|(_, value)| value.is_some());
            if let Some((key, _)) = given.first() {
                let missing = quoted(missing.into_iter().map(|(key, _)| key));
                let text = format!("missing {missing}: a Kerberos login needs principal, krb5 and keytab");
                self.find(Rule::MissingOption, key, text);
            }
            return;
        };
        let mut file = |key: &str, path: &str| {
            let local = credentials.paths().local(path);
            local.map_err(|why| self.refuse(key, why.sentence(key, path))).ok()
        };
        let (krb5, keytab) = (file(&keys[1], krb5), file(&keys[2], keytab));
        let (Some(krb5), Some(keytab)) = (krb5, keytab) else { return };
        let origin = Origin::Mapped("properties.connector.kerberos.*");
        let login = Login { principal, keytab: &keytab };
        self.lay_login_under(&login, origin.clone(), &keys[0], judge);
        self.lay_under("java.security.krb5.conf", &krb5, origin);
    }

    fn lay_login_under(&mut self, login: &Login<'_>, origin: Origin, key: &str, judge: &Judge) {
        if judge.has_other_login(login.principal, login.keytab) {
            let by = if key == KRB_AUTH { KRB_AUTH } else { "properties.connector.kerberos.*" };
            return self
                .refuse(key, format!("two logins: '{by}' and 'properties.sasl.jaas.config'; keep one"));
        }
        self.lines
            .push(format!("logs in by Kerberos as {} with the keys of {}", login.principal, login.keytab));
        self.lay_under("sasl.jaas.config", &login.jaas(), origin);
        if self.given(SERVICE_NAME).is_none() {
            self.set(SERVICE_NAME, SERVICE, Origin::Default);
        }
    }
}

impl Login<'_> {
    fn jaas(&self) -> String {
        let Self { principal, keytab } = self;
        format!(
            "com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true storeKey=true \
             useTicketCache=false keyTab={} principal={};",
            in_quotes(keytab),
            in_quotes(principal)
        )
    }
}

/// As a JAAS text has it.
fn in_quotes(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
