//! What keytool 8 and OpenSSL 1.1 themselves wrote (`tests/data/stores/old.sh`), held to the same PEM files.

use super::*;

fn chain(names: &[&str]) -> Vec<Vec<u8>> {
    names.iter().map(|it| certificate(it)).collect()
}

fn named(alias: &str, names: &[&str]) -> (String, Vec<Vec<u8>>) {
    (alias.to_owned(), chain(names))
}

#[test]
fn keytool_8s_key_stores_hold_their_keys_with_their_chains() {
    for (name, kind, key) in [
        ("keytool8.jks", StoreType::Jks, STORE),
        ("keytool8-two-passwords.jks", StoreType::Jks, KEY),
        ("keytool8.p12", StoreType::Pkcs12, STORE),
        ("keytool8-aes.p12", StoreType::Pkcs12, STORE),
    ] {
        let unlock = Unlock { store: Some(STORE), key: Some(key) };
        let contents =
            read(&file(&format!("old/{name}")), Some(kind), &unlock, &mut Rounds::new(ROUNDS_MAX)).unwrap();
        assert_eq!(contents.notice, None, "{name} is {kind}");
        let mut found = keys(&contents.entries);
        found.sort();
        let expected = [
            named("client", &["client"]),
            named("client-p384", &["client-p384"]),
            named("client-rsa", &["client-rsa", "intermediate"]),
        ];
        assert!(found == expected, "{name}");
    }
    let mut own = keys(&opened("old/keytool8-own.jks", Some(STORE), Some(STORE)).unwrap());
    own.sort();
    let exported = |name| CertificateDer::from_pem_file(data(&format!("old/{name}.pem"))).unwrap().to_vec();
    let expected = ["own-ec", "own-rsa"].map(|it| (it.to_owned(), vec![exported(it)]));
    assert!(own == expected);
}

#[test]
fn keytool_8s_trust_stores_hold_their_authorities() {
    for (name, password) in [
        ("keytool8-trust.jks", Some(STORE)),
        ("keytool8-trust.jks", None),
        ("keytool8-trust.p12", Some(STORE)),
        ("keytool8-aes-trust.p12", Some(STORE)),
    ] {
        let entries = opened(&format!("old/{name}"), password, None).unwrap();
        let mut found = trusted(&entries);
        found.sort_unstable();
        let expected = [("other-root", &*certificate("other-root")), ("root", &*certificate("root"))];
        assert!(found == expected, "{name}");
    }
}

#[test]
fn openssl_11s_stores_hold_their_keys_with_their_chains() {
    for (name, alias, certificates) in [
        ("openssl11.p12", "mine", &["client", "root"][..]),
        ("openssl11-chain.p12", "chain", &["client-rsa", "intermediate"]),
        ("openssl11-p384.p12", "mine", &["client-p384"]),
        ("openssl11-ed25519.p12", "mine", &["client-ed25519"]),
        ("openssl11-nameless.p12", "1", &["client"]),
        ("openssl11-descert.p12", "mine", &["client"]),
        ("openssl11-aes.p12", "mine", &["client"]),
        ("openssl11-nomac.p12", "mine", &["client"]),
        ("openssl11-noiter.p12", "mine", &["client"]),
    ] {
        let found = keys(&opened(&format!("old/{name}"), Some(STORE), Some(STORE)).expect(name));
        assert!(found == [named(alias, certificates)], "{name}: {:?}", found.first().map(|it| &it.0));
    }
    // Nothing here signs by P-521 (graviola does not), so its key is looked at.
    let key = PrivateKeyDer::from_pem_file(data("pki/client-p521.key")).unwrap();
    match &opened("old/openssl11-p521.p12", Some(STORE), Some(STORE)).unwrap()[..] {
        [StoreEntry::Key { key: Some(PrivateKey::Pkcs8(der)), chain: found, .. }] => {
            assert!(der.as_slice() == key.secret_der() && *found == chain(&["client-p521"]));
        }
        entries => panic!("{} entries", entries.len()),
    }
    let entries = opened("old/openssl11-trust.p12", Some(STORE), None).unwrap();
    let mut found: Vec<_> = trusted(&entries).iter().map(|it| it.1.to_vec()).collect();
    found.sort();
    let mut expected = chain(&["root", "other-root"]);
    expected.sort();
    assert!(found == expected);
}

/// The text of a key in PEM, and of certificates behind it.
fn with_certificates(key: &str, certificates: &str) -> Vec<u8> {
    [file(&format!("old/{key}.pem")), file(&format!("pki/{certificates}.pem"))].concat()
}

fn of_pem(text: &[u8], key: Option<&str>) -> Result<Vec<StoreEntry>, String> {
    let unlock = Unlock { store: None, key };
    read(text, Some(StoreType::Pem), &unlock, &mut Rounds::new(ROUNDS_MAX)).map(|it| it.entries)
}

#[test]
fn openssl_11s_sealed_keys_are_opened() {
    let names: Vec<_> = std::fs::read_dir(data("old"))
        .unwrap()
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .filter(|it| it.starts_with("pkcs8-"))
        .collect();
    let not_read = ["pkcs8-v2-rc2.pem", "pkcs8-v1-SHA1-RC4-128.pem"];
    assert_eq!(names.len(), 17);
    for name in names.iter().map(String::as_str).filter(|it| !not_read.contains(it)) {
        let of = match name {
            "pkcs8-rsa.pem" | "pkcs8-v1.pem" => "client-rsa",
            "pkcs8-ed25519.pem" => "client-ed25519",
            _ => "client",
        };
        let text = with_certificates(name.trim_end_matches(".pem"), of);
        assert!(keys(&of_pem(&text, Some(KEY)).expect(name)) == [named("1", &[of])], "{name}");
        let why = of_pem(&text, Some("wrong")).err().expect(name);
        assert!(why.contains("password is wrong"), "{name}: {why}");
    }
    for (name, oid) in not_read.into_iter().zip(["1.2.840.113549.3.2", "1.2.840.113549.1.12.1.1"]) {
        let why = of_pem(&file(&format!("old/{name}")), Some(KEY)).err().expect(name);
        assert!(why.contains(oid) && why.contains("is not read here"), "{name}: {why}");
    }
}

#[test]
fn what_openssl_11_prints_is_read_with_all_that_stands_between_its_blocks() {
    let rsa = ["client-rsa", "intermediate"];
    for (text, key, certificates) in [
        (file("old/printed.pem"), None, &rsa[..]),
        (file("old/printed-sealed.pem"), Some(KEY), &rsa),
        (with_certificates("rsa", "client-rsa-chain"), None, &rsa),
        (with_certificates("ec", "client"), None, &["client"]),
    ] {
        assert!(keys(&of_pem(&text, key).unwrap()) == [named("1", certificates)], "{certificates:?}");
    }
    let entries = of_pem(&file("old/text.pem"), None).unwrap();
    assert!(trusted(&entries).iter().map(|it| it.1).eq([&*certificate("root")]));
}

#[test]
fn what_old_tools_wrote_and_is_not_read_says_why() {
    for (name, store, key, why) in [
        ("keytool8.jks", Some("wrong"), None, "password is wrong"),
        ("keytool8.p12", Some("wrong"), None, "password is wrong"),
        ("openssl11.p12", Some("wrong"), None, "password is wrong"),
        ("openssl11.p12", None, None, "no password is given"),
        ("keytool8-two-passwords.jks", Some(STORE), Some(STORE), "the key 'client"),
        ("keytool8.jceks", Some(STORE), None, "JCEKS"),
        ("rsa-own.pem", None, Some(KEY), "openssl pkcs8 -topk8"),
    ] {
        let said = opened(&format!("old/{name}"), store, key).err().expect(name);
        assert!(said.contains(why), "{name}: {said}");
        assert!(!said.contains(STORE) && !said.contains(KEY), "{said}");
    }
}
