//! Keys, certificates and the stores that hold them, made by `openssl` and `keytool` as people make them.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::tool::tool;
use super::{Failure, broken, fresh_folder, or_skip};

/// A client's settings by Java's names.
pub type Properties = Vec<(&'static str, String)>;

/// A folder of stores: an authority, another one that nobody trusts, a server and clients.
#[derive(Debug)]
pub struct Stores {
    folder: PathBuf,
}

/// What a trust store is, and who made it. Each holds the one authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// `keytool -storetype JKS`
    Jks,
    /// `keytool -storetype PKCS12`
    Pkcs12,
    /// A file of PEM.
    Pem,
    /// `ssl.truststore.certificates`
    Inline,
}

/// What a key store is, and who made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// `keytool -storetype JKS`, the key under a password of its own.
    Jks,
    /// `keytool -storetype PKCS12`
    Pkcs12,
    /// `openssl pkcs12 -export`
    Pkcs12OpenSsl,
    /// `openssl pkcs12 -export -legacy`: RC2 and 3DES, as OpenSSL 1.1 wrote them.
    Pkcs12Legacy,
    /// A file of PEM: a PKCS#8 key, then the chain.
    Pem,
    /// `ssl.keystore.key` and `ssl.keystore.certificate.chain`
    Inline,
    /// A file of PEM whose key is encrypted as old tools do it (PBES1).
    PemPbes1,
    /// A file of PEM whose key is encrypted (PBES2), which Java 17 does not read.
    PemPbes2,
    /// The same with an RSA key, by PKCS12.
    Rsa,
    /// The same with an Ed25519 key, in PEM: Java's client reads none such, and its brokers accept it.
    Ed25519,
}

impl Trust {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Jks, Self::Pkcs12, Self::Pem, Self::Inline];
}

impl Identity {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Jks,
        Self::Pkcs12,
        Self::Pkcs12OpenSsl,
        Self::Pkcs12Legacy,
        Self::Pem,
        Self::Inline,
        Self::PemPbes1,
        Self::PemPbes2,
        Self::Rsa,
        Self::Ed25519,
    ];

    /// Whether Java 17's client reads it.
    pub fn is_for_java(self) -> bool {
        !matches!(self, Self::Ed25519 | Self::PemPbes2)
    }

    /// The name in its certificate, which brokers take as the principal.
    pub fn principal(self) -> &'static str {
        match self {
            Self::Rsa => "User:CN=client-rsa",
            Self::Ed25519 => "User:CN=client-ed25519",
            _ => "User:CN=client",
        }
    }
}

impl Stores {
    /// Those of this process, made on first use; `None`, and loud, where `openssl` or `keytool` is missing.
    pub fn shared() -> Option<&'static Self> {
        or_skip(Self::of_this_process().as_ref())
    }

    pub(super) fn of_this_process() -> &'static Result<Self, Failure> {
        static SHARED: OnceLock<Result<Stores, Failure>> = OnceLock::new();
        SHARED.get_or_init(|| {
            let folder = fresh_folder()?;
            make(&folder)?;
            Ok(Self { folder })
        })
    }

    /// A file of the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// What a file of the folder holds, as text.
    pub fn text(&self, name: &str) -> String {
        let path = self.file(name);
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    }

    /// `ssl.truststore.*` of a client that trusts the authority.
    pub fn trust(&self, store: Trust) -> Properties {
        let file = |name, kind: &str| {
            vec![
                ("ssl.truststore.location", self.path(name)),
                ("ssl.truststore.type", kind.to_owned()),
                ("ssl.truststore.password", STORE_PASSWORD.to_owned()),
            ]
        };
        match store {
            Trust::Jks => file("trust.jks", "JKS"),
            Trust::Pkcs12 => file("trust.p12", "PKCS12"),
            Trust::Pem => file("ca.pem", "PEM").into_iter().take(2).collect(),
            Trust::Inline => vec![
                ("ssl.truststore.certificates", self.text("ca.pem")),
                ("ssl.truststore.type", "PEM".to_owned()),
            ],
        }
    }

    /// `ssl.truststore.*` of a client that trusts somebody else.
    pub fn trust_of_others(&self) -> Properties {
        vec![
            ("ssl.truststore.location", self.path("other-ca.pem")),
            ("ssl.truststore.type", "PEM".to_owned()),
        ]
    }

    /// `ssl.keystore.*` of a client whose certificate the authority knows nothing of.
    pub fn identity_of_others(&self) -> Properties {
        vec![
            ("ssl.keystore.location", self.path("other-client.store.pem")),
            ("ssl.keystore.type", "PEM".to_owned()),
        ]
    }

    /// `ssl.keystore.*` of a client that proves who it is by a certificate.
    pub fn identity(&self, store: Identity) -> Properties {
        let file = |name, kind: &str| {
            vec![("ssl.keystore.location", self.path(name)), ("ssl.keystore.type", kind.to_owned())]
        };
        let encrypted = |name| {
            let mut properties = file(name, "PEM");
            properties.push(("ssl.key.password", KEY_PASSWORD.to_owned()));
            properties
        };
        let with = |mut properties: Properties, password: &'static str, key_password: &'static str| {
            properties.push(("ssl.keystore.password", password.to_owned()));
            properties.push(("ssl.key.password", key_password.to_owned()));
            properties
        };
        match store {
            Identity::Jks => with(file("client.jks", "JKS"), STORE_PASSWORD, KEY_PASSWORD),
            Identity::Pkcs12 => with(file("client.keytool.p12", "PKCS12"), STORE_PASSWORD, STORE_PASSWORD),
            Identity::Pkcs12OpenSsl => with(file("client.p12", "PKCS12"), STORE_PASSWORD, STORE_PASSWORD),
            Identity::Pkcs12Legacy => {
                with(file("client.legacy.p12", "PKCS12"), STORE_PASSWORD, STORE_PASSWORD)
            }
            Identity::Rsa => with(file("client-rsa.p12", "PKCS12"), STORE_PASSWORD, STORE_PASSWORD),
            Identity::Pem => file("client.store.pem", "PEM"),
            Identity::Ed25519 => file("client-ed25519.store.pem", "PEM"),
            Identity::PemPbes1 => encrypted("client.pbes1.pem"),
            Identity::PemPbes2 => encrypted("client.pbes2.pem"),
            Identity::Inline => vec![
                ("ssl.keystore.type", "PEM".to_owned()),
                ("ssl.keystore.key", self.text("client.key")),
                ("ssl.keystore.certificate.chain", self.text("client.pem")),
            ],
        }
    }

    /// The path of a file of the folder, as a property has it.
    pub fn path(&self, name: &str) -> String {
        self.file(name).display().to_string()
    }
}

/// An authority, who it vouches for, and every store of them. What does not depend on each other is made at once: each
/// call of keytool is a JVM.
fn make(folder: &Path) -> Result<(), Failure> {
    authority(folder, "ca", "upsert-kafka tests")?;
    authority(folder, "other-ca", "nobody")?;
    for (name, algorithm) in [
        ("server", EC),
        ("client", EC),
        ("other-client", EC),
        ("client-rsa", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
        ("client-ed25519", &["-algorithm", "ED25519"]),
    ] {
        let authority = if name.starts_with("other") { "other-ca" } else { "ca" };
        certificate(folder, name, algorithm, authority)?;
    }
    for name in ["client", "client-rsa", "server"] {
        export(folder, name, &format!("{name}.p12"), &[])?;
    }
    export(folder, "client", "client.legacy.p12", &["-legacy"])?;
    for (name, how) in [("pbes1", ["-v1", "PBE-SHA1-3DES"]), ("pbes2", ["-v2", "aes-256-cbc"])] {
        let mut encrypt = vec!["pkcs8", "-topk8", "-in", "client.key", "-passout", "pass:key-hush-3d"];
        encrypt.extend(how);
        let store = format!("{}{}", openssl(folder, &encrypt)?, read(folder, "client.pem")?);
        write(folder, &format!("client.{name}.pem"), &store)?;
    }
    std::thread::scope(|scope| {
        let calls = KEYTOOL.map(|call| scope.spawn(move || keytool(folder, call)));
        calls.into_iter().try_for_each(|it| it.join().unwrap_or_else(|e| std::panic::resume_unwind(e)))
    })
}

fn authority(folder: &Path, name: &str, subject: &str) -> Result<(), Failure> {
    key(folder, name, EC)?;
    let (key, pem, subject) = (format!("{name}.key"), format!("{name}.pem"), format!("/CN={subject}"));
    openssl(folder, &["req", "-x509", "-new", "-key", &key, "-days", DAYS, "-subj", &subject, "-out", &pem])
        .map(drop)
}

fn certificate(folder: &Path, name: &str, algorithm: &[&str], authority: &str) -> Result<(), Failure> {
    key(folder, name, algorithm)?;
    let [key, pem, request, store, extensions] =
        ["key", "pem", "csr", "store.pem", "ext"].map(|it| format!("{name}.{it}"));
    let subject = format!("/CN={name}");
    openssl(folder, &["req", "-new", "-key", &key, "-subj", &subject, "-out", &request])?;
    write(folder, &extensions, EXTENSIONS)?;
    let [ca, ca_key] = ["pem", "key"].map(|it| format!("{authority}.{it}"));
    let mut sign = vec!["x509", "-req", "-in", &request, "-CA", &ca, "-CAkey", &ca_key, "-CAcreateserial"];
    sign.extend(["-days", DAYS, "-extfile", &extensions, "-out", &pem]);
    openssl(folder, &sign)?;
    write(folder, &store, &format!("{}{}", read(folder, &key)?, read(folder, &pem)?))
}

fn key(folder: &Path, name: &str, algorithm: &[&str]) -> Result<(), Failure> {
    let file = format!("{name}.key");
    let mut arguments = vec!["genpkey", "-out", &file];
    arguments.extend(algorithm);
    openssl(folder, &arguments).map(drop)
}

/// A PKCS12 store by openssl, with the authority as the chain's end.
fn export(folder: &Path, name: &str, file: &str, further: &[&str]) -> Result<(), Failure> {
    let store = format!("{name}.store.pem");
    let mut arguments = vec!["pkcs12", "-export", "-in", &store, "-certfile", "ca.pem", "-name", name];
    arguments.extend(["-out", file, "-passout", "pass:store-hush-5e"]);
    arguments.extend(further);
    openssl(folder, &arguments).map(drop)
}

fn openssl(folder: &Path, arguments: &[&str]) -> Result<String, Failure> {
    tool("openssl", arguments, folder)
}

fn keytool(folder: &Path, line: &str) -> Result<(), Failure> {
    let mut arguments = vec!["-J-XX:+UseSerialGC", "-J-XX:TieredStopAtLevel=1"];
    arguments.extend(line.split(' '));
    tool("keytool", &arguments, folder).map(drop)
}

fn read(folder: &Path, name: &str) -> Result<String, Failure> {
    std::fs::read_to_string(folder.join(name)).map_err(broken)
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), Failure> {
    std::fs::write(folder.join(name), text).map_err(broken)
}

/// Of every store; with the other passwords a text that stands nowhere else, so that it can be searched for.
pub const STORE_PASSWORD: &str = "store-hush-5e";
/// Of keys within stores that have one of their own.
pub const KEY_PASSWORD: &str = "key-hush-3d";
const DAYS: &str = "30";
const EC: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
const EXTENSIONS: &str = "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\nbasicConstraints=CA:FALSE\n";
const KEYTOOL: [&str; 4] = [
    "-importcert -noprompt -alias ca -file ca.pem -keystore trust.jks -storetype JKS -storepass store-hush-5e",
    "-importcert -noprompt -alias ca -file ca.pem -keystore trust.p12 -storetype PKCS12 -storepass store-hush-5e",
    "-importkeystore -noprompt -srckeystore client.p12 -srcstorepass store-hush-5e -alias client \
     -destkeystore client.jks -deststoretype JKS -deststorepass store-hush-5e -destkeypass key-hush-3d",
    "-importkeystore -noprompt -srckeystore client.p12 -srcstorepass store-hush-5e -alias client \
     -destkeystore client.keytool.p12 -deststoretype PKCS12 -deststorepass store-hush-5e",
];
