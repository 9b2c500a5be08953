//! FindCoordinator: which broker keeps the state of a group or of a transactional id. Request and response have two
//! forms; from version 4 on they hold many keys.

use std::sync::Arc;

use upsert_kafka_protocol::messages::{FindCoordinatorRequest, FindCoordinatorResponse};
use upsert_kafka_protocol::{ErrorCode, Str};

use crate::config::Address;
use crate::{Error, ErrorKind};

/// Of what a coordinator keeps the state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Coordinator {
    /// A consumer group's, by its id.
    Group(Arc<str>),
    /// The transactions of one `transactional.id`.
    Transactions(Arc<str>),
}

impl Coordinator {
    /// The id.
    pub(crate) fn key(&self) -> &Arc<str> {
        match self {
            Self::Group(key) | Self::Transactions(key) => key,
        }
    }

    /// FindCoordinator's number for the kind.
    pub(crate) fn key_type(&self) -> i8 {
        match self {
            Self::Group(_) => 0,
            Self::Transactions(_) => 1,
        }
    }

    /// The request, in the form of this version.
    pub(crate) fn request(&self, version: i16) -> FindCoordinatorRequest {
        let (key, key_type) = (Str::from(self.key().to_string()), self.key_type());
        match version {
            ..FIRST_OF_MANY => FindCoordinatorRequest { key, key_type, ..Default::default() },
            _ => FindCoordinatorRequest { coordinator_keys: vec![key], key_type, ..Default::default() },
        }
    }

    /// The group or the transactional id, for an error's sentence.
    pub(crate) fn named(&self) -> String {
        match self {
            Self::Group(id) => format!("group {id}"),
            Self::Transactions(id) => format!("transactional.id {id}"),
        }
    }
}

/// The node in a response of either form, and where it listens.
pub(crate) fn found(response: &FindCoordinatorResponse) -> Result<(i32, Address), Error> {
    let (code, node, host, port) = match response.coordinators.first() {
        Some(one) => (one.error_code, one.node_id, &one.host, one.port),
        None => (response.error_code, response.node_id, &response.host, response.port),
    };
    if code != ErrorCode::NONE {
        return Err(Error::from_code(code, "FindCoordinator"));
    }
    match Address::told(host, port) {
        Ok(address) => Ok((node, address)),
        // The next look may find another one.
        Err(why) => {
            let sentence = format!("the coordinator, broker {node}, cannot be dialled: {why}");
            Err(Error::new(ErrorKind::Unreachable, sentence).with_api("FindCoordinator"))
        }
    }
}

/// From this version on the keys are a list.
const FIRST_OF_MANY: i16 = 4;
