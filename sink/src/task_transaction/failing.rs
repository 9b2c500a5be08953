//! What a task does when its transaction, or its commit, fails: it finds out what became of it, and says what a person can do.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tracing::warn;
use upsert_kafka_client::{Commit, ErrorCode, GroupMetadata, TopicPartition};

use super::state::TransactionState;
use crate::error::Error;

impl TransactionState {
    /// Finds out what became of a commit that nobody answered: the id is taken over, which ends the transaction, and the
    /// offsets that were in it are there or not.
    pub(super) async fn resolve(
        &mut self,
        id: &str,
        positions: Option<(&[Commit], &GroupMetadata)>,
        error: upsert_kafka_client::Error,
    ) -> Result<(), Error> {
        if self.ids.are_of_member() {
            return Err(self.handle_cut_off(Self::in_doubt(id, &error), false));
        }
        warn!(transactional_id = id, %error, "a commit was not answered; its offsets will tell");
        self.producer = None;
        let Some((positions, group)) = positions else {
            return Err(self.remember(format!(
                "transactional id {id}: whether the rows of this checkpoint are committed is not known, and no position \
                 was committed with them that would tell: {error}"
            )));
        };
        self.take_over().await?;
        let of: Vec<_> =
            positions.iter().map(|it| TopicPartition::new(Arc::clone(&it.topic), it.partition)).collect();
        let kept = match self.client.consumer().committed_stable(&group.group_id, &of).await {
            Ok(kept) => kept,
            Err(e) => return Err(self.fail(id, e).await),
        };
        if kept.iter().zip(positions).all(|(kept, sent)| kept.offset == Some(sent.offset)) {
            return Ok(());
        }
        Err(self.remember(format!(
            "transactional id {id}: the rows of this checkpoint were not committed, nor were their positions, so the next \
             run reads and writes them again: {error}"
        )))
    }

    /// A commit failed whose positions, if it was made after all, are looked up by the next run; by this task, once its
    /// group has spoken, where it is a member.
    pub(super) async fn not_committed(&mut self, id: &str, error: upsert_kafka_client::Error) -> Error {
        if !error.may_have_been_written() || error.is_fenced() {
            return self.fail(id, error).await;
        }
        let why = Self::in_doubt(id, &error);
        if self.ids.are_of_member() { self.handle_cut_off(why, false) } else { self.remember(why) }
    }

    /// What is said of a commit of which nothing is known.
    fn in_doubt(id: &str, error: &upsert_kafka_client::Error) -> String {
        format!(
            "transactional id {id}: whether the rows of this checkpoint are committed is not known; the next run ends the \
             transaction, and the positions that were in it say where to go on: {error}"
        )
    }

    /// The transaction, or its producer, is at its end.
    pub(super) async fn fail(&mut self, id: &str, error: upsert_kafka_client::Error) -> Error {
        let hint = self.hint(id, &error).await;
        let why = format!("exactly-once: {}{hint}", Self::named(id, &error));
        if self.cuts_off(&error) { self.handle_cut_off(why, true) } else { self.remember(why) }
    }

    /// What a person can do about it.
    pub(super) async fn hint(&self, id: &str, error: &upsert_kafka_client::Error) -> String {
        let prefix = self.ids.prefix();
        match error.code() {
            _ if error.is_fenced() => self.taken_over(id).await,
            Some(ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED) => format!(
                "; the principal needs WRITE and DESCRIBE on transactional ids with the prefix '{prefix}'"
            ),
            Some(ErrorCode::INVALID_TRANSACTION_TIMEOUT) => format!(
                "; 'properties.transaction.timeout.ms' is {}, and the brokers' transaction.max.timeout.ms is less: lower \
                 the one or raise the other, but not below 'execution.checkpointing.interval'",
                self.client.config().transaction_timeout.as_millis()
            ),
            _ => String::new(),
        }
    }

    /// Who has the id now, and since when, as far as its coordinator tells.
    async fn taken_over(&self, id: &str) -> String {
        let admin = self.client.admin();
        let ids = [id];
        let asked = timeout(DESCRIBE_TIMEOUT, admin.describe_transactions(&ids)).await;
        let told = asked.ok().and_then(Result::ok).and_then(|told| told.into_iter().next()?.ok());
        let now = told.map(|it| {
            let since = it.started_ms.and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
            let since = since.map(|at| format!(", which has had a transaction open since {at}"));
            let (producer, epoch) = (it.producer.id, it.producer.epoch);
            format!(" (now producer {producer} in epoch {epoch}{})", since.unwrap_or_default())
        });
        format!(
            "; somebody else took the id over{}: a second process of this job, another job with the same \
             'sink.transactional-id-prefix' = '{}', or `transactions abort`. Each job needs a prefix of its own. Nothing \
             of this checkpoint is seen, and the next run reads and writes it again",
            now.unwrap_or_default(),
            self.ids.prefix()
        )
    }

    /// The error with its id in front, where it does not say it itself.
    pub(super) fn named(id: &str, error: &upsert_kafka_client::Error) -> String {
        let text = error.to_string();
        if text.contains(id) { text } else { format!("transactional id {id}: {text}") }
    }
}

/// What only explains an error is not waited for any longer.
const DESCRIBE_TIMEOUT: Duration = Duration::from_secs(3);
