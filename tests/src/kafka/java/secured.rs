//! The Java client with a user's own properties, and what only an administrator does: ACLs, tokens, passwords.

use serde_json::{Value, json};

use super::{Java, JavaError, record, rows, text};
use crate::kafka::Properties;
use crate::record::{NewRecord, Record};

/// A delegation token (KIP-48).
#[derive(Clone, Debug)]
pub struct Token {
    /// Its id, the user name of who logs in with it.
    pub id: String,
    /// Its HMAC in base64, the password.
    pub hmac: String,
}

impl Java {
    /// Writes records with those properties, which say where to.
    ///
    /// # Errors
    /// The first failure, a refused login among them.
    pub fn produce_with(&mut self, properties: &Properties, records: &[NewRecord]) -> Result<(), JavaError> {
        let records: Vec<_> = records.iter().map(super::new_record).collect();
        self.ask(json!({"do": "produce", "config": config(properties), "records": records})).map(drop)
    }

    /// Reads a whole topic with those properties.
    ///
    /// # Errors
    /// As [`Java::produce_with`].
    pub fn consume_with(&mut self, properties: &Properties, topic: &str) -> Result<Vec<Record>, JavaError> {
        let answer =
            self.ask(json!({"do": "consume", "config": config(properties), "topic": topic, "count": 0}))?;
        Ok(rows(&answer).iter().map(record).collect())
    }

    /// Allows a principal an operation on a resource by its name, so that nobody else may do it.
    ///
    /// # Errors
    /// When the broker refuses.
    pub fn allow(
        &mut self,
        bootstrap: &str,
        (resource_type, name): (&str, &str),
        principal: &str,
        operation: &str,
    ) -> Result<(), JavaError> {
        self.ask(json!({
            "do": "allow", "config": {"bootstrap.servers": bootstrap}, "resource_type": resource_type, "name": name,
            "principal": principal, "operation": operation,
        }))
        .map(drop)
    }

    /// A delegation token for who logs in with those properties.
    ///
    /// # Errors
    /// When the broker refuses.
    pub fn delegation_token(&mut self, properties: &Properties) -> Result<Token, JavaError> {
        let answer = self.ask(json!({"do": "token", "config": config(properties)}))?;
        Ok(Token { id: text(&answer["id"]), hmac: text(&answer["hmac"]) })
    }

    /// Sets a user's password for a SCRAM mechanism.
    ///
    /// # Errors
    /// When the broker refuses.
    pub fn set_password(
        &mut self,
        bootstrap: &str,
        mechanism: &str,
        user: &str,
        password: &str,
    ) -> Result<(), JavaError> {
        self.ask(json!({
            "do": "password", "config": {"bootstrap.servers": bootstrap}, "mechanism": mechanism, "user": user,
            "password": password,
        }))
        .map(drop)
    }
}

fn config(properties: &Properties) -> Value {
    properties
        .iter()
        .map(|(key, value)| ((*key).to_owned(), json!(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
