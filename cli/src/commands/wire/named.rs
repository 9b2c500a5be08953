//! Which message is meant: by a name, a direction and a version.

use std::fmt;

use strsim::levenshtein;
use upsert_kafka_protocol::schema::{Direction, Schema};
use upsert_kafka_protocol::{APIS, Api};

use crate::args::Args;
use crate::exit::Failure;

/// A message at a version that it has.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub(super) schema: &'static Schema,
    pub(super) version: i16,
}

impl Target {
    /// What `--api`, `--request`, `--response`, `--data` and `--version` say.
    pub(super) fn of(args: &Args) -> Result<Self, Failure> {
        let name = args.value("--api").ok_or_else(|| Failure::usage("--api NAME is missing"))?;
        let schema = one(name, direction(args)?)?;
        let Some(version) = args.optional("--version")? else {
            let (name, versions) = (schema.name(), schema.versions);
            return Err(Failure::usage(format!("--version is missing: {name} has {versions}")));
        };
        Self::new(schema, version)
    }

    /// The message at that version.
    pub(super) fn new(schema: &'static Schema, version: i16) -> Result<Self, Failure> {
        if schema.versions.contains(version) {
            return Ok(Self { schema, version });
        }
        let (name, versions) = (schema.name(), schema.versions);
        Err(Failure::usage(format!("{name} has no version {version} in this build, but {versions}")))
    }
}

/// `FetchRequest 12`
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.schema.name(), self.version)
    }
}

/// The messages of a name in any case: an API's two, by its name or number, or the one that is called so.
pub(super) fn messages(name: &str) -> Result<Vec<&'static Schema>, Failure> {
    let api = APIS.iter().find(|it| it.name.eq_ignore_ascii_case(name) || name.parse() == Ok(it.key.0));
    let found: Vec<_> = match api {
        Some(api) => {
            [Schema::request(api.key.0), Schema::response(api.key.0)].into_iter().flatten().collect()
        }
        None => Schema::all().filter(|it| it.name().eq_ignore_ascii_case(name)).collect(),
    };
    if found.is_empty() {
        let nearest = nearest(name);
        return Err(Failure::usage(format!("no API and no message '{name}'; did you mean {nearest}?")));
    }
    Ok(found)
}

/// Those of them that go in a direction.
pub(super) fn directed(name: &str, direction: Option<Direction>) -> Result<Vec<&'static Schema>, Failure> {
    let mut found = messages(name)?;
    let Some(direction) = direction else { return Ok(found) };
    let is = found.iter().map(|it| it.direction.to_string()).collect::<Vec<_>>().join(" and ");
    found.retain(|it| it.direction == direction);
    match found.is_empty() {
        true => Err(Failure::usage(format!("--{direction}: {name} is {is}"))),
        false => Ok(found),
    }
}

/// The one of `--request`, `--response` and `--data` that was given.
pub(super) fn direction(args: &Args) -> Result<Option<Direction>, Failure> {
    let flags =
        [("--request", Direction::Request), ("--response", Direction::Response), ("--data", Direction::Data)];
    let given: Vec<_> = flags.iter().filter(|(flag, _)| args.has(flag)).collect();
    match given[..] {
        [] => Ok(None),
        [(_, direction)] => Ok(Some(*direction)),
        [(one, _), (other, _), ..] => Err(Failure::usage(format!("{one} and {other} exclude each other"))),
    }
}

/// The version that a person has in mind who names none: the last that Kafka 4.4 offers.
pub(super) fn latest(schema: &Schema) -> i16 {
    let api = match schema.direction {
        Direction::Request | Direction::Response => Api::of(schema.key),
        Direction::Header | Direction::Data => None,
    };
    api.map(|it| it.current).filter(|it| !it.is_empty()).unwrap_or(schema.versions).to
}

fn one(name: &str, direction: Option<Direction>) -> Result<&'static Schema, Failure> {
    match directed(name, direction)?[..] {
        [one] => Ok(one),
        _ => Err(Failure::usage(format!("{name} is a request and a response: say --request or --response"))),
    }
}

fn nearest(name: &str) -> &'static str {
    let all = APIS.iter().map(|it| it.name).chain(Schema::all().map(Schema::name));
    let wanted = name.to_ascii_lowercase();
    all.min_by_key(|it| levenshtein(&wanted, &it.to_ascii_lowercase())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_be_an_apis_its_numbers_or_a_messages_in_any_case() {
        let names = |name| messages(name).expect(name).iter().map(|it| it.name()).collect::<Vec<_>>();
        assert_eq!(names("fetch"), ["FetchRequest", "FetchResponse"]);
        assert_eq!(names("1"), ["FetchRequest", "FetchResponse"]);
        assert_eq!(names("fetchREQUEST"), ["FetchRequest"]);
        assert_eq!(names("OffsetCommitValue"), ["OffsetCommitValue"]);
        assert_eq!(names("requestheader"), ["RequestHeader"]);
    }

    #[test]
    fn a_wrong_name_gets_the_nearest() {
        for (name, nearest) in
            [("Fecth", "Fetch"), ("metadat", "Metadata"), ("OfsetCommitVal", "OffsetCommitValue")]
        {
            let failure = messages(name).map(|_| ()).expect_err(name);
            assert!(failure.message.ends_with(&format!("did you mean {nearest}?")), "{failure}");
        }
    }

    #[test]
    fn the_latest_version_is_the_last_that_kafka_offers() {
        let of = |name| latest(messages(name).expect(name)[0]);
        // The number of a log's data may be that of an API.
        assert_eq!((of("Fetch"), of("OffsetCommitValue"), of("RequestHeader")), (18, 4, 2));
    }
}
