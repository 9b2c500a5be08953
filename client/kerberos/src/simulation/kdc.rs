//! The realm's KDC: AS and TGS.

use super::{Realm, TicketPart, USAGE_TICKET, read_ticket};
use crate::crypto::{EncryptionType, Key};
use crate::der::{Malformed, Reader, SEQUENCE, Writer, application};
use crate::messages::kdc::{REPLY_PART_TAGS, RequestBody};
use crate::messages::krb_error::KrbError;
use crate::messages::{EncryptedData, EncryptionInfo, PaData, write_key};
use crate::principal::{NameType, Principal};
use crate::ticket::RENEWABLE;
use crate::{Entropy, UnixTime};

/// A KDC-REQ as the KDC reads it.
struct KdcQuestion {
    initial: bool,
    pa_data: Vec<PaData>,
    /// As it came: a checksum is over it.
    body: Vec<u8>,
    options: u32,
    client: Option<Principal>,
    service: Principal,
    until: i64,
    nonce: i64,
    encryptions: Vec<i32>,
}

/// Why a request is refused: the code, and data with it.
struct Refusal(i32, Option<Vec<u8>>);

impl Realm {
    /// The KDC's answer to a message.
    ///
    /// # Panics
    /// The message is none: the client under test is wrong.
    pub fn answer(&self, message: &[u8], now: UnixTime, entropy: &mut dyn Entropy) -> Vec<u8> {
        let request = KdcQuestion::read(message).expect("a KDC-REQ");
        let now_s = now.seconds + self.clock_ahead_s;
        let answer = match request.initial {
            true => self.authenticate(&request, now_s, entropy),
            false => self.grant(&request, now_s, entropy),
        };
        answer.unwrap_or_else(|Refusal(code, data)| {
            let error = KrbError { code, server_time: now_s, client_realm: None, text: None, data };
            error.write(&request.service)
        })
    }

    fn authenticate(
        &self,
        request: &KdcQuestion,
        now_s: i64,
        entropy: &mut dyn Entropy,
    ) -> Result<Vec<u8>, Refusal> {
        let client = request.client.clone().expect("an AS-REQ has a client");
        let account = self.account(&client).ok_or(Refusal(KrbError::CLIENT_UNKNOWN, None))?;
        let key = account.key(self.encryption(request)?);
        let stamp = request.pa_data.iter().find(|it| it.number == PaData::ENCRYPTED_TIMESTAMP);
        match stamp {
            Some(stamp) => check_stamp(&stamp.value, &key, now_s)?,
            None if self.preauthentication => {
                return Err(Refusal(KrbError::PREAUTH_REQUIRED, Some(self.requires(&client, &key))));
            }
            None => {}
        }
        let until = request.until.min(now_s + self.lifetime_s);
        let part = TicketPart {
            flags: if self.renewable_s > 0 { RENEWABLE } else { 0 },
            key: Key::random(key.encryption(), entropy),
            client,
            authenticated: now_s,
            starts: now_s,
            ends: until,
            renewable_until: (self.renewable_s > 0).then_some(now_s + self.renewable_s),
        };
        let info = info(&part.client, &key);
        Ok(self.reply(request, &request.service, &part, (&key, 3, account.version), (Some(info), entropy)))
    }

    fn requires(&self, client: &Principal, key: &Key) -> Vec<u8> {
        let wanted = [
            info(client, key),
            PaData { number: PaData::ENCRYPTED_TIMESTAMP, value: Vec::new() },
            PaData { number: PaData::COOKIE, value: b"crumbs".to_vec() },
        ];
        Writer::message(SEQUENCE, |to| wanted.iter().for_each(|it| it.write(to))).to_vec()
    }

    fn grant(
        &self,
        request: &KdcQuestion,
        now_s: i64,
        entropy: &mut dyn Entropy,
    ) -> Result<Vec<u8>, Refusal> {
        let shown = request.pa_data.iter().find(|it| it.number == PaData::TGS_REQUEST).expect("a ticket");
        let (ticket, sent_at) = self.check_ticket(&shown.value, &request.body).expect("an AP-REQ")?;
        if sent_at.abs_diff(now_s) > 300 {
            return Err(Refusal(KrbError::SKEW, None));
        }
        if ticket.ends <= now_s {
            return Err(Refusal(KrbError::TICKET_EXPIRED, None));
        }
        let service = self.served(&request.service).ok_or(Refusal(KrbError::SERVICE_UNKNOWN, None))?;
        let renewing = request.options & RequestBody::RENEW != 0;
        let ends = match ticket.renewable_until {
            Some(until) if renewing => until.min(now_s + self.lifetime_s),
            _ => ticket.ends.min(now_s + self.lifetime_s),
        };
        let part = TicketPart {
            key: Key::random(self.encryption(request)?, entropy),
            starts: now_s,
            ends,
            ..ticket.clone()
        };
        Ok(self.reply(request, &service, &part, (&ticket.key, 8, 0), (None, entropy)))
    }

    /// The service itself, or the one that gives tickets of the realm that has it.
    fn served(&self, wanted: &Principal) -> Option<Principal> {
        if self.account(wanted).is_some() {
            return Some(wanted.clone());
        }
        // Asked for another realm's tickets, or for a host of its domain: the next realm on the way.
        let place = wanted.components.get(1)?;
        let (_, realm) = self.referrals.iter().find(|(domain, _)| place.ends_with(domain.as_str()))?;
        Some(Principal::ticket_granting(realm, &self.name))
    }

    fn check_ticket(
        &self,
        bytes: &[u8],
        body: &[u8],
    ) -> Result<Result<(TicketPart, i64), Refusal>, Malformed> {
        let mut fields = Reader::new(bytes).expect(application(14))?.sequence()?;
        let (service, sealed) = read_ticket(&mut fields.field(3)?)?;
        let authenticator = EncryptedData::read(&mut fields.field(4)?)?;
        let modified = || Refusal(KrbError::MODIFIED, None);
        let (Some(account), Some(encryption)) =
            (self.account(&service), EncryptionType::of_number(sealed.encryption))
        else {
            return Ok(Err(Refusal(KrbError::NOT_US, None)));
        };
        let Ok(opened) = account.key(encryption).decrypt(USAGE_TICKET, &sealed.sealed) else {
            return Ok(Err(modified()));
        };
        let part = TicketPart::read(&opened)?;
        let Ok(opened) = part.key.decrypt(7, &authenticator.sealed) else { return Ok(Err(modified())) };
        let mut fields = Reader::new(&opened).expect(application(2))?.sequence()?;
        let realm = fields.field(1)?.text()?;
        let client = Principal::read(&mut fields.field(2)?, realm)?;
        let mut checksum = fields.field(3)?.sequence()?;
        let (_, sum) = (checksum.field(0)?, checksum.field(1)?.octets()?);
        let sent_at = fields.field(5)?.time()?;
        if part.key.verify(6, &[body], sum).is_err() || client != part.client {
            return Ok(Err(modified()));
        }
        Ok(Ok((part, sent_at)))
    }

    fn encryption(&self, request: &KdcQuestion) -> Result<EncryptionType, Refusal> {
        let wanted = request.encryptions.iter().filter_map(|it| EncryptionType::of_number(*it));
        let mut shared = wanted.filter(|it| self.encryptions.contains(it));
        shared.next().ok_or(Refusal(KrbError::ENCRYPTION_UNSUPPORTED, None))
    }

    fn reply(
        &self,
        request: &KdcQuestion,
        service: &Principal,
        ticket: &TicketPart,
        (key, usage, version): (&Key, u32, u32),
        (info, entropy): (Option<PaData>, &mut dyn Entropy),
    ) -> Vec<u8> {
        let account = self.account(service).expect("a service that is served has an account");
        let sealed = ticket.sealed(service, &account.key(self.encryptions[0]), account.version, entropy);
        let part = Writer::message(REPLY_PART_TAGS[usize::from(!request.initial)], |to| {
            to.sequence(|to| {
                to.field(0, |to| write_key(&ticket.key, to));
                to.field(1, |to| to.sequence(|_| {}));
                to.field(2, |to| to.integer(request.nonce));
                to.field(4, |to| to.flags(ticket.flags));
                to.field(5, |to| to.time(ticket.authenticated));
                to.field(6, |to| to.time(ticket.starts));
                to.field(7, |to| to.time(ticket.ends));
                if let Some(until) = ticket.renewable_until {
                    to.field(8, |to| to.time(until));
                }
                to.field(9, |to| to.text(&service.realm));
                to.field(10, |to| service.write(NameType::ServiceInstance, to));
            });
        });
        let mut data = EncryptedData::of(key, key.encrypt(usage, &part, entropy));
        data.key_version = (version > 0).then_some(version);
        let number = if request.initial { 11 } else { 13 };
        let message = Writer::message(application(number), |to| {
            to.sequence(|to| {
                to.field(0, |to| to.integer(5));
                to.field(1, |to| to.integer(number.into()));
                if let Some(info) = &info {
                    to.field(2, |to| to.sequence(|to| info.write(to)));
                }
                to.field(3, |to| to.text(&ticket.client.realm));
                to.field(4, |to| ticket.client.write(NameType::Principal, to));
                to.field(5, |to| to.raw(&sealed));
                to.field(6, |to| data.write(to));
            });
        });
        message.to_vec()
    }
}

/// How the client's key is made of its password.
fn info(client: &Principal, key: &Key) -> PaData {
    let (salt, parameters) = (String::from_utf8(client.salt()).ok(), Some(super::ROUNDS.to_vec()));
    let info = EncryptionInfo { encryption: key.encryption().number(), salt, parameters };
    let value = Writer::message(SEQUENCE, |to| info.write(to)).to_vec();
    PaData { number: PaData::ENCRYPTION_INFO2, value }
}

fn check_stamp(stamp: &[u8], key: &Key, now_s: i64) -> Result<(), Refusal> {
    let sealed = EncryptedData::read(&mut Reader::new(stamp)).expect("an encrypted timestamp");
    let opened = key.decrypt(1, &sealed.sealed).map_err(|_| Refusal(KrbError::PREAUTH_FAILED, None))?;
    let mut fields = Reader::new(&opened).sequence().expect("a timestamp");
    let sent_at = fields.field(0).and_then(|mut it| it.time()).expect("a timestamp");
    if sent_at.abs_diff(now_s) > 300 { Err(Refusal(KrbError::SKEW, None)) } else { Ok(()) }
}

impl KdcQuestion {
    fn read(message: &[u8]) -> Result<Self, Malformed> {
        let mut message = Reader::new(message);
        let initial = message.tag() == Some(application(10));
        let mut fields = message.expect(application(if initial { 10 } else { 12 }))?.sequence()?;
        let pa_data = fields.optional(3)?.map_or(Ok(Vec::new()), |mut it| PaData::read_all(&mut it))?;
        let mut body = fields.field(4)?;
        let raw = body.rest().to_vec();
        let mut body = body.sequence()?;
        let options = body.field(0)?.flags()?;
        let mut client = body.optional(1)?;
        let realm = body.field(2)?.text()?;
        let client = client.as_mut().map(|it| Principal::read(it, realm.clone())).transpose()?;
        let service = Principal::read(&mut body.field(3)?, realm)?;
        let (until, nonce) = (body.field(5)?.time()?, body.field(7)?.integer()?);
        let (mut items, mut encryptions) = (body.field(8)?.sequence()?, Vec::new());
        while !items.is_empty() {
            encryptions.push(items.integer32()?);
        }
        Ok(Self { initial, pa_data, body: raw, options, client, service, until, nonce, encryptions })
    }
}
