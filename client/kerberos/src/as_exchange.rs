//! The first ticket: a client proves to its realm's KDC that it has its password or its key.
//!
//! ```text
//! client                                     KDC
//! AS-REQ                                 ->
//!                                        <-  KRB-ERROR 25: preauthentication is required; type, salt, rounds
//! AS-REQ with the time, sealed           ->
//!                                        <-  AS-REP: the ticket, and its key, sealed with the client's
//! ```
//!
//! A KDC that requires no proof answers the first request with the ticket.

use zeroize::Zeroizing;

use crate::crypto::{EncryptionType, Key};
use crate::der::{Reader, SEQUENCE, Writer};
use crate::exchange::{Asked, skewed};
use crate::keytab::Keytab;
use crate::messages::kdc::{KdcReply, KdcService, ReplyPart, RequestBody};
use crate::messages::krb_error::KrbError;
use crate::messages::{EncryptedData, EncryptionInfo, PaData};
use crate::principal::Principal;
use crate::{Entropy, Error, ErrorKind, Exchange, KdcRequest, Ticket, UnixTime};

/// By what a client proves who it is. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub enum Credential {
    /// Its keys.
    Keytab(Keytab),
    /// Its password.
    Password(Password),
}

/// A password, overwritten when it is dropped.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

/// What a first ticket is asked for with.
#[derive(Clone, Debug)]
pub struct AsRequest {
    /// Whose ticket.
    pub client: Principal,
    /// Its proof.
    pub credential: Credential,
    /// What may be spoken, the best first.
    pub encryptions: Vec<EncryptionType>,
    /// How long the ticket should be valid; the KDC may make it shorter.
    pub lifetime_s: i64,
    /// By how much clocks may differ.
    pub clock_skew_s: u32,
}

/// The exchange that gives a client its first ticket.
#[derive(Debug)]
pub struct AsExchange {
    settings: AsRequest,
    nonce: u32,
    body: Zeroizing<Vec<u8>>,
    request: KdcRequest,
    state: AsState,
}

#[derive(Debug)]
enum AsState {
    /// It asked without a proof.
    Asked,
    /// It asked with the time, sealed with that key.
    Proved(Key),
}

impl AsExchange {
    /// Begins.
    ///
    /// # Errors
    /// A keytab that has no key of the client that could be used.
    pub fn new(settings: AsRequest, now: UnixTime, entropy: &mut dyn Entropy) -> Result<Self, Error> {
        let encryptions = match &settings.credential {
            Credential::Keytab(keytab) => keytab.usable(&settings.client, &settings.encryptions)?,
            Credential::Password(_) => settings.encryptions.clone(),
        };
        let (nonce, realm) = (entropy.number(), settings.client.realm.clone());
        let body = RequestBody {
            options: 0,
            client: Some(settings.client.clone()),
            service: Principal::ticket_granting(&realm, &realm),
            until: now.seconds.saturating_add(settings.lifetime_s),
            nonce,
            encryptions,
        };
        let body = body.write();
        let bytes = KdcService::Authentication.request(&[], &body);
        Ok(Self { settings, nonce, body, request: KdcRequest { realm, bytes }, state: AsState::Asked })
    }

    /// The KDC wants a proof: the time, sealed with the client's key.
    fn prove(&mut self, wanted: &[u8], now: UnixTime, entropy: &mut dyn Entropy) -> Result<(), Error> {
        let pa_data = PaData::read_all(&mut Reader::new(wanted))
            .map_err(|why| Error::malformed("what the KDC requires", why))?;
        let key = self.key(&infos(&pa_data)?)?;
        let stamp = Writer::message(SEQUENCE, |to| {
            to.field(0, |to| to.time(now.seconds));
            to.field(1, |to| to.integer(now.micros.into()));
        });
        let sealed = EncryptedData::of(&key, key.encrypt(USAGE_TIMESTAMP, &stamp, entropy));
        let value = Writer::message(SEQUENCE, |to| sealed.write_fields(to)).to_vec();
        let mut proof = vec![PaData { number: PaData::ENCRYPTED_TIMESTAMP, value }];
        proof.extend(pa_data.into_iter().filter(|it| it.number == PaData::COOKIE));
        self.request.bytes = KdcService::Authentication.request(&proof, &self.body);
        self.state = AsState::Proved(key);
        Ok(())
    }

    /// The client's key of the first type that the KDC names and that can be had.
    fn key(&self, infos: &[EncryptionInfo]) -> Result<Key, Error> {
        for info in infos {
            let known = EncryptionType::of_number(info.encryption);
            if let Some(encryption) = known.filter(|it| self.settings.encryptions.contains(it))
                && let Some(key) = self.key_of(encryption, Some(info))?
            {
                return Ok(key);
            }
        }
        let offered: Vec<_> = infos.iter().map(|it| it.encryption.to_string()).collect();
        Err(Error::new(
            ErrorKind::Unsupported,
            format!(
                "the KDC of realm {} has keys of {} of the encryption types {} alone, none of which can be used here",
                self.settings.client.realm,
                self.settings.client,
                if offered.is_empty() { "(none)".to_owned() } else { offered.join(", ") }
            ),
        ))
    }

    fn key_of(
        &self,
        encryption: EncryptionType,
        info: Option<&EncryptionInfo>,
    ) -> Result<Option<Key>, Error> {
        let client = &self.settings.client;
        match &self.settings.credential {
            Credential::Keytab(keytab) => Ok(keytab.key(client, encryption).map(|(key, _)| key.clone())),
            Credential::Password(password) => {
                let salt = info.and_then(|it| it.salt.as_ref().map(|it| it.as_bytes().to_vec()));
                let parameters = info.and_then(|it| it.parameters.as_deref());
                let salt = salt.unwrap_or_else(|| client.salt());
                Key::of_password(encryption, &password.0, &salt, parameters).map(Some)
            }
        }
    }

    fn ticket(&self, reply: KdcReply, now: UnixTime) -> Result<Ticket, Error> {
        let key = self.reply_key(&reply)?;
        let opened = key.decrypt(USAGE_AS_REPLY, &reply.part.sealed);
        let opened = opened.map_err(|_| self.wrong_key(reply.part.key_version))?;
        let part = ReplyPart::read(&opened).map_err(|why| Error::malformed("AS-REP", why))?;
        let realm = &self.settings.client.realm;
        if part.nonce != self.nonce {
            return Err(not_ours(realm));
        }
        if reply.client != self.settings.client {
            let (client, other) = (&self.settings.client, &reply.client);
            let sentence = format!(
                "{} gave a ticket of {other}, not of {client}: write the principal as the KDC does, its realm in capitals",
                self.who()
            );
            return Err(Error::new(ErrorKind::NotProven, sentence));
        }
        if part.service != Principal::ticket_granting(realm, realm) {
            return Err(not_ours(realm));
        }
        if part.authenticated.abs_diff(now.seconds) > self.settings.clock_skew_s.into() {
            let sentence = skewed(&self.who(), part.authenticated, now.seconds);
            return Err(Error::new(ErrorKind::ClockSkew, sentence));
        }
        Ok(Ticket::of_reply(reply.client, part, reply.ticket))
    }

    /// With what the reply is sealed: the key of the proof, unless the KDC took another one or wanted none.
    fn reply_key(&self, reply: &KdcReply) -> Result<Key, Error> {
        let number = reply.part.encryption;
        if let AsState::Proved(key) = &self.state
            && key.encryption().number() == number
        {
            return Ok(key.clone());
        }
        let mut infos = infos(&reply.pa_data)?;
        infos.retain(|it| it.encryption == number);
        if infos.is_empty() {
            let salt = reply.pa_data.iter().find(|it| it.number == PaData::PASSWORD_SALT);
            let salt = salt.and_then(|it| String::from_utf8(it.value.clone()).ok());
            infos.push(EncryptionInfo { encryption: number, salt, parameters: None });
        }
        self.key(&infos)
    }

    fn who(&self) -> String {
        format!("the KDC of realm {}", self.settings.client.realm)
    }

    /// The proof as an error names it.
    fn proof(&self) -> String {
        let client = &self.settings.client;
        match (&self.settings.credential, &self.state) {
            (Credential::Keytab(keytab), AsState::Proved(key)) => {
                let version = keytab.key(client, key.encryption()).map_or(0, |(_, version)| version);
                format!(
                    "the keytab's key of {client} (version {version}, {}): its password was changed, or its keys \
                     were made anew; export the keytab again",
                    key.encryption()
                )
            }
            _ => format!("the password of {client}"),
        }
    }

    fn wrong_key(&self, theirs: Option<u32>) -> Error {
        let theirs = theirs.map_or_else(String::new, |it| format!(", whose version is {it}"));
        let client = &self.settings.client;
        let sentence = match &self.settings.credential {
            Credential::Keytab(_) => format!(
                "the keytab's key of {client} (version {}) does not open the KDC's answer{theirs}: \
                 export the keytab again",
                self.keytab_version()
            ),
            Credential::Password(_) => format!("the password of {client} does not open the KDC's answer"),
        };
        Error::new(ErrorKind::WrongKey, sentence)
    }

    fn keytab_version(&self) -> u32 {
        let Credential::Keytab(keytab) = &self.settings.credential else { return 0 };
        let keys = self.settings.encryptions.iter().filter_map(|it| keytab.key(&self.settings.client, *it));
        keys.map(|(_, version)| version).max().unwrap_or(0)
    }
}

impl Exchange for AsExchange {
    fn request(&self) -> &KdcRequest {
        &self.request
    }

    fn handle_reply(
        &mut self,
        reply: &[u8],
        now: UnixTime,
        entropy: &mut dyn Entropy,
    ) -> Result<Option<Ticket>, Error> {
        if !KrbError::is_one(reply) {
            let reply = KdcService::Authentication.read_reply(reply);
            return self.ticket(reply.map_err(|why| Error::malformed("AS-REP", why))?, now).map(Some);
        }
        let error = KrbError::read(reply).map_err(|why| Error::malformed("KRB-ERROR of the KDC", why))?;
        if let (AsState::Asked, KrbError::PREAUTH_REQUIRED, Some(wanted)) =
            (&self.state, error.code, &error.data)
        {
            return self.prove(wanted, now, entropy).map(|()| None);
        }
        let (client, realm) = (&self.settings.client, &self.settings.client.realm);
        let service = Principal::ticket_granting(realm, realm);
        let asked = Asked { who: self.who(), client, service: &service, proof: self.proof(), now };
        Err(asked.refusal(&error))
    }
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<&str> for Password {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// What the KDC says of the client's keys.
fn infos(pa_data: &[PaData]) -> Result<Vec<EncryptionInfo>, Error> {
    let found = pa_data.iter().find(|it| it.number == PaData::ENCRYPTION_INFO2);
    let infos = found.map_or(Ok(Vec::new()), |it| EncryptionInfo::read_all(&it.value));
    infos.map_err(|why| Error::malformed("what the KDC says of the client's keys", why))
}

fn not_ours(realm: &str) -> Error {
    let sentence =
        format!("the KDC of realm {realm} answered another question than was asked: a replay, or a fault");
    Error::new(ErrorKind::NotProven, sentence)
}

const USAGE_TIMESTAMP: u32 = 1;
const USAGE_AS_REPLY: u32 = 3;
