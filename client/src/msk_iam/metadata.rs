//! Keys from what runs a program: the container's endpoint (ECS, EKS), and the instance's metadata (IMDSv2).

use std::net::IpAddr;
use std::path::Path;

use serde_json::Value;

use super::credentials::AwsCredentials;
use super::variables::Variables;
use crate::http::{Answer, Http, HttpRequest, Url};
use crate::{Error, ErrorKind, Secret};

/// Asks what is on this machine or beside it, as the variables say.
#[derive(Clone, Copy)]
pub(super) struct NearServices<'a> {
    pub(super) variables: &'a Variables,
    pub(super) http: &'a Http,
}

/// The container's keys. `None` where no container says that it has any.
pub(super) async fn of_container(near: NearServices<'_>) -> Option<Result<AwsCredentials, Error>> {
    let relative = near.variables.text("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    let full = near.variables.text("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    let (name, text) = match (relative, full) {
        (Some(relative), _) => {
            ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", format!("{CONTAINER_HOST}{relative}"))
        }
        (None, Some(full)) => ("AWS_CONTAINER_CREDENTIALS_FULL_URI", full),
        (None, None) => return None,
    };
    Some(container(near, name, &text).await)
}

async fn container(near: NearServices<'_>, name: &str, text: &str) -> Result<AwsCredentials, Error> {
    let wrong = |sentence: String| Error::new(ErrorKind::Config, sentence);
    let url = Url::parse(text).map_err(|why| wrong(format!("{name} is no URL: {why}")))?;
    if !url.https && !is_beside(&url.address.host) {
        let sentence = format!(
            "{name} is {url}: without HTTPS only this machine and the container's own \
             endpoints are asked, since what they are told is a secret"
        );
        return Err(wrong(sentence));
    }
    let token = match near.variables.text("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
        Some(path) => {
            let bytes = crate::oauth::assertion::read_file(
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                Path::new(&path),
            )?;
            Some(Secret::from(String::from_utf8_lossy(&bytes).trim()))
        }
        None => near.variables.secret("AWS_CONTAINER_AUTHORIZATION_TOKEN"),
    };
    let headers = token.map(|token| ("Authorization", token)).into_iter().collect();
    let request = HttpRequest { method: "GET", url, headers, body: Secret::default() };
    json_keys(&request.url, &near.http.ask(&request).await?)
}

/// Whether a host is this machine, or one of the addresses that ECS and EKS give to their endpoints.
fn is_beside(host: &str) -> bool {
    let Ok(ip) = host.parse::<IpAddr>() else { return host.eq_ignore_ascii_case("localhost") };
    ip.is_loopback() || CONTAINER_ENDPOINTS.contains(&ip.to_string().as_str())
}

/// The instance's keys: a session's token first, then the name of its role, then the keys.
pub(super) async fn of_instance(near: NearServices<'_>) -> Result<AwsCredentials, Error> {
    let instance = Instance::begin(near).await?;
    let role = instance.text("/latest/meta-data/iam/security-credentials/").await?;
    let role = role.lines().next().unwrap_or_default().trim().to_owned();
    if role.is_empty() || !role.chars().all(|c| c.is_ascii_graphic() && c != '/') {
        return Err(Error::new(ErrorKind::Authentication, "the instance has no role (instance profile)"));
    }
    let path = format!("/latest/meta-data/iam/security-credentials/{role}");
    let (url, answer) = instance.get(&path).await?;
    json_keys(&url, &answer)
}

/// The instance's region.
pub(super) async fn region_of_instance(near: NearServices<'_>) -> Result<String, Error> {
    let region = Instance::begin(near).await?.text("/latest/meta-data/placement/region").await?;
    Ok(region.trim().to_owned())
}

/// A session with the metadata service.
struct Instance<'a> {
    http: &'a Http,
    endpoint: String,
    token: Secret,
}

impl<'a> Instance<'a> {
    async fn begin(near: NearServices<'a>) -> Result<Self, Error> {
        let disabled = "AWS_EC2_METADATA_DISABLED";
        if near.variables.text(disabled).is_some_and(|it| it.eq_ignore_ascii_case("true")) {
            return Err(Error::new(ErrorKind::Config, format!("it is switched off by {disabled}")));
        }
        let endpoint = near.variables.text("AWS_EC2_METADATA_SERVICE_ENDPOINT");
        let endpoint = endpoint.unwrap_or_else(|| INSTANCE_HOST.to_owned()).trim_end_matches('/').to_owned();
        let url = at(&endpoint, "/latest/api/token")?;
        let headers = vec![("X-aws-ec2-metadata-token-ttl-seconds", Secret::from("300"))];
        let request = HttpRequest { method: "PUT", url, headers, body: Secret::default() };
        let answer = near.http.ask(&request).await?;
        let token = text(&request.url, &answer)?;
        Ok(Self { http: near.http, endpoint, token: Secret::from(token.trim()) })
    }

    async fn get(&self, path: &str) -> Result<(Url, Answer), Error> {
        let headers = vec![("X-aws-ec2-metadata-token", self.token.clone())];
        let url = at(&self.endpoint, path)?;
        let request = HttpRequest { method: "GET", url, headers, body: Secret::default() };
        let answer = self.http.ask(&request).await?;
        Ok((request.url, answer))
    }

    async fn text(&self, path: &str) -> Result<String, Error> {
        let (url, answer) = self.get(path).await?;
        text(&url, &answer)
    }
}

fn at(endpoint: &str, path: &str) -> Result<Url, Error> {
    Url::parse(&format!("{endpoint}{path}")).map_err(|why| {
        Error::new(ErrorKind::Config, format!("AWS_EC2_METADATA_SERVICE_ENDPOINT is no URL: {why}"))
    })
}

fn text(url: &Url, answer: &Answer) -> Result<String, Error> {
    match answer.is_success() {
        true => Ok(String::from_utf8_lossy(&answer.body).into_owned()),
        false => Err(refused(url, answer)),
    }
}

fn json_keys(url: &Url, answer: &Answer) -> Result<AwsCredentials, Error> {
    if !answer.is_success() {
        return Err(refused(url, answer));
    }
    let keys: Result<AwsCredentials, String> =
        answer.json().and_then(|json: Value| AwsCredentials::of_json(&json));
    keys.map_err(|what| Error::new(ErrorKind::Protocol, format!("{url}: {what}")))
}

fn refused(url: &Url, answer: &Answer) -> Error {
    let kind = if answer.is_temporary() { ErrorKind::Unreachable } else { ErrorKind::Authentication };
    Error::new(kind, format!("{url}: it refused ({})", answer.status))
}

const CONTAINER_HOST: &str = "http://169.254.170.2";
/// ECS, and EKS over IPv4 and IPv6.
const CONTAINER_ENDPOINTS: &[&str] = &["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];
const INSTANCE_HOST: &str = "http://169.254.169.254";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_without_https_only_to_this_machine_and_to_containers_endpoints() {
        for host in ["localhost", "127.0.0.1", "::1", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"] {
            assert!(is_beside(host), "{host}");
        }
        for host in ["example.com", "169.254.169.254", "10.0.0.1", "localhost.evil.example", "fd00:ec2::24"] {
            assert!(!is_beside(host), "{host}");
        }
    }
}
