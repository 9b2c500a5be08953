//! Where Amazon's keys come from: the sources that its own libraries ask, in their order.
//!
//! | source | asked where |
//! |---|---|
//! | `awsProfileName`, `awsRoleArn` of the JAAS text | they are given; nothing else is asked then |
//! | `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` | the first two are set |
//! | `AWS_WEB_IDENTITY_TOKEN_FILE` with `AWS_ROLE_ARN` | both are set, as Kubernetes does |
//! | `AWS_PROFILE`, or `default`, of `~/.aws/credentials` and `~/.aws/config` | there is such a profile with keys or a role |
//! | `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`, `…_FULL_URI` | one is set, as ECS and EKS do |
//! | the instance's metadata (IMDSv2) | `AWS_EC2_METADATA_DISABLED` is not `true` |
//!
//! A source that is there and fails is an error, and none after it is asked: keys of somebody else would be worse.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::credentials::AwsCredentials;
use super::metadata::{self, NearServices};
use super::profile::{Profile, Profiles};
use super::region;
use super::sts::{self, IamRole};
use super::variables::Variables;
use crate::config::{AwsRoleKeys, TlsConfig};
use crate::environment::Environment;
use crate::http::{Http, HttpLimits, Url};
use crate::{Error, ErrorKind, Secret};

/// What a JAAS text may say about keys.
#[derive(Clone, Debug, Default)]
pub(super) struct AwsOptions {
    /// `awsProfileName`
    pub(super) profile: Option<String>,
    /// `awsRoleArn`
    pub(super) role_arn: Option<String>,
    /// `awsRoleSessionName`
    pub(super) role_session_name: Option<String>,
    /// `awsRoleExternalId`
    pub(super) role_external_id: Option<String>,
    /// `awsRoleAccessKeyId` and the others
    pub(super) role_keys: Option<AwsRoleKeys>,
    /// `awsStsRegion`
    pub(super) sts_region: Option<String>,
}

/// Asks the sources.
#[derive(Debug)]
pub(super) struct CredentialChain {
    options: AwsOptions,
    variables: Variables,
    http: Http,
    /// For what is on this machine or beside it.
    near: Http,
    environment: Environment,
}

impl CredentialChain {
    /// # Errors
    /// There are no authorities to trust.
    pub(super) fn new(
        options: AwsOptions,
        variables: Variables,
        tls: &TlsConfig,
        environment: &Environment,
    ) -> Result<Self, Error> {
        let limits = |connect, read| HttpLimits { connect, read, body_bytes_max: BODY_BYTES_MAX };
        let http = Http::new(tls, limits(Duration::from_secs(5), Duration::from_secs(10)), environment)?;
        let near = Http::new(tls, limits(Duration::from_secs(1), Duration::from_secs(2)), environment)?;
        Ok(Self { options, variables, http, near, environment: environment.clone() })
    }

    /// The keys of the first source that is there.
    ///
    /// # Errors
    /// It failed, or there is none: then the sentence says what was looked for.
    pub(super) async fn credentials(&self) -> Result<AwsCredentials, Error> {
        if let Some(profile) = &self.options.profile {
            return self.of_profile(profile, true).await?.ok_or_else(|| self.none("it is empty"));
        }
        let Some(arn) = &self.options.role_arn else { return self.of_sources().await };
        let role = IamRole {
            arn: arn.clone(),
            session_name: self.options.role_session_name.clone().unwrap_or_else(|| SESSION_NAME.to_owned()),
            external_id: self.options.role_external_id.clone(),
        };
        let keys = match &self.options.role_keys {
            Some(AwsRoleKeys { access_key_id, secret_access_key, session_token }) => AwsCredentials {
                access_key_id: access_key_id.clone(),
                secret_access_key: secret_access_key.clone(),
                session_token: session_token.clone(),
                ends_unix_ms: None,
            },
            None => self.of_sources().await?,
        };
        self.assume(&role, &keys, self.options.sts_region.as_deref()).await
    }

    async fn of_sources(&self) -> Result<AwsCredentials, Error> {
        if let Some(keys) = self.of_variables() {
            return Ok(keys);
        }
        if let Some(found) = self.of_web_identity().await {
            return found;
        }
        let profile = self.profile_name();
        if let Some(keys) = self.of_profile(&profile, self.variables.text("AWS_PROFILE").is_some()).await? {
            return Ok(keys);
        }
        if let Some(found) = metadata::of_container(self.near()).await {
            return found.map_err(|error| error.within("the container's credentials"));
        }
        if self.variables.text("AWS_EC2_METADATA_DISABLED").is_some_and(|it| it.eq_ignore_ascii_case("true"))
        {
            return Err(self.none("the instance's metadata is switched off by AWS_EC2_METADATA_DISABLED"));
        }
        metadata::of_instance(self.near())
            .await
            .map_err(|error| self.none(&format!("the instance's metadata: {error}")))
    }

    /// The services of this machine.
    pub(super) fn near(&self) -> NearServices<'_> {
        NearServices { variables: &self.variables, http: &self.near }
    }

    /// All that was looked for in vain.
    fn none(&self, last: &str) -> Error {
        let files = [self.credentials_file(), self.config_file()];
        let unread: String = files.iter().filter_map(|it| Some(format!("; {}", read(it).err()?))).collect();
        let sentence = format!(
            "no AWS credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set, nor \
             AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, nor a container's credentials; no profile {} with keys or a \
             role in {} or {}{unread}; {last}",
            self.profile_name(),
            self.credentials_file().display(),
            self.config_file().display()
        );
        Error::new(ErrorKind::Authentication, sentence)
    }

    fn of_variables(&self) -> Option<AwsCredentials> {
        Some(AwsCredentials {
            access_key_id: self.variables.text("AWS_ACCESS_KEY_ID")?,
            secret_access_key: self.variables.secret("AWS_SECRET_ACCESS_KEY")?,
            session_token: self.variables.secret("AWS_SESSION_TOKEN"),
            ends_unix_ms: None,
        })
    }

    async fn of_web_identity(&self) -> Option<Result<AwsCredentials, Error>> {
        let file = self.variables.text("AWS_WEB_IDENTITY_TOKEN_FILE")?;
        let arn = self.variables.text("AWS_ROLE_ARN")?;
        let session_name = self.variables.text("AWS_ROLE_SESSION_NAME");
        Some(self.with_web_identity(arn, session_name, Path::new(&file)).await)
    }

    async fn with_web_identity(
        &self,
        arn: String,
        session_name: Option<String>,
        file: &Path,
    ) -> Result<AwsCredentials, Error> {
        let token = crate::oauth::assertion::read_file("the web identity token", file)?;
        let token = Secret::from(String::from_utf8_lossy(&token).into_owned());
        let session_name = session_name.unwrap_or_else(|| SESSION_NAME.to_owned());
        let role = IamRole { arn, session_name, external_id: None };
        let url = self.sts_url(self.region()?.as_deref())?;
        let answer = self.http.ask(&sts::assume_role_with_web_identity(&role, &token, &url)).await?;
        sts::credentials(&answer).map_err(|what| refused(&url, &role, &what, answer.is_temporary()))
    }

    async fn assume(
        &self,
        role: &IamRole,
        keys: &AwsCredentials,
        region: Option<&str>,
    ) -> Result<AwsCredentials, Error> {
        let url = self.sts_url(region)?;
        let now = self.environment.clock().unix_ms();
        let answer = self.http.ask(&sts::assume_role(role, keys, &url, region, now)).await?;
        sts::credentials(&answer).map_err(|what| refused(&url, role, &what, answer.is_temporary()))
    }

    fn sts_url(&self, region: Option<&str>) -> Result<Url, Error> {
        region.map_or(Ok(()), region::check)?;
        let name = "AWS_ENDPOINT_URL_STS";
        let url = self.variables.text(name).unwrap_or_else(|| sts::endpoint(region));
        Url::parse(&url).map_err(|why| {
            Error::new(ErrorKind::Config, format!("the URL of STS ({name}, or the region's): {why}"))
        })
    }

    /// `None` where the profile is not there, or holds neither keys nor a role, and nobody asked for it by name.
    async fn of_profile(&self, name: &str, named: bool) -> Result<Option<AwsCredentials>, Error> {
        let profiles = self.profiles()?;
        let Some(profile) = profiles.named(name) else {
            return match named {
                true => Err(self.no_profile(name, &profiles)),
                false => Ok(None),
            };
        };
        match self.of_its_values(name, profile, &profiles).await {
            Ok(Some(keys)) => Ok(Some(keys)),
            Ok(None) if named => Err(Error::new(
                ErrorKind::Config,
                format!(
                    "the AWS profile {name} has neither aws_access_key_id and aws_secret_access_key nor a role_arn"
                ),
            )),
            Ok(None) => Ok(None),
            Err(error) => Err(error.within(&format!("the AWS profile {name}"))),
        }
    }

    async fn of_its_values(
        &self,
        name: &str,
        profile: &Profile,
        profiles: &Profiles,
    ) -> Result<Option<AwsCredentials>, Error> {
        let Some(arn) = profile.text("role_arn") else {
            for (key, what) in UNSUPPORTED {
                if profile.text(key).is_some() && keys_of(profile).is_none() {
                    let sentence = format!("it has {key}, and {what}");
                    return Err(Error::new(ErrorKind::Unsupported, sentence));
                }
            }
            return Ok(keys_of(profile));
        };
        let session_name = profile.text("role_session_name").map(str::to_owned);
        if let Some(file) = profile.text("web_identity_token_file") {
            return self.with_web_identity(arn.to_owned(), session_name, Path::new(file)).await.map(Some);
        }
        let keys = self.keys_for_role(name, profile, profiles).await?;
        let role = IamRole {
            arn: arn.to_owned(),
            session_name: session_name.unwrap_or_else(|| SESSION_NAME.to_owned()),
            external_id: profile.text("external_id").map(str::to_owned),
        };
        let region = match profile.text("region") {
            Some(region) => Some(region.to_owned()),
            None => self.region()?,
        };
        self.assume(&role, &keys, region.as_deref()).await.map(Some)
    }

    /// The keys by which a profile's role is taken over: those of another profile, or of a source.
    async fn keys_for_role(
        &self,
        name: &str,
        profile: &Profile,
        profiles: &Profiles,
    ) -> Result<AwsCredentials, Error> {
        let wrong = |sentence: String| Error::new(ErrorKind::Config, sentence);
        match (profile.text("source_profile"), profile.text("credential_source")) {
            (Some(source), _) => {
                let found = profiles.named(source).ok_or_else(|| self.no_profile(source, profiles))?;
                let needs = "a source_profile needs aws_access_key_id and aws_secret_access_key";
                // A role by a role by a role would go on; one step is what people write.
                keys_of(found)
                    .ok_or_else(|| wrong(format!("its source_profile {source} has no keys: {needs}")))
            }
            (None, Some("Environment")) => self
                .of_variables()
                .ok_or_else(|| wrong("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set".to_owned())),
            (None, Some("EcsContainer")) => match metadata::of_container(self.near()).await {
                Some(found) => found,
                None => Err(wrong("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not set".to_owned())),
            },
            (None, Some("Ec2InstanceMetadata")) => metadata::of_instance(self.near()).await,
            (None, Some(other)) => Err(wrong(format!("its credential_source {other} is not known"))),
            (None, None) => Err(wrong(format!(
                "{name} has a role_arn, and neither source_profile nor credential_source to take it by"
            ))),
        }
    }

    fn no_profile(&self, name: &str, profiles: &Profiles) -> Error {
        let sentence = format!(
            "there is no AWS profile {name} in {} or {}, but {}",
            self.credentials_file().display(),
            self.config_file().display(),
            profiles.names()
        );
        Error::new(ErrorKind::Config, sentence)
    }

    /// The profiles of both files.
    ///
    /// # Errors
    /// A file that somebody asked for, by its name or a profile's, cannot be read: keys of a later source would be
    /// somebody else's. A home that is closed to this process is another thing: containers often have one.
    fn profiles(&self) -> Result<Profiles, Error> {
        let is_named = self.options.profile.is_some() || self.variables.text("AWS_PROFILE").is_some();
        let text = |variable, path: PathBuf| match read(&path) {
            Err(error) if is_named || self.variables.text(variable).is_some() => Err(error),
            read => Ok(read.unwrap_or_default()),
        };
        let credentials = text(CREDENTIALS_FILE, self.credentials_file())?;
        Ok(Profiles::read(&credentials, &text(CONFIG_FILE, self.config_file())?))
    }

    fn profile_name(&self) -> String {
        self.options
            .profile
            .clone()
            .or_else(|| self.variables.text("AWS_PROFILE"))
            .unwrap_or_else(|| "default".to_owned())
    }

    fn credentials_file(&self) -> PathBuf {
        self.file(CREDENTIALS_FILE, "credentials")
    }

    fn config_file(&self) -> PathBuf {
        self.file(CONFIG_FILE, "config")
    }

    fn file(&self, variable: &str, name: &str) -> PathBuf {
        let home = || {
            let home = self.variables.text("HOME").unwrap_or_else(|| "~".to_owned());
            Path::new(&home).join(".aws").join(name)
        };
        self.variables.text(variable).map_or_else(home, PathBuf::from)
    }

    /// The region of the process: `AWS_REGION`, `AWS_DEFAULT_REGION`, or its profile's.
    ///
    /// # Errors
    /// It can be none, or the profiles cannot be read.
    pub(super) fn region(&self) -> Result<Option<String>, Error> {
        let variable = |name| self.variables.text(name);
        let region = match variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")) {
            Some(region) => Some(region),
            None => self
                .profiles()?
                .named(&self.profile_name())
                .and_then(|profile| profile.text("region"))
                .map(str::to_owned),
        };
        region.as_deref().map_or(Ok(()), region::check)?;
        Ok(region)
    }
}

/// The text of a file; nothing where there is none.
fn read(path: &Path) -> Result<String, Error> {
    // Without a home it would be a file of the folder that the process happens to stand in.
    if path.starts_with("~") || matches!(path.try_exists(), Ok(false)) {
        return Ok(String::new());
    }
    let bytes = crate::oauth::assertion::read_file("the AWS file", path)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn keys_of(profile: &Profile) -> Option<AwsCredentials> {
    Some(AwsCredentials {
        access_key_id: profile.text("aws_access_key_id")?.to_owned(),
        secret_access_key: profile.secret("aws_secret_access_key")?.clone(),
        session_token: profile.secret("aws_session_token").cloned(),
        ends_unix_ms: None,
    })
}

fn refused(url: &Url, role: &IamRole, what: &str, temporary: bool) -> Error {
    let kind = if temporary { ErrorKind::Unreachable } else { ErrorKind::Authentication };
    Error::new(kind, format!("{url}, asked for the role {}: {what}", role.arn))
}

const CREDENTIALS_FILE: &str = "AWS_SHARED_CREDENTIALS_FILE";
const CONFIG_FILE: &str = "AWS_CONFIG_FILE";
/// As `aws-msk-iam-auth` names a session.
const SESSION_NAME: &str = "aws-msk-iam-auth";
/// Keys of a profile that ask for what is not done here.
const UNSUPPORTED: &[(&str, &str)] = &[
    (
        "credential_process",
        "no program is run for credentials: run it, and set AWS_ACCESS_KEY_ID and the others",
    ),
    ("sso_session", "nobody signs in here: run `aws configure export-credentials --format env`"),
    ("sso_start_url", "nobody signs in here: run `aws configure export-credentials --format env`"),
];
/// Credentials are a few kilobytes.
const BODY_BYTES_MAX: usize = 64 << 10;
