//! What leads a request and a response, and whole frames made of both.

use bytes::Bytes;

use crate::wire::{Malformed, Message, Reader, Request, Segments, Str, Tags, Unrepresentable, Writer};

/// What leads every request.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestHeader {
    /// The API's number.
    pub api_key: i16,
    /// The version of the body.
    pub api_version: i16,
    /// The response carries it back.
    pub correlation_id: i32,
    /// Who asks; shows in the broker's logs and quotas.
    pub client_id: Option<Str>,
    /// Tagged fields this build does not know.
    pub tags: Tags,
}

impl RequestHeader {
    /// Splits a request frame, without its length, into header and body.
    ///
    /// # Errors
    /// When the frame ends within the header. An API that we do not know is taken for an old one
    /// (header version 1): its body is not ours to read anyway.
    pub fn read(frame: &Bytes) -> Result<(Self, Bytes), Malformed> {
        let mut r = Reader::new(frame, 0, false);
        let api_key = i16::from_be_bytes(r.array()?);
        let api_version = i16::from_be_bytes(r.array()?);
        let correlation_id = i32::from_be_bytes(r.array()?);
        // The one field of a flexible header that keeps its old form (KIP-511).
        let client_id = r.short_string()?;
        let flexible = crate::Api::of(api_key).is_some_and(|api| api.flexible.contains(api_version));
        let at = r.position();
        let mut rest = Reader::new(frame, 0, flexible);
        rest.skip(at);
        let tags = rest.tags(&mut |_, _| Ok(false))?;
        let body = frame.slice(rest.position()..);
        Ok((Self { api_key, api_version, correlation_id, client_id, tags }, body))
    }
}

/// A request as it goes onto the socket: length, header, body.
///
/// # Errors
/// When the version has no place for a value that is set.
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
    Ok(w.finish_frame())
}

/// A response as it goes onto the socket: length, header, body.
///
/// # Errors
/// When the version has no place for a value that is set.
pub fn response_frame<M: Message>(
    response: &M,
    version: i16,
    correlation_id: i32,
) -> Result<Segments, Unrepresentable> {
    let mut w = Writer::new(version, M::FLEXIBLE.contains(version));
    w.put(&[0; 4]);
    w.put(&correlation_id.to_be_bytes());
    if tagged_response(M::KEY) {
        w.end(&Tags::default())?;
    }
    response.write(&mut w, false)?;
    Ok(w.finish_frame())
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
    let mut r = Reader::new(frame, 0, R::FLEXIBLE.contains(version) && tagged_response(R::KEY));
    let correlation_id = i32::from_be_bytes(r.array()?);
    r.tags(&mut |_, _| Ok(false))?;
    Ok((correlation_id, frame.slice(r.position()..)))
}

/// ApiVersions answers keep the first header for ever: the client does not yet know what the broker speaks.
fn tagged_response(api_key: i16) -> bool {
    api_key != API_VERSIONS
}

const API_VERSIONS: i16 = 18;
