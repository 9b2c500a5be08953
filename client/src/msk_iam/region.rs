//! Which of Amazon's regions a broker is in, by its name.

use crate::error::quoted;
use crate::{Error, ErrorKind};

/// The region in a broker's name, as in `b-1.orders.abc123.c2.kafka.us-east-1.amazonaws.com`.
pub(super) fn of_host(host: &str) -> Option<&str> {
    host.split('.').find(|label| is_region(label))
}

/// `us-east-1`, `us-gov-west-1`, `ap-southeast-2`: an area, perhaps a partition of it, a direction, and a number.
pub(super) fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [area, partition @ .., direction, number] = parts.as_slice() else { return false };
    let word =
        |text: &&str| (2..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase());
    word(area)
        && partition.len() <= 1
        && partition.iter().all(word)
        && DIRECTIONS.contains(direction)
        && (1..=2).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a name can be that of a region, by botocore's rule: it stands in host names and in what is signed.
///
/// # Errors
/// The sentence shows it.
pub(super) fn check(region: &str) -> Result<(), Error> {
    let is_name = region.len() <= 63
        && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !region.starts_with('-')
        && !region.ends_with('-')
        && !region.bytes().all(|byte| byte.is_ascii_digit());
    match is_name {
        true => Ok(()),
        false => {
            let sentence =
                format!("the AWS region '{}' is none: one is called us-east-1, say", quoted(region));
            Err(Error::new(ErrorKind::Config, sentence))
        }
    }
}

const DIRECTIONS: &[&str] =
    &["central", "east", "north", "northeast", "northwest", "south", "southeast", "southwest", "west"];

#[cfg(test)]
mod tests {
    use super::*;

    /// Those that botocore 1.44 refuses, and an empty one.
    #[test]
    fn what_cannot_be_a_region_is_shown() {
        let long = "x".repeat(64);
        for region in ["us_east_1", "us-east-1/x", "us-east-1.evil.example", "", "-a", "a-", "123", &*long] {
            let error = check(region).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            let shown = format!("the AWS region '{region}' is none");
            assert!(error.to_string().starts_with(&shown), "{error}");
        }
        for region in ["us-east-1", "US-EAST-1", "aws-global", "eusc-de-east-1", "local"] {
            check(region).unwrap();
        }
    }

    #[test]
    fn a_name_tells_its_region() {
        for (host, region) in [
            ("b-1.orders.abc123.c2.kafka.us-east-1.amazonaws.com", Some("us-east-1")),
            ("boot-abc.c1.kafka-serverless.ap-southeast-2.amazonaws.com", Some("ap-southeast-2")),
            ("b-2.x.kafka.cn-north-1.amazonaws.com.cn", Some("cn-north-1")),
            ("b-3-public.x.y.c4.kafka.us-gov-west-1.amazonaws.com", Some("us-gov-west-1")),
            ("b-1.x.kafka.eusc-de-east-1.amazonaws.eu", Some("eusc-de-east-1")),
            ("kafka-1.example.com", None),
            ("localhost", None),
            ("10.0.0.1", None),
            ("b-1", None),
            ("my-broker-1.kafka.example", None),
        ] {
            assert_eq!(of_host(host), region, "{host}");
        }
    }
}
