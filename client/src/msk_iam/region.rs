//! Which of Amazon's regions a broker is in, by its name.

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

const DIRECTIONS: &[&str] =
    &["central", "east", "north", "northeast", "northwest", "south", "southeast", "southwest", "west"];

#[cfg(test)]
mod tests {
    use super::*;

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
