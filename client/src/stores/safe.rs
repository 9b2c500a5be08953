//! Keys and certificates that lie side by side, as in PKCS#12 and PEM, put together into entries.

use super::certificate::Certificate;
use super::entry::{PrivateKey, StoreEntry};

/// What lay in a file, in its order.
#[derive(Default)]
pub(crate) struct Safe {
    pub(crate) keys: Vec<KeyBag>,
    pub(crate) certificates: Vec<CertBag>,
}

/// A key and what it is called; closed where nobody asked for it.
pub(crate) struct KeyBag {
    pub(crate) key: Option<PrivateKey>,
    pub(crate) id: Option<Vec<u8>>,
    pub(crate) name: Option<String>,
}

/// A certificate and what it is called.
pub(crate) struct CertBag {
    pub(crate) der: Vec<u8>,
    pub(crate) id: Option<Vec<u8>>,
    pub(crate) name: Option<String>,
    /// Marked as trusted, as Java does.
    pub(crate) trusted: bool,
}

impl Safe {
    /// Whether there are more than any store has: work and memory grow with keys times certificates.
    pub(crate) fn check_size(&self) -> Result<(), String> {
        match () {
            () if self.keys.len() > KEYS_MAX => Err(format!("it has more than {KEYS_MAX} keys")),
            () if self.certificates.len() > CERTIFICATES_MAX => {
                Err(format!("it has more than {CERTIFICATES_MAX} certificates"))
            }
            () if self.certificates.iter().any(|bag| bag.der.len() > CERTIFICATE_BYTES_MAX) => {
                Err(format!("it has a certificate of more than {CERTIFICATE_BYTES_MAX} bytes"))
            }
            () => Ok(()),
        }
    }

    /// Each key with its chain; then what is trusted: what is marked so, and where nothing is, all that no chain took.
    pub(crate) fn entries(self) -> Vec<StoreEntry> {
        let Self { keys, certificates } = self;
        let names: Vec<_> = certificates.iter().map(|bag| Certificate::read(&bag.der).ok()).collect();
        let (mut taken, mut entries) = (vec![false; certificates.len()], Vec::new());
        let lone = keys.len() == 1;
        for (number, bag) in keys.into_iter().enumerate() {
            let leaf = leaf_of(&bag, &certificates, &names, lone);
            let chain = leaf.map(|leaf| chain_from(leaf, &names)).unwrap_or_default();
            chain.iter().for_each(|at| taken[*at] = true);
            let chain = chain.iter().map(|at| certificates[*at].der.clone()).collect();
            let alias = bag.name.unwrap_or_else(|| (number + 1).to_string());
            entries.push(StoreEntry::Key { alias, key: bag.key, chain });
        }
        let marked = certificates.iter().any(|bag| bag.trusted);
        for (at, bag) in certificates.into_iter().enumerate() {
            if if marked { bag.trusted } else { !taken[at] } {
                let alias = bag.name.unwrap_or_else(|| (at + 1).to_string());
                entries.push(StoreEntry::Trusted { alias, certificate: bag.der });
            }
        }
        entries
    }
}

/// The certificate of a key: that of its id, else that of its name; a lone key takes the one that vouches for no other.
fn leaf_of(key: &KeyBag, bags: &[CertBag], names: &[Option<Certificate>], lone: bool) -> Option<usize> {
    let by_id = bags.iter().position(|bag| key.id.is_some() && bag.id == key.id);
    let by_name = || bags.iter().position(|bag| key.name.is_some() && bag.name == key.name);
    let last_in_line = || {
        let subject = |at: usize| names[at].as_ref().map(|it| &it.subject_der);
        let vouches = |at: usize| {
            let others = names.iter().enumerate().filter(|(other, _)| *other != at);
            others.flat_map(|(_, it)| it).any(|it| Some(&it.issuer_der) == subject(at))
        };
        (0..bags.len()).find(|at| !bags[*at].trusted && !vouches(*at)).filter(|_| lone)
    };
    by_id.or_else(by_name).or_else(last_in_line)
}

/// The leaf, who vouches for it, and so on, as far as certificates are there.
fn chain_from(leaf: usize, names: &[Option<Certificate>]) -> Vec<usize> {
    let mut chain = vec![leaf];
    while chain.len() < CHAIN_MAX {
        let Some(last) = chain.last().and_then(|at| names[*at].as_ref()) else { break };
        let vouches =
            |it: &Option<Certificate>| it.as_ref().is_some_and(|it| it.subject_der == last.issuer_der);
        match names.iter().position(vouches).filter(|at| !chain.contains(at)) {
            Some(next) => chain.push(next),
            None => break,
        }
    }
    chain
}

const KEYS_MAX: usize = 64;
/// The system's authorities are some hundred and fifty.
const CERTIFICATES_MAX: usize = 2048;
const CERTIFICATE_BYTES_MAX: usize = 64 << 10;
/// A chain that is longer is no chain.
const CHAIN_MAX: usize = 16;
