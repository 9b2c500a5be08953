//! The frame of the first tokens (RFC 2743, 3.1): the mechanism's name, what the token is, the token.

use crate::der::{self, Malformed, Reader};

pub(crate) const AP_REQUEST: [u8; 2] = [1, 0];
pub(crate) const AP_REPLY: [u8; 2] = [2, 0];
pub(crate) const KRB_ERROR: [u8; 2] = [3, 0];

pub(crate) fn framed(kind: [u8; 2], message: &[u8]) -> Vec<u8> {
    let (length, bytes) = der::length(MECHANISM.len() + kind.len() + message.len());
    [&[FRAME], &length[..bytes], &MECHANISM, &kind, message].concat()
}

pub(crate) fn unframed(kind: [u8; 2], token: &[u8]) -> Result<&[u8], Malformed> {
    let mut outer = Reader::new(token);
    let content = outer.expect(FRAME)?.rest();
    if !outer.is_empty() {
        return Err(Malformed("something follows the token"));
    }
    let rest = content.strip_prefix(&MECHANISM).ok_or(Malformed("it is a token of another mechanism"))?;
    rest.strip_prefix(&kind).ok_or(Malformed("it is a token of another kind"))
}

const FRAME: u8 = der::application(0);
/// 1.2.840.113554.1.2.2 with its tag and its length.
const MECHANISM: [u8; 11] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02];
