//! A realm without sockets, for tests: a KDC that answers requests, and services that accept tickets.

use crate::crypto::{EncryptionType, Key};
use crate::der::{Malformed, Reader, Writer, application};
use crate::messages::{EncryptedData, read_key, write_key};
use crate::principal::{NameType, Principal};

mod acceptor;
mod kdc;

pub use acceptor::{Acceptor, SaslServer};

/// A realm's accounts and what its KDC does. Fields are a test's to change.
#[derive(Clone, Debug)]
pub struct Realm {
    /// Its name.
    pub name: String,
    /// How far its clock is ahead of the time that [`Realm::answer`] is told.
    pub clock_ahead_s: i64,
    /// How long tickets are valid, at most.
    pub lifetime_s: i64,
    /// For how long they can be renewed; 0 for not at all.
    pub renewable_s: i64,
    /// Whether a client must prove who it is before it gets anything.
    pub preauthentication: bool,
    /// The types it speaks.
    pub encryptions: Vec<EncryptionType>,
    /// Hosts' domains, and the realms that clients are sent to for them.
    pub referrals: Vec<(String, String)>,
    accounts: Vec<Account>,
}

#[derive(Clone, Debug)]
struct Account {
    principal: Principal,
    /// Of all types.
    keys: Vec<Key>,
    version: u32,
}

impl Realm {
    /// A realm that lives ten hours at a time and does all that it can.
    pub fn new(name: &str) -> Self {
        let realm = Self {
            name: name.to_owned(),
            clock_ahead_s: 0,
            lifetime_s: 36_000,
            renewable_s: 0,
            preauthentication: true,
            encryptions: EncryptionType::ALL.to_vec(),
            referrals: Vec::new(),
            accounts: Vec::new(),
        };
        realm.with(&format!("krbtgt/{name}"), "of the realm itself")
    }

    /// With an account; one that is there already gets a new password, and its key the next version.
    #[must_use]
    pub fn with(mut self, principal: &str, password: &str) -> Self {
        self.set(principal, password);
        self
    }

    /// Adds an account, or changes its password.
    pub fn set(&mut self, principal: &str, password: &str) {
        let principal = Principal::parse(principal, Some(&self.name)).expect("a test's principal");
        let keys = keys(&principal, password);
        match self.accounts.iter_mut().find(|it| it.principal == principal) {
            Some(account) => {
                account.keys = keys;
                account.version += 1;
            }
            None => self.accounts.push(Account { principal, keys, version: 1 }),
        }
    }

    /// Both realms trust each other.
    pub fn befriend(&mut self, other: &mut Self) {
        for (from, to) in
            [(&self.name, &other.name), (&other.name, &self.name)].map(|(a, b)| (a.clone(), b.clone()))
        {
            let name = format!("krbtgt/{to}@{from}");
            self.set(&name, "a secret between realms");
            other.set(&name, "a secret between realms");
        }
    }

    /// A keytab with that account's keys.
    pub fn keytab(&self, principal: &str) -> Vec<u8> {
        let principal = Principal::parse(principal, Some(&self.name)).expect("a test's principal");
        let account = self.account(&principal).expect("a test's account");
        let mut file = vec![5, 2];
        for encryption in &self.encryptions {
            let key = account.key(*encryption);
            let mut entry = Vec::new();
            let mut data = |bytes: &[u8]| {
                entry.extend_from_slice(&(bytes.len() as u16).to_be_bytes());
                entry.extend_from_slice(bytes);
            };
            data(principal.realm.as_bytes());
            principal.components.iter().for_each(|it| data(it.as_bytes()));
            entry.splice(0..0, (principal.components.len() as u16).to_be_bytes());
            entry.extend_from_slice(&[0, 0, 0, 1, 0, 0, 0, 0, account.version as u8]);
            entry.extend_from_slice(&(encryption.number() as u16).to_be_bytes());
            entry.extend_from_slice(&(key.bytes().len() as u16).to_be_bytes());
            entry.extend_from_slice(key.bytes());
            file.extend_from_slice(&(entry.len() as u32).to_be_bytes());
            file.extend_from_slice(&entry);
        }
        file
    }

    /// A ticket cache (FILE:, version 4) with that ticket alone, as kinit leaves it.
    pub fn ticket_cache(&self, ticket: &crate::Ticket) -> Vec<u8> {
        let mut file = vec![5, 4, 0, 0];
        let data = |file: &mut Vec<u8>, bytes: &[u8]| {
            file.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
            file.extend_from_slice(bytes);
        };
        for principal in [&ticket.client, &ticket.client, &ticket.service] {
            file.extend_from_slice(&1u32.to_be_bytes());
            file.extend_from_slice(&(principal.components.len() as u32).to_be_bytes());
            data(&mut file, principal.realm.as_bytes());
            principal.components.iter().for_each(|it| data(&mut file, it.as_bytes()));
        }
        file.extend_from_slice(&(ticket.key.encryption().number() as u16).to_be_bytes());
        data(&mut file, ticket.key.bytes());
        let renewable = ticket.renewable_until.unwrap_or(0);
        for time in [ticket.authenticated, ticket.starts, ticket.ends, renewable] {
            file.extend_from_slice(&(time as u32).to_be_bytes());
        }
        file.push(0);
        file.extend_from_slice(&ticket.flags.to_be_bytes());
        file.extend_from_slice(&[0; 8]);
        data(&mut file, &ticket.bytes);
        data(&mut file, &[]);
        file
    }

    fn account(&self, principal: &Principal) -> Option<&Account> {
        self.accounts.iter().find(|it| it.principal == *principal)
    }
}

impl Account {
    fn key(&self, encryption: EncryptionType) -> Key {
        let found = self.keys.iter().find(|it| it.encryption() == encryption);
        found.expect("an account has keys of all types").clone()
    }
}

fn keys(principal: &Principal, password: &str) -> Vec<Key> {
    let key = |encryption: EncryptionType| match &principal.components[..] {
        [_client] => {
            Key::of_password(encryption, password, &principal.salt(), Some(&ROUNDS)).expect("rounds")
        }
        // Nobody logs in as a service by its password, so that a quick key will do: its text, again and again.
        _ => {
            let text = [principal.to_string().as_bytes(), password.as_bytes()].concat();
            let bytes: Vec<u8> = text.iter().copied().cycle().take(encryption.key_bytes()).collect();
            let rest: u8 = text.iter().fold(7, |sum, it| sum.rotate_left(3) ^ it);
            Key::new(encryption, &bytes.iter().map(|it| it ^ rest).collect::<Vec<_>>()).expect("its length")
        }
    };
    EncryptionType::ALL.map(key).to_vec()
}

/// EncTicketPart: what the KDC tells the service.
#[derive(Clone, Debug)]
struct TicketPart {
    flags: u32,
    key: Key,
    client: Principal,
    authenticated: i64,
    starts: i64,
    ends: i64,
    renewable_until: Option<i64>,
}

impl TicketPart {
    fn sealed(
        &self,
        service: &Principal,
        key: &Key,
        version: u32,
        confounder: &mut dyn crate::Entropy,
    ) -> Vec<u8> {
        let part = Writer::message(PART_TAG, |to| {
            to.sequence(|to| {
                to.field(0, |to| to.flags(self.flags));
                to.field(1, |to| write_key(&self.key, to));
                to.field(2, |to| to.text(&self.client.realm));
                to.field(3, |to| self.client.write(NameType::Principal, to));
                to.field(4, |to| {
                    to.sequence(|to| {
                        to.field(0, |to| to.integer(0));
                        to.field(1, |to| to.octets(&[]));
                    });
                });
                to.field(5, |to| to.time(self.authenticated));
                to.field(6, |to| to.time(self.starts));
                to.field(7, |to| to.time(self.ends));
                if let Some(until) = self.renewable_until {
                    to.field(8, |to| to.time(until));
                }
            });
        });
        let mut data = EncryptedData::of(key, key.encrypt(USAGE_TICKET, &part, confounder));
        data.key_version = Some(version);
        let ticket = Writer::message(crate::messages::kdc::TICKET_TAG, |to| {
            to.sequence(|to| {
                to.field(0, |to| to.integer(5));
                to.field(1, |to| to.text(&service.realm));
                to.field(2, |to| service.write(NameType::ServiceInstance, to));
                to.field(3, |to| data.write(to));
            });
        });
        ticket.to_vec()
    }

    fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut fields = Reader::new(bytes).expect(PART_TAG)?.sequence()?;
        let flags = fields.field(0)?.flags()?;
        let key = read_key(&mut fields.field(1)?)?;
        let realm = fields.field(2)?.text()?;
        Ok(Self {
            flags,
            key,
            client: Principal::read(&mut fields.field(3)?, realm)?,
            authenticated: fields.field(5)?.time()?,
            starts: fields.field(6)?.time()?,
            ends: fields.field(7)?.time()?,
            renewable_until: fields.optional(8)?.map(|mut it| it.time()).transpose()?,
        })
    }
}

/// A ticket's service, and what is sealed in it.
fn read_ticket(from: &mut Reader<'_>) -> Result<(Principal, EncryptedData), Malformed> {
    let mut fields = from.expect(crate::messages::kdc::TICKET_TAG)?.sequence()?;
    let realm = fields.field(1)?.text()?;
    let service = Principal::read(&mut fields.field(2)?, realm)?;
    Ok((service, EncryptedData::read(&mut fields.field(3)?)?))
}

const PART_TAG: u8 = application(3);
const USAGE_TICKET: u32 = 2;
/// As few as a client takes, for every type: tests are to be quick.
const ROUNDS: [u8; 4] = 4096u32.to_be_bytes();
