//! How a task goes back to what is committed: its group took partitions away without asking, or its transaction was cut
//! off, so that what it wrote since will not be seen.

use std::pin::pin;

use tracing::warn;
use upsert_kafka_client::{Revocation, TopicPartition};

use super::Task;
use crate::error::Error;
use crate::source::SourceEvent;

/// What its group said of a task.
enum Standing {
    /// It has lost what it had, and has let it go.
    Lost,
    /// It has what it had, and these as well.
    Member(Vec<TopicPartition>),
}

impl Task {
    /// Goes on after a failure that is its group's doing, or may be: the transaction was ended by somebody else, or nobody
    /// knows what became of it. Any other is given back.
    pub(super) async fn survive(&mut self, mut error: Error) -> Result<(), Error> {
        while self.member().is_some() && self.writers.are_cut_off(&error).await {
            match self.go_back().await {
                Ok(()) => return Ok(()),
                Err(next) => error = next,
            }
        }
        Err(error)
    }

    /// What was written of these since the last commit is for another task to write, and is not seen.
    pub(super) async fn lose(&mut self, revocation: Revocation) -> Result<(), Error> {
        if self.asked.is_some() {
            self.lose_with_others(revocation).await?;
            return self.checkpoint().await;
        }
        self.writers.abort().await?;
        self.let_go(&revocation);
        drop(revocation);
        _ = self.tell_owned().await?;
        if self.writers.is_exactly_once() { self.rewind().await } else { Ok(()) }
    }

    /// Before a checkpoint that others wait for: a member that has lost its partitions has no say in it until it has heard
    /// so.
    pub(super) async fn hear_losses(&mut self) -> Result<(), Error> {
        while self.asked.is_some() && self.source.is_adrift() {
            let Some(source) = self.member().filter(|source| !source.owned().is_empty()) else { break };
            match source.changed().await? {
                SourceEvent::Lost(revocation) => self.lose_with_others(revocation).await?,
                SourceEvent::Revoked(revocation) => self.let_go(&revocation),
                SourceEvent::Left => break,
                // What is given now is among what is lost.
                SourceEvent::Given(_) | SourceEvent::Fetched(_) => {}
            }
        }
        Ok(())
    }

    /// Goes back to what the group keeps, since what was written after it is aborted. What is kept of earlier rows is made
    /// anew with it.
    pub(super) async fn rewind(&mut self) -> Result<(), Error> {
        let Some(source) = self.member() else { return Ok(()) };
        let owned = source.owned();
        if owned.is_empty() {
            return Ok(());
        }
        warn!(partitions = ?owned, "the last rows of these are read again");
        source.let_go(&owned);
        self.transform.forget(&owned);
        self.begin(&owned).await
    }

    async fn go_back(&mut self) -> Result<(), Error> {
        let given = match self.hear_group().await? {
            Standing::Lost => Vec::new(),
            Standing::Member(given) => given,
        };
        if self.asked.is_some() {
            // Whoever comes last knows what all have heard.
            self.checkpoint().await?;
        } else {
            self.writers.recover().await?;
            self.rewind().await?;
        }
        if given.is_empty() { Ok(()) } else { self.take(&given).await }
    }

    /// Nothing is committed meanwhile: whoever is given what is revoked reads it again.
    async fn hear_group(&mut self) -> Result<Standing, Error> {
        let mut given: Vec<TopicPartition> = Vec::new();
        let Some(source) = self.member() else { return Ok(Standing::Member(given)) };
        let mut confirmed = pin!(source.confirmed());
        loop {
            let Some(source) = self.member() else { return Ok(Standing::Member(given)) };
            // Both are cancel-safe.
            let event = tokio::select! {
                biased;
                event = source.changed() => event?,
                () = &mut confirmed => return Ok(Standing::Member(given)),
            };
            match event {
                SourceEvent::Lost(revocation) if self.asked.is_some() => {
                    self.lose_with_others(revocation).await?;
                    return Ok(Standing::Lost);
                }
                SourceEvent::Lost(revocation) => {
                    self.lose(revocation).await?;
                    return Ok(Standing::Lost);
                }
                SourceEvent::Revoked(revocation) => {
                    given.retain(|of| !revocation.partitions().contains(of));
                    self.let_go(&revocation);
                }
                SourceEvent::Given(more) => given.extend(more),
                SourceEvent::Fetched(_) | SourceEvent::Left => {}
            }
        }
    }

    /// The transaction is undone at the next checkpoint of all.
    async fn lose_with_others(&mut self, revocation: Revocation) -> Result<(), Error> {
        self.writers.undo_with_others().await;
        self.let_go(&revocation);
        drop(revocation);
        self.tell_owned().await.map(drop)
    }
}
