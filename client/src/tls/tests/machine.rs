//! What depends on the machine, and can be told to a process alone: its processor, its environment.

use std::process::Command;

use super::*;

/// Runs one test of this binary in a process of its own; what it prints.
fn child(test: &str, name: &str, value: &str) -> String {
    let ran = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env_remove("SSL_CERT_DIR")
        .env(name, value)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && text.contains("1 passed"), "{text}");
    text
}

/// graviola's own switch for its tests, in debug builds: this feature is then said to be missing.
const NO_AVX2: &str = "GRAVIOLA_CPU_DISABLE_avx2";

#[cfg(all(target_arch = "x86_64", debug_assertions))]
#[test]
fn on_a_processor_that_graviola_does_not_run_on_nothing_panics_and_the_error_says_what_to_do() {
    let test = "tls::tests::machine::on_a_processor_that_graviola_does_not_run_on_nothing_panics_and_the_error_says_what_to_do";
    if std::env::var_os(NO_AVX2).is_none() {
        let text = child(test, NO_AVX2, "1");
        assert!(text.contains("denying cpuid"), "{text}");
        return;
    }
    let opened = TlsConnector::new(&trusting("root"), &Environment::new());
    if cfg!(feature = "portable-tls") {
        opened.unwrap();
        return;
    }
    let error = opened.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    for word in ["AVX2", "Broadwell", "portable-tls", "TlsConfig::provider"] {
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn the_keys_of_connections_are_written_where_sslkeylogfile_says() {
    let folder = TemporaryFolder::new("key-log");
    let path = folder.file("keys");
    _ = std::fs::remove_file(&path);
    let test = "tls::tests::agreed::a_chain_is_followed_to_the_trust_store_and_the_facts_are_told";
    child(test, "SSLKEYLOGFILE", path.to_str().unwrap());
    let keys = std::fs::read_to_string(&path).unwrap();
    assert!(
        keys.contains("CLIENT_HANDSHAKE_TRAFFIC_SECRET ") && keys.contains("SERVER_TRAFFIC_SECRET_0 "),
        "{keys}"
    );
}

/// Where this library's own variable says, as it does for OpenSSL.
const SYSTEM: &str = "SSL_CERT_FILE";

#[tokio::test]
async fn without_a_trust_store_the_systems_is_taken_and_where_there_is_none_mozillas() {
    let test =
        "tls::tests::machine::without_a_trust_store_the_systems_is_taken_and_where_there_is_none_mozillas";
    let (root, nowhere) = (data("pki/root.pem"), "/nowhere/ca.pem");
    let told = std::env::var(SYSTEM).unwrap_or_default();
    let unset = TlsConfig::default();
    if told == root.to_str().unwrap() {
        shake(&unset, &TlsServer::broker(), "localhost").await.unwrap();
    } else if told == nowhere {
        let refused = shake(&unset, &TlsServer::broker(), "localhost").await;
        says(refused, ErrorKind::Authentication, &["Mozilla's authorities", "cannot be read", nowhere]);
    } else {
        child(test, SYSTEM, root.to_str().unwrap());
        child(test, SYSTEM, nowhere);
    }
}
