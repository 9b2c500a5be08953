//! Altering configs: which of them topics and brokers take.

use super::State;
use super::configs::{Change, Configs, Given, ResourceType, TopicConfig};
use super::refusal::Refusal;
use upsert_kafka_protocol::ErrorCode;

/// What to do with the settings of one resource.
#[derive(Debug)]
pub(crate) struct Alteration<'a> {
    pub(crate) resource_type: i8,
    pub(crate) resource_name: &'a str,
    /// Those that are not named go back to their defaults.
    pub(crate) replaces: bool,
    pub(crate) changes: Vec<(&'a str, Change<'a>)>,
}

impl State {
    /// Changes the settings of a resource, or tells whether they could be changed. The request came to that node.
    pub(crate) fn alter(
        &mut self,
        alteration: &Alteration<'_>,
        validate_only: bool,
        node: i32,
    ) -> Result<(), Refusal> {
        let mut names: Vec<_> = alteration.changes.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        if names.windows(2).any(|two| two[0] == two[1]) {
            return Err(refused("Error due to duplicate config keys".to_owned()));
        }
        match ResourceType(alteration.resource_type) {
            ResourceType::TOPIC => self.alter_topic(alteration, validate_only),
            ResourceType::BROKER => self.alter_brokers(alteration, validate_only, node),
            ResourceType(other) => Err(refused(format!(
                "resources of type {other} have no settings that this broker could change"
            ))),
        }
    }

    fn alter_topic(&mut self, alteration: &Alteration<'_>, validate_only: bool) -> Result<(), Refusal> {
        let name = alteration.resource_name;
        if name.is_empty() {
            return Err(refused("Default topic resources are not allowed.".to_owned()));
        }
        super::names::check(name)?;
        let configs = match self.topics.by_name(name) {
            Some(_) if alteration.replaces => Configs::default().over(self.topics.defaults()),
            Some(topic) => topic.configs.clone(),
            None => {
                let message = format!("The topic '{name}' does not exist.");
                return Err(Refusal::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, message));
            }
        };
        let altered = configs.altered(alteration.changes.iter().copied())?;
        if let Some(topic) = self.topics.by_name_mut(name).filter(|_| !validate_only) {
            topic.configs = altered;
        }
        Ok(())
    }

    /// Brokers share one state: what is given to one of them is given to all.
    fn alter_brokers(
        &mut self,
        alteration: &Alteration<'_>,
        validate_only: bool,
        node: i32,
    ) -> Result<(), Refusal> {
        let name = alteration.resource_name;
        match name.parse::<i32>() {
            _ if name.is_empty() || *name == node.to_string() => {}
            Ok(id) => {
                return Err(refused(format!("Unexpected broker id, expected {node}, but received {id}")));
            }
            Err(_) => {
                return Err(refused(format!("Broker id must be an integer, but it is: {name}")));
            }
        }
        let before = self.topics.defaults();
        let mut defaults = if alteration.replaces { Given::new() } else { before.clone() };
        let present = Configs::default().over(before);
        for (name, change) in &alteration.changes {
            let config = TopicConfig::of_broker(name)
                .ok_or_else(|| refused(format!("Cannot update these configs dynamically: Set({name})")))?;
            let altered = config.alter(&mut defaults, *change, &present.value(config).0);
            altered.map_err(|refusal| Refusal::new(ErrorCode::INVALID_REQUEST, refusal.message))?;
        }
        if !validate_only {
            self.topics.set_defaults(defaults);
        }
        Ok(())
    }
}

fn refused(message: String) -> Refusal {
    Refusal::new(ErrorCode::INVALID_REQUEST, message)
}
