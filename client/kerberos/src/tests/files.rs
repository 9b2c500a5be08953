//! Files that MIT's tools wrote: a keytab by kadmin, a cache by kinit and kvno.

use super::*;

const KEYTAB: &[u8] = include_bytes!("../../tests/data/mit.keytab");
const CACHE: &[u8] = include_bytes!("../../tests/data/mit.ccache");

/// The account's password is `clientpw`: MIT's string-to-key against ours, type by type.
#[test]
fn mits_keytab_has_the_keys_that_the_password_makes() {
    let keytab = Keytab::parse(KEYTAB).unwrap();
    let names: Vec<_> = keytab.principals().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["client@EXAMPLE.TEST"]);
    let client = Principal::parse("client@EXAMPLE.TEST", None).unwrap();
    for encryption in EncryptionType::ALL {
        let (key, version) = keytab.key(&client, encryption).unwrap();
        let ours = Key::of_password(encryption, "clientpw", b"EXAMPLE.TESTclient", None).unwrap();
        assert_eq!((key.bytes(), version), (ours.bytes(), 1), "{encryption}");
    }
}

#[test]
fn holes_are_passed_over_and_the_newest_version_counts() {
    let mut realm = realm();
    let mut file = realm.keytab("alice");
    // A hole of eight bytes, as ktutil leaves where an entry was.
    file.extend_from_slice(&(-8i32).to_be_bytes());
    file.extend_from_slice(&[0xff; 8]);
    realm.set("alice", "newer");
    file.extend_from_slice(&realm.keytab("alice")[2..]);
    let keytab = Keytab::parse(&file).unwrap();
    let alice = Principal::parse("alice@A.TEST", None).unwrap();
    let (key, version) = keytab.key(&alice, EncryptionType::Aes256Sha1).unwrap();
    let rounds = 4096u32.to_be_bytes();
    let newer = Key::of_password(EncryptionType::Aes256Sha1, "newer", b"A.TESTalice", Some(&rounds)).unwrap();
    assert_eq!((key.bytes(), version), (newer.bytes(), 2));
}

#[test]
fn a_keytab_that_cannot_be_used_says_why() {
    for (bytes, words) in [
        (&[][..], "empty"),
        (&[5, 1, 0, 0], "version 1"),
        (b"PEM?", "does not begin with 05 02"),
        (&KEYTAB[..KEYTAB.len() - 3], "cut off"),
    ] {
        let error = Keytab::parse(bytes).unwrap_err();
        assert!(error.to_string().contains(words) && error.kind() == ErrorKind::Config, "{error}");
    }
    // The first entry's type, rewritten to that of RC4.
    let mut realm = realm();
    realm.encryptions = vec![EncryptionType::Aes128Sha1];
    let mut file = realm.keytab("alice");
    let at = file.len() - 20;
    assert_eq!(file[at..at + 4], [0, 17, 0, 16]);
    file[at + 1] = 23;
    let keytab = Credential::Keytab(Keytab::parse(&file).unwrap());
    let error = AsExchange::new(as_request(keytab), NOW, &mut chance(1)).unwrap_err().to_string();
    assert!(error.contains("keys of alice@A.TEST of the types arcfour-hmac alone"), "{error}");
}

#[test]
fn mits_cache_is_read_with_its_tickets() {
    let cache = TicketCache::parse(CACHE).unwrap();
    assert_eq!(cache.principal.to_string(), "client@EXAMPLE.TEST");
    let granting = cache.initial().unwrap();
    assert_eq!(granting.service.to_string(), "krbtgt/EXAMPLE.TEST@EXAMPLE.TEST");
    // As klist showed them.
    assert_eq!(granting.ends - granting.starts, 36_000);
    assert_eq!(granting.renewable_until.map(|it| it - granting.starts), Some(86_400));
    assert!(granting.is_renewable(granting.starts));
    let service = Principal::parse("kafka/localhost@EXAMPLE.TEST", None).unwrap();
    let anywhere = Principal { realm: String::new(), ..service.clone() };
    for name in [&service, &anywhere] {
        assert_eq!(cache.service(name).unwrap().service, service);
    }
    assert_eq!(cache.tickets.len(), 2);
}

#[test]
fn version_3_is_version_4_without_its_head() {
    let head = 4 + usize::from(u16::from_be_bytes([CACHE[2], CACHE[3]]));
    let old = [&[5, 3], &CACHE[head..]].concat();
    assert_eq!(TicketCache::parse(&old).unwrap().tickets.len(), 2);
    for (bytes, words) in [
        (&[][..], "empty"),
        (&[5, 1, 0], "version 1 or 2"),
        (b"KCM:", "does not begin"),
        (&CACHE[..CACHE.len() - 1], "cut off"),
    ] {
        let error = TicketCache::parse(bytes).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}
