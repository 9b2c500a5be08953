//! A schema registry as Confluent's REST interface has it: schemas by their ids, and ids of schemas.

use std::time::Duration;

use tokio::time::sleep;
use upsert_kafka_client::http::{Answer, Http, HttpLimits, HttpRequest, Url};
use upsert_kafka_client::{Environment, Secret};

pub(crate) use self::settings::{REGISTRY_OPTIONS, RegistrySettings};
use crate::error::{Error, ErrorKind};

mod answer;
mod settings;

/// Asks a registry, and asks again where that may help. It keeps nothing of what it was told.
pub(crate) struct SchemaRegistry {
    settings: RegistrySettings,
    urls: Vec<Url>,
    http: Http,
}

impl SchemaRegistry {
    /// Nothing is asked yet.
    ///
    /// # Errors
    /// An address that is none, a key or trust store that cannot be read.
    pub(crate) fn open(settings: &RegistrySettings, environment: &Environment) -> Result<Self, Error> {
        let limits = HttpLimits {
            connect: settings.connect_timeout,
            read: settings.read_timeout,
            body_bytes_max: BODY_BYTES_MAX,
        };
        let http = Http::new(&settings.tls, limits, environment)
            .map_err(|error| Error::caused(ErrorKind::Cluster, "the schema registry", error))?;
        let urls = settings.urls.clone().map_err(|sentence| Error::new(ErrorKind::Cluster, sentence))?;
        Ok(Self { settings: settings.clone(), urls, http })
    }

    /// The texts of a schema and of those that it refers to, its own last.
    ///
    /// # Errors
    /// The registry is away, refuses, does not know the schema, or knows it and it is not Avro.
    pub(crate) async fn schemas(&self, id: u32) -> Result<Vec<String>, Error> {
        let what = format!("schema {id}");
        let answer = self.ask("GET", &format!("/schemas/ids/{id}"), None, &what).await?;
        let root = answer::schema(&answer).map_err(|why| self.failed(&what, &why))?;
        let mut texts = vec![root.text];
        let mut wanted = root.references;
        let mut known = Vec::new();
        // Whatever a schema refers to stands before it, and is asked for once.
        while let Some(reference) = wanted.pop() {
            if known.contains(&reference) {
                continue;
            }
            if known.len() == REFERENCES_MAX {
                return Err(self.failed(&what, &format!("it refers to more than {REFERENCES_MAX} others")));
            }
            let path = format!("/subjects/{}/versions/{}", encoded(&reference.subject), reference.version);
            let answer = self.ask("GET", &path, None, &what).await?;
            let schema = answer::schema(&answer).map_err(|why| self.failed(&what, &why))?;
            texts.insert(0, schema.text);
            wanted.extend(schema.references);
            known.push(reference);
        }
        Ok(texts)
    }

    /// The id of a schema under a subject; one that is not there yet is added, unless `auto.register.schemas` is false.
    ///
    /// # Errors
    /// The registry is away, or refuses: the schema is not compatible with its forerunner, for instance.
    pub(crate) async fn id(&self, subject: &str, schema: &str) -> Result<u32, Error> {
        let what = format!("subject {subject}");
        let path = match self.settings.registers {
            true => format!("/subjects/{}/versions", encoded(subject)),
            false => format!("/subjects/{}", encoded(subject)),
        };
        let answer = self.ask("POST", &path, Some(schema), &what).await?;
        answer::id(&answer).map_err(|why| self.failed(&what, &why))
    }

    /// Asks until there is an answer that says something, each time the next of the registry's addresses.
    async fn ask(
        &self,
        method: &'static str,
        path: &str,
        schema: Option<&str>,
        what: &str,
    ) -> Result<Answer, Error> {
        let mut wait = self.settings.retry_wait;
        let mut attempt = 0;
        loop {
            let url = &self.urls[attempt % self.urls.len()];
            let request = self.request(method, url, path, schema);
            let (sentence, may_pass) = match self.http.ask(&request).await {
                Ok(answer) if answer.is_success() => return Ok(answer),
                Ok(answer) => {
                    let why = answer::refusal(&answer, self.settings.authorization.is_some());
                    (format!("{}: {why}", request.url), answer.is_temporary())
                }
                Err(error) => (error.to_string(), error.is_retriable()),
            };
            attempt += 1;
            if !may_pass || attempt > self.settings.retries {
                let sentence = format!("the schema registry, asked for {what}: {sentence}");
                return Err(Error::new(ErrorKind::Cluster, sentence));
            }
            tracing::warn!(
                what,
                why = sentence,
                retry_in_ms = wait.as_millis(),
                "the registry does not answer"
            );
            sleep(wait).await;
            wait = wait.saturating_mul(2).min(RETRY_WAIT_MAX);
        }
    }

    fn request(&self, method: &'static str, base: &Url, path: &str, schema: Option<&str>) -> HttpRequest {
        let target = format!("{}{path}", base.target.trim_end_matches('/'));
        let mut headers =
            vec![("Accept", Secret::from(ACCEPTED)), ("User-Agent", Secret::from("upsert-kafka"))];
        headers.extend(self.settings.authorization.iter().map(|it| ("Authorization", it.clone())));
        let body = schema.map(|schema| serde_json::json!({ "schema": schema }).to_string());
        if body.is_some() {
            headers.push(("Content-Type", Secret::from("application/vnd.schemaregistry.v1+json")));
        }
        let url = Url { target, ..base.clone() };
        HttpRequest { method, url, headers, body: body.unwrap_or_default().into() }
    }

    fn failed(&self, what: &str, why: &str) -> Error {
        let url = &self.urls[0];
        Error::new(ErrorKind::Cluster, format!("the schema registry {url}, asked for {what}: {why}"))
    }
}

/// As a segment of a path.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

const ACCEPTED: &str = "application/vnd.schemaregistry.v1+json, application/json";
/// A schema of a megabyte is the largest that is read, and JSON escapes its quotes.
const BODY_BYTES_MAX: usize = 2 << 20;
/// Schemas that one refers to, and those that they refer to.
const REFERENCES_MAX: usize = 100;
const RETRY_WAIT_MAX: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_a_segment_of_a_path_whatever_stands_in_it() {
        assert_eq!(encoded("orders-value"), "orders-value");
        assert_eq!(encoded(":.ctx:a/b ü"), "%3A.ctx%3Aa%2Fb%20%C3%BC");
    }
}
