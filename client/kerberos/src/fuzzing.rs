//! Everything that reads a peer's bytes, for fuzzing: it returns, whatever they are.

use crate::messages::ap::{self, ApReplyPart};
use crate::messages::kdc::{KdcService, ReplyPart, ticket_part};
use crate::messages::krb_error::KrbError;
use crate::messages::{EncryptionInfo, PaData};
use crate::{EncryptionType, GssContext, Key, der::Reader, gss};

/// Reads the bytes as each message that a KDC or a service may send; how many of them they were.
pub fn read_messages(bytes: &[u8]) -> usize {
    let read = [
        KdcService::Authentication.read_reply(bytes).is_ok(),
        KdcService::TicketGranting.read_reply(bytes).is_ok(),
        ReplyPart::read(bytes).is_ok(),
        KrbError::read(bytes).is_ok(),
        PaData::read_all(&mut Reader::new(bytes)).is_ok(),
        EncryptionInfo::read_all(bytes).is_ok(),
        ap::read_reply(bytes).is_ok(),
        ApReplyPart::read(bytes).is_ok(),
        ticket_part(bytes).is_some(),
        gss::token::unframed(gss::token::AP_REPLY, bytes).is_ok(),
        gss::token::unframed(gss::token::KRB_ERROR, bytes).is_ok(),
    ];
    read.into_iter().filter(|it| *it).count()
}

/// Unwraps the bytes in a context of each encryption type; how many took them.
pub fn unwrap_tokens(bytes: &[u8]) -> usize {
    let contexts = EncryptionType::ALL.into_iter().flat_map(|encryption| {
        let key = Key::new(encryption, &vec![7; encryption.key_bytes()]);
        [false, true].into_iter().filter_map(move |of_acceptor| Some((key.clone().ok()?, of_acceptor)))
    });
    contexts
        .filter(|(key, of_acceptor)| GssContext::for_fuzzing(key.clone(), *of_acceptor).unwrap(bytes).is_ok())
        .count()
}
