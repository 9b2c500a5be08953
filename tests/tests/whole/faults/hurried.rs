//! What goes wrong for a feeder that is in a hurry: its batches are refused, late, in doubt, and then forgotten.

use std::time::Duration;

use tokio::time::Instant;
use upsert_kafka_broker::{Action, Fault, FaultHandle};
use upsert_kafka_protocol::{ApiKey, ErrorCode};

use super::super::feeder::FEEDER;
use super::super::random::Random;
use super::super::recipe::{Hurry, Recipe};
use super::super::run::Whole;
use super::super::writer::LEDGER;

/// The mishaps of the feeder alone.
pub(super) struct HurriedFaults {
    random: Random,
    hurry: Hurry,
    next: Instant,
    pub(super) armed: Vec<FaultHandle>,
    /// When this one has struck, all nodes are killed, and away for so long.
    before_kill: Option<(FaultHandle, Duration)>,
}

/// What a leader answers when it has appended and its followers have not: a moment before it dies as well.
const REGRETS: &[ErrorCode] = &[ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND, ErrorCode::REQUEST_TIMED_OUT];
/// Refusals for good.
const REFUSALS: &[ErrorCode] =
    &[ErrorCode::INVALID_RECORD, ErrorCode::TOPIC_AUTHORIZATION_FAILED, ErrorCode::MESSAGE_TOO_LARGE];

/// Whose requests of writers meet mishaps.
const APIS_OF_WRITERS: &[ApiKey] = &[
    ApiKey::PRODUCE,
    ApiKey::INIT_PRODUCER_ID,
    ApiKey::ADD_PARTITIONS_TO_TXN,
    ApiKey::ADD_OFFSETS_TO_TXN,
    ApiKey::TXN_OFFSET_COMMIT,
    ApiKey::END_TXN,
    ApiKey::END_TXN,
    ApiKey::FIND_COORDINATOR,
];

impl HurriedFaults {
    pub(super) fn new(recipe: &Recipe) -> Option<Self> {
        let random = Random::new(recipe.seed ^ 0xfa57);
        let hurry = recipe.hurry?;
        let mut faults = Self { random, hurry, next: Instant::now(), armed: Vec::new(), before_kill: None };
        faults.draw_next();
        Some(faults)
    }

    /// Something goes wrong, if it is time; says for how long all nodes are to be away from now on, if they die.
    pub(super) async fn turn(&mut self, whole: &Whole) -> Option<Duration> {
        if self.before_kill.as_ref().is_some_and(|(fault, _)| fault.fired() > 0) {
            let (fault, away) = self.before_kill.take()?;
            self.armed.push(fault);
            return Some(away);
        }
        if self.next > Instant::now() || self.before_kill.is_some() {
            return None;
        }
        self.draw_next();
        match self.random.range(0, 99) {
            0..=19 => {
                self.stall(whole);
                return None;
            }
            20..=49 if self.hurry.writers.is_some() => {
                self.harm_writers(whole).await;
                return None;
            }
            _ => {}
        }
        let action = self.action();
        let fault = Fault::new(ApiKey::PRODUCE, action).of_client(FEEDER);
        let fault = fault.skip(self.random.range(0, 2) as u32).times(self.random.range(1, 5) as u32);
        whole.tell(|| format!("{fault:?}"));
        let fault = whole.broker.fault(fault).await;
        if matches!(action, Action::AnswerAfterWork(_)) && self.random.percent(70) {
            self.before_kill = Some((fault, Duration::from_millis(self.random.scale(20, 2_000))));
        } else {
            self.armed.push(fault);
        }
        None
    }

    /// All that is armed, to be disarmed.
    pub(super) fn take_armed(&mut self) -> impl Iterator<Item = FaultHandle> {
        std::mem::take(&mut self.armed).into_iter().chain(self.before_kill.take().map(|(fault, _)| fault))
    }

    /// Nothing of the feeder passes for a while, as where a node stands still; all of it comes later.
    fn stall(&mut self, whole: &Whole) {
        let timeout_ms = self.hurry.request_timeout_ms;
        let time = Duration::from_millis(self.random.range(timeout_ms / 4, timeout_ms * 2));
        let until = (Instant::now() + time).min(whole.began + whole.recipe.faults_until);
        let of_writers = self.hurry.writers.is_some() && self.random.percent(50);
        whole.tell(|| format!("nothing passes for {} ms, of the writers: {of_writers}", time.as_millis()));
        whole.network.stall(whole.recipe.processes + usize::from(of_writers), until);
    }

    /// A link of writers is cut, or a request of theirs meets a mishap.
    async fn harm_writers(&mut self, whole: &Whole) {
        if self.random.percent(30) {
            whole.tell(|| "of the writers, a link in 2 is cut".to_owned());
            return whole.network.cut(whole.recipe.processes + 1, 2, &mut self.random);
        }
        let api = *self.random.pick(APIS_OF_WRITERS).expect("one of them");
        let timeout_ms = self.hurry.request_timeout_ms;
        let action = match self.random.range(0, 5) {
            0 => Action::Close,
            1 | 2 => Action::LoseAnswer,
            3 => Action::Delay(Duration::from_millis(self.random.range(0, timeout_ms * 3 / 2))),
            _ if api == ApiKey::PRODUCE => Action::Answer(*self.random.pick(REFUSALS).expect("one of them")),
            _ => Action::Answer(ErrorCode::COORDINATOR_NOT_AVAILABLE),
        };
        let fault = Fault::new(api, action).of_client(LEDGER);
        let fault = fault.skip(self.random.range(0, 3) as u32).times(self.random.range(1, 3) as u32);
        whole.tell(|| format!("{fault:?}"));
        self.armed.push(whole.broker.fault(fault).await);
    }

    fn action(&mut self) -> Action {
        let timeout_ms = self.hurry.request_timeout_ms;
        match self.random.range(0, 99) {
            0..=49 => Action::AnswerAfterWork(*self.random.pick(REGRETS).expect("one of them")),
            50..=69 => Action::Answer(*self.random.pick(REFUSALS).expect("one of them")),
            70..=84 => Action::LoseAnswer,
            _ => Action::Delay(Duration::from_millis(self.random.range(timeout_ms / 2, timeout_ms * 2))),
        }
    }

    fn draw_next(&mut self) {
        let ms = self.hurry.fault_interval_ms as f64 * -(1.0 - self.random.unit()).ln();
        self.next = Instant::now() + Duration::from_millis(ms as u64);
    }
}
