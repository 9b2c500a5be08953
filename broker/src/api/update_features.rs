//! UpdateFeatures: which level the cluster's features have.
//!
//! Behavior
//! - `group.version` and `transaction.version` can have another level. Others are `INVALID_UPDATE_VERSION`, as those that
//!   a Kafka does not know.
//! - All updates are made or none.
//!
//! Versions: 1 types of upgrades, validation alone; 2 one error for all.

use upsert_kafka_protocol::messages::update_features::{FeatureUpdateKey, UpdatableFeatureResult};
use upsert_kafka_protocol::messages::{UpdateFeaturesRequest, UpdateFeaturesResponse};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::api_versions::Feature;
use super::{Outcome, RequestContext, Serve};
use crate::config::BrokerConfig;
use crate::state::{Refusal, State};

/// The upgrade type that only goes up.
const UPGRADE: i8 = 1;
/// And the last one there is.
const UNSAFE_DOWNGRADE: i8 = 3;

/// The first version that answers one error for all.
const ONE_ERROR_SINCE: i16 = 2;

impl Serve for UpdateFeaturesRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<UpdateFeaturesResponse> {
        let config = &state.config;
        let checked = self.feature_updates.iter().map(|update| check(update, context.version, config));
        match checked.collect::<Result<Vec<_>, _>>() {
            Err(refusal) => answer(self, context, &refusal),
            Ok(levels) => {
                for (feature, level) in levels.into_iter().filter(|_| !self.validate_only) {
                    feature.set(&mut state.config, level);
                }
                answer(self, context, &Refusal::new(ErrorCode::NONE, ""))
            }
        }
    }

    fn refuse(&self, context: &RequestContext, code: ErrorCode) -> Outcome<UpdateFeaturesResponse> {
        answer(self, context, &Refusal::new(code, code.message()))
    }
}

/// The feature and its level to be.
fn check(update: &FeatureUpdateKey, version: i16, config: &BrokerConfig) -> Result<(Feature, i16), Refusal> {
    let (name, level) = (&*update.feature, update.max_version_level);
    let may_fall = match version {
        0 => update.allow_downgrade,
        _ => (UPGRADE + 1..=UNSAFE_DOWNGRADE).contains(&update.upgrade_type),
    };
    let complaint = match Feature::by_name(name) {
        None => "this broker does not support this feature".to_owned(),
        Some(feature) if !(0..=feature.level_max).contains(&level) => {
            format!("this broker only supports versions 0-{}", feature.level_max)
        }
        Some(feature) if level < feature.level(config) && !may_fall => {
            "a lower level needs the upgrade type SAFE_DOWNGRADE or UNSAFE_DOWNGRADE".to_owned()
        }
        Some(feature) => return Ok((feature, level)),
    };
    let message = format!("Invalid update version {level} for feature {name}: {complaint}");
    Err(Refusal::new(ErrorCode::INVALID_UPDATE_VERSION, message))
}

fn answer(
    request: &UpdateFeaturesRequest,
    context: &RequestContext,
    refusal: &Refusal,
) -> Outcome<UpdateFeaturesResponse> {
    let message = (!refusal.code.is_none()).then(|| Str::from(refusal.message.as_str()));
    if context.version >= ONE_ERROR_SINCE {
        let (error_code, error_message) = (refusal.code, message);
        return Outcome::Answer(UpdateFeaturesResponse { error_code, error_message, ..Default::default() });
    }
    let one = |update: &FeatureUpdateKey| UpdatableFeatureResult {
        feature: update.feature.clone(),
        error_code: refusal.code,
        error_message: message.clone(),
        ..Default::default()
    };
    let results = request.feature_updates.iter().map(one).collect();
    Outcome::Answer(UpdateFeaturesResponse { results, ..Default::default() })
}
