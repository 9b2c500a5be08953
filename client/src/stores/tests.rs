//! What stores made by keytool and OpenSSL hold, and that no bytes do harm. What is expected is read from the PEM files
//! of which `tests/data/stores/make.sh` made the stores, by rustls' own reader.

use std::path::PathBuf;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::*;

mod old_tools; // what keytool 8 and OpenSSL 1.1 themselves wrote

fn data(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/stores")).join(name)
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(data(name)).unwrap()
}

fn certificate(name: &str) -> Vec<u8> {
    CertificateDer::from_pem_file(data(&format!("pki/{name}.pem"))).unwrap().to_vec()
}

const STORE: &str = "store-secret";
const KEY: &str = "key-secret";

fn opened(name: &str, store: Option<&str>, key: Option<&str>) -> Result<Vec<StoreEntry>, String> {
    let contents = read(&file(name), None, &Unlock { store, key }, &mut Rounds::new(ROUNDS_MAX))?;
    assert_eq!(contents.notice, None);
    Ok(contents.entries)
}

/// The chain of each key by its alias, with whether the key signs for the first of the chain.
fn keys(entries: &[StoreEntry]) -> Vec<(String, Vec<Vec<u8>>)> {
    let provider = rustls_graviola::default_provider();
    let of_key = |entry: &StoreEntry| match entry {
        StoreEntry::Trusted { .. } => None,
        StoreEntry::Key { alias, key, chain } => {
            let der = match key.as_ref().expect("the key is open") {
                PrivateKey::Pkcs8(der) => PrivateKeyDer::Pkcs8(der.to_vec().into()),
                PrivateKey::Pkcs1(der) => PrivateKeyDer::Pkcs1(der.to_vec().into()),
                PrivateKey::Sec1(der) => PrivateKeyDer::Sec1(der.to_vec().into()),
            };
            let signs = provider.key_provider.load_private_key(der).unwrap();
            let certified = chain.iter().map(|it| CertificateDer::from(it.clone())).collect();
            rustls::sign::CertifiedKey::new(certified, signs).keys_match().unwrap();
            Some((alias.clone(), chain.clone()))
        }
    };
    entries.iter().filter_map(of_key).collect()
}

fn trusted(entries: &[StoreEntry]) -> Vec<(&str, &[u8])> {
    fn of(entry: &StoreEntry) -> Option<(&str, &[u8])> {
        match entry {
            StoreEntry::Trusted { alias, certificate } => Some((alias, certificate)),
            StoreEntry::Key { .. } => None,
        }
    }
    entries.iter().filter_map(of).collect()
}

#[test]
fn every_keytools_key_stores_hold_their_keys_with_their_chains() {
    for (name, key) in [
        ("keytool8.p12", STORE),
        ("keytool17.p12", STORE),
        ("keytool25.p12", STORE),
        ("keytool.jks", STORE),
        ("keytool-two-passwords.jks", KEY),
    ] {
        let mut found = keys(&opened(&format!("stores/{name}"), Some(STORE), Some(key)).unwrap());
        found.sort();
        let expected = [
            ("client".to_owned(), vec![certificate("client")]),
            ("client-ed25519".to_owned(), vec![certificate("client-ed25519")]),
            ("client-rsa".to_owned(), vec![certificate("client-rsa"), certificate("intermediate")]),
        ];
        assert!(
            found == expected,
            "{name}: {:?}",
            found.iter().map(|it| (&it.0, it.1.len())).collect::<Vec<_>>()
        );
    }
}

#[test]
fn every_keytools_trust_stores_hold_their_authorities() {
    for (name, password) in [
        ("keytool8-trust.p12", Some(STORE)),
        ("keytool17-trust.p12", Some(STORE)),
        ("keytool25-trust.p12", Some(STORE)),
        ("keytool17-open-trust.p12", None),
        ("keytool-trust.jks", Some(STORE)),
        // Point 39 of the checklist: Java reads it unchecked.
        ("keytool-trust.jks", None),
    ] {
        let entries = opened(&format!("stores/{name}"), password, None).unwrap();
        let mut found = trusted(&entries);
        found.sort_unstable();
        let expected = [("other-root", &*certificate("other-root")), ("root", &*certificate("root"))];
        assert!(found == expected, "{name}");
    }
}

#[test]
fn openssls_stores_hold_their_keys_with_their_chains() {
    let with_root = vec![certificate("client"), certificate("root")];
    for (name, password, alias, chain) in [
        ("openssl3.p12", Some(STORE), "mine", &with_root),
        ("openssl1.p12", Some(STORE), "mine", &with_root),
        ("openssl3-sha384.p12", Some(STORE), "mine", &with_root),
        ("openssl3-nomac.p12", Some(STORE), "mine", &with_root),
        (
            "openssl3-chain.p12",
            Some(STORE),
            "chain",
            &vec![certificate("client-rsa"), certificate("intermediate")],
        ),
        ("openssl3-open.p12", None, "1", &vec![certificate("client")]),
        ("openssl3-empty-password.p12", Some(""), "mine", &vec![certificate("client")]),
    ] {
        let found = keys(&opened(&format!("stores/{name}"), password, password).unwrap());
        assert!(
            found == [(alias.to_owned(), chain.clone())],
            "{name}: {:?}",
            found.iter().map(|it| (&it.0, it.1.len())).collect::<Vec<_>>()
        );
    }
    // Java trusts nothing in it, since openssl does not mark what is trusted; whoever names it a trust store does.
    let entries = opened("stores/openssl3-trust.p12", Some(STORE), None).unwrap();
    assert!(trusted(&entries).iter().map(|it| it.1).eq([&*certificate("root")]));
}

#[test]
fn pem_keys_are_opened_in_every_dress_that_tools_gave_them() {
    let all: Vec<_> = std::fs::read_dir(data("keys"))
        .unwrap()
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect();
    let pbe: Vec<_> = all.iter().filter(|name| name.starts_with("pbes")).collect();
    assert_eq!(pbe.len(), 13);
    for name in pbe.into_iter().map(String::as_str).chain(["sec1.pem"]) {
        let text = String::from_utf8(file(&format!("keys/{name}"))).unwrap()
            + &String::from_utf8(file("pki/client.pem")).unwrap();
        let open = |password| {
            read(
                text.as_bytes(),
                None,
                &Unlock { store: None, key: Some(password) },
                &mut Rounds::new(ROUNDS_MAX),
            )
        };
        assert!(
            keys(&open(KEY).unwrap().entries) == [("1".to_owned(), vec![certificate("client")])],
            "{name}"
        );
        if name != "sec1.pem" {
            let why = open("wrong").err().expect(name);
            assert!(why.contains("password is wrong"), "{name}: {why}");
        }
    }
    let text = String::from_utf8(file("keys/pkcs1.pem")).unwrap()
        + &String::from_utf8(file("pki/client-rsa-chain.pem")).unwrap();
    let contents =
        read(text.as_bytes(), None, &Unlock { store: None, key: None }, &mut Rounds::new(1)).unwrap();
    assert!(
        keys(&contents.entries)
            == [("1".to_owned(), vec![certificate("client-rsa"), certificate("intermediate")])]
    );
}

#[test]
fn what_cannot_be_read_says_why() {
    for (name, store, key, why) in [
        ("stores/keytool.jks", Some("wrong"), None, "password is wrong"),
        ("stores/keytool17.p12", Some("wrong"), None, "password is wrong"),
        ("stores/keytool8.p12", Some("wrong"), None, "password is wrong"),
        (
            "stores/openssl3-nomac.p12",
            Some("wrong"),
            Some("wrong"),
            "the key 'mine' cannot be opened: its password",
        ),
        ("stores/openssl3.p12", None, None, "no password is given"),
        ("stores/keytool-two-passwords.jks", Some(STORE), Some(STORE), "the key 'client"),
        ("stores/keytool.jceks", Some(STORE), None, "JCEKS"),
        ("keys/scrypt.pem", None, Some(KEY), "1.3.6.1.4.1.11591.4.11"),
        ("keys/openssl-own.pem", None, Some(KEY), "openssl pkcs8 -topk8"),
        ("make.sh", None, None, "neither JKS nor PKCS12 nor PEM"),
    ] {
        let said = opened(name, store, key).err().expect(name);
        assert!(said.contains(why), "{name}: {said}");
        assert!(!said.contains(STORE) && !said.contains(KEY) && !said.contains("wrong-"), "{said}");
    }
}

#[test]
fn a_store_of_another_type_than_is_said_is_read_with_a_notice() {
    let unlock = Unlock { store: Some(STORE), key: None };
    for (name, declared, found) in [
        ("stores/keytool-trust.jks", StoreType::Pkcs12, "JKS"),
        ("stores/keytool17-trust.p12", StoreType::Jks, "PKCS12"),
        ("pki/root.pem", StoreType::Jks, "PEM"),
    ] {
        let contents = read(&file(name), Some(declared), &unlock, &mut Rounds::new(ROUNDS_MAX)).unwrap();
        let notice = contents.notice.expect(name);
        assert!(
            notice.contains(&declared.to_string()) && notice.contains(&format!("read as {found}")),
            "{notice}"
        );
        assert_eq!(trusted(&contents.entries).iter().filter(|it| it.1 == certificate("root")).count(), 1);
    }
}

#[test]
fn a_store_that_asks_for_too_many_rounds_is_refused_before_they_begin() {
    let bytes = file("stores/keytool17.p12");
    let unlock = Unlock { store: Some(STORE), key: Some(STORE) };
    // The MAC and each of three keys and one part take 10,000.
    assert!(read(&bytes, None, &unlock, &mut Rounds::new(50_000)).is_ok());
    let why = read(&bytes, None, &unlock, &mut Rounds::new(49_999)).err().unwrap();
    assert!(why.contains("rounds of hashing"), "{why}");
    // What is older than PBES2 is bounded too: the MAC, a part and a key of 2,048 each; a key of 2,048.
    let old = file("stores/openssl1.p12");
    assert!(read(&old, None, &unlock, &mut Rounds::new(6144)).is_ok());
    assert!(read(&old, None, &unlock, &mut Rounds::new(6143)).err().unwrap().contains("rounds of hashing"));
    for name in ["keys/pbes1-MD5-DES.pem", "keys/pbes1-SHA1-3DES.pem"] {
        let why = read(&file(name), None, &unlock, &mut Rounds::new(2047)).err().unwrap();
        assert!(why.contains("asks for 2048 rounds of hashing"), "{why}");
    }
}

#[test]
fn where_java_marks_what_is_trusted_nothing_else_is() {
    let bag = |name: &str, trusted| safe::CertBag {
        der: certificate(name),
        id: None,
        name: Some(name.to_owned()),
        trusted,
    };
    let safe =
        safe::Safe { keys: Vec::new(), certificates: vec![bag("other-root", false), bag("root", true)] };
    assert_eq!(trusted(&safe.entries()), [("root", &*certificate("root"))]);
    let safe =
        safe::Safe { keys: Vec::new(), certificates: vec![bag("other-root", false), bag("root", false)] };
    assert_eq!(trusted(&safe.entries()).len(), 2, "without any mark all are meant");
    // In Java's own file the mark of the one that comes first becomes another one's.
    let mut bytes = file("stores/keytool17-open-trust.p12");
    let mark = [0x60, 0x86, 0x48, 1, 0x86, 0xf9, 0x66, 0xad, 0xca, 0x7b, 1, 1];
    let at = bytes.windows(mark.len()).position(|window| window == mark).unwrap();
    bytes[at + mark.len() - 1] = 2;
    let contents = read(&bytes, None, &Unlock { store: None, key: None }, &mut Rounds::new(1)).unwrap();
    assert_eq!(trusted(&contents.entries), [("other-root", &*certificate("other-root"))]);
}

/// Every store and every certificate, changed at every place that chance chooses: an error or an entry, never a panic.
#[test]
fn no_change_of_a_byte_does_harm() {
    let mut chance = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        usize::try_from(chance >> 16).unwrap()
    };
    let stores = [
        "keytool.jks",
        "keytool-trust.jks",
        "keytool17.p12",
        "keytool8.p12",
        "openssl3-open.p12",
        "openssl1.p12",
    ];
    let mut inputs: Vec<_> = stores.iter().map(|name| file(&format!("stores/{name}"))).collect();
    inputs.push(file("keys/pbes1-SHA1-RC2-40.pem"));
    inputs.push(file("pki/broker-chain.pem"));
    let (mut refused, mut taken) = (0, 0);
    for round in 0..4000 {
        let mut bytes = inputs[round % inputs.len()].clone();
        for _ in 0..1 + next() % 3 {
            let at = next() % bytes.len();
            match next() % 4 {
                0 => bytes.truncate(at.max(1)),
                1 => bytes.insert(at, (next() & 0xff) as u8),
                _ => bytes[at] = (next() & 0xff) as u8,
            }
        }
        // Without a password the digest is not checked, so that what is behind it is read too.
        let password = (round % 3 == 0).then_some(STORE);
        match read(&bytes, None, &Unlock { store: password, key: Some(KEY) }, &mut Rounds::new(3000)) {
            Ok(_) => taken += 1,
            Err(why) => {
                assert!(!why.contains(STORE) && !why.contains(KEY), "{why}");
                refused += 1;
            }
        }
    }
    assert!(refused > 1000 && taken > 100, "{refused} refused, {taken} taken");
    let certificate = certificate("broker");
    for round in 0..4000 {
        let mut bytes = certificate.clone();
        bytes[next() % certificate.len()] = (next() & 0xff) as u8;
        bytes.truncate(if round % 2 == 0 { bytes.len() } else { next() % bytes.len() });
        _ = certificate::Certificate::read(&bytes);
    }
}

#[test]
fn a_file_that_is_no_store_at_all_is_refused_at_once() {
    let unlock = Unlock { store: None, key: None };
    let said = |bytes: &[u8]| read(bytes, None, &unlock, &mut Rounds::new(ROUNDS_MAX)).err().unwrap();
    assert_eq!(said(&[]), "it is empty");
    assert!(said(&vec![0x30; STORE_BYTES_MAX + 1]).contains("more than any store"));
    assert!(said(&certificate("root")).contains("openssl x509 -inform DER"));
    assert!(said(b"hello").contains("neither JKS nor PKCS12 nor PEM"));
    let many = "-----BEGIN CERTIFICATE-----AQ==-----END CERTIFICATE-----".repeat(3000);
    assert!(said(many.as_bytes()).contains("more than 2048 certificates"));
    // A JKS file that says it has four billion entries.
    let mut liar = [0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0xff, 0xff, 0xff, 0xff].to_vec();
    liar.extend([0; 40]);
    assert!(said(&liar).contains("entry of kind 0"));
}
