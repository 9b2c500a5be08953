//! What leads a request and a response, and whole frames made of both.

use bytes::Bytes;
use upsert_kafka_protocol_derive::message;

use crate::wire::{
    Malformed, Message, Reader, Request, Segments, ShortString, Str, Tags, Unrepresentable, Writer,
};

/// What leads every request.
#[message(versions = 1..=2, flexible = 2..)]
pub struct RequestHeader {
    /// The API's number.
    pub request_api_key: i16,
    /// The version of the body.
    pub request_api_version: i16,
    /// The response carries it back.
    pub correlation_id: i32,
    /// Who asks; shows in the broker's logs and quotas. The one field of a flexible header that keeps its old form
    /// (KIP-511).
    #[versions(1.., nullable = 1..)]
    pub client_id: ShortString,
}

/// What leads every response.
#[message(versions = 0..=1, flexible = 1..)]
pub struct ResponseHeader {
    /// Whom it answers.
    pub correlation_id: i32,
}

impl RequestHeader {
    /// Splits a request frame, without its length, into header and body.
    ///
    /// # Errors
    /// When the frame ends within the header. An API that we do not know is taken for an old one
    /// (header version 1): its body is not ours to read anyway.
    pub fn read(frame: &Bytes) -> Result<(Self, Bytes), Malformed> {
        split(frame, Self::version_of(frame)?)
    }

    /// As [`read`](Self::read), but takes what Java's broker takes: tags in any order, a client's name that is not
    /// UTF-8.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub fn read_leniently(frame: &Bytes) -> Result<(Self, Bytes), Malformed> {
        let version = Self::version_of(frame)?;
        // A header has no arrays.
        split_with(Reader::lenient(frame, version, Self::FLEXIBLE.contains(version), 0))
    }

    fn version_of(frame: &Bytes) -> Result<i16, Malformed> {
        let mut r = Reader::new(frame, 1, false);
        let api_key = i16::from_be_bytes(r.array()?);
        let api_version = i16::from_be_bytes(r.array()?);
        let flexible = crate::Api::of(api_key).is_some_and(|api| api.flexible.contains(api_version));
        Ok(if flexible { 2 } else { 1 })
    }
}

impl ResponseHeader {
    /// Splits the frame of a response to that API and version, without its length, into header and body.
    ///
    /// # Errors
    /// When the frame ends within the header.
    pub fn read(frame: &Bytes, api_key: i16, version: i16) -> Result<(Self, Bytes), Malformed> {
        let flexible = crate::Api::of(api_key).is_some_and(|api| api.flexible.contains(version));
        split(frame, response_version(api_key, flexible))
    }
}

/// A request as it goes onto the socket: length, header, body.
///
/// # Errors
/// When the version has no place for a value that is set, or the frame would exceed 2 GiB.
pub fn request_frame<R: Request>(
    request: &R,
    version: i16,
    correlation_id: i32,
    client_id: Option<&Str>,
) -> Result<Segments, Unrepresentable> {
    let flexible = R::FLEXIBLE.contains(version);
    let mut w = Writer::new(version, false);
    w.put(&[0; 4]);
    w.put(&R::KEY.to_be_bytes());
    w.put(&version.to_be_bytes());
    w.put(&correlation_id.to_be_bytes());
    w.short_string(client_id)?;
    w.turn_to(version, flexible);
    w.end(&Tags::default())?;
    request.write(&mut w, false)?;
    w.finish_frame()
}

/// A response as it goes onto the socket: length, header, body.
///
/// # Errors
/// When the version has no place for a value that is set, or the frame would exceed 2 GiB.
pub fn response_frame<M: Message>(
    response: &M,
    version: i16,
    correlation_id: i32,
) -> Result<Segments, Unrepresentable> {
    let flexible = M::FLEXIBLE.contains(version);
    let mut w = Writer::new(version, flexible);
    w.put(&[0; 4]);
    w.put(&correlation_id.to_be_bytes());
    if response_version(M::KEY, flexible) == 1 {
        w.end(&Tags::default())?;
    }
    response.write(&mut w, false)?;
    w.finish_frame()
}

/// Whom a response frame, without its length, answers.
///
/// # Errors
/// When the frame is shorter than that.
pub fn correlation_id(frame: &Bytes) -> Result<i32, Malformed> {
    Ok(i32::from_be_bytes(Reader::new(frame, 0, false).array()?))
}

/// Splits a response frame, without its length, into correlation id and body.
///
/// # Errors
/// When the frame ends within the header.
pub fn response_body<R: Request>(frame: &Bytes, version: i16) -> Result<(i32, Bytes), Malformed> {
    let header_version = response_version(R::KEY, R::FLEXIBLE.contains(version));
    let (header, body) = split::<ResponseHeader>(frame, header_version)?;
    Ok((header.correlation_id, body))
}

fn split<H: Message>(frame: &Bytes, version: i16) -> Result<(H, Bytes), Malformed> {
    split_with(Reader::new(frame, version, H::FLEXIBLE.contains(version)))
}

fn split_with<H: Message>(mut r: Reader<'_>) -> Result<(H, Bytes), Malformed> {
    let mut header = H::blank();
    header.read(&mut r, false)?;
    Ok((header, r.rest()))
}

/// ApiVersions answers keep the first header for ever: the client does not yet know what the broker speaks.
fn response_version(api_key: i16, flexible: bool) -> i16 {
    i16::from(flexible && api_key != API_VERSIONS)
}

const API_VERSIONS: i16 = 18;
