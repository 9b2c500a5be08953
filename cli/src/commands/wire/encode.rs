//! `wire encode`: JSON to bytes.

use serde_json::{Map, Value};
use upsert_kafka_protocol::Bytes;
use upsert_kafka_protocol::json::encode;
use upsert_kafka_protocol::schema::{Direction, Schema};

use super::fault::wrong;
use super::named::Target;
use super::{frame, input};
use crate::args::Args;
use crate::exit::Failure;
use crate::hex;
use crate::output::Output;

pub(super) fn run(args: &Args, out: &mut Output) -> Result<(), Failure> {
    for flag in ["--correlation-id", "--client-id"] {
        if args.has(flag) && !args.has("--frame") {
            return Err(Failure::usage(format!("{flag} needs --frame")));
        }
    }
    let bytes = if args.has("--frame") {
        framed(args)?
    } else {
        let target = Target::of(args)?;
        body(target, &input::json(args)?)?.to_vec()
    };
    if args.has("--binary") { out.write(bytes) } else { out.write(hex::encode(&bytes) + "\n") }
}

fn body(target: Target, view: &Value) -> Result<Bytes, Failure> {
    let written = encode(target.schema, target.version, view);
    written.map(|it| it.into_bytes()).map_err(|e| wrong(format!("{target}: {e}")))
}

fn framed(args: &Args) -> Result<Vec<u8>, Failure> {
    let told = args.has("--api").then(|| Target::of(args)).transpose()?;
    let (head_view, body_view) = parts(input::json(args)?);
    let target = match told {
        Some(target) => target,
        None => of_header(&head_view)?,
    };
    if !matches!(target.schema.direction, Direction::Request | Direction::Response) {
        return Err(Failure::usage(format!("--frame: {} travels in no frame", target.schema.direction)));
    }
    let head = body(frame::head(target), &head(args, target, head_view)?)?;
    let body = body(target, &body_view)?;
    let length = i32::try_from(head.len() + body.len()).map_err(|_| wrong("a frame beyond 2 GiB"))?;
    Ok([&length.to_be_bytes()[..], &head, &body].concat())
}

/// Header and body where both are given, as `wire decode --frame` prints them; else all of it is the body.
fn parts(view: Value) -> (Map<String, Value>, Value) {
    match view {
        Value::Object(mut parts) if parts.len() == 2 && parts.contains_key("body") => {
            match parts.remove("header") {
                Some(Value::Object(head)) => (head, parts.remove("body").unwrap_or_default()),
                Some(other) => {
                    parts.insert("header".into(), other);
                    (Map::new(), Value::Object(parts))
                }
                None => (Map::new(), Value::Object(parts)),
            }
        }
        view => (Map::new(), view),
    }
}

/// What a request's header says of its body.
fn of_header(head: &Map<String, Value>) -> Result<Target, Failure> {
    let number = |name: &str| head.get(name)?.as_i64()?.try_into().ok();
    let (Some(key), Some(version)) = (number("requestApiKey"), number("requestApiVersion")) else {
        return Err(Failure::usage("--api is missing, and there is no request's header that says it"));
    };
    let schema = Schema::request(key).ok_or_else(|| wrong(format!("no API {key} in this build")))?;
    Target::new(schema, version)
}

/// The flags win over the header that was given, and that over zeros.
fn head(args: &Args, target: Target, mut view: Map<String, Value>) -> Result<Value, Failure> {
    let correlation_id: Option<i32> = args.optional("--correlation-id")?;
    set(&mut view, "correlationId", correlation_id.map(Value::from), 0.into());
    if target.schema.direction == Direction::Request {
        view.insert("requestApiKey".into(), target.schema.key.into());
        view.insert("requestApiVersion".into(), target.version.into());
        set(&mut view, "clientId", args.value("--client-id").map(Value::from), Value::Null);
    } else if args.has("--client-id") {
        return Err(Failure::usage("--client-id: a response has none"));
    }
    Ok(Value::Object(view))
}

fn set(view: &mut Map<String, Value>, name: &str, told: Option<Value>, default: Value) {
    if told.is_some() || !view.contains_key(name) {
        view.insert(name.into(), told.unwrap_or(default));
    }
}
