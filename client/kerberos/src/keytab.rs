//! Keytabs: a client's keys in a file, as ktutil, kadmin and ktpass write them (version 2).

use crate::crypto::{EncryptionType, Key};
use crate::file::{CutOff, Fields, text};
use crate::principal::{COMPONENTS_MAX, Principal};
use crate::{Error, ErrorKind};

/// The keys of a keytab.
#[derive(Clone, Debug)]
pub struct Keytab {
    entries: Vec<KeytabEntry>,
}

#[derive(Clone, Debug)]
struct KeytabEntry {
    principal: Principal,
    version: u32,
    /// `None` for a type that is not spoken here: its number is said in errors.
    key: Result<Key, i32>,
}

impl Keytab {
    /// Reads a keytab's bytes.
    ///
    /// # Errors
    /// They are none, or of version 1, which nobody has written for decades.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let refused = |why: &str| Err(Error::new(ErrorKind::Config, format!("no keytab: {why}")));
        match bytes {
            [5, 2, ..] => Self::entries(bytes).or_else(|CutOff| refused("it is cut off, or damaged")),
            [5, 1, ..] => {
                refused("it is of version 1, which is not read here; make it anew with ktutil or kadmin")
            }
            [] => refused("it is empty"),
            _ => refused("it does not begin with 05 02"),
        }
    }

    fn entries(bytes: &[u8]) -> Result<Self, CutOff> {
        let (mut file, mut entries) = (Fields(&bytes[2..]), Vec::new());
        while !file.is_empty() {
            let length = file.word()?.cast_signed();
            if length == 0 {
                break;
            }
            let entry = file.take(usize::try_from(length.unsigned_abs()).map_err(|_| CutOff)?)?;
            // A negative length is the hole that a removed entry left.
            if length > 0 {
                entries.push(KeytabEntry::read(&mut Fields(entry))?);
            }
        }
        Ok(Self { entries })
    }

    /// Whose keys these are, each once, in the file's order.
    pub fn principals(&self) -> Vec<&Principal> {
        let mut found: Vec<&Principal> = Vec::new();
        for entry in &self.entries {
            if !found.contains(&&entry.principal) {
                found.push(&entry.principal);
            }
        }
        found
    }

    /// The newest key of that principal and type, and its version.
    pub fn key(&self, principal: &Principal, encryption: EncryptionType) -> Option<(&Key, u32)> {
        let entries = self.entries.iter().filter(|it| it.principal == *principal);
        let keys = entries.filter_map(|it| Some((it.key.as_ref().ok()?, it.version)));
        keys.filter(|(key, _)| key.encryption() == encryption).max_by_key(|(_, version)| *version)
    }

    /// Which of these types it has keys for.
    ///
    /// # Errors
    /// None, with what it has instead.
    pub(crate) fn usable(
        &self,
        principal: &Principal,
        encryptions: &[EncryptionType],
    ) -> Result<Vec<EncryptionType>, Error> {
        let has = |it: &&EncryptionType| self.key(principal, **it).is_some();
        let found: Vec<_> = encryptions.iter().filter(has).copied().collect();
        if !found.is_empty() {
            return Ok(found);
        }
        let mut types: Vec<String> = Vec::new();
        for entry in self.entries.iter().filter(|it| it.principal == *principal) {
            types.push(match &entry.key {
                Ok(key) => key.encryption().to_string(),
                Err(number) => encryption_name(*number),
            });
        }
        types.dedup();
        let sentence = match types.is_empty() {
            true => {
                let others =
                    self.principals().iter().take(NAMES_MAX).map(|it| it.to_string()).collect::<Vec<_>>();
                let others = if others.is_empty() { "none".to_owned() } else { others.join(", ") };
                format!("the keytab has no key of {principal}; it has keys of: {others}")
            }
            false => {
                let wanted: Vec<_> = encryptions.iter().map(|it| it.name()).collect();
                format!(
                    "the keytab has keys of {principal} of the types {} alone; {} can be used",
                    types.join(", "),
                    if wanted.is_empty() { "none".to_owned() } else { wanted.join(", ") }
                )
            }
        };
        Err(Error::new(ErrorKind::Config, sentence))
    }
}

impl KeytabEntry {
    fn read(fields: &mut Fields<'_>) -> Result<Self, CutOff> {
        let count = usize::from(fields.short()?);
        let realm = text(fields.short_data()?);
        if count > COMPONENTS_MAX {
            return Err(CutOff);
        }
        let mut components = Vec::with_capacity(count);
        for _ in 0..count {
            components.push(text(fields.short_data()?));
        }
        let (_name_type, _written) = (fields.word()?, fields.word()?);
        let short_version = u32::from(fields.byte()?);
        let number = i32::from(fields.short()?.cast_signed());
        let bytes = fields.short_data()?;
        // A version beyond 255 follows, in files of writers that know of it.
        let version = fields.word().ok().filter(|version| *version != 0).unwrap_or(short_version);
        let key = EncryptionType::of_number(number).ok_or(number);
        let key = key.and_then(|encryption| Key::new(encryption, bytes).map_err(|_| number));
        Ok(Self { principal: Principal { components, realm }, version, key })
    }
}

/// Types that one meets in old keytabs, and others by their number.
fn encryption_name(number: i32) -> String {
    match number {
        1 => "des-cbc-crc".to_owned(),
        3 => "des-cbc-md5".to_owned(),
        16 => "des3-cbc-sha1".to_owned(),
        23 => "arcfour-hmac".to_owned(),
        25 => "camellia128-cts-cmac".to_owned(),
        26 => "camellia256-cts-cmac".to_owned(),
        17..=20 => format!("{number} (damaged)"),
        _ => number.to_string(),
    }
}

/// Of principals that an error lists.
const NAMES_MAX: usize = 5;
