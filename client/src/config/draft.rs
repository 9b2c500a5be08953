//! Settings on their way to a [`Config`]: some keys make a field only together.

use super::jaas::{self, LoginEntry, NotJaas, TypedEntry};
use super::refusal::refused;
use super::{
    Config, EndpointIdentification, LoginModule, Notice, SaslMechanism, Store, StoreSource, StoreType,
};
use crate::{Error, Secret};

/// What was given so far.
pub(super) struct Draft {
    pub(super) config: Config,
    pub(super) truststore: StoreDraft,
    pub(super) keystore: StoreDraft,
    /// `ssl.keystore.key`, whose chain is the key store's `inline`.
    pub(super) key: Option<Secret>,
    pub(super) jaas: Option<Secret>,
    /// What is worth telling of single values.
    pub(super) told: Vec<Notice>,
}

/// `ssl.truststore.*` or `ssl.keystore.*`.
#[derive(Default)]
pub(super) struct StoreDraft {
    pub(super) location: Option<String>,
    pub(super) store_type: Option<StoreType>,
    pub(super) password: Option<Secret>,
    /// `ssl.truststore.certificates`, `ssl.keystore.certificate.chain`
    pub(super) inline: Option<Secret>,
}

impl Draft {
    pub(super) fn new(config: Config) -> Self {
        let (truststore, keystore) = Default::default();
        Self { config, truststore, keystore, key: None, jaas: None, told: Vec::new() }
    }

    /// Puts together what belongs together. What the protocol has no use for is refused for nothing.
    pub(super) fn finish(&mut self, notices: &mut Vec<Notice>) -> Result<(), Error> {
        let protocol = self.config.security_protocol;
        notices.append(&mut self.told);
        let stores = self.stores(notices);
        let login = self.login(notices);
        if protocol.has_tls() {
            stores?;
            self.tell_of_tls(notices);
        }
        if protocol.has_sasl() {
            login?;
            self.tell_of_kerberos(notices);
        }
        Ok(())
    }

    fn stores(&mut self, notices: &mut Vec<Notice>) -> Result<(), Error> {
        let (truststore, keystore) =
            (std::mem::take(&mut self.truststore), std::mem::take(&mut self.keystore));
        self.config.tls.truststore = truststore.store(&TRUSTSTORE, notices)?;
        let pair = match (&keystore.inline, self.key.take()) {
            (Some(chain), Some(key)) => Some(format!("{}\n{}", chain.reveal(), key.reveal()).into()),
            (None, None) => None,
            (Some(_), None) => {
                return Err(refused("ssl.keystore.certificate.chain", "it needs its key, ssl.keystore.key"));
            }
            (None, Some(_)) => {
                return Err(refused(
                    "ssl.keystore.key",
                    "it needs its chain, ssl.keystore.certificate.chain",
                ));
            }
        };
        self.config.tls.keystore = StoreDraft { inline: pair, ..keystore }.store(&KEYSTORE, notices)?;
        Ok(())
    }

    fn tell_of_tls(&self, notices: &mut Vec<Notice>) {
        let tls = &self.config.tls;
        if tls.endpoint_identification == EndpointIdentification::None {
            let sentence = "ssl.endpoint.identification.algorithm is empty: whoever has any certificate that is trusted \
                            passes for every broker";
            notices.push(Notice::insecure("ssl.endpoint.identification.algorithm", sentence));
        }
        if tls.key_password.is_some() && tls.keystore.is_none() {
            let sentence = "property ssl.key.password is ignored: there is no key store, so there is no key";
            notices.push(Notice::unused("ssl.key.password", sentence.to_owned()));
        }
    }

    /// Java wants the name, librdkafka takes this one, and nearly every cluster has it.
    fn tell_of_kerberos(&mut self, notices: &mut Vec<Notice>) {
        let sasl = &mut self.config.sasl;
        if let (Some(LoginModule::Kerberos(_)), None) = (&sasl.login, &sasl.kerberos.service_name) {
            sasl.kerberos.service_name = Some("kafka".to_owned());
            let sentence = "sasl.kerberos.service.name becomes kafka, as none was given; Java asks for one";
            notices.push(Notice::adjusted("sasl.kerberos.service.name", sentence.to_owned()));
        }
    }

    fn login(&mut self, notices: &mut Vec<Notice>) -> Result<(), Error> {
        let file = self.config.sasl.login_file.as_ref().map(|path| path.display().to_string());
        let (key, entry) = match (self.jaas.take(), file) {
            (Some(text), file) => {
                if file.is_some() {
                    self.config.sasl.login_file = None;
                    let sentence = format!("property {FILE} is ignored: {TEXT} stands before it");
                    notices.push(Notice::unused(FILE, sentence));
                }
                (TEXT, jaas::entry(text.reveal()).and_then(LoginEntry::typed))
            }
            (None, Some(path)) => (FILE, self.entry_of_file(&path, notices)),
            (None, None) => {
                self.without_text();
                return Ok(());
            }
        };
        let entry = entry.map_err(|why| refused(key, &why.to_string()))?;
        notices.extend(
            entry.told.into_iter().map(|told| Notice::unused(key, format!("property {key}: {told}"))),
        );
        self.config.sasl.login = Some(entry.module);
        self.take_service_name(key, entry.service_name)
    }

    fn entry_of_file(&self, path: &str, notices: &mut Vec<Notice>) -> Result<TypedEntry, NotJaas> {
        let entries = jaas::read(path)?;
        let others = entries.len() - 1;
        if others > 0 {
            let sentence = format!(
                "property {FILE}: of the {} modules in KafkaClient the one for {} is used",
                others + 1,
                self.config.sasl.mechanism
            );
            notices.push(Notice::adjusted(FILE, sentence));
        }
        jaas::entry_for(self.config.sasl.mechanism, entries).and_then(LoginEntry::typed)
    }

    /// Amazon's module needs no options, and so no text.
    fn without_text(&mut self) {
        if self.config.sasl.mechanism == SaslMechanism::AwsMskIam {
            let (profile, role_arn, role_session_name, sts_region) = Default::default();
            let login = LoginModule::AwsMskIam {
                profile,
                role_arn,
                role_session_name,
                sts_region,
                role_external_id: None,
                role_keys: None,
            };
            self.config.sasl.login = Some(login);
        }
    }

    /// As in Java it stands in either place, and in both if they say the same.
    fn take_service_name(&mut self, key: &str, in_jaas: Option<String>) -> Result<(), Error> {
        let given = &mut self.config.sasl.kerberos.service_name;
        match (in_jaas, &given) {
            (Some(jaas), Some(given)) if jaas != *given => Err(refused(
                "sasl.kerberos.service.name",
                &format!("it is {given}, and serviceName in {key} is {jaas}; keep one"),
            )),
            (Some(jaas), _) => {
                *given = Some(jaas);
                Ok(())
            }
            (None, _) => Ok(()),
        }
    }
}

/// The keys of a store.
struct StoreKeys {
    location: &'static str,
    store_type: &'static str,
    password: &'static str,
    inline: &'static str,
}

const TRUSTSTORE: StoreKeys = StoreKeys {
    location: "ssl.truststore.location",
    store_type: "ssl.truststore.type",
    password: "ssl.truststore.password",
    inline: "ssl.truststore.certificates",
};
const KEYSTORE: StoreKeys = StoreKeys {
    location: "ssl.keystore.location",
    store_type: "ssl.keystore.type",
    password: "ssl.keystore.password",
    inline: "ssl.keystore.certificate.chain",
};

impl StoreDraft {
    /// The store, where Java would have one; its first bytes say what it is, later.
    fn store(self, keys: &StoreKeys, notices: &mut Vec<Notice>) -> Result<Option<Store>, Error> {
        let Self { location, store_type, password, inline } = self;
        match (location, inline, password) {
            (Some(_), Some(_), _) => {
                Err(refused(keys.inline, &format!("{} is given too; keep one of them", keys.location)))
            }
            (_, Some(_), Some(_)) => {
                let why = format!("{} is PEM, which has no password of its own", keys.inline);
                Err(refused(keys.password, &why))
            }
            (None, Some(text), None) => {
                if let Some(other) = store_type.filter(|it| *it != StoreType::Pem) {
                    let sentence =
                        format!("{} becomes PEM, since {} is; it was {other}", keys.store_type, keys.inline);
                    notices.push(Notice::adjusted(keys.store_type, sentence));
                }
                Ok(Some(Store::pem(text)))
            }
            (Some(_), None, Some(_)) if store_type == Some(StoreType::Pem) => {
                let why = format!("{} is PEM, which has no password of its own", keys.store_type);
                Err(refused(keys.password, &why))
            }
            (Some(path), None, password) => {
                Ok(Some(Store { source: StoreSource::File(path.into()), store_type, password }))
            }
            (None, None, Some(_)) => Err(refused(keys.password, &format!("there is no {}", keys.location))),
            (None, None, None) => Ok(None),
        }
    }
}

const TEXT: &str = "sasl.jaas.config";
const FILE: &str = "java.security.auth.login.config";

#[cfg(all(
    test,
    feature = "tls",
    feature = "scram",
    feature = "oauth",
    feature = "gssapi",
    feature = "msk-iam"
))]
mod tests;
