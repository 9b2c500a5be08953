//! Amazon MSK's sign-in: a message that Amazon's keys sign, as AWS_MSK_IAM and as a token of OAUTHBEARER.
//!
//! The signature is made here, without Amazon's libraries; so are the questions for temporary keys. One task a client
//! holds the keys ([`Renewal`]) and replaces them before they end; each connection signs anew.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout_at;

use crate::config::{Address, AwsRoleKeys, BearerToken, Config, LoginModule};
use crate::environment::Environment;
use crate::oauth::refresh::RefreshWindow;
use crate::oauth::renewal::{Fetch, Renewal, wait_max};
use crate::sasl::mechanism::{Login, Starting};
use crate::{Error, ErrorKind, Secret};

mod chain;
mod credentials;
#[cfg(feature = "__hostile")]
pub mod hostile;
mod metadata;
mod payload;
mod profile;
mod region;
mod sigv4;
mod sts;
mod variables;

use chain::{AwsOptions, CredentialChain};
use credentials::AwsCredentials;
use variables::Variables;

/// The login of AWS_MSK_IAM.
///
/// # Errors
/// The JAAS text is for another mechanism, or there are no authorities to trust.
pub(crate) fn open(config: &Config, environment: &Environment) -> Result<Arc<dyn Login>, Error> {
    let options = match &config.sasl.login {
        None => AwsOptions::default(),
        Some(LoginModule::AwsMskIam {
            profile,
            role_arn,
            role_session_name,
            sts_region,
            role_external_id,
            role_keys,
        }) => AwsOptions {
            profile: profile.clone(),
            role_arn: role_arn.clone(),
            role_session_name: role_session_name.clone(),
            role_external_id: role_external_id.clone(),
            role_keys: role_keys.clone(),
            sts_region: sts_region.clone(),
        },
        Some(_) => {
            let sentence = "property sasl.jaas.config is for another mechanism than sasl.mechanism, which is AWS_MSK_IAM: \
                            that needs software.amazon.msk.auth.iam.IAMLoginModule required;";
            return Err(Error::new(ErrorKind::Config, sentence));
        }
    };
    let signer = AwsSigner::new(options, Variables::of_process(), config, environment)?;
    Ok(Arc::new(MskIamLogin { signer, wait_max: wait_max(config) }))
}

/// Logs in by AWS_MSK_IAM.
#[derive(Debug)]
struct MskIamLogin {
    signer: AwsSigner,
    /// The connection's own bound would only say that time ran out.
    wait_max: Duration,
}

impl Login for MskIamLogin {
    fn start<'a>(&'a self, broker: &'a Address) -> Starting<'a> {
        Box::pin(async move {
            let deadline = self.signer.environment.clock().now() + self.wait_max;
            let message = timeout_at(deadline.into(), self.signer.message(&broker.host)).await.map_err(|_| {
                let sentence = format!(
                    "no AWS credentials within {} ms: whoever gives them has not answered, and is still waited for",
                    self.wait_max.as_millis()
                );
                Error::new(ErrorKind::Timeout, sentence)
            })??;
            crate::sasl::aws_msk_iam::begin(message, payload::check_answer)
        })
    }
}

/// Holds keys, and signs by them.
pub(crate) struct AwsSigner {
    chain: Arc<CredentialChain>,
    keys: Renewal<AwsCredentials>,
    environment: Environment,
}

impl AwsSigner {
    /// The one of OAUTHBEARER's JAAS text, whose options are those of AWS_MSK_IAM.
    ///
    /// # Errors
    /// There are no authorities to trust.
    pub(crate) fn of_options(
        options: &[(String, Secret)],
        config: &Config,
        environment: &Environment,
    ) -> Result<Self, Error> {
        let secret = |name: &str| options.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let text = |name: &str| secret(name).map(|it| it.reveal().to_owned()).filter(|it| !it.is_empty());
        let options = AwsOptions {
            profile: text("awsProfileName"),
            role_arn: text("awsRoleArn"),
            role_session_name: text("awsRoleSessionName"),
            role_external_id: text("awsRoleExternalId"),
            role_keys: AwsRoleKeys::new(
                secret("awsRoleAccessKeyId"),
                secret("awsRoleSecretAccessKey"),
                secret("awsRoleSessionToken"),
            ),
            sts_region: text("awsStsRegion"),
        };
        Self::new(options, Variables::of_process(), config, environment)
    }

    fn new(
        options: AwsOptions,
        variables: Variables,
        config: &Config,
        environment: &Environment,
    ) -> Result<Self, Error> {
        // Whom brokers are trusted by says nothing of Amazon's services: those are trusted as the system does.
        let chain = Arc::new(CredentialChain::new(options, variables, &config.tls.of_system(), environment)?);
        let asked = Arc::clone(&chain);
        let fetch: Fetch<AwsCredentials> = Arc::new(move || {
            let chain = Arc::clone(&asked);
            Box::pin(async move { chain.credentials().await })
        });
        let window = RefreshWindow::of(&config.sasl.oauth);
        let keys = Renewal::new("AWS credentials", fetch, window, environment);
        Ok(Self { chain, keys, environment: environment.clone() })
    }

    /// AWS_MSK_IAM's message to this broker.
    async fn message(&self, host: &str) -> Result<Secret, Error> {
        let keys = self.keys.current().await?;
        let region = self.region(Some(host)).await?;
        Ok(payload::message(&keys, &region, host, self.environment.clock().unix_ms()))
    }

    /// OAUTHBEARER's token.
    ///
    /// # Errors
    /// There are no keys, or no region.
    pub(crate) async fn token(&self) -> Result<BearerToken, Error> {
        let keys = self.keys.current().await?;
        let region = self.region(None).await?;
        let now = self.environment.clock().unix_ms();
        let ends = now + i64::from(payload::EXPIRES_S) * 1000;
        Ok(BearerToken {
            principal: Some(keys.access_key_id.clone()),
            starts_unix_ms: Some(now),
            // A signature ends with the keys that made it.
            expires_unix_ms: Some(keys.ends_unix_ms.map_or(ends, |it| it.min(ends))),
            ..BearerToken::new(payload::token(&keys, &region, now))
        })
    }

    /// The region in the broker's name, else that of the process, else that of the instance.
    async fn region(&self, host: Option<&str>) -> Result<String, Error> {
        if let Some(region) = host.and_then(region::of_host) {
            return Ok(region.to_owned());
        }
        if let Some(region) = self.chain.region()? {
            return Ok(region);
        }
        let found = metadata::region_of_instance(self.chain.near()).await;
        found.and_then(|region| region::check(&region).map(|()| region)).map_err(|error| {
            let named = host.map(|host| format!("the name {host} has none, ")).unwrap_or_default();
            let sentence = format!(
                "no AWS region: {named}AWS_REGION and AWS_DEFAULT_REGION are not set, the profile has no region, and the \
                 instance's metadata gives none: {error}"
            );
            Error::new(ErrorKind::Config, sentence)
        })
    }
}

impl fmt::Debug for AwsSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsSigner").field("chain", &self.chain).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
