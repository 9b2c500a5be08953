//! The I/O of formats: they are opened before any row, and fetch the schemas that messages turn out to need.

use std::sync::Arc;

use upsert_kafka_client::Environment;

use crate::deserializer::{Deserializer, DeserializerPlan, PartPlan};
use crate::error::Error;
use crate::format::{Decoder, Encoder, EncodingFormat, OpenContext, Part};
use crate::output::Output;
use crate::plan::{KafkaSinkPlan, Pipeline, SinkPlan, SourcePlan};
use crate::print::Print;
use crate::serializer::Serializer;

/// Every decoder and encoder of a pipeline, opened once and shared by its tasks.
pub struct Codecs {
    /// One for each source.
    pub(crate) deserializers: Vec<Deserializer>,
    /// Of the sources whose decoder passes over what it cannot read: one that says why.
    pub(crate) strict: Vec<Arc<dyn Decoder>>,
    /// One for each INSERT.
    pub(crate) outputs: Vec<Output>,
}

impl Codecs {
    /// Opens them one after another, in the machine's own environment.
    ///
    /// # Errors
    /// The first that cannot be opened: its registry does not answer, or refuses.
    pub async fn open(pipeline: &Pipeline) -> Result<Self, Error> {
        Self::open_in(pipeline, &Environment::new()).await
    }

    /// Opens them one after another.
    ///
    /// # Errors
    /// The first that cannot be opened: its registry does not answer, or refuses.
    pub async fn open_in(pipeline: &Pipeline, environment: &Environment) -> Result<Self, Error> {
        let mut codecs = Self { deserializers: Vec::new(), strict: Vec::new(), outputs: Vec::new() };
        for source in &pipeline.sources {
            codecs.deserializers.push(deserializer(source, &source.deserializer, environment).await?);
            if let Some(strict) = &source.strict_decoder {
                let context =
                    OpenContext::new(&source.table, &source.topics, Part::Value).within(environment);
                codecs.strict.push(strict.open(&context).await.map_err(|e| failed(&context, e))?);
            }
        }
        for insert in &pipeline.inserts {
            codecs.outputs.push(match &insert.sink {
                SinkPlan::Kafka(sink) => Output::Kafka(serializer(sink, environment).await?),
                SinkPlan::Print(sink) => Output::Print(Print::new(sink.clone())),
                SinkPlan::Blackhole(_) => Output::Blackhole,
            });
        }
        Ok(codecs)
    }
}

/// Opens the formats of a table that is written.
pub(crate) async fn serializer(plan: &KafkaSinkPlan, environment: &Environment) -> Result<Serializer, Error> {
    let key = match &plan.key {
        Some(key) => Some(encoder(plan, &**key, Part::Key, environment).await?),
        None => None,
    };
    let value = encoder(plan, &*plan.value, Part::Value, environment).await?;
    Ok(Serializer::new(key, value, plan.metadata.clone(), plan.changes))
}

async fn deserializer(
    source: &SourcePlan,
    plan: &DeserializerPlan,
    environment: &Environment,
) -> Result<Deserializer, Error> {
    let key = match &plan.key {
        Some(key) => Some(decoder(source, key, Part::Key, environment).await?),
        None => None,
    };
    let value = decoder(source, &plan.value, Part::Value, environment).await?;
    Ok(Deserializer::new(plan, key, value))
}

async fn decoder(
    source: &SourcePlan,
    plan: &PartPlan,
    part: Part,
    environment: &Environment,
) -> Result<Arc<dyn Decoder>, Error> {
    let context = OpenContext::new(&source.table, &source.topics, part).within(environment);
    plan.format.open(&context).await.map_err(|e| failed(&context, e))
}

async fn encoder(
    plan: &KafkaSinkPlan,
    format: &dyn EncodingFormat,
    part: Part,
    environment: &Environment,
) -> Result<Arc<dyn Encoder>, Error> {
    let context = OpenContext::new(&plan.table, plan.topics.names(), part).within(environment);
    format.open(&context).await.map_err(|e| failed(&context, e))
}

#[cold]
fn failed(context: &OpenContext<'_>, error: Error) -> Error {
    let part = match context.part {
        Part::Key => "key",
        Part::Value => "value",
    };
    error.within(format_args!("table {}: the {part}'s format", context.table))
}

#[cfg(test)]
mod tests;
