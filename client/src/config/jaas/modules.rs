//! From a login module and its options to what the client logs in with.

use super::{EntryOption, LoginEntry, NotJaas, kerberos};
use crate::Secret;
use crate::config::java_class::ends_alike;
use crate::config::{AwsRoleKeys, LoginModule, SaslMechanism};

/// A login module, typed, and what else its text said.
pub(in crate::config) struct TypedEntry {
    pub(in crate::config) module: LoginModule,
    /// `serviceName`, which belongs to `sasl.kerberos.service.name`.
    pub(in crate::config) service_name: Option<String>,
    /// Options that change nothing here, a sentence each.
    pub(in crate::config) told: Vec<String>,
}

/// The modules that mean something, and the mechanisms that they are for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KnownModule {
    Plain,
    Scram,
    OAuthBearer,
    Kerberos,
    AwsMskIam,
}

const CLASSES: [(KnownModule, &str); 5] = [
    (KnownModule::Plain, "org.apache.kafka.common.security.plain.PlainLoginModule"),
    (KnownModule::Scram, "org.apache.kafka.common.security.scram.ScramLoginModule"),
    (KnownModule::OAuthBearer, "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule"),
    (KnownModule::Kerberos, "com.sun.security.auth.module.Krb5LoginModule"),
    (KnownModule::AwsMskIam, "software.amazon.msk.auth.iam.IAMLoginModule"),
];

/// Modules that people have, and what to do.
const REFUSED: [(&str, &str); 6] = [
    (
        "com.ibm.",
        "it belongs to IBM's JVM, whose options are others; com.sun.security.auth.module.Krb5LoginModule is known here",
    ),
    (
        "com.sun.security.auth.module.JndiLoginModule",
        "Kafka's own clients refuse it, since it loads code from afar",
    ),
    (
        "com.sun.security.auth.module.LdapLoginModule",
        "Kafka's own clients refuse it, since it asks a server of its text's choice",
    ),
    ("org.apache.zookeeper.", "it logs in to ZooKeeper, not to Kafka"),
    (
        "org.apache.kafka.common.security.kerberos.",
        "Kerberos logs in by com.sun.security.auth.module.Krb5LoginModule",
    ),
    ("org.apache.hadoop.", "Kerberos logs in by com.sun.security.auth.module.Krb5LoginModule"),
];

impl LoginEntry {
    fn known(&self) -> Option<KnownModule> {
        let refused = REFUSED.iter().any(|(class, _)| self.class.starts_with(class));
        let mut known = CLASSES.iter().filter(|(_, class)| !refused && ends_alike(&self.class, class));
        known.next().map(|(known, _)| *known)
    }

    /// Whether the mechanism logs in with this module.
    pub(super) fn is_for(&self, mechanism: SaslMechanism) -> bool {
        self.known().is_some_and(|known| match mechanism {
            SaslMechanism::Plain => known == KnownModule::Plain,
            SaslMechanism::ScramSha256 | SaslMechanism::ScramSha512 => known == KnownModule::Scram,
            SaslMechanism::OAuthBearer => known == KnownModule::OAuthBearer,
            SaslMechanism::Gssapi => known == KnownModule::Kerberos,
            SaslMechanism::AwsMskIam => known == KnownModule::AwsMskIam,
        })
    }

    /// The module with its options in their types.
    pub(in crate::config) fn typed(mut self) -> Result<TypedEntry, NotJaas> {
        let known = self.known().ok_or_else(|| self.unknown_class())?;
        let mut service_name = None;
        let module = match known {
            KnownModule::Plain => LoginModule::Plain {
                username: self.required("username")?.reveal().to_owned(),
                password: self.required("password")?,
            },
            KnownModule::Scram => LoginModule::Scram {
                username: self.required("username")?.reveal().to_owned(),
                password: self.required("password")?,
                token_auth: self.flag("tokenauth"),
            },
            KnownModule::OAuthBearer => {
                let options = self.options.drain(..).map(|option| (option.name, option.value)).collect();
                LoginModule::OAuthBearer { options }
            }
            KnownModule::Kerberos => {
                service_name = self.text("serviceName");
                LoginModule::Kerberos(kerberos::login(&mut self)?)
            }
            KnownModule::AwsMskIam => LoginModule::AwsMskIam {
                profile: self.text("awsProfileName"),
                role_arn: self.text("awsRoleArn"),
                role_session_name: self.text("awsRoleSessionName"),
                sts_region: self.text("awsStsRegion"),
                role_external_id: self.text("awsRoleExternalId"),
                role_keys: AwsRoleKeys::new(
                    self.take("awsRoleAccessKeyId"),
                    self.take("awsRoleSecretAccessKey"),
                    self.take("awsRoleSessionToken"),
                ),
            },
        };
        let told = self.told();
        Ok(TypedEntry { module, service_name, told })
    }

    /// Takes an option out, so that what is left at the end is unknown.
    pub(super) fn take(&mut self, name: &str) -> Option<Secret> {
        let at = self.options.iter().position(|option| option.name == name)?;
        Some(self.options.remove(at).value)
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.take(name).map(|value| value.reveal().to_owned()).filter(|it| !it.is_empty())
    }

    /// As Java reads flags: what is not true is false.
    pub(super) fn flag(&mut self, name: &str) -> bool {
        self.take(name).is_some_and(|value| value.reveal().eq_ignore_ascii_case("true"))
    }

    fn required(&mut self, name: &'static str) -> Result<Secret, NotJaas> {
        let class = self.short_class();
        let value = self.take(name).filter(|it| !it.is_empty());
        value.ok_or_else(|| NotJaas::whole(format!("its {class} has no {name}=\"…\"")))
    }

    /// The last part of a class that is known.
    pub(super) fn short_class(&self) -> &'static str {
        let known = self.known();
        let class = CLASSES.iter().find(|(it, _)| Some(*it) == known).map_or("", |(_, class)| class);
        class.rsplit('.').next().unwrap_or_default()
    }

    fn unknown_class(&self) -> NotJaas {
        let refused = REFUSED.iter().find(|(class, _)| self.class.starts_with(class));
        let class = self.class_shown();
        if let Some((_, why)) = refused {
            return NotJaas::whole(format!("login module {class} is refused: {why}"));
        }
        let simple = self.class.rsplit('.').next();
        let meant = CLASSES.iter().find(|(_, known)| known.rsplit('.').next() == simple);
        match meant {
            Some((_, known)) => {
                NotJaas::whole(format!("login module {class} is unknown; {known} is meant, perhaps"))
            }
            None => {
                let known: Vec<_> = CLASSES.iter().map(|(_, known)| *known).collect();
                NotJaas::whole(format!(
                    "login module {class} is a Java class that cannot be loaded here; known are {}",
                    known.join(", ")
                ))
            }
        }
    }

    /// A class by its name, unless it looks like none.
    fn class_shown(&self) -> &str {
        let is_class = |it: &str| {
            it.len() < 200 && it.chars().all(|c| c.is_alphanumeric() || ['.', '_', '$'].contains(&c))
        };
        if is_class(&self.class) { &self.class } else { "…" }
    }

    fn told(&self) -> Vec<String> {
        let class = self.short_class();
        let sentence = |option: &EntryOption| match self.names_are_safe() {
            true => format!("option {} of {class} changes nothing here", option.name),
            false => {
                format!("an option of {class} is unknown and changes nothing; passwords belong in quotes")
            }
        };
        self.options.iter().map(sentence).collect()
    }

    /// A password with a blank in it and no quotes around it goes on as the name of an option.
    fn names_are_safe(&self) -> bool {
        let is_word = |it: &str| {
            it.len() < 100 && it.chars().all(|c| c.is_ascii_alphanumeric() || ['.', '_', '-'].contains(&c))
        };
        !self.is_bare && self.options.iter().all(|option| is_word(&option.name))
    }
}
