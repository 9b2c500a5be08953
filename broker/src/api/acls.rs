//! DescribeAcls, CreateAcls and DeleteAcls: the rules of who may do what.
//!
//! Behavior
//! - Without an authorizer all are `SECURITY_DISABLED`, as in a Kafka without `authorizer.class.name`: everyone may do
//!   everything.
//! - Rules are kept, and hold from the next request on. Those about users say who may make and describe their tokens.
//! - A filter of unknown numbers is `INVALID_REQUEST`.
//!
//! Versions: 2 flexible; 3 users as resources.

use std::collections::BTreeMap;

use upsert_kafka_protocol::messages::create_acls::{AclCreation, AclCreationResult};
use upsert_kafka_protocol::messages::delete_acls::{
    DeleteAclsFilter, DeleteAclsFilterResult, DeleteAclsMatchingAcl,
};
use upsert_kafka_protocol::messages::describe_acls::{AclDescription, DescribeAclsResource};
use upsert_kafka_protocol::messages::{
    CreateAclsRequest, CreateAclsResponse, DeleteAclsRequest, DeleteAclsResponse, DescribeAclsRequest,
    DescribeAclsResponse,
};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::{Outcome, RequestContext, Serve};
use crate::config::{Acl, AclOperation, AclResource, CLUSTER_NAME};
use crate::state::State;

impl Serve for DescribeAclsRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<DescribeAclsResponse> {
        let Some(authorizer) = &state.authorizer else {
            return self.refuse(context, ErrorCode::SECURITY_DISABLED);
        };
        let filter = DeleteAclsFilter {
            resource_type_filter: self.resource_type_filter,
            resource_name_filter: self.resource_name_filter.clone(),
            pattern_type_filter: self.pattern_type_filter,
            principal_filter: self.principal_filter.clone(),
            host_filter: self.host_filter.clone(),
            operation: self.operation,
            permission_type: self.permission_type,
            ..Default::default()
        };
        let Some(filter) = Filter::new(&filter) else {
            return self.refuse(context, ErrorCode::INVALID_REQUEST);
        };
        let mut resources: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for acl in authorizer.iter().filter(|acl| filter.takes(acl)) {
            let described = AclDescription {
                principal: Str::from(&*acl.principal),
                host: Str::from(&*acl.host),
                operation: acl.operation as i8,
                permission_type: permission(acl),
                ..Default::default()
            };
            resources.entry((acl.resource, &acl.name, acl.prefixed)).or_default().push(described);
        }
        let resource =
            |((kind, name, prefixed), acls): ((AclResource, &String, bool), _)| DescribeAclsResource {
                resource_type: kind as i8,
                resource_name: Str::from(&**name),
                pattern_type: if prefixed { PREFIXED } else { LITERAL },
                acls,
                ..Default::default()
            };
        let resources = resources.into_iter().map(resource).collect();
        Outcome::Answer(DescribeAclsResponse { resources, ..Default::default() })
    }

    fn refuse(&self, _: &RequestContext, error_code: ErrorCode) -> Outcome<DescribeAclsResponse> {
        let error_message = Some(words(error_code));
        Outcome::Answer(DescribeAclsResponse { error_code, error_message, ..Default::default() })
    }
}

impl Serve for CreateAclsRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<CreateAclsResponse> {
        let Some(authorizer) = &mut state.authorizer else {
            return self.refuse(context, ErrorCode::SECURITY_DISABLED);
        };
        let one = |creation: &AclCreation| match created(creation) {
            Ok(_) if authorizer.iter().count() >= ACLS_MAX => AclCreationResult {
                error_code: ErrorCode::POLICY_VIOLATION,
                error_message: Some(Str::from_static("there are as many rules as may be")),
                ..Default::default()
            },
            Ok(acl) => {
                authorizer.insert(acl);
                AclCreationResult::default()
            }
            Err(words) => AclCreationResult {
                error_code: ErrorCode::INVALID_REQUEST,
                error_message: Some(Str::from_static(words)),
                ..Default::default()
            },
        };
        let results = self.creations.iter().map(one).collect();
        Outcome::Answer(CreateAclsResponse { results, ..Default::default() })
    }

    fn refuse(&self, _: &RequestContext, error_code: ErrorCode) -> Outcome<CreateAclsResponse> {
        let error_message = Some(words(error_code));
        let refused = AclCreationResult { error_code, error_message, ..Default::default() };
        let results = vec![refused; self.creations.len()];
        Outcome::Answer(CreateAclsResponse { results, ..Default::default() })
    }
}

impl Serve for DeleteAclsRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<DeleteAclsResponse> {
        let Some(authorizer) = &mut state.authorizer else {
            return self.refuse(context, ErrorCode::SECURITY_DISABLED);
        };
        let one = |filter: &DeleteAclsFilter| match Filter::new(filter) {
            Some(filter) => {
                let gone = authorizer.remove(|acl| filter.takes(acl));
                let matching_acls = gone.iter().map(matching).collect();
                DeleteAclsFilterResult { matching_acls, ..Default::default() }
            }
            None => refused(ErrorCode::INVALID_REQUEST),
        };
        let filter_results = self.filters.iter().map(one).collect();
        Outcome::Answer(DeleteAclsResponse { filter_results, ..Default::default() })
    }

    fn refuse(&self, _: &RequestContext, error_code: ErrorCode) -> Outcome<DeleteAclsResponse> {
        let filter_results = vec![refused(error_code); self.filters.len()];
        Outcome::Answer(DeleteAclsResponse { filter_results, ..Default::default() })
    }
}

/// The rule that a client wants.
fn created(creation: &AclCreation) -> Result<Acl, &'static str> {
    let resource = AclResource::by_number(creation.resource_type).ok_or("an unknown type of resource")?;
    let operation = AclOperation::by_number(creation.operation).ok_or("an unknown operation")?;
    if resource == AclResource::Cluster && *creation.resource_name != *CLUSTER_NAME {
        return Err("The only valid name for the CLUSTER resource is kafka-cluster");
    }
    if creation.resource_name.is_empty() {
        return Err("Invalid empty resource name");
    }
    if !creation.principal.contains(':') {
        return Err("a principal that is not a type, a colon and a name");
    }
    let known = matches!(creation.resource_pattern_type, LITERAL | PREFIXED);
    if !known || !matches!(creation.permission_type, DENY | ALLOW) {
        return Err("an unknown kind of pattern or permission");
    }
    Ok(Acl {
        resource,
        name: creation.resource_name.to_string(),
        prefixed: creation.resource_pattern_type == PREFIXED,
        principal: creation.principal.to_string(),
        host: creation.host.to_string(),
        operation,
        allows: creation.permission_type == ALLOW,
    })
}

/// Which rules are meant.
struct Filter<'a> {
    filter: &'a DeleteAclsFilter,
    resource: Option<AclResource>,
    operation: Option<AclOperation>,
}

impl<'a> Filter<'a> {
    /// `None` where it says what no rule can be.
    fn new(filter: &'a DeleteAclsFilter) -> Option<Self> {
        let resource = match filter.resource_type_filter {
            ANY => None,
            number => Some(AclResource::by_number(number)?),
        };
        let operation = match filter.operation {
            ANY => None,
            number => Some(AclOperation::by_number(number)?),
        };
        let pattern = (ANY..=PREFIXED).contains(&filter.pattern_type_filter);
        let permission = (ANY..=ALLOW).contains(&filter.permission_type);
        (pattern && permission).then_some(Self { filter, resource, operation })
    }

    fn takes(&self, acl: &Acl) -> bool {
        let filter = self.filter;
        let same = |wanted: &Option<Str>, is: &str| wanted.as_ref().is_none_or(|it| **it == *is);
        let named = match (filter.pattern_type_filter, &filter.resource_name_filter) {
            (MATCH, Some(name)) => acl.is_for(name),
            (LITERAL, _) if acl.prefixed => false,
            (PREFIXED, _) if !acl.prefixed => false,
            (_, name) => same(name, &acl.name),
        };
        named
            && self.resource.is_none_or(|it| it == acl.resource)
            && self.operation.is_none_or(|it| it == acl.operation)
            && same(&filter.principal_filter, &acl.principal)
            && same(&filter.host_filter, &acl.host)
            && (filter.permission_type == ANY || filter.permission_type == permission(acl))
    }
}

fn permission(acl: &Acl) -> i8 {
    if acl.allows { ALLOW } else { DENY }
}

fn matching(acl: &Acl) -> DeleteAclsMatchingAcl {
    DeleteAclsMatchingAcl {
        resource_type: acl.resource as i8,
        resource_name: Str::from(&*acl.name),
        pattern_type: if acl.prefixed { PREFIXED } else { LITERAL },
        principal: Str::from(&*acl.principal),
        host: Str::from(&*acl.host),
        operation: acl.operation as i8,
        permission_type: permission(acl),
        ..Default::default()
    }
}

fn refused(error_code: ErrorCode) -> DeleteAclsFilterResult {
    let error_message = Some(words(error_code));
    DeleteAclsFilterResult { error_code, error_message, ..Default::default() }
}

fn words(code: ErrorCode) -> Str {
    Str::from_static(match code {
        ErrorCode::SECURITY_DISABLED => "No Authorizer is configured.",
        other => other.message(),
    })
}

/// One more is refused: each request looks at all of them.
const ACLS_MAX: usize = 10_000;

const ANY: i8 = 1;
const MATCH: i8 = 2;
const LITERAL: i8 = 3;
const PREFIXED: i8 = 4;
const DENY: i8 = 2;
const ALLOW: i8 = 3;
