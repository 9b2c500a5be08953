//! SaslHandshake, SaslAuthenticate and the four of delegation tokens: there is no security.
//!
//! Behavior
//! - As a PLAINTEXT listener of Kafka, where everyone is authenticated as nobody: SASL is `ILLEGAL_SASL_STATE`,
//!   delegation tokens are `DELEGATION_TOKEN_REQUEST_NOT_ALLOWED`.
//!
//! Versions: SaslHandshake 1 and SaslAuthenticate belong together; 2 flexible, as the tokens' APIs are; 3 of theirs
//! owners.

use upsert_kafka_protocol::messages::{
    CreateDelegationTokenRequest, CreateDelegationTokenResponse, DescribeDelegationTokenRequest,
    DescribeDelegationTokenResponse, ExpireDelegationTokenRequest, ExpireDelegationTokenResponse,
    RenewDelegationTokenRequest, RenewDelegationTokenResponse, SaslAuthenticateRequest,
    SaslAuthenticateResponse, SaslHandshakeRequest, SaslHandshakeResponse,
};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::{Outcome, RequestContext, Serve};
use crate::state::State;

macro_rules! refused {
    ($($request:ident $response:ident $code:ident { $($field:ident: $value:expr),* };)*) => {$(
        impl Serve for $request {
            fn serve(&self, _: &mut State, context: &RequestContext) -> Outcome<$response> {
                self.refuse(context, ErrorCode::$code)
            }

            fn refuse(&self, _: &RequestContext, error_code: ErrorCode) -> Outcome<$response> {
                Outcome::Answer($response { error_code, $($field: $value,)* ..Default::default() })
            }
        }
    )*};
}

refused! {
    SaslHandshakeRequest SaslHandshakeResponse ILLEGAL_SASL_STATE {};
    SaslAuthenticateRequest SaslAuthenticateResponse ILLEGAL_SASL_STATE {
        error_message: Some(Str::from_static("SaslAuthenticate request received after successful authentication"))
    };
    CreateDelegationTokenRequest CreateDelegationTokenResponse DELEGATION_TOKEN_REQUEST_NOT_ALLOWED {};
    RenewDelegationTokenRequest RenewDelegationTokenResponse DELEGATION_TOKEN_REQUEST_NOT_ALLOWED {};
    ExpireDelegationTokenRequest ExpireDelegationTokenResponse DELEGATION_TOKEN_REQUEST_NOT_ALLOWED {};
    DescribeDelegationTokenRequest DescribeDelegationTokenResponse DELEGATION_TOKEN_REQUEST_NOT_ALLOWED {};
}
