//! How a client logs in: `sasl.*`, typed.

use std::fmt;
use std::path::PathBuf;

use super::oauth::OAuthConfig;
use crate::Secret;

/// `sasl.*`: by which mechanism a client proves who it is, and with what.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct SaslConfig {
    /// `sasl.mechanism`.
    pub mechanism: SaslMechanism,
    /// What `sasl.jaas.config` says, or the file that `java.security.auth.login.config` names. `None` where nothing was
    /// given: enough for OAUTHBEARER, whose settings have keys of their own.
    pub login: Option<LoginModule>,
    /// `java.security.auth.login.config`: the file that `login` was read from, when it was.
    pub login_file: Option<PathBuf>,
    /// `sasl.kerberos.*`.
    pub kerberos: KerberosConfig,
    /// `sasl.oauthbearer.*` and `sasl.login.*`.
    pub oauth: OAuthConfig,
}

/// `sasl.mechanism`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SaslMechanism {
    /// Kerberos (RFC 4752), Java's default.
    #[default]
    Gssapi,
    /// User and password as they are (RFC 4616).
    Plain,
    /// A proof of the password (RFC 5802, RFC 7677).
    ScramSha256,
    /// The same with SHA-512.
    ScramSha512,
    /// A bearer token (RFC 7628, KIP-255).
    OAuthBearer,
    /// Amazon MSK's sign-in by a SigV4 signature.
    AwsMskIam,
}

/// A login module of a JAAS text with its options, typed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum LoginModule {
    /// `org.apache.kafka.common.security.plain.PlainLoginModule`
    Plain {
        /// `username`
        username: String,
        /// `password`
        password: Secret,
    },
    /// `org.apache.kafka.common.security.scram.ScramLoginModule`
    Scram {
        /// `username`
        username: String,
        /// `password`
        password: Secret,
        /// `tokenauth`: the two are a delegation token's id and HMAC (KIP-48).
        token_auth: bool,
    },
    /// `org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule`, whose options are kept as they stand:
    /// `clientId`, `clientSecret`, `scope`, `extension_…`, `unsecuredLoginStringClaim_…`.
    OAuthBearer {
        /// Name and value, in order. A value may be a secret.
        options: Vec<(String, Secret)>,
    },
    /// `com.sun.security.auth.module.Krb5LoginModule`
    Kerberos(KerberosLogin),
    /// `software.amazon.msk.auth.iam.IAMLoginModule`
    AwsMskIam {
        /// `awsProfileName`
        profile: Option<String>,
        /// `awsRoleArn`
        role_arn: Option<String>,
        /// `awsRoleSessionName`
        role_session_name: Option<String>,
        /// `awsStsRegion`
        sts_region: Option<String>,
        /// `awsRoleExternalId`
        role_external_id: Option<String>,
        /// `awsRoleAccessKeyId`, `awsRoleSecretAccessKey` and `awsRoleSessionToken`: the keys by which the role is taken
        /// over, instead of those that are found.
        role_keys: Option<AwsRoleKeys>,
    },
}

/// Keys of Amazon's that a JAAS text gives.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AwsRoleKeys {
    /// `awsRoleAccessKeyId`
    pub access_key_id: String,
    /// `awsRoleSecretAccessKey`
    pub secret_access_key: Secret,
    /// `awsRoleSessionToken`
    pub session_token: Option<Secret>,
}

impl AwsRoleKeys {
    /// `None` where the id or the secret is missing.
    pub(crate) fn new(
        id: Option<Secret>,
        secret: Option<Secret>,
        session_token: Option<Secret>,
    ) -> Option<Self> {
        let given = |value: Option<Secret>| value.filter(|it| !it.is_empty());
        Some(Self {
            access_key_id: given(id)?.reveal().to_owned(),
            secret_access_key: given(secret)?,
            session_token: given(session_token),
        })
    }
}

/// Where a Kerberos ticket comes from.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct KerberosLogin {
    /// `principal`: with or without its realm; without, krb5.conf's `default_realm`.
    pub principal: Option<String>,
    /// `keyTab`: the file of the principal's keys.
    pub keytab: Option<PathBuf>,
    /// `useTicketCache`, `ticketCache`: a cache that kinit filled. `Some` of an empty path is the default one.
    pub ticket_cache: Option<PathBuf>,
    /// A password, which Java asks for at a prompt.
    pub password: Option<Secret>,
}

/// `sasl.kerberos.*`, and where Kerberos is configured.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct KerberosConfig {
    /// `sasl.kerberos.service.name`: the first part of the brokers' principals.
    pub service_name: Option<String>,
    /// `kerberos.domain.name`, which Huawei's client has: the second part of the brokers' principals, instead of each
    /// broker's host.
    pub domain_name: Option<String>,
    /// `java.security.krb5.conf`: the file to read instead of `KRB5_CONFIG`'s or `/etc/krb5.conf`.
    pub krb5_conf: Option<PathBuf>,
    /// `sasl.kerberos.ticket.renew.window.factor`: after this share of its life a ticket is renewed.
    pub ticket_renew_window_factor: f64,
    /// `sasl.kerberos.ticket.renew.jitter`: the share of that time by which it may come later.
    pub ticket_renew_jitter: f64,
    /// `sasl.kerberos.min.time.before.relogin`: the least time between two logins.
    pub min_time_before_relogin: std::time::Duration,
}

impl Default for KerberosConfig {
    fn default() -> Self {
        Self {
            service_name: None,
            domain_name: None,
            krb5_conf: None,
            ticket_renew_window_factor: 0.8,
            ticket_renew_jitter: 0.05,
            min_time_before_relogin: std::time::Duration::from_secs(60),
        }
    }
}

impl SaslMechanism {
    /// The feature that a mechanism needs and this build lacks.
    pub(crate) fn missing_feature(self) -> Option<&'static str> {
        let (feature, is_built) = match self {
            Self::Plain => ("sasl", cfg!(feature = "sasl")),
            Self::ScramSha256 | Self::ScramSha512 => ("scram", cfg!(feature = "scram")),
            Self::OAuthBearer => ("oauth", cfg!(feature = "oauth")),
            Self::AwsMskIam => ("msk-iam", cfg!(feature = "msk-iam")),
            Self::Gssapi => ("gssapi", cfg!(feature = "gssapi")),
        };
        (!is_built).then_some(feature)
    }

    /// All, by the names that brokers know.
    pub const ALL: [(Self, &str); 6] = [
        (Self::Gssapi, "GSSAPI"),
        (Self::Plain, "PLAIN"),
        (Self::ScramSha256, "SCRAM-SHA-256"),
        (Self::ScramSha512, "SCRAM-SHA-512"),
        (Self::OAuthBearer, "OAUTHBEARER"),
        (Self::AwsMskIam, "AWS_MSK_IAM"),
    ];

    /// The name that brokers know.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(it, _)| *it == self).map_or("", |(_, name)| name)
    }
}

impl fmt::Display for SaslMechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
