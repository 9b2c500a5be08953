//! A stream in TLS: a transport over a transport, whose errors are sentences.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use rustls::ProtocolVersion;
use tokio::io::{AsyncRead, AsyncWrite, BufReader, ReadBuf};

use super::client_config::suite_name;
use super::refusal::Place;
use crate::environment::Transport;
use crate::stores::certificate::Certificate;

/// A stream in TLS. What rustls says of a broken one comes as an [`io::Error`] that carries our [`Error`](crate::Error).
pub struct TlsStream<S> {
    stream: tokio_rustls::client::TlsStream<BufReader<S>>,
    place: Place,
    /// Whether the server has said anything yet: until then it may still refuse the client's certificate.
    heard: bool,
}

/// What a handshake agreed on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TlsFacts {
    /// `TLSv1.3`
    pub version: String,
    /// `TLS_AES_256_GCM_SHA384`
    pub cipher_suite: String,
    /// `X25519MLKEM768`
    pub key_exchange: String,
    /// Whether an earlier session went on, so that nothing was presented anew.
    pub resumed: bool,
    /// The server's chain as it came, its own certificate first; the bytes in DER.
    pub chain: Vec<(Certificate, Vec<u8>)>,
    /// Whether the server asked for a certificate of the client.
    pub client_certificate_asked: bool,
    /// The subject of the one that it was given.
    pub client_certificate_sent: Option<String>,
    /// Whom the client trusts: `ssl.truststore.location '…' (3 certificates)`.
    pub trust: String,
}

impl<S: Transport> TlsStream<S> {
    pub(crate) fn new(mut stream: tokio_rustls::client::TlsStream<BufReader<S>>, place: Place) -> Self {
        stream.get_mut().1.set_buffer_limit(Some(WRITE_BYTES_MAX));
        Self { stream, place, heard: false }
    }

    /// What was agreed on, and who the server is.
    pub fn facts(&self) -> TlsFacts {
        let (_, session) = self.stream.get_ref();
        let presented = session.peer_certificates().unwrap_or_default().iter().map(|der| der.to_vec());
        TlsFacts {
            version: session.protocol_version().map_or_else(String::new, version_name),
            cipher_suite: session
                .negotiated_cipher_suite()
                .map_or_else(String::new, |suite| suite_name(&suite)),
            key_exchange: session
                .negotiated_key_exchange_group()
                .map_or_else(String::new, |group| format!("{:?}", group.name())),
            resumed: session.handshake_kind() == Some(rustls::HandshakeKind::Resumed),
            chain: readable(presented),
            client_certificate_asked: self.place.observed.asked,
            client_certificate_sent: self.place.observed.sent.clone(),
            trust: self.place.material.trust.source.clone(),
        }
    }

    /// What rustls still holds leaves too: whoever waits for an answer only reads.
    fn push(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        match self.stream.get_ref().1.wants_write() {
            true => match Pin::new(&mut self.stream).poll_flush(cx) {
                Poll::Ready(Err(error)) => Err(error),
                _ => Ok(()),
            },
            false => Ok(()),
        }
    }
}

impl<S: Transport> AsyncRead for TlsStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let pushed = self.push(cx);
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        let come = buf.filled().len() - before;
        self.heard |= come > 0;
        match (read, pushed) {
            (Poll::Ready(Err(error)), _) => Poll::Ready(Err(self.place.read_failed(error, self.heard))),
            // What was sent back before the stream broke is read first.
            (Poll::Pending, Err(error)) => Poll::Ready(Err(error)),
            (Poll::Ready(Ok(())), _) if come == 0 && buf.remaining() > 0 && !self.heard => {
                Poll::Ready(self.place.closed_unheard().map_or(Ok(()), Err))
            }
            (read, _) => read,
        }
    }
}

impl<S: Transport> AsyncWrite for TlsStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Certificates with their bytes, as far as they can be read.
pub(crate) fn readable(chain: impl IntoIterator<Item = Vec<u8>>) -> Vec<(Certificate, Vec<u8>)> {
    chain.into_iter().filter_map(|der| Some((Certificate::read(&der).ok()?, der))).collect()
}

/// As Java has it.
pub(crate) fn version_name(version: ProtocolVersion) -> String {
    match version {
        ProtocolVersion::TLSv1_2 => "TLSv1.2".to_owned(),
        ProtocolVersion::TLSv1_3 => "TLSv1.3".to_owned(),
        other => format!("{other:?}"),
    }
}

/// What rustls may hold enciphered while the network does not take it.
const WRITE_BYTES_MAX: usize = 256 << 10;
