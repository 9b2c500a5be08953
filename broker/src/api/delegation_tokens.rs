//! The four APIs of delegation tokens, of which there are none.
//!
//! Behavior
//! - All are `DELEGATION_TOKEN_REQUEST_NOT_ALLOWED`, as by a PLAINTEXT listener of Kafka.
//!
//! Versions: 2 flexible; 3 owners.

use upsert_kafka_protocol::ErrorCode;
use upsert_kafka_protocol::messages::{
    CreateDelegationTokenRequest, CreateDelegationTokenResponse, DescribeDelegationTokenRequest,
    DescribeDelegationTokenResponse, ExpireDelegationTokenRequest, ExpireDelegationTokenResponse,
    RenewDelegationTokenRequest, RenewDelegationTokenResponse,
};

use super::{Outcome, RequestContext, Serve};
use crate::state::State;

macro_rules! refused {
    ($($request:ident $response:ident;)*) => {$(
        impl Serve for $request {
            fn serve(&self, _: &mut State, context: &RequestContext) -> Outcome<$response> {
                self.refuse(context, ErrorCode::DELEGATION_TOKEN_REQUEST_NOT_ALLOWED)
            }

            fn refuse(&self, _: &RequestContext, error_code: ErrorCode) -> Outcome<$response> {
                Outcome::Answer($response { error_code, ..Default::default() })
            }
        }
    )*};
}

refused! {
    CreateDelegationTokenRequest CreateDelegationTokenResponse;
    RenewDelegationTokenRequest RenewDelegationTokenResponse;
    ExpireDelegationTokenRequest ExpireDelegationTokenResponse;
    DescribeDelegationTokenRequest DescribeDelegationTokenResponse;
}
