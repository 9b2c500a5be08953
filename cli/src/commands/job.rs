//! A job file as the commands take it: read, filled in, planned.

use std::path::PathBuf;

use upsert_kafka_sink::credentials::{Credentials, PathMap};
use upsert_kafka_sink::plan::{Plan, PlanOptions};
use upsert_kafka_sink::sql::Script;
use upsert_kafka_sink::{Error, ErrorKind, plan};

use crate::args::Args;
use crate::cluster::Properties;
use crate::conf;
use crate::exit::{Exit, Failure};

/// Reads a job and replaces `${NAME}` by the environment.
pub(super) fn read(path: &str) -> Result<Script, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| Failure::new(Exit::Job, format!("{path}: {e}")))?;
    filled_in(path, &text)
}

/// A text with `${NAME}` replaced by the environment.
pub(super) fn filled_in(path: &str, text: &str) -> Result<Script, Failure> {
    Script::substitute(text, |name| std::env::var(name).ok()).map_err(|e| bad_job(path, &e))
}

/// What the flags say over the text. `bootstrap` wins over `--bootstrap`.
pub(super) fn options(args: &Args, bootstrap: Option<String>) -> Result<PlanOptions, Failure> {
    let bootstrap = bootstrap.or_else(|| args.value("--bootstrap").map(str::to_owned));
    let mut options = PlanOptions::new().with_loop_allowed(args.has("--allow-loop"));
    if let Some(servers) = bootstrap {
        options = options.with_bootstrap(servers);
    }
    for text in args.values("--set") {
        let (table, option, value) = parse_set(text)?;
        options = options.with_option(table, option, value);
    }
    for (key, value) in conf::settings(args)? {
        options = options.with_setting(key, value);
    }
    let given = Properties::given(args)?;
    given.tell_unknown();
    for property in given.iter() {
        options = options.with_property(&*property.key, &*property.value);
    }
    Ok(options.with_credentials(credentials(args, &given)?))
}

/// What `--credentials` names, else the environment, else the profile; and where `--map-path` says that buckets lie.
fn credentials(args: &Args, given: &Properties) -> Result<Credentials, Failure> {
    let mut paths = PathMap::new();
    for text in args.values("--map-path").iter().rev() {
        let (prefix, folder) = text
            .split_once('=')
            .ok_or_else(|| Failure::usage(format!("--map-path {text}: not of the form obs://BUCKET/=DIR")))?;
        paths = paths.with(prefix, folder).map_err(|e| Failure::usage(format!("--map-path: {e}")))?;
    }
    let of_environment = || std::env::var_os("UPSERT_KAFKA_CREDENTIALS").filter(|file| !file.is_empty());
    let file = args.value("--credentials").map(PathBuf::from);
    let file = file.or_else(|| of_environment().map(PathBuf::from)).or_else(|| given.credentials().cloned());
    match file {
        Some(file) => Credentials::load(file, paths).map_err(|e| Failure::new(Exit::Job, e.to_string())),
        None => Ok(Credentials::of_paths(paths)),
    }
}

/// Plans a job that was read from `path`.
pub(super) fn plan(path: &str, script: Script, options: &PlanOptions) -> Result<Plan, Failure> {
    plan::plan(script, options).map_err(|e| bad_job(path, &e))
}

/// A failure while the job was planned or connected.
pub(super) fn not_opened(error: &Error) -> Failure {
    let exit = match error.kind() {
        ErrorKind::Sql | ErrorKind::Plan => Exit::Job,
        _ => Exit::Cluster,
    };
    Failure::new(exit, error.to_string())
}

pub(super) fn bad_job(path: &str, error: &Error) -> Failure {
    Failure::new(Exit::Job, format!("{path}: {error}"))
}

/// `TABLE.OPTION=VALUE`, split at the first dot: options have dots of their own.
fn parse_set(text: &str) -> Result<(&str, &str, &str), Failure> {
    let parts = text.split_once('.').and_then(|(table, rest)| Some((table, rest.split_once('=')?)));
    let Some((table, (option, value))) = parts else {
        return Err(Failure::usage(format!("--set {text}: not of the form TABLE.OPTION=VALUE")));
    };
    Ok((table, option, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_splits_at_the_first_dot_and_the_first_equals_sign() {
        let set = parse_set("orders.properties.group.id=a=b.c").expect("an override");
        assert_eq!(set, ("orders", "properties.group.id", "a=b.c"));
        assert!(parse_set("orders").is_err());
        assert!(parse_set("orders.topic").is_err());
    }
}
