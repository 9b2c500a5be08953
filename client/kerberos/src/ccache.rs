//! Ticket caches: what kinit leaves in a file (FILE:, versions 3 and 4).

use crate::crypto::{EncryptionType, Key};
use crate::file::{CutOff, Fields, text};
use crate::principal::{COMPONENTS_MAX, Principal};
use crate::{Error, ErrorKind, Ticket};

/// The tickets of a cache, and whose they are.
#[derive(Clone, Debug)]
pub struct TicketCache {
    /// Who did kinit.
    pub principal: Principal,
    /// The tickets that can be used here: those whose keys are of types 17 to 20.
    pub tickets: Vec<Ticket>,
}

impl TicketCache {
    /// Reads a cache's bytes.
    ///
    /// # Errors
    /// They are none, or of versions 1 and 2, whose bytes are in the order of the machine that wrote them.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let refused = |why: &str| Err(Error::new(ErrorKind::Config, format!("no ticket cache: {why}")));
        let read = match bytes {
            [5, 4, rest @ ..] => {
                let mut file = Fields(rest);
                file.short_data().and_then(|_tags| Self::read(file))
            }
            [5, 3, rest @ ..] => Self::read(Fields(rest)),
            [5, 1 | 2, ..] => {
                return refused("it is of version 1 or 2, which are not read here; run kinit again");
            }
            [] => return refused("it is empty; run kinit"),
            _ => return refused("it does not begin with 05 04 or 05 03"),
        };
        read.or_else(|CutOff| refused("it is cut off, or damaged; run kinit again"))
    }

    /// The ticket that others are bought with.
    pub fn initial(&self) -> Option<&Ticket> {
        let initial = self.tickets.iter().filter(|it| it.is_initial() && it.client == self.principal);
        initial.max_by_key(|it| it.ends)
    }

    /// A ticket for that service. A service without a realm is one of any realm.
    pub fn service(&self, service: &Principal) -> Option<&Ticket> {
        let same = |it: &&Ticket| {
            it.service.components == service.components
                && (service.realm.is_empty() || it.service.realm == service.realm)
        };
        self.tickets.iter().filter(same).max_by_key(|it| it.ends)
    }

    fn read(mut file: Fields<'_>) -> Result<Self, CutOff> {
        let (principal, mut tickets) = (read_principal(&mut file)?, Vec::new());
        while !file.is_empty() {
            tickets.extend(read_ticket(&mut file)?);
        }
        Ok(Self { principal, tickets })
    }
}

fn read_principal(file: &mut Fields<'_>) -> Result<Principal, CutOff> {
    let _name_type = file.word()?;
    let count = usize::try_from(file.word()?).map_err(|_| CutOff)?;
    let realm = text(file.data()?);
    if count > COMPONENTS_MAX {
        return Err(CutOff);
    }
    let mut components = Vec::with_capacity(count);
    for _ in 0..count {
        components.push(text(file.data()?));
    }
    Ok(Principal { components, realm })
}

/// A ticket, unless it is a setting of the cache, or has a key that cannot be used here.
fn read_ticket(file: &mut Fields<'_>) -> Result<Option<Ticket>, CutOff> {
    let (client, service) = (read_principal(file)?, read_principal(file)?);
    let encryption = EncryptionType::of_number(file.short()?.cast_signed().into());
    let key = file.data()?;
    let [authenticated, starts, ends, renewable_until] =
        [file.word()?, file.word()?, file.word()?, file.word()?].map(i64::from);
    let _is_user_to_user = file.byte()?;
    let flags = file.word()?;
    // Addresses, then authorization data.
    for _ in 0..2 {
        for _ in 0..file.word()? {
            let _kind = file.short()?;
            file.data()?;
        }
    }
    let (bytes, _second_ticket) = (file.data()?.to_vec(), file.data()?);
    let is_setting = service.realm == SETTINGS;
    let key = encryption.filter(|_| !is_setting).and_then(|encryption| Key::new(encryption, key).ok());
    Ok(key.map(|key| Ticket {
        client,
        service,
        authenticated,
        starts: if starts == 0 { authenticated } else { starts },
        ends,
        renewable_until: (renewable_until != 0).then_some(renewable_until),
        key,
        bytes,
        flags,
    }))
}

/// The realm of MIT's settings, which look like tickets.
const SETTINGS: &str = "X-CACHECONF:";
