//! Against what Java wrote: `tests/data/sasl/exchanges.jsonl.gz`, golden exchanges of Apache Kafka 4.4.0.

use std::io::Read;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::{Digest, Sha256, Sha512};

use super::credentials::Credentials;
use super::scram::ScramExchange;
use super::*;
use crate::config::{LoginModule, SaslConfig, SecurityProtocol};

/// A SCRAM exchange of Java's.
struct Golden {
    mechanism: SaslMechanism,
    json: Value,
}

impl Golden {
    fn all() -> Vec<Self> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/sasl/exchanges.jsonl.gz");
        let mut text = String::new();
        flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let of = |json: &Value| SaslMechanism::ALL.into_iter().find(|(_, name)| json["mechanism"] == *name);
        let scram = lines.filter(|json| json["mechanism"].as_str().unwrap().starts_with("SCRAM"));
        let all: Vec<_> = scram.map(|json| Self { mechanism: of(&json).unwrap().0, json }).collect();
        assert_eq!(all.len(), 28);
        all
    }

    fn text(&self, field: &str) -> &str {
        self.json[field].as_str().unwrap()
    }

    fn bytes(&self, field: &str) -> Vec<u8> {
        let hex = self.text(field);
        (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect()
    }

    fn is_token(&self) -> bool {
        self.json["extensions"]["tokenauth"] == "true"
    }

    fn credentials(&self) -> Credentials {
        let (username, password) = (self.text("user").to_owned(), self.text("password").into());
        Credentials { username, password, token_auth: self.is_token() }
    }

    fn hash(&self, bytes: &[u8]) -> Vec<u8> {
        match self.mechanism {
            SaslMechanism::ScramSha512 => Sha512::digest(bytes).to_vec(),
            _ => Sha256::digest(bytes).to_vec(),
        }
    }

    fn sign(&self, key: &[u8], text: &str) -> Vec<u8> {
        fn run<M: Mac + KeyInit>(key: &[u8], text: &str) -> Vec<u8> {
            let mut mac = <M as KeyInit>::new_from_slice(key).unwrap();
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        }
        match self.mechanism {
            SaslMechanism::ScramSha512 => run::<Hmac<Sha512>>(key, text),
            _ => run::<Hmac<Sha256>>(key, text),
        }
    }
}

fn config(mechanism: SaslMechanism, login: LoginModule) -> Config {
    let sasl = SaslConfig { mechanism, login: Some(login), ..SaslConfig::default() };
    Config { security_protocol: SecurityProtocol::SaslPlaintext, sasl, ..Config::default() }
}

fn started(config: &Config) -> Box<dyn Mechanism> {
    let login = login(config, &Environment::new()).unwrap();
    let address = "broker:9092".parse().unwrap();
    let mut starting = pin!(login.start(&address));
    match starting.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(mechanism) => mechanism.unwrap(),
        Poll::Pending => panic!("nothing is to be waited for"),
    }
}

#[test]
fn scram_with_a_password_or_a_delegation_token_sends_the_bytes_that_java_sends() {
    // Those that ask for twice as many iterations take twice as long, and differ in nothing else.
    for golden in Golden::all().into_iter().filter(|it| it.json["iterations"] == 4096) {
        let nonce = golden.text("client_nonce").to_owned();
        let mut client = ScramExchange::with_nonce(golden.mechanism, &golden.credentials(), nonce);
        assert_eq!(client.initial().unwrap(), golden.text("client_first").as_bytes());
        let proof = client.step(golden.text("server_first").as_bytes()).unwrap();
        assert_eq!(proof, Step::Reply(golden.text("client_final").as_bytes().to_vec()), "{}", golden.json);
        assert_eq!(client.step(golden.text("server_final").as_bytes()).unwrap(), Step::Done);
    }
}

/// Java's keys of a password, by which a broker checks a proof and proves itself, take the client's proof; and the client
/// takes theirs. Nonces are the client's own.
#[test]
fn scram_satisfies_the_keys_that_java_stores_of_a_password() {
    // A broker that asks for twice as many takes twice as long, and differs in nothing else.
    for golden in Golden::all().into_iter().filter(|it| it.json["iterations"] == 4096) {
        let Credentials { username, password, token_auth } = golden.credentials();
        let login = LoginModule::Scram { username, password, token_auth };
        let mut client = started(&config(golden.mechanism, login));
        assert_eq!(client.name(), golden.text("mechanism"));
        let first = String::from_utf8(client.initial().unwrap()).unwrap();
        let bare = first.strip_prefix("n,,").unwrap();
        let nonce = bare.split(',').find_map(|it| it.strip_prefix("r=")).unwrap();
        assert!(nonce.len() >= 24, "{nonce}");
        // All but the nonce is as Java writes it.
        assert_eq!(first.replace(nonce, golden.text("client_nonce")), golden.text("client_first"));
        let server_first = golden.text("server_first").replace(golden.text("client_nonce"), nonce);
        let Step::Reply(last) = client.step(server_first.as_bytes()).unwrap() else {
            panic!("done too soon")
        };
        let last = String::from_utf8(last).unwrap();
        let (without, proof) = last.rsplit_once(",p=").unwrap();
        let signed = format!("{bare},{server_first},{without}");
        let signature = golden.sign(&golden.bytes("stored_key"), &signed);
        let proof = BASE64.decode(proof).unwrap();
        let client_key: Vec<u8> = proof.iter().zip(signature).map(|(a, b)| a ^ b).collect();
        assert_eq!(golden.hash(&client_key), golden.bytes("stored_key"), "{}", golden.json);
        let theirs = golden.sign(&golden.bytes("server_key"), &signed);
        let server_final = format!("v={}", BASE64.encode(theirs));
        assert_eq!(client.step(server_final.as_bytes()).unwrap(), Step::Done);
    }
}

#[test]
fn no_two_logins_have_the_same_nonce() {
    for token_auth in [false, true] {
        let login = LoginModule::Scram { username: "a".into(), password: "b".into(), token_auth };
        let config = config(SaslMechanism::ScramSha256, login);
        assert_ne!(started(&config).initial().unwrap(), started(&config).initial().unwrap());
    }
}

#[test]
fn a_broker_that_cheats_is_told_apart() {
    let golden = Golden::all().into_iter().find(Golden::is_token).unwrap();
    let nonce = golden.text("client_nonce");
    let (first, last) = (golden.text("server_first"), golden.text("server_final"));
    let begun = || {
        let mut client = ScramExchange::with_nonce(golden.mechanism, &golden.credentials(), nonce.to_owned());
        client.initial().unwrap();
        client
    };
    for (server_first, wanted) in [
        (first.replace(nonce, "another"), "its nonce does not begin with the client's"),
        (format!("r={nonce},s=c2FsdA==,i=4096"), "its nonce does not begin with the client's"),
        (first.replace("i=4096", "i=1"), "asks for 1 iterations"),
        (first.replace("i=4096", "i=2147483648"), "asks for 2147483648 iterations"),
        (first.replace("i=4096", "i=-1"), "no count of iterations"),
        (first.replace("s=", "s=*"), "has no salt"),
        (format!("m=x,{first}"), "demands an extension"),
        (String::new(), "did not prove"),
        ("nonsense".to_owned(), "has no nonce"),
    ] {
        let error = begun().step(server_first.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication);
        assert!(error.to_string().contains(wanted), "{server_first}: {error}");
    }
    for (server_final, wanted) in [
        ("", "did not prove"),
        ("v=", "did not prove"),
        ("v=AAAA", "did not prove"),
        ("e=invalid-proof", "refuses the login by SCRAM-SHA-256: invalid-proof"),
        ("e=in\u{1b}[2Jvalid", "refuses the login by SCRAM-SHA-256: in [2Jvalid"),
        (first, "did not prove"),
    ] {
        let mut client = begun();
        client.step(first.as_bytes()).unwrap();
        let error = client.step(server_final.as_bytes()).unwrap_err();
        assert!(error.to_string().contains(wanted), "{server_final}: {error}");
        // Whatever comes behind an error is one too: nobody is let in late.
        assert!(client.step(last.as_bytes()).is_err());
    }
}

#[test]
fn a_mechanism_that_failed_is_never_asked_again() {
    let login = LoginModule::Scram { username: "a".into(), password: "b".into(), token_auth: false };
    for wrong in [&b"nonsense"[..], b"", b"r=x,s=,i=4096", &[0xff; 100]] {
        let mut client = started(&config(SaslMechanism::ScramSha512, login.clone()));
        client.initial().unwrap();
        client.step(wrong).unwrap_err();
        client.step(b"v=AAAA").unwrap_err();
        client.initial().unwrap_err();
    }
}

/// A text with a byte changed, put in or taken out at every place, and every beginning of it.
fn mutations(text: &str) -> Vec<Vec<u8>> {
    let bytes = text.as_bytes();
    let at = |at: usize| {
        let changed = [&b","[..], b"=", b"", b"\0", b"\xff", b",,", b"s", b"m="].map(|it| {
            [[&bytes[..at], it, &bytes[at..]].concat(), [&bytes[..at], it, &bytes[at + 1..]].concat()]
        });
        changed.into_iter().flatten().chain([bytes[..at].to_vec()])
    };
    (0..bytes.len()).flat_map(at).collect()
}

/// No answer of a broker's makes the client panic, as rsasl's own SCRAM does where an attribute is cut short.
#[test]
fn no_mutation_of_a_brokers_answer_is_more_than_an_error() {
    for token_auth in [false, true] {
        let login = LoginModule::Scram { username: "a".into(), password: "b".into(), token_auth };
        let config = config(SaslMechanism::ScramSha256, login);
        let begun = || {
            let mut client = started(&config);
            let first = String::from_utf8(client.initial().unwrap()).unwrap();
            let nonce = first.split(',').find_map(|it| it.strip_prefix("r=")).unwrap().to_owned();
            (client, nonce)
        };
        // So few iterations are refused, which keeps those that are still well-formed from being hashed.
        let (_, nonce) = begun();
        let mutated = mutations(&format!("r={nonce}9,s=c2FsdA==,i=64"));
        assert!(mutated.len() > 500);
        for server_first in mutated {
            let (mut client, fresh) = begun();
            let text = String::from_utf8_lossy(&server_first).replace(&nonce, &fresh);
            client.step(&server_first).unwrap_err();
            let (mut client, _) = begun();
            client.step(text.as_bytes()).unwrap_err();
        }
        for server_final in
            [&b"v"[..], b"v=", b"v=,", b",v=AA", b"v=*", b"e", b"e=", b"=", b",", b"\xff", b"\0"]
        {
            let (mut client, nonce) = begun();
            client.step(format!("r={nonce}9,s=c2FsdA==,i=4096").as_bytes()).unwrap();
            client.step(server_final).unwrap_err();
        }
    }
}

#[test]
fn what_no_broker_can_take_is_refused_before_anything_connects() {
    for (username, password, wanted) in [
        ("", "b", "an empty username"),
        ("a", "", "an empty password"),
        ("a\0", "b", "a NUL in its username"),
        ("a", "hush\0", "a NUL in its password"),
    ] {
        for mechanism in [SaslMechanism::Plain, SaslMechanism::ScramSha256] {
            let login_module = LoginModule::Plain { username: username.into(), password: password.into() };
            let error = login(&config(mechanism, login_module), &Environment::new()).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains(wanted), "{error}");
            assert!(!error.to_string().contains("hush"), "{error}");
        }
    }
}

#[test]
fn a_login_of_a_file_is_read_again_each_time_it_starts() {
    let path = std::env::temp_dir().join(format!("upsert-kafka-jaas-{}.conf", std::process::id()));
    let write = |user: &str, password: &str| {
        let module = "org.apache.kafka.common.security.plain.PlainLoginModule";
        let text =
            format!("KafkaClient {{ {module} required username=\"{user}\" password=\"{password}\"; }};");
        std::fs::write(&path, text).unwrap();
    };
    write("one", "first");
    let properties = [
        ("bootstrap.servers", "a:1"),
        ("security.protocol", "SASL_PLAINTEXT"),
        ("sasl.mechanism", "PLAIN"),
        ("java.security.auth.login.config", path.to_str().unwrap()),
    ];
    let (config, _) = Config::from_properties(properties, crate::Role::Producer).unwrap();
    let login = login(&config, &Environment::new()).unwrap();
    let address = "broker:9092".parse().unwrap();
    let words = || {
        let mut starting = pin!(login.start(&address));
        match starting.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(mechanism) => mechanism.unwrap().initial().unwrap(),
            Poll::Pending => panic!("nothing is to be waited for"),
        }
    };
    assert_eq!(words(), b"\0one\0first");
    write("one", "second");
    assert_eq!(words(), b"\0one\0second");
    // It is being written, or is gone: what stood there at first is better than nothing.
    std::fs::write(&path, "KafkaClient { ").unwrap();
    assert_eq!(words(), b"\0one\0first");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(words(), b"\0one\0first");
}
