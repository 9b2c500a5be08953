//! What a login by Kerberos goes by: its settings with krb5.conf read, and names that are whole.

use upsert_kafka_kerberos::{AsRequest, Credential, Krb5Conf, Password, Principal, UnixTime};

use super::files;
use super::ticket_source::TicketSource;
use crate::config::{KerberosConfig, KerberosLogin};
use crate::environment::Environment;
use crate::{Config, Error, ErrorKind};

/// A login's settings, and the krb5.conf of this login alone: two of a process may have two.
#[derive(Debug)]
pub(super) struct Kerberos {
    pub(super) conf: Krb5Conf,
    pub(super) config: KerberosConfig,
    pub(super) login: KerberosLogin,
    /// How long a refusal of the KDC stands: `reconnect.backoff.max.ms`.
    pub(super) refusal_stands: std::time::Duration,
    /// `principal`, or the first of the keytab. `None`: the cache's.
    client: Option<Principal>,
}

impl Kerberos {
    /// Reads krb5.conf, and the keytab if there is one.
    pub(super) fn open(config: &Config, login: &KerberosLogin) -> Result<Self, Error> {
        let kerberos = config.sasl.kerberos.clone();
        let conf = files::krb5_conf(kerberos.krb5_conf.as_deref())?;
        let named =
            login.principal.as_deref().map(|name| Principal::parse(name, conf.default_realm.as_deref()));
        let named = named.transpose().map_err(|error| Error::new(ErrorKind::Config, error.to_string()))?;
        let keytab = login.keytab.as_deref().map(files::keytab).transpose()?;
        let of_keytab = keytab.as_ref().and_then(|it| it.principals().first().map(|it| (*it).clone()));
        let client = named.or(of_keytab);
        let sources = login.sources();
        if sources.is_empty() {
            let sentence = "property sasl.jaas.config has a Krb5LoginModule with neither useKeyTab=true and keyTab, nor \
                            useTicketCache=true, nor a password: there is nothing to log in with";
            return Err(Error::new(ErrorKind::Config, sentence));
        }
        if client.is_none() && !sources.iter().any(|it| matches!(it, TicketSource::Cache(_))) {
            let sentence =
                "property sasl.jaas.config has a Krb5LoginModule without principal: whose ticket is it?";
            return Err(Error::new(ErrorKind::Config, sentence));
        }
        if let Some(client) = &client
            && !matches!(sources[0], TicketSource::Cache(_))
        {
            conf.kdcs(&client.realm).map_err(|error| Error::new(ErrorKind::Config, error.to_string()))?;
        }
        let refusal_stands = config.reconnect_backoff_max;
        Ok(Self { conf, config: kerberos, login: login.clone(), refusal_stands, client })
    }

    /// A broker's service by its host, or by the name that stands for all hosts.
    pub(super) fn service(&self, host: &str) -> Principal {
        let host = self.config.domain_name.as_deref().unwrap_or(host);
        let service = self.config.service_name.as_deref().unwrap_or("kafka");
        // `hadoop.<domain>` stands for no host of its own, so that its realm is the client's.
        let realm = self.conf.realm_of(host).unwrap_or_default();
        Principal::service(service, host, realm)
    }

    /// What a first ticket is asked for with.
    pub(super) fn request(&self, source: TicketSource<'_>) -> Result<AsRequest, Error> {
        let credential = match source {
            TicketSource::Keytab(path) => Credential::Keytab(files::keytab(path)?),
            TicketSource::Password(password) => Credential::Password(Password::from(password.reveal())),
            TicketSource::Cache(_) => return Err(Error::new(ErrorKind::Config, "a ticket cache has no key")),
        };
        let client = self.client.clone();
        let client =
            client.ok_or_else(|| Error::new(ErrorKind::Config, "the Krb5LoginModule has no principal"))?;
        Ok(AsRequest {
            client,
            credential,
            encryptions: self.conf.as_encryptions.clone(),
            lifetime_s: self.conf.ticket_lifetime_s,
            clock_skew_s: self.conf.clock_skew_s,
        })
    }

    /// Whether a cache is that client's.
    pub(super) fn is_of(&self, owner: &Principal) -> Result<(), Error> {
        match &self.client {
            Some(client) if client != owner => {
                let sentence =
                    format!("the ticket cache is of {owner}, not of {client}: kinit as the latter");
                Err(Error::new(ErrorKind::Config, sentence))
            }
            _ => Ok(()),
        }
    }

    /// The login as errors and logs name it.
    pub(super) fn named(&self) -> String {
        self.client.as_ref().map_or_else(|| "the ticket cache".to_owned(), ToString::to_string)
    }
}

/// The wall clock.
pub(super) fn now(environment: &Environment) -> UnixTime {
    UnixTime::from_micros(environment.clock().unix_ms().saturating_mul(1000))
}

/// An error of the Kerberos crate as one of ours.
pub(super) fn refused(error: upsert_kafka_kerberos::Error) -> Error {
    use upsert_kafka_kerberos::ErrorKind as Why;
    let kind = match error.kind() {
        Why::Unreachable => ErrorKind::Unreachable,
        _ => ErrorKind::Authentication,
    };
    Error::new(kind, error.to_string()).with_cause(error)
}
