//! A token endpoint on loopback, and what it was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;
use upsert_kafka_tests::kafka::Signer;

/// A token endpoint on loopback; it ends with the process.
pub(super) struct TokenServer {
    url: String,
    asked: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl TokenServer {
    /// Answers the n-th request, from 0, with this status and body.
    pub(super) fn start(answer: impl Fn(usize) -> (u16, String) + Send + 'static) -> Self {
        Self::answering(move |before, _| answer(before))
    }

    /// The same, by a clock that is so many seconds ahead: `Date` tells its time.
    pub(super) fn dated(ahead_s: i64, answer: impl Fn(usize) -> (u16, String) + Send + 'static) -> Self {
        Self::with_head(move || format!("Date: {}\r\n", http_date(ahead_s)), move |before, _| answer(before))
    }

    /// The same, which reads what it is asked.
    fn answering(answer: impl Fn(usize, &str) -> (u16, String) + Send + 'static) -> Self {
        Self::with_head(String::new, answer)
    }

    /// The same, with these lines in the head of each answer.
    fn with_head(
        lines: impl Fn() -> String + Send + 'static,
        answer: impl Fn(usize, &str) -> (u16, String) + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/token", listener.local_addr().unwrap());
        let (asked, requests) = (Arc::new(AtomicUsize::new(0)), Arc::<Mutex<Vec<String>>>::default());
        let server = Self { url, asked: Arc::clone(&asked), requests: Arc::clone(&requests) };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let request = request(&stream);
                let (status, body) = answer(asked.fetch_add(1, SeqCst), &request);
                requests.lock().unwrap().push(request);
                let (lines, length) = (lines(), body.len());
                let head = format!("HTTP/1.1 {status} X\r\n{lines}Content-Length: {length}\r\n\r\n{body}");
                // A client that hangs up misses it.
                _ = stream.write_all(head.as_bytes());
            }
        });
        server
    }

    /// Gives alice's tokens that this signer has signed, as `changed` leaves them.
    pub(super) fn of(signer: &Signer, changed: fn(String) -> String) -> Self {
        let token = changed(signer.token("alice", 3600).unwrap());
        Self::start(move |_| (200, json!({ "access_token": token, "expires_in": 3600 }).to_string()))
    }

    /// Gives the assertion itself as the token, as `changed` leaves it: so a broker judges it in the endpoint's stead.
    pub(super) fn of_assertions(changed: fn(String) -> String) -> Self {
        Self::answering(move |_, request| {
            let mut fields = request.lines().last().unwrap_or_default().split('&');
            let assertion =
                fields.find_map(|it| it.strip_prefix("client_assertion=").or(it.strip_prefix("assertion=")));
            match assertion {
                Some(assertion) => {
                    (200, json!({ "access_token": changed(assertion.to_owned()) }).to_string())
                }
                None => (400, json!({ "error": "invalid_request" }).to_string()),
            }
        })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(SeqCst)
    }
}

/// The time as HTTP has it, by `date`.
fn http_date(ahead_s: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let moment = format!("@{}", i64::try_from(now).unwrap() + ahead_s);
    let mut date = Command::new("date");
    date.env("LC_ALL", "C").args(["-u", "-d", &moment, "+%a, %d %b %Y %H:%M:%S GMT"]);
    String::from_utf8(date.output().unwrap().stdout).unwrap().trim().to_owned()
}

fn request(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let (mut text, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        text.push_str(&line);
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    text + &String::from_utf8(body).unwrap()
}
