//! A schema registry on loopback, which keeps what it is told and answers as Confluent's does; it ends with the process.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value as Json, json};

/// What is asked of the registry, as it came.
#[derive(Clone, Debug)]
pub struct RegistryRequest {
    /// Method and path: `GET /schemas/ids/1`.
    pub line: String,
    /// Lines of the head behind the first.
    pub head: String,
    /// The body.
    pub body: String,
}

/// An answer instead of the registry's own: a status, a content type and a body.
pub type RegistryAnswer = (u16, &'static str, String);

type Judge = dyn Fn(usize, &RegistryRequest) -> Option<RegistryAnswer> + Send + Sync;

/// The server.
#[derive(Clone)]
pub struct RegistryServer {
    url: String,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    schemas: BTreeMap<u32, Json>,
    /// Subjects and what was registered under them, in order.
    registered: Vec<(String, String)>,
    requests: Vec<RegistryRequest>,
}

impl RegistryServer {
    /// Answers from what it keeps.
    pub fn start() -> Self {
        Self::judged(|_, _| None)
    }

    /// Asks `judge` first, with how many requests came before.
    pub fn judged(
        judge: impl Fn(usize, &RegistryRequest) -> Option<RegistryAnswer> + Send + Sync + 'static,
    ) -> Self {
        Self::listening(None, Arc::new(judge))
    }

    /// Answers in TLS, by this certificate, its chain and its key in PEM.
    pub fn in_tls(chain_pem: &str, key_pem: &str) -> Self {
        let chain = CertificateDer::pem_slice_iter(chain_pem.as_bytes()).map(|it| it.expect("a certificate"));
        let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(rustls_graviola::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions that the provider has")
            .with_no_client_auth()
            .with_single_cert(chain.collect(), key)
            .expect("a certificate of its key");
        Self::listening(Some(Arc::new(config)), Arc::new(|_, _| None))
    }

    fn listening(tls: Option<Arc<ServerConfig>>, judge: Arc<Judge>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port of loopback");
        let address = listener.local_addr().expect("a listener's address");
        let scheme = if tls.is_some() { "https" } else { "http" };
        let server = Self { url: format!("{scheme}://localhost:{}", address.port()), kept: Arc::default() };
        let serving = server.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let (serving, judge, tls) = (serving.clone(), Arc::clone(&judge), tls.clone());
                // A client that hangs up misses its answer.
                std::thread::spawn(move || match tls {
                    None => serving.serve(&mut stream, &*judge).ok(),
                    Some(tls) => {
                        let connection = ServerConnection::new(tls).expect("a configuration for servers");
                        let mut stream = StreamOwned::new(connection, stream);
                        serving.serve(&mut stream, &*judge).ok()?;
                        stream.conn.send_close_notify();
                        stream.flush().ok()
                    }
                });
            }
        });
        server
    }

    /// `http://localhost:…`
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Keeps a schema under an id.
    pub fn keep(&self, id: u32, schema: &str) {
        self.kept().schemas.insert(id, json!({ "schema": schema }));
    }

    /// Keeps what is answered for an id.
    pub fn keep_json(&self, id: u32, answer: Json) {
        self.kept().schemas.insert(id, answer);
    }

    /// The schemas that were registered, with their subjects.
    pub fn registered(&self) -> Vec<(String, String)> {
        self.kept().registered.clone()
    }

    /// What was asked so far.
    pub fn requests(&self) -> Vec<RegistryRequest> {
        self.kept().requests.clone()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, stream: &mut (impl Read + Write), judge: &Judge) -> std::io::Result<()> {
        let request = read(stream)?;
        let before = {
            let mut kept = self.kept();
            kept.requests.push(request.clone());
            kept.requests.len() - 1
        };
        let answer = judge(before, &request).unwrap_or_else(|| self.answer(&request));
        let (status, content_type, body) = answer;
        let length = body.len();
        write!(
            stream,
            "HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n"
        )?;
        stream.write_all(b"\r\n")?;
        stream.write_all(body.as_bytes())
    }

    fn answer(&self, request: &RegistryRequest) -> RegistryAnswer {
        let mut kept = self.kept();
        let path: Vec<&str> = request.line.split(['/', ' ']).collect();
        match path[..] {
            ["GET", "", "schemas", "ids", id] => match id.parse().ok().and_then(|id| kept.schemas.get(&id)) {
                Some(answer) => (200, JSON, answer.to_string()),
                None => refusal(404, 40403, "Schema not found"),
            },
            ["POST", "", "subjects", subject, "versions"] => {
                let Ok(body) = serde_json::from_str::<Json>(&request.body) else {
                    return refusal(422, 42201, "Invalid schema");
                };
                let schema = body["schema"].as_str().unwrap_or_default().to_owned();
                let known = kept.schemas.iter().find(|(_, answer)| answer["schema"] == body["schema"]);
                let id = match known {
                    Some((&id, _)) => id,
                    None => kept.schemas.keys().last().map_or(1, |last| last + 1),
                };
                kept.schemas.insert(id, json!({ "schema": schema }));
                kept.registered.push((subject.to_owned(), schema));
                (200, JSON, json!({ "id": id }).to_string())
            }
            ["POST", "", "subjects", _] => refusal(404, 40401, "Subject not found"),
            _ => refusal(404, 404, "HTTP 404 Not Found"),
        }
    }
}

/// An answer as Confluent's registry refuses.
pub fn refusal(status: u16, code: u32, message: &str) -> RegistryAnswer {
    (status, JSON, json!({ "error_code": code, "message": message }).to_string())
}

fn read(stream: &mut impl Read) -> std::io::Result<RegistryRequest> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut head, mut length) = (String::new(), String::new(), 0);
    reader.read_line(&mut line)?;
    loop {
        let mut next = String::new();
        reader.read_line(&mut next)?;
        if let Some(value) = next.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if next.trim().is_empty() {
            break;
        }
        head.push_str(&next);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let line = line.trim().trim_end_matches(" HTTP/1.1").to_owned();
    Ok(RegistryRequest { line, head, body: String::from_utf8_lossy(&body).into_owned() })
}

const JSON: &str = "application/vnd.schemaregistry.v1+json";
