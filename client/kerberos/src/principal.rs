//! Names of clients and services.

use std::fmt;

use crate::der::{Malformed, Reader, Writer};
use crate::{Error, ErrorKind};

/// A principal: `alice@EXAMPLE.TEST`, `kafka/broker1.example.test@EXAMPLE.TEST`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Principal {
    /// What stands between the slashes.
    pub components: Vec<String>,
    /// What stands after the `@`.
    pub realm: String,
}

/// What a name is for (RFC 4120, 6.2): a hint that KDCs and services do not compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameType {
    Principal = 1,
    /// krbtgt.
    ServiceInstance = 2,
    /// A service on a host.
    ServiceHost = 3,
}

impl Principal {
    /// Reads `name/instance@REALM`; a backslash keeps the next character from its meaning. Without a realm it is the
    /// default one's.
    ///
    /// # Errors
    /// A name that is empty, or that has neither a realm of its own nor a default one.
    pub fn parse(text: &str, default_realm: Option<&str>) -> Result<Self, Error> {
        let (mut components, mut realm) = (vec![String::new()], None);
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            let character = match (character, &realm) {
                ('\\', _) => match characters.next().unwrap_or('\\') {
                    'n' => '\n',
                    't' => '\t',
                    'b' => '\u{8}',
                    other => other,
                },
                ('/', None) => {
                    components.push(String::new());
                    continue;
                }
                ('@', None) => {
                    realm = Some(String::new());
                    continue;
                }
                (other, _) => other,
            };
            realm.as_mut().or(components.last_mut()).into_iter().for_each(|it| it.push(character));
        }
        if components.iter().any(String::is_empty) {
            return Err(Error::new(
                ErrorKind::Config,
                format!("'{text}' is no principal: a part of it is empty"),
            ));
        }
        match realm.or(default_realm.map(str::to_owned)).filter(|realm| !realm.is_empty()) {
            Some(realm) => Ok(Self { components, realm }),
            None => {
                let why = "has no realm, and krb5.conf has no default_realm: write name@REALM";
                Err(Error::new(ErrorKind::Config, format!("the principal '{text}' {why}")))
            }
        }
    }

    /// A service on a host, whose name is taken as it stands, in lower case: no DNS is asked.
    pub fn service(service: &str, host: &str, realm: &str) -> Self {
        Self { components: vec![service.to_owned(), host.to_ascii_lowercase()], realm: realm.to_owned() }
    }

    /// The service that gives tickets for `realm`, at the KDC of `at`.
    pub(crate) fn ticket_granting(realm: &str, at: &str) -> Self {
        Self { components: vec![TICKET_GRANTING.to_owned(), realm.to_owned()], realm: at.to_owned() }
    }

    /// The realm whose tickets it gives, if it is a ticket-granting service.
    pub(crate) fn grants_for(&self) -> Option<&str> {
        match &self.components[..] {
            [service, realm] if service == TICKET_GRANTING => Some(realm),
            _ => None,
        }
    }

    /// What a password is salted with unless the KDC says otherwise.
    pub(crate) fn salt(&self) -> Vec<u8> {
        [&self.realm, &self.components.concat()].map(|it| it.as_bytes()).concat()
    }

    /// PrincipalName, which has no realm.
    pub(crate) fn write(&self, name_type: NameType, to: &mut Writer) {
        to.sequence(|to| {
            to.field(0, |to| to.integer(name_type as i64));
            to.field(1, |to| to.sequence(|to| self.components.iter().for_each(|it| to.text(it))));
        });
    }

    /// Reads a PrincipalName, which is of that realm.
    pub(crate) fn read(from: &mut Reader<'_>, realm: String) -> Result<Self, Malformed> {
        let mut fields = from.sequence()?;
        let mut names = fields.field(1)?.sequence()?;
        let mut components = Vec::new();
        while !names.is_empty() {
            if components.len() == COMPONENTS_MAX {
                return Err(Malformed("a principal has too many parts"));
            }
            components.push(names.text()?);
        }
        Ok(Self { components, realm })
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escaped = |text: &str| text.replace('\\', "\\\\").replace('/', "\\/").replace('@', "\\@");
        let name: Vec<_> = self.components.iter().map(|it| escaped(it)).collect();
        write!(f, "{}@{}", name.join("/"), self.realm)
    }
}

const TICKET_GRANTING: &str = "krbtgt";
/// Real ones have one to three.
pub(crate) const COMPONENTS_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_with_its_escapes_and_its_realm() {
        for (text, components, realm) in [
            ("alice", &["alice"][..], "D"),
            ("alice@R", &["alice"], "R"),
            ("kafka/broker-1.a.test@R", &["kafka", "broker-1.a.test"], "R"),
            (r"a\/b\@c/d@R", &["a/b@c", "d"], "R"),
            ("ålice@R/S", &["ålice"], "R/S"),
        ] {
            let principal = Principal::parse(text, Some("D")).unwrap();
            assert_eq!(
                (principal.components.iter().map(|it| &**it).collect::<Vec<&str>>(), &*principal.realm),
                (components.to_vec(), realm)
            );
            assert_eq!(Principal::parse(&principal.to_string(), None).unwrap(), principal);
        }
        for text in ["", "@R", "a//b@R", "/a@R"] {
            assert!(Principal::parse(text, Some("D")).unwrap_err().to_string().contains("empty"), "{text}");
        }
        let error = Principal::parse("alice", None).unwrap_err().to_string();
        assert!(error.contains("'alice'") && error.contains("default_realm"), "{error}");
    }

    #[test]
    fn a_salt_is_the_realm_and_then_the_name() {
        let salt = Principal::parse("kafka/localhost@EXAMPLE.TEST", None).unwrap().salt();
        assert_eq!(salt, b"EXAMPLE.TESTkafkalocalhost");
    }
}
