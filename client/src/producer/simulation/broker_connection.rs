//! One connection of the machine: the requests in flight in their order, and the broker's API versions.

use std::time::Instant;

use bytes::Bytes;
use upsert_kafka_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse};
use upsert_kafka_protocol::{ErrorCode, Frames, Message, Request, Str, header};

use super::pending_request::PendingRequest;
use crate::connection::pipeline::Pipeline;
use crate::connection::versions::{self, BrokerVersions};
use crate::producer::coordinator_request::Protocol;
use crate::{Error, ErrorKind};

/// A connection, from the moment it is dialled.
pub(super) struct BrokerConnection {
    setup: Setup,
    pipeline: Pipeline<PendingRequest>,
    frames: Frames,
    next_id: i32,
    versions: BrokerVersions,
    /// Until when it must be open.
    setup_until: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Setup {
    Dialling,
    Negotiating,
    Open,
}

impl BrokerConnection {
    pub(super) fn new(bytes_max: usize, setup_until: Instant) -> Self {
        Self {
            setup: Setup::Dialling,
            pipeline: Pipeline::new(),
            frames: Frames::new(bytes_max),
            next_id: 1,
            versions: BrokerVersions::default(),
            setup_until,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.setup == Setup::Open
    }

    /// The transaction protocol that the broker offers.
    pub(super) fn offered(&self) -> Protocol {
        Protocol::of_level(self.versions.transaction_version())
    }

    /// The ApiVersions request, which is sent first.
    pub(super) fn send_api_versions(&mut self, version: i16) -> Result<Bytes, Error> {
        self.setup = Setup::Negotiating;
        let until = self.setup_until;
        self.ask(&versions::request(), version, until, PendingRequest::ApiVersions(version))
    }

    /// The broker's versions; `false` when ApiVersions must be sent again at version 0.
    pub(super) fn handle_versions(&mut self, response: &ApiVersionsResponse) -> Result<bool, Error> {
        match response.error_code {
            ErrorCode::NONE => {}
            ErrorCode::UNSUPPORTED_VERSION => return Ok(false),
            code => return Err(Error::from_code(code, "ApiVersions")),
        }
        self.versions = BrokerVersions::of(response);
        self.setup = Setup::Open;
        Ok(true)
    }

    /// The highest version that both support, up to `max`.
    pub(super) fn version<R: Request>(&self, max: i16) -> Result<i16, Error> {
        let unsupported = |_| Error::new(ErrorKind::Unsupported, "the broker does not speak it");
        self.versions.pick(R::KEY, R::CURRENT, max).map_err(unsupported)
    }

    /// The request's bytes, which take their place in line.
    pub(super) fn ask<R: Request>(
        &mut self,
        request: &R,
        version: i16,
        until: Instant,
        pending: PendingRequest,
    ) -> Result<Bytes, Error> {
        let id = if R::KEY == ApiVersionsRequest::KEY { i32::from(version) } else { self.next_id };
        self.next_id += 1;
        let name = Str::from("upsert-kafka");
        let bytes = header::request_frame(request, version, id, Some(&name))?.into_bytes();
        self.pipeline.handle_queued(Some(id), bytes.len(), until, pending);
        Ok(bytes)
    }

    pub(super) fn handle_written(&mut self, bytes: usize) {
        self.pipeline.handle_written(bytes);
    }

    pub(super) fn handle_bytes(&mut self, bytes: &[u8]) {
        self.frames.room().extend_from_slice(bytes);
    }

    /// The next response with its request.
    pub(super) fn poll_answer(&mut self) -> Result<Option<(PendingRequest, Bytes)>, String> {
        let Some(frame) = self.frames.next().map_err(|bad| bad.to_string())? else { return Ok(None) };
        let id = header::correlation_id(&frame).map_err(|bad| bad.to_string())?;
        let pending = self.pipeline.handle_response(id).map_err(|out| format!("{out:?}"))?;
        Ok(Some((pending, frame)))
    }

    /// When it is given up.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let setup = (!self.is_open()).then_some(self.setup_until);
        self.pipeline.deadline().into_iter().chain(setup).min()
    }

    /// The requests that are still unanswered, and whether the broker may have received each.
    pub(super) fn drain(mut self) -> Vec<(PendingRequest, bool)> {
        self.pipeline.drain().collect()
    }
}
