//! Against another implementation: `openssl s_server`, where it is installed.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use tokio::net::TcpStream;

use super::*;

/// A server that sends each line back from its end to its beginning. It ends with the value.
struct OpenSsl {
    process: Child,
    port: u16,
}

impl Drop for OpenSsl {
    fn drop(&mut self) {
        // It may have ended.
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

impl OpenSsl {
    /// `None` where there is no openssl 3.
    fn start(certificate: &str, flags: &[&str]) -> Option<Self> {
        let version = Command::new("openssl").arg("version").output().ok()?;
        if !String::from_utf8_lossy(&version.stdout).starts_with("OpenSSL 3") {
            return None;
        }
        let file = |name: &str| data(&format!("pki/{name}")).into_os_string();
        let mut process = Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-rev"])
            .args(["-cert".into(), file(&format!("{certificate}.pem"))])
            .args(["-key".into(), file(&format!("{certificate}.key"))])
            .args(["-cert_chain".into(), file("intermediate.pem")])
            .args(["-CAfile".into(), file("root.pem")])
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl was just there");
        let mut lines = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        let port = lines.find_map(|line| {
            let line = line.expect("text");
            line.strip_prefix("ACCEPT ")?.rsplit(':').next()?.parse().ok()
        });
        // Whoever closes its output stops it from writing.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self { process, port: port.expect("it listens") })
    }

    /// A handshake, and a line there and back.
    async fn talk(&self, config: &TlsConfig) -> Result<TlsFacts, Error> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let mut stream = connector_at(config, NOW).connect(stream, "localhost").await?;
        let mut line = [0; 6];
        let spoken = async {
            stream.write_all(b"hello\n").await?;
            stream.read_exact(&mut line).await
        };
        match spoken.await {
            Ok(_) => assert_eq!(&line, b"olleh\n"),
            Err(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
                Some(ours) => return Err(ours.clone()),
                None => panic!("{error}"),
            },
        }
        Ok(stream.facts())
    }
}

macro_rules! started {
    ($certificate:expr, $flags:expr) => {
        match OpenSsl::start($certificate, $flags) {
            Some(server) => server,
            None => {
                eprintln!("SKIPPED: no openssl 3 to talk with (apt-get install openssl)");
                return;
            }
        }
    };
}

#[tokio::test]
async fn openssl_and_this_client_understand_each_other_in_both_versions() {
    for (flag, version) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
        for certificate in ["broker", "broker-rsa"] {
            for (chain, key) in [("client.pem", "client.key"), ("client-rsa-chain.pem", "client-rsa.key")] {
                let server = started!(certificate, &[flag, "-Verify", "4", "-verify_return_error"]);
                let config = with_key(trusting("root"), chain, key);
                let facts = server.talk(&config).await.unwrap();
                assert_eq!(facts.version, version);
                assert!(facts.client_certificate_sent.is_some());
            }
        }
    }
}

#[tokio::test]
async fn openssl_demands_a_certificate_and_the_client_says_so() {
    for flag in ["-tls1_2", "-tls1_3"] {
        let server = started!("broker", &[flag, "-Verify", "4", "-verify_return_error"]);
        let error = server.talk(&trusting("root")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
        assert!(error.to_string().contains("none is configured: set ssl.keystore.location"), "{error}");
        let server = started!("broker", &[flag, "-Verify", "4", "-verify_return_error"]);
        let error =
            server.talk(&with_key(trusting("root"), "stranger.pem", "stranger.key")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
        assert!(error.to_string().contains("refused this client's certificate (CN=stranger"), "{error}");
    }
}

#[tokio::test]
async fn openssls_oldest_suites_and_versions_find_nobody() {
    let server = started!("broker-rsa", &["-tls1_2", "-cipher", "AES128-SHA"]);
    let error = server.talk(&trusting("root")).await.unwrap_err();
    assert!(error.to_string().contains("no cipher suite in common"), "{error}");
    let server = started!("broker-rsa", &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]);
    let error = server.talk(&trusting("root")).await.unwrap_err();
    assert!(error.to_string().contains("ssl.enabled.protocols"), "{error}");
}
