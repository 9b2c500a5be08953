//! DescribeAcls, CreateAcls and DeleteAcls: there is no authorizer.
//!
//! Behavior
//! - All are `SECURITY_DISABLED`, as in a Kafka without `authorizer.class.name`: everyone may do everything.
//!
//! Versions: 2 flexible; 3 users as resources.

use upsert_kafka_protocol::messages::create_acls::AclCreationResult;
use upsert_kafka_protocol::messages::delete_acls::DeleteAclsFilterResult;
use upsert_kafka_protocol::messages::{
    CreateAclsRequest, CreateAclsResponse, DeleteAclsRequest, DeleteAclsResponse, DescribeAclsRequest,
    DescribeAclsResponse,
};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::{Outcome, RequestContext, Serve};
use crate::state::State;

impl Serve for DescribeAclsRequest {
    fn serve(&self, _: &mut State, context: &RequestContext) -> Outcome<DescribeAclsResponse> {
        self.refuse(context, ErrorCode::SECURITY_DISABLED)
    }

    fn refuse(&self, _: &RequestContext, error_code: ErrorCode) -> Outcome<DescribeAclsResponse> {
        let error_message = Some(words(error_code));
        Outcome::Answer(DescribeAclsResponse { error_code, error_message, ..Default::default() })
    }
}

impl Serve for CreateAclsRequest {
    fn serve(&self, _: &mut State, context: &RequestContext) -> Outcome<CreateAclsResponse> {
        self.refuse(context, ErrorCode::SECURITY_DISABLED)
    }

    fn refuse(&self, _: &RequestContext, error_code: ErrorCode) -> Outcome<CreateAclsResponse> {
        let error_message = Some(words(error_code));
        let refused = AclCreationResult { error_code, error_message, ..Default::default() };
        let results = vec![refused; self.creations.len()];
        Outcome::Answer(CreateAclsResponse { results, ..Default::default() })
    }
}

impl Serve for DeleteAclsRequest {
    fn serve(&self, _: &mut State, context: &RequestContext) -> Outcome<DeleteAclsResponse> {
        self.refuse(context, ErrorCode::SECURITY_DISABLED)
    }

    fn refuse(&self, _: &RequestContext, error_code: ErrorCode) -> Outcome<DeleteAclsResponse> {
        let error_message = Some(words(error_code));
        let refused = DeleteAclsFilterResult { error_code, error_message, ..Default::default() };
        let filter_results = vec![refused; self.filters.len()];
        Outcome::Answer(DeleteAclsResponse { filter_results, ..Default::default() })
    }
}

fn words(code: ErrorCode) -> Str {
    Str::from_static(match code {
        ErrorCode::SECURITY_DISABLED => "No Authorizer is configured.",
        other => other.message(),
    })
}
