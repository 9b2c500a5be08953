//! What openssl says of certificates made on the spot: it is nobody's friend.
#![cfg(feature = "tls")]
#![allow(clippy::unwrap_used)] // a test that cannot go on has failed

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use upsert_kafka_broker::certificates::{Authority, Certificate, KeyAlgorithm, Subject};

/// A folder that goes when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("upsert-kafka-certificates-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn put(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What openssl prints, on whichever stream; `None` where there is none, which is said.
fn openssl(arguments: &[&str]) -> Option<String> {
    let Ok(done) = Command::new("openssl").args(arguments).output() else {
        assert!(std::env::var_os("CI").is_none(), "CI needs openssl");
        eprintln!("SKIPPED: there is no openssl");
        return None;
    };
    Some(String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned())
}

/// What openssl says of a certificate where it trusts the root alone.
fn verify(folder: &Folder, root: &Authority, certificate: &Certificate, further: &[&str]) -> Option<String> {
    let root = folder.put("root.pem", &root.pem());
    let leaf = folder.put("leaf.pem", &certificate.pem());
    let chain = folder.put("chain.pem", &certificate.chain_pem());
    openssl(
        &[&["verify", "-x509_strict", "-CAfile", &root, "-untrusted", &chain], further, &[&leaf]].concat(),
    )
}

#[test]
fn openssl_trusts_what_the_authority_issues_with_keys_of_every_kind() {
    let folder = Folder::new("kinds");
    let authority = Authority::new("tests").unwrap();
    use KeyAlgorithm::{EcdsaP256, EcdsaP384, Ed25519, Rsa2048};
    for algorithm in [EcdsaP256, EcdsaP384, Ed25519, Rsa2048] {
        let server = authority.issue(&Subject::server().with_key(algorithm)).unwrap();
        let purpose = ["-purpose", "sslserver", "-verify_hostname", "localhost"];
        let Some(said) = verify(&folder, &authority, &server, &purpose) else { return };
        assert!(said.ends_with("leaf.pem: OK\n"), "{algorithm:?}: {said}");
        let client = authority.issue(&Subject::client("alice").with_key(algorithm)).unwrap();
        let said = verify(&folder, &authority, &client, &["-purpose", "sslclient"]).unwrap();
        assert!(said.ends_with("leaf.pem: OK\n"), "{algorithm:?}: {said}");
        // The key is that of the certificate.
        let (key, leaf) = (folder.put("key.pem", &client.key_pem()), folder.put("leaf.pem", &client.pem()));
        let of_key = openssl(&["pkey", "-in", &key, "-pubout"]).unwrap();
        let of_certificate = openssl(&["x509", "-in", &leaf, "-noout", "-pubkey"]).unwrap();
        assert!(of_key.starts_with("-----BEGIN PUBLIC KEY-----"), "{algorithm:?}: {of_key}");
        assert_eq!(of_key, of_certificate);
    }
}

#[test]
fn openssl_refuses_each_certificate_for_what_is_wrong_with_it() {
    let folder = Folder::new("wrong");
    let authority = Authority::new("tests").unwrap();
    let good = authority.issue(&Subject::server()).unwrap();
    let revoked = authority.issue(&Subject::server()).unwrap();
    let list = folder.put("list.pem", &authority.revocation_list(&[&revoked]).unwrap());
    let by_list = ["-crl_check", "-CRLfile", &*list];
    let nobody = Authority::new("others").unwrap().issue(&Subject::server()).unwrap();
    let below = authority.intermediate("below").unwrap().issue(&Subject::server()).unwrap();
    let issue = |subject: Subject| authority.issue(&subject).unwrap();
    let name = ["-verify_hostname", "localhost"];
    let address = ["-verify_ip", "::1"];
    let rows: [(&str, Certificate, &[&str], &str); 10] = [
        ("good", good.clone(), &by_list, "OK"),
        ("by its address", good, &address, "OK"),
        ("below an intermediate", below, &name, "OK"),
        ("expired", issue(Subject::server().expired()), &[], "certificate has expired"),
        ("not yet valid", issue(Subject::server().not_yet_valid()), &[], "certificate is not yet valid"),
        ("other name", issue(Subject::server().with_names(["elsewhere"])), &name, "hostname mismatch"),
        (
            "other purpose",
            issue(Subject::client("alice")),
            &["-purpose", "sslserver"],
            "unsuitable certificate purpose",
        ),
        ("revoked", revoked, &by_list, "certificate revoked"),
        ("by others", nobody, &[], "unable to get local issuer certificate"),
        ("by itself", Certificate::self_signed(&Subject::server()).unwrap(), &[], "self-signed certificate"),
    ];
    for (what, certificate, further, expected) in rows {
        let Some(said) = verify(&folder, &authority, &certificate, further) else { return };
        assert!(said.contains(expected), "{what}: {said}");
    }
}

#[test]
fn a_certificate_without_its_intermediate_is_not_trusted() {
    let folder = Folder::new("alone");
    let authority = Authority::new("tests").unwrap();
    let below = authority.intermediate("below").unwrap().issue(&Subject::server()).unwrap();
    assert_eq!(below.chain_pem().matches("BEGIN CERTIFICATE").count(), 2);
    let (root, leaf) = (folder.put("root.pem", &authority.pem()), folder.put("leaf.pem", &below.pem()));
    let Some(said) = openssl(&["verify", "-CAfile", &root, &leaf]) else { return };
    assert!(said.contains("unable to get local issuer certificate"), "{said}");
}

#[test]
fn a_distinguished_name_reads_as_it_was_given() {
    let folder = Folder::new("name");
    let authority = Authority::new("tests").unwrap();
    let named =
        Subject::client("").with_distinguished_name([("C", "CH"), ("O", "Example, Ltd"), ("CN", "alice")]);
    let leaf = folder.put("leaf.pem", &authority.issue(&named).unwrap().pem());
    let Some(said) = openssl(&["x509", "-in", &leaf, "-noout", "-subject", "-nameopt", "RFC2253"]) else {
        return;
    };
    assert_eq!(said, "subject=CN=alice,O=Example\\, Ltd,C=CH\n");
    let wrong = authority.issue(&Subject::client("").with_distinguished_name([("UID", "alice")]));
    assert!(wrong.unwrap_err().to_string().contains("UID is none of CN"));
}
