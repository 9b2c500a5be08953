//! Amazon's Security Token Service: a role's temporary keys, for keys or for a token of another identity.

use super::credentials::AwsCredentials;
use super::sigv4::SigningScope;
use crate::Secret;
use crate::http::{Answer, HttpRequest, Url, percent_encoded};
use crate::utc;

/// A role to take over.
#[derive(Clone, Debug)]
pub(super) struct IamRole {
    pub(super) arn: String,
    pub(super) session_name: String,
    pub(super) external_id: Option<String>,
}

/// Where a region's STS is; without a region the one for all.
pub(super) fn endpoint(region: Option<&str>) -> String {
    match region {
        None | Some("aws-global") => "https://sts.amazonaws.com".to_owned(),
        Some(region) => {
            let suffix = SUFFIXES.iter().find(|(begins, _)| region.starts_with(begins));
            format!("https://sts.{region}.{}", suffix.map_or("amazonaws.com", |(_, suffix)| suffix))
        }
    }
}

/// `AssumeRole`, signed by the keys of somebody who may.
pub(super) fn assume_role(
    role: &IamRole,
    credentials: &AwsCredentials,
    url: &Url,
    region: Option<&str>,
    now_unix_ms: i64,
) -> HttpRequest {
    let mut body = form("AssumeRole", role);
    if let Some(id) = &role.external_id {
        body = format!("{body}&ExternalId={}", percent_encoded(id));
    }
    let region = region.filter(|region| *region != "aws-global").unwrap_or("us-east-1");
    let scope = SigningScope { region, service: "sts", now_unix_ms };
    let headers = scope.headers(credentials, &url.authority(), FORM, &body);
    HttpRequest { method: "POST", url: url.clone(), headers, body: Secret::from(body) }
}

/// `AssumeRoleWithWebIdentity`, which the token itself vouches for.
pub(super) fn assume_role_with_web_identity(role: &IamRole, token: &Secret, url: &Url) -> HttpRequest {
    let body = format!(
        "{}&WebIdentityToken={}",
        form("AssumeRoleWithWebIdentity", role),
        percent_encoded(token.reveal().trim())
    );
    let headers = vec![("Content-Type", Secret::from(FORM))];
    HttpRequest { method: "POST", url: url.clone(), headers, body: Secret::from(body) }
}

/// The keys in an answer. The error is the end of a sentence that names the endpoint.
pub(super) fn credentials(answer: &Answer) -> Result<AwsCredentials, String> {
    let text = String::from_utf8_lossy(&answer.body);
    if !answer.is_success() {
        let said = |name| element(&text, name).map(printable).unwrap_or_default();
        return Err(match (said("Code"), said("Message")) {
            (code, _) if code.is_empty() => format!("it refused ({}) and did not say why", answer.status),
            (code, message) if message.is_empty() => format!("it refused ({}): {code}", answer.status),
            (code, message) => format!("it refused ({}): {code} - {message}", answer.status),
        });
    }
    let keys = element(&text, "Credentials").ok_or("its answer has no Credentials: it is no STS")?;
    let needed = |name: &str| {
        element(keys, name)
            .map(str::trim)
            .filter(|it| !it.is_empty())
            .ok_or(format!("its answer has no {name}"))
    };
    let ends = needed("Expiration")?;
    Ok(AwsCredentials {
        access_key_id: needed("AccessKeyId")?.to_owned(),
        secret_access_key: needed("SecretAccessKey")?.into(),
        session_token: Some(needed("SessionToken")?.into()),
        ends_unix_ms: Some(utc::parse_iso(ends).ok_or("its answer's Expiration is no moment in UTC")?),
    })
}

fn form(action: &str, role: &IamRole) -> String {
    format!(
        "Action={action}&Version=2011-06-15&RoleArn={}&RoleSessionName={}",
        percent_encoded(&role.arn),
        percent_encoded(&role.session_name)
    )
}

/// What stands in the first element of that name. Keys and codes hold no character that XML escapes.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let begin = xml.find(&format!("<{name}>"))? + name.len() + 2;
    let rest = xml.get(begin..)?;
    rest.get(..rest.find(&format!("</{name}>"))?)
}

/// In one line, without what XML escaped, and no longer than is read.
fn printable(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|it| !it.is_empty()).collect();
    words.join(" ").chars().take(QUOTED_CHARS_MAX).collect()
}

/// Amazon's partitions that have names of their own, by the beginning of their regions'.
const SUFFIXES: &[(&str, &str)] = &[
    ("cn-", "amazonaws.com.cn"),
    ("eusc-", "amazonaws.eu"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
];
const FORM: &str = "application/x-www-form-urlencoded";
const QUOTED_CHARS_MAX: usize = 300;

#[cfg(test)]
mod tests {
    use super::super::credentials::example;
    use super::*;

    fn role() -> IamRole {
        IamRole {
            arn: "arn:aws:iam::123456789012:role/producer".to_owned(),
            session_name: "aws-msk-iam-auth".to_owned(),
            external_id: None,
        }
    }

    fn answered(status: u16, body: &str) -> Result<AwsCredentials, String> {
        credentials(&Answer {
            status,
            content_type: None,
            location: None,
            date_unix_s: None,
            body: body.into(),
        })
    }

    /// Expected by botocore 1.44, as in `sigv4`.
    #[test]
    fn a_role_is_asked_for_as_botocore_does() {
        let keys = example(None);
        let url = Url::parse(&endpoint(Some("us-east-1"))).unwrap();
        let request = assume_role(&role(), &keys, &url, Some("us-east-1"), 1_795_955_696_000);
        assert_eq!(
            request.body.reveal(),
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fproducer\
             &RoleSessionName=aws-msk-iam-auth"
        );
        let (_, authorization) = request.headers.iter().find(|(name, _)| *name == "Authorization").unwrap();
        let signature = "7984b77ffbc51ba98a9b2d50092dfdef62a4f0ce6aa7098d39def163dac7538c";
        assert!(authorization.reveal().ends_with(signature));
        let with_id = IamRole { external_id: Some("a b".to_owned()), ..role() };
        let request = assume_role(&with_id, &keys, &url, None, 0);
        assert!(request.body.reveal().ends_with("&ExternalId=a%20b"));
        let token = Secret::from("h.p.s\n");
        let request = assume_role_with_web_identity(&role(), &token, &url);
        assert!(
            request.body.reveal().starts_with("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=")
        );
        assert!(request.body.reveal().ends_with("&WebIdentityToken=h.p.s"));
    }

    /// Expected by botocore 1.44's clients.
    #[test]
    fn a_region_has_an_sts_of_its_own() {
        assert_eq!(endpoint(None), "https://sts.amazonaws.com");
        assert_eq!(endpoint(Some("aws-global")), "https://sts.amazonaws.com");
        for (region, host) in [
            ("eu-west-1", "sts.eu-west-1.amazonaws.com"),
            ("us-gov-west-1", "sts.us-gov-west-1.amazonaws.com"),
            ("cn-north-1", "sts.cn-north-1.amazonaws.com.cn"),
            ("eusc-de-east-1", "sts.eusc-de-east-1.amazonaws.eu"),
            ("us-iso-east-1", "sts.us-iso-east-1.c2s.ic.gov"),
            ("us-isob-east-1", "sts.us-isob-east-1.sc2s.sgov.gov"),
            ("us-isof-south-1", "sts.us-isof-south-1.csp.hci.ic.gov"),
            ("eu-isoe-west-1", "sts.eu-isoe-west-1.cloud.adc-e.uk"),
        ] {
            assert_eq!(endpoint(Some(region)), format!("https://{host}"));
        }
    }

    /// The form of Amazon's API reference.
    #[test]
    fn an_answers_keys_are_read() {
        let keys = answered(
            200,
            r#"<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
               <AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/demo/x</Arn></AssumedRoleUser>
               <Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>
               <SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY</SecretAccessKey>
               <SessionToken> AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQW== </SessionToken>
               <Expiration>2026-11-29T12:34:56Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"#,
        )
        .unwrap();
        assert_eq!(keys.access_key_id, "ASIAIOSFODNN7EXAMPLE");
        assert_eq!(keys.secret_access_key.reveal(), "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY");
        assert!(keys.session_token.unwrap().reveal().starts_with("AQoDYXdzEPT//"));
        assert_eq!(keys.ends_unix_ms, Some(1_795_955_696_000));
    }

    #[test]
    fn a_refusal_says_what_amazon_says() {
        let refused = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>\
            <Message>User: arn:aws:iam::1:user/a is not\nauthorized &quot;x&quot;</Message></Error></ErrorResponse>";
        let text = r#"it refused (403): AccessDenied - User: arn:aws:iam::1:user/a is not authorized "x""#;
        assert_eq!(answered(403, refused).unwrap_err(), text);
        assert_eq!(answered(500, "").unwrap_err(), "it refused (500) and did not say why");
        assert!(answered(200, "<html>hush</html>").unwrap_err().contains("it is no STS"));
        let open = "<Credentials><AccessKeyId>hush</AccessKeyId><Expiration>x</Expiration></Credentials>";
        let error = answered(200, open).unwrap_err();
        assert!(error.contains("no SecretAccessKey") && !error.contains("hush"), "{error}");
        assert!(answered(200, "<Credentials><Expiration>").is_err());
    }
}
