//! `dew.*`: options whose values are keys of a secret, which the values under these keys replace.

use super::resolved::{Resolved, shown_key};
use crate::credentials::{CredentialKind, Credentials, Section, listed};
use crate::error::Rule;
use crate::options::Origin;

pub(super) const SECRET_NAME: &str = "dew.csms.secretName";
pub(super) const FIELDS: &str = "dew.csms.decrypt.fields";
pub(super) const VERSION: &str = "dew.csms.version";
/// What takes any version.
const LATEST: &str = "latest";
const WITHOUT_EFFECT: [&str; 2] = ["dew.endpoint", "dew.projectId"];

impl Resolved<'_> {
    /// Puts each value of the secret where its key stands. What is wrong with the text of a value is judged afterwards.
    pub(super) fn dew(&mut self, credentials: &Credentials) {
        for key in WITHOUT_EFFECT {
            if self.given(key).is_some() {
                self.lines.push(format!("'{key}' has no effect here: secrets are in the credentials file"));
            }
        }
        let (name, fields) = match (self.given(SECRET_NAME), self.given(FIELDS)) {
            (Some(name), Some(fields)) => (name.to_owned(), fields.to_owned()),
            (Some(_), None) => return self.lacks(FIELDS, SECRET_NAME),
            (None, Some(_)) => return self.lacks(SECRET_NAME, FIELDS),
            (None, None) => return,
        };
        let Some(secret) = self.secret(&name, credentials) else { return };
        for field in fields.split(',').map(str::trim).filter(|field| !field.is_empty()) {
            self.replace(field, &name, secret);
        }
    }

    fn lacks(&mut self, missing: &str, key: &str) {
        self.find(Rule::MissingOption, key, format!("missing '{missing}': '{key}' cannot do without"));
    }

    /// The section of the secret, in the version that is wanted.
    fn secret<'c>(&mut self, name: &str, credentials: &'c Credentials) -> Option<&'c Section> {
        let wanted = self.given(VERSION).unwrap_or(LATEST).trim().to_owned();
        if let (Some(file), None) = (credentials.file(), credentials.find(name)) {
            let names = credentials.names_of(CredentialKind::Secret);
            let text = format!("no secret '{name}' (version {wanted}) in {file}; it holds: {names}");
            self.refuse(SECRET_NAME, text);
            return None;
        }
        let section = self.section(SECRET_NAME, name, CredentialKind::Secret, credentials)?;
        let Some(Ok(version)) = section.field("version") else { return Some(section) };
        let version = version.reveal();
        if wanted.eq_ignore_ascii_case(LATEST) || wanted == version {
            return Some(section);
        }
        let file = credentials.file().unwrap_or_default();
        let text = format!("secret '{name}' has version {version} in {file}, not '{VERSION}' = '{wanted}'");
        self.refuse(VERSION, text);
        None
    }

    fn replace(&mut self, field: &str, name: &str, secret: &Section) {
        let Some(key) = self.given(field).map(|key| key.trim().to_owned()) else {
            return self
                .refuse(FIELDS, format!("'{FIELDS}' names '{field}', which is no option of the table"));
        };
        match secret.value(&key) {
            Some(Ok(value)) => {
                // One letter is no secret, and would hide half of every sentence.
                self.secrets.extend((value.reveal().len() > 1).then(|| value.reveal().to_owned()));
                self.set(field, value.reveal(), Origin::Secret(name.to_owned()));
            }
            Some(Err(why)) => self.refuse(field, why.as_str()),
            None => {
                let (key, keys) = (shown_key(&key), listed(secret.keys()));
                let text =
                    format!("secret '{name}' has no entry '{key}', which '{field}' asks for; it has: {keys}");
                self.refuse(field, text);
            }
        }
    }
}
