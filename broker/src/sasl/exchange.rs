//! One login under way: a value that chooses its mechanism once, and hands the client's tokens to it.

use super::oauth_bearer::OauthExchange;
use super::scram::ScramExchange;
use super::{Accounts, Reply, SaslRefusal, msk_iam, plain};
use crate::config::{SaslConfig, SaslMechanism};
use crate::now::Now;
use crate::scram_credential::ScramHash;

/// One login under way.
#[derive(Debug)]
pub(crate) enum Exchange {
    Plain,
    Scram(ScramExchange),
    OauthBearer(OauthExchange),
    AwsMskIam,
}

impl Exchange {
    pub(crate) fn begin(mechanism: SaslMechanism) -> Self {
        match mechanism {
            SaslMechanism::Plain => Self::Plain,
            SaslMechanism::ScramSha256 => Self::Scram(ScramExchange::new(ScramHash::Sha256)),
            SaslMechanism::ScramSha512 => Self::Scram(ScramExchange::new(ScramHash::Sha512)),
            SaslMechanism::OauthBearer => Self::OauthBearer(OauthExchange::default()),
            SaslMechanism::AwsMskIam => Self::AwsMskIam,
        }
    }

    /// Takes the client's next token.
    pub(crate) fn handle_token(
        &mut self,
        token: &[u8],
        accounts: &mut Accounts<'_>,
        config: &SaslConfig,
        now: Now,
    ) -> Result<Reply, SaslRefusal> {
        match self {
            Self::Plain => plain::authenticate(token, accounts.users),
            Self::Scram(exchange) => exchange.handle_token(token, accounts, config, now),
            Self::OauthBearer(exchange) => exchange.handle_token(token, config, now),
            Self::AwsMskIam => msk_iam::authenticate(token, &config.msk_iam_keys, now),
        }
    }
}
