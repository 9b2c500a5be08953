//! AlterConfigs: gives a resource new settings; those that are not named go back to their defaults.
//!
//! Behavior
//! - As IncrementalAlterConfigs.
//!
//! Versions: 2 flexible.

use std::collections::BTreeMap;

use upsert_kafka_protocol::messages::alter_configs::{
    AlterConfigsResource, AlterConfigsResourceResponse, AlterableConfig,
};
use upsert_kafka_protocol::messages::{AlterConfigsRequest, AlterConfigsResponse};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::{Outcome, RequestContext, Serve};
use crate::config::AclOperation;
use crate::state::alterations::Alteration;
use crate::state::configs::Change;
use crate::state::{Refusal, State};

impl Serve for AlterConfigsRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<AlterConfigsResponse> {
        let mut times: BTreeMap<_, usize> = BTreeMap::new();
        self.resources.iter().for_each(|it| *times.entry(named(it)).or_default() += 1);
        answer(self, |resource| {
            if times[&named(resource)] > 1 {
                let message = "Each resource must appear at most once.";
                return Err(Refusal::new(ErrorCode::INVALID_REQUEST, message));
            }
            let named = (resource.resource_type, &*resource.resource_name);
            state.check_configs(context, AclOperation::AlterConfigs, named)?;
            let changes = resource.configs.iter().map(change).collect::<Result<_, _>>()?;
            let alteration = Alteration {
                resource_type: resource.resource_type,
                resource_name: &resource.resource_name,
                replaces: true,
                changes,
            };
            state.alter(&alteration, self.validate_only, context.node)
        })
    }

    fn refuse(&self, _: &RequestContext, code: ErrorCode) -> Outcome<AlterConfigsResponse> {
        answer(self, |_| Err(Refusal::new(code, code.message())))
    }
}

fn named(resource: &AlterConfigsResource) -> (i8, &str) {
    (resource.resource_type, &resource.resource_name)
}

fn change(config: &AlterableConfig) -> Result<(&str, Change<'_>), Refusal> {
    let name = &*config.name;
    let null = || {
        let message = format!("Null value not supported for : {name}");
        Refusal::new(ErrorCode::INVALID_REQUEST, message)
    };
    Ok((name, Change::Set(config.value.as_deref().ok_or_else(null)?)))
}

fn answer(
    request: &AlterConfigsRequest,
    mut each: impl FnMut(&AlterConfigsResource) -> Result<(), Refusal>,
) -> Outcome<AlterConfigsResponse> {
    let one = |resource: &AlterConfigsResource| {
        let refusal = each(resource).err();
        AlterConfigsResourceResponse {
            error_code: refusal.as_ref().map_or(ErrorCode::NONE, |refusal| refusal.code),
            error_message: refusal.map(|refusal| Str::from(refusal.message)),
            resource_type: resource.resource_type,
            resource_name: resource.resource_name.clone(),
            ..Default::default()
        }
    };
    let responses = request.resources.iter().map(one).collect();
    Outcome::Answer(AlterConfigsResponse { responses, ..Default::default() })
}
