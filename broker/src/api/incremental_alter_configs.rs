//! IncrementalAlterConfigs: changes single settings of topics and brokers (KIP-339).
//!
//! Behavior
//! - Names, values and operations are checked as Kafka does, and those that `state/configs.rs` gives a meaning have it
//!   from then on.
//! - Brokers take the defaults of all topics (`log.retention.ms`, `message.max.bytes`, …), whichever broker they are
//!   given to; nothing else about them can be changed while they run.
//! - Groups, client metrics and loggers have no settings here.
//!
//! Versions: 1 flexible.

use std::collections::BTreeMap;

use upsert_kafka_protocol::messages::incremental_alter_configs::{
    AlterConfigsResource, AlterConfigsResourceResponse, AlterableConfig,
};
use upsert_kafka_protocol::messages::{IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::{Outcome, RequestContext, Serve};
use crate::config::AclOperation;
use crate::state::alterations::Alteration;
use crate::state::configs::Change;
use crate::state::{Refusal, State};

impl Serve for IncrementalAlterConfigsRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<IncrementalAlterConfigsResponse> {
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
                replaces: false,
                changes,
            };
            state.alter(&alteration, self.validate_only, context.node)
        })
    }

    fn refuse(&self, _: &RequestContext, code: ErrorCode) -> Outcome<IncrementalAlterConfigsResponse> {
        answer(self, |_| Err(Refusal::new(code, code.message())))
    }
}

fn named(resource: &AlterConfigsResource) -> (i8, &str) {
    (resource.resource_type, &resource.resource_name)
}

fn change(config: &AlterableConfig) -> Result<(&str, Change<'_>), Refusal> {
    let name = &*config.name;
    let no = |message: String| Err(Refusal::new(ErrorCode::INVALID_REQUEST, message));
    let change = match (config.config_operation, config.value.as_deref()) {
        (1, _) => Change::Delete,
        (0 | 2 | 3, None) => return no(format!("Null value not supported for : {name}")),
        (0, Some(value)) => Change::Set(value),
        (2, Some(value)) => Change::Append(value),
        (3, Some(value)) => Change::Subtract(value),
        (other, _) => return no(format!("Unknown operation {other} for {name}")),
    };
    Ok((name, change))
}

fn answer(
    request: &IncrementalAlterConfigsRequest,
    mut each: impl FnMut(&AlterConfigsResource) -> Result<(), Refusal>,
) -> Outcome<IncrementalAlterConfigsResponse> {
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
    Outcome::Answer(IncrementalAlterConfigsResponse { responses, ..Default::default() })
}
