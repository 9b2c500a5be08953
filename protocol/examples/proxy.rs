//! A proxy that renames brokers: clients reach a cluster through it alone, though the cluster tells them other hosts.
//!
//! `cargo run -p upsert-kafka-protocol --example proxy -- 127.0.0.1:9092` prints the address to connect to. Every broker
//! that a response names gets a port of its own here; all else passes byte for byte, records without a copy.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use bytes::{Buf, Bytes};
use upsert_kafka_protocol::header::{RequestHeader, ResponseHeader, correlation_id};
use upsert_kafka_protocol::rewrite::{Unrewritable, rewrite};
use upsert_kafka_protocol::schema::Schema;
use upsert_kafka_protocol::wire::Leaf;
use upsert_kafka_protocol::{Frames, Limits, Segments, Str};

fn main() -> io::Result<()> {
    let upstream = std::env::args().nth(1).ok_or_else(|| io::Error::other("usage: proxy HOST:PORT"))?;
    println!("connect to {}", Proxy::default().stand_for(&upstream)?);
    loop {
        thread::park();
    }
}

/// Stands in for brokers.
#[derive(Clone, Default)]
pub(crate) struct Proxy {
    /// Where each broker is reached here.
    here: Arc<Mutex<HashMap<String, SocketAddr>>>,
}

/// The API and version of each request that has no response yet, by correlation id.
type Asked = Arc<Mutex<HashMap<i32, (i16, i16)>>>;

impl Proxy {
    /// The address here that stands for a broker; the first time it is asked for, a listener begins.
    pub(crate) fn stand_for(&self, broker: &str) -> io::Result<SocketAddr> {
        let mut here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(address) = here.get(broker) {
            return Ok(*address);
        }
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        here.insert(broker.to_owned(), address);
        let (proxy, broker) = (self.clone(), broker.to_owned());
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if let Err(error) = proxy.join(client, &broker) {
                    eprintln!("{broker}: {error}");
                }
            }
        });
        Ok(address)
    }

    /// Two threads carry: requests up, responses down.
    fn join(&self, client: TcpStream, broker: &str) -> io::Result<()> {
        let upstream = TcpStream::connect(broker)?;
        upstream.set_nodelay(true)?;
        client.set_nodelay(true)?;
        let asked = Asked::default();
        let (up, down) = ((client.try_clone()?, upstream.try_clone()?), (upstream, client));
        let (note, proxy) = (Arc::clone(&asked), self.clone());
        thread::spawn(move || carry(up, |frame| noted(&note, frame)));
        thread::spawn(move || carry(down, |frame| proxy.renamed(&asked, frame)));
        Ok(())
    }

    /// A response with the brokers' names replaced.
    fn renamed(&self, asked: &Asked, frame: Bytes) -> io::Result<Segments> {
        let id = correlation_id(&frame).map_err(io::Error::other)?;
        let question = asked.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        let Some((key, version)) = question else { return Ok(frame.into()) };
        let schema = Schema::response(key).filter(|it| it.versions.contains(version));
        let Some(schema) = schema else { return Ok(frame.into()) };
        let (_, body) = ResponseHeader::read(&frame, key, version).map_err(io::Error::other)?;
        let brokers = named_brokers(schema, version, &body);
        if brokers.is_empty() {
            return Ok(frame.into());
        }
        let here: io::Result<Vec<_>> = brokers.iter().map(|it| self.stand_for(it)).collect();
        let mut out = Segments::from(frame.slice(..frame.len() - body.len()));
        out.append(with_brokers(schema, version, &body, &here?).map_err(io::Error::other)?);
        Ok(out)
    }
}

/// Every broker that a response names, in order. A version that the broker does not know is answered in another
/// form: nothing is found in it.
fn named_brokers(schema: &Schema, version: i16, body: &Bytes) -> Vec<String> {
    let mut brokers = Vec::new();
    let walked = rewrite(schema, version, body, |place, value| {
        match (place.path().last(), value) {
            (Some(&"host"), Leaf::String(Some(host))) => brokers.push(host.to_string()),
            (Some(&"port"), Leaf::Int32(port)) => {
                brokers.last_mut().into_iter().for_each(|it| *it = format!("{it}:{port}"));
            }
            _ => {}
        }
        None
    });
    // A coordinator that is not there has neither name nor port.
    if walked.is_ok() && brokers.iter().all(|it| !it.starts_with(':')) { brokers } else { Vec::new() }
}

fn with_brokers(
    schema: &Schema,
    version: i16,
    body: &Bytes,
    here: &[SocketAddr],
) -> Result<Segments, Unrewritable> {
    let (mut hosts, mut ports) = (here.iter(), here.iter());
    rewrite(schema, version, body, |place, _| match place.path().last() {
        Some(&"host") => hosts.next().map(|it| Leaf::String(Some(Str::from(it.ip().to_string())))),
        Some(&"port") => ports.next().map(|it| Leaf::Int32(i32::from(it.port()))),
        _ => None,
    })
}

/// A request passes as it is; what it asks is kept, since its response does not say.
fn noted(asked: &Asked, frame: Bytes) -> io::Result<Segments> {
    let (header, _) = RequestHeader::read(&frame).map_err(io::Error::other)?;
    let question = (header.request_api_key, header.request_api_version);
    asked.lock().unwrap_or_else(PoisonError::into_inner).insert(header.correlation_id, question);
    Ok(frame.into())
}

/// Carries frames until either side ends; then both do.
fn carry((mut from, mut to): (TcpStream, TcpStream), change: impl FnMut(Bytes) -> io::Result<Segments>) {
    if let Err(error) = carry_all(&mut from, &mut to, change) {
        eprintln!("a connection ends: {error}");
    }
    for side in [from, to] {
        // It may have ended by itself.
        let _ = side.shutdown(Shutdown::Both);
    }
}

fn carry_all(
    from: &mut TcpStream,
    to: &mut TcpStream,
    mut change: impl FnMut(Bytes) -> io::Result<Segments>,
) -> io::Result<()> {
    let mut frames = Frames::new(Limits::default().frame_bytes_max);
    let mut piece = vec![0; 64 << 10];
    loop {
        let count = from.read(&mut piece)?;
        if count == 0 {
            return Ok(());
        }
        frames.room().extend_from_slice(&piece[..count]);
        while let Some(frame) = frames.next().map_err(io::Error::other)? {
            send(to, change(frame)?)?;
        }
    }
}

fn send(to: &mut TcpStream, frame: Segments) -> io::Result<()> {
    let mut frame = Bytes::copy_from_slice(&(frame.remaining() as u32).to_be_bytes()).chain(frame);
    while frame.has_remaining() {
        let mut slices = [io::IoSlice::new(&[]); 64];
        let count = frame.chunks_vectored(&mut slices);
        let written = to.write_vectored(&slices[..count])?;
        frame.advance(written);
    }
    Ok(())
}
