//! Faults that a test injects: what shall go wrong, with which request, how often.

use std::time::Duration;

use upsert_kafka_protocol::{ApiKey, ErrorCode};

/// Something that goes wrong with some requests of one API.
///
/// Faults are tried in the order they were given; at most one is applied to a request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Fault {
    /// Whose requests.
    pub api: ApiKey,
    /// How many of them pass unharmed first.
    pub skip: u32,
    /// How many of them the fault is applied to after that.
    pub count: u32,
    /// What happens to those.
    pub action: Action,
    /// Only requests of clients with this `client.id` count; `None` takes everybody's.
    pub client_id: Option<String>,
}

/// What happens to a request that a fault is applied to.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Action {
    /// The connection closes; the work is not done.
    Close,
    /// The work is done, then the connection closes without an answer.
    LoseAnswer,
    /// The work is done at once, the answer comes later.
    Delay(Duration),
    /// The work is not done; every part of the answer that can bears this error.
    Answer(ErrorCode),
    /// The work is done, and yet the answer bears this error.
    AnswerAfterWork(ErrorCode),
    /// Of a Produce: the partition of this index is not written and bears this error; the others are.
    RefusePartition(i32, ErrorCode),
}

impl Fault {
    /// Applies to the next request of that API.
    pub fn new(api: ApiKey, action: Action) -> Self {
        Self { api, skip: 0, count: 1, action, client_id: None }
    }

    /// Lets some requests pass first.
    #[must_use]
    pub fn skip(self, skip: u32) -> Self {
        Self { skip, ..self }
    }

    /// Applies only to clients with this `client.id`.
    #[must_use]
    pub fn of_client(self, client_id: impl Into<String>) -> Self {
        Self { client_id: Some(client_id.into()), ..self }
    }

    /// Applies to that many requests; `u32::MAX` never ends.
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        Self { count, ..self }
    }
}

/// Which fault, counted from the broker's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FaultId(pub(crate) usize);

/// The faults in force.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    armed: Vec<ArmedFault>,
    given: usize,
}

#[derive(Debug)]
struct ArmedFault {
    id: FaultId,
    fault: Fault,
}

impl Faults {
    pub(crate) fn arm(&mut self, fault: Fault) -> FaultId {
        let id = FaultId(self.given);
        self.given += 1;
        self.armed.push(ArmedFault { id, fault });
        id
    }

    pub(crate) fn disarm(&mut self, id: FaultId) {
        self.armed.retain(|armed| armed.id != id);
    }

    /// What happens to a client's next request of the API, and by which fault.
    pub(crate) fn apply(&mut self, api: ApiKey, client_id: &str) -> Option<(FaultId, Action)> {
        let position = self.armed.iter_mut().position(|armed| armed.fault.matches(api, client_id))?;
        let ArmedFault { id, fault } = &mut self.armed[position];
        if fault.count != u32::MAX {
            fault.count -= 1;
        }
        let applied = (*id, fault.action);
        self.armed.retain(|armed| armed.fault.count > 0);
        Some(applied)
    }
}

impl Fault {
    /// Whether the fault is applied to this request; one that passes is counted.
    fn matches(&mut self, api: ApiKey, client_id: &str) -> bool {
        let of_another = self.client_id.as_ref().is_some_and(|wanted| wanted != client_id);
        if self.api != api || self.count == 0 || of_another {
            return false;
        }
        let applies = self.skip == 0;
        self.skip = self.skip.saturating_sub(1);
        applies
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRODUCE: ApiKey = ApiKey(0);
    const FETCH: ApiKey = ApiKey(1);

    #[test]
    fn a_fault_skips_then_applies_then_is_spent() {
        let mut faults = Faults::default();
        let id = faults.arm(Fault::new(PRODUCE, Action::Close).skip(1).times(2));
        let applied: Vec<_> = (0..5).map(|_| faults.apply(PRODUCE, "").map(|(id, _)| id)).collect();
        assert_eq!(applied, [None, Some(id), Some(id), None, None]);
        assert_eq!(faults.apply(FETCH, ""), None);
    }

    #[test]
    fn the_older_fault_applies_first() {
        let mut faults = Faults::default();
        faults.arm(Fault::new(FETCH, Action::LoseAnswer));
        faults.arm(Fault::new(FETCH, Action::Close));
        let actions: Vec<_> = (0..3).map(|_| faults.apply(FETCH, "").map(|(_, action)| action)).collect();
        assert_eq!(actions, [Some(Action::LoseAnswer), Some(Action::Close), None]);
    }

    #[test]
    fn a_fault_of_one_client_lets_the_others_pass() {
        let mut faults = Faults::default();
        let id = faults.arm(Fault::new(FETCH, Action::Close).of_client("job"));
        let applied: Vec<_> =
            ["other", "job", "job"].map(|it| faults.apply(FETCH, it).map(|(id, _)| id)).into();
        assert_eq!(applied, [None, Some(id), None]);
    }

    #[test]
    fn a_fault_without_end_ends_when_disarmed() {
        let mut faults = Faults::default();
        let id = faults.arm(Fault::new(FETCH, Action::Close).times(u32::MAX));
        assert!((0..9).all(|_| faults.apply(FETCH, "").is_some()));
        faults.disarm(id);
        assert_eq!(faults.apply(FETCH, ""), None);
    }
}
