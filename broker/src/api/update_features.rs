//! UpdateFeatures: which level the cluster's features have.
//!
//! Behavior
//! - `transaction.version` is the one that can have another level. Others are `INVALID_UPDATE_VERSION`, as those that
//!   a Kafka does not know.
//! - All updates are made or none.
//!
//! Versions: 1 types of upgrades, validation alone; 2 one error for all.

use upsert_kafka_protocol::messages::update_features::{FeatureUpdateKey, UpdatableFeatureResult};
use upsert_kafka_protocol::messages::{UpdateFeaturesRequest, UpdateFeaturesResponse};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::api_versions::{TRANSACTION_VERSION, TRANSACTION_VERSION_MAX};
use super::{Outcome, RequestContext, Serve};
use crate::state::{Refusal, State};

/// The upgrade type that only goes up.
const UPGRADE: i8 = 1;
/// And the last one there is.
const UNSAFE_DOWNGRADE: i8 = 3;

/// The first version that answers one error for all.
const ONE_ERROR_SINCE: i16 = 2;

impl Serve for UpdateFeaturesRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<UpdateFeaturesResponse> {
        let present = state.config.transaction_version;
        let checked = self.feature_updates.iter().map(|update| check(update, context.version, present));
        match checked.collect::<Result<Vec<_>, _>>() {
            Err(refusal) => answer(self, context, &refusal),
            Ok(levels) => {
                if let Some(level) = levels.last().filter(|_| !self.validate_only) {
                    state.config.transaction_version = *level;
                }
                answer(self, context, &Refusal::new(ErrorCode::NONE, ""))
            }
        }
    }

    fn refuse(&self, context: &RequestContext, code: ErrorCode) -> Outcome<UpdateFeaturesResponse> {
        answer(self, context, &Refusal::new(code, code.message()))
    }
}

/// The feature's level to be.
fn check(update: &FeatureUpdateKey, version: i16, present: i16) -> Result<i16, Refusal> {
    let (name, level) = (&*update.feature, update.max_version_level);
    let may_fall = match version {
        0 => update.allow_downgrade,
        _ => (UPGRADE + 1..=UNSAFE_DOWNGRADE).contains(&update.upgrade_type),
    };
    let complaint = if name != TRANSACTION_VERSION {
        "this broker does not support this feature".to_owned()
    } else if !(0..=TRANSACTION_VERSION_MAX).contains(&level) {
        format!("this broker only supports versions 0-{TRANSACTION_VERSION_MAX}")
    } else if level < present && !may_fall {
        "a lower level needs the upgrade type SAFE_DOWNGRADE or UNSAFE_DOWNGRADE".to_owned()
    } else {
        return Ok(level);
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
