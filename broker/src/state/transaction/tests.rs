//! Scripts of what is done to one transactional id. The rules are those of Kafka's `TransactionCoordinator`.

use super::*;

/// One id at work: fresh producer ids count from 100.
struct TransactionScript {
    it: Transaction,
    now: Now,
    delay: Duration,
    fresh: i64,
    /// By KIP-890.
    bumps_epoch: bool,
}

const TIMEOUT_MS: i32 = 1000;

impl TransactionScript {
    fn new(bumps_epoch: bool) -> Self {
        let now = Now { instant: Instant::now(), unix_ms: 5 };
        Self { it: Transaction::new(100, now), now, delay: Duration::ZERO, fresh: 100, bumps_epoch }
    }

    fn init(&mut self, expected: Option<(i64, i16)>) -> Result<(i64, i16), ErrorCode> {
        let (fresh, at) = (&mut self.fresh, (self.now, self.delay));
        let fresh = || {
            *fresh += 1;
            *fresh
        };
        self.it.initialize(expected, TIMEOUT_MS, self.bumps_epoch, fresh, at)
    }

    fn add(&mut self, producer: (i64, i16)) -> Result<(), ErrorCode> {
        self.it.add(producer, [place()], self.now)
    }

    fn end(&mut self, (producer_id, epoch): (i64, i16), commit: bool) -> Result<(i64, i16), ErrorCode> {
        let (fresh, at) = (&mut self.fresh, (self.now, self.delay));
        let fresh = || {
            *fresh += 1;
            *fresh
        };
        let end = EndRequest { producer_id, epoch, commit, bumps_epoch: self.bumps_epoch };
        let ended = self.it.end(end, fresh, at);
        self.settle();
        ended
    }

    /// Writes the markers that are due: their producer, epoch and outcome.
    fn settle(&mut self) -> Option<(i64, i16, bool)> {
        let markers = self.it.complete(self.now.instant)?;
        Some((markers.producer_id, markers.epoch, markers.committed))
    }
}

fn place() -> Participant {
    Participant::Partition(Str::from_static("t"), 0)
}

const FENCED: ErrorCode = ErrorCode::PRODUCER_FENCED;
const CONCURRENT: ErrorCode = ErrorCode::CONCURRENT_TRANSACTIONS;
const MAPPING: ErrorCode = ErrorCode::INVALID_PRODUCER_ID_MAPPING;
const STATE: ErrorCode = ErrorCode::INVALID_TXN_STATE;

#[test]
fn each_init_raises_the_epoch_and_fences_the_one_before() {
    let mut script = TransactionScript::new(true);
    assert_eq!(script.init(None), Ok((100, 0)));
    assert_eq!(script.init(None), Ok((100, 1)));
    assert_eq!(script.add((100, 0)), Err(FENCED));
    assert_eq!(script.add((99, 1)), Err(MAPPING));
    assert_eq!(script.add((100, 1)), Ok(()));
}

#[test]
fn init_aborts_what_a_predecessor_left_open() {
    for bumps_epoch in [false, true] {
        let mut script = TransactionScript::new(bumps_epoch);
        script.init(None).unwrap();
        script.add((100, 0)).unwrap();
        assert_eq!(script.init(None), Err(CONCURRENT));
        assert_eq!(script.settle(), Some((100, 1, false)));
        assert_eq!(script.init(None), Ok((100, 2)));
        assert_eq!(script.end((100, 0), true), Err(FENCED));
    }
}

#[test]
fn who_names_the_epoch_it_has_goes_on_and_may_ask_twice() {
    let mut script = TransactionScript::new(false);
    script.init(None).unwrap();
    assert_eq!(script.init(Some((100, 0))), Ok((100, 1)));
    assert_eq!(script.init(Some((100, 0))), Ok((100, 1)), "the answer was lost");
    assert_eq!(script.init(Some((100, 1))), Ok((100, 2)));
    assert_eq!(script.init(Some((100, 0))), Err(FENCED));
    assert_eq!(script.init(None), Ok((100, 3)));
    assert_eq!(script.init(Some((100, 2))), Err(FENCED), "a newcomer has taken over");
    assert_eq!(script.init(Some((7, 3))), Err(FENCED), "another producer");
}

#[test]
fn a_new_id_takes_any_producer() {
    assert_eq!(TransactionScript::new(true).init(Some((7, 3))), Ok((100, 0)));
}

#[test]
fn when_the_epochs_are_used_up_a_new_id_comes() {
    let mut script = TransactionScript::new(false);
    script.init(None).unwrap();
    script.it.epoch = LAST_EPOCH;
    assert_eq!(script.init(Some((100, LAST_EPOCH))), Ok((101, 0)));
    // A repetition of a request whose answer was lost.
    assert_eq!(script.init(Some((100, LAST_EPOCH))), Ok((101, 0)));
    script.it.epoch = LAST_EPOCH;
    assert_eq!(script.init(None), Ok((102, 0)));
}

#[test]
fn an_end_that_uses_the_last_epoch_up_gives_a_new_id() {
    let mut script = TransactionScript::new(true);
    script.init(None).unwrap();
    script.it.epoch = LAST_EPOCH;
    script.add((100, LAST_EPOCH)).unwrap();
    assert_eq!(script.end((100, LAST_EPOCH), true), Ok((101, 0)));
    assert_eq!(script.end((100, LAST_EPOCH), true), Ok((101, 0)), "again");
    assert_eq!(script.end((100, LAST_EPOCH), false), Err(STATE));
    assert_eq!(script.add((101, 0)), Ok(()));
}

#[test]
fn the_classic_end_keeps_the_epoch_and_may_be_repeated() {
    let mut script = TransactionScript::new(false);
    let me = script.init(None).unwrap();
    assert_eq!(script.end(me, true), Err(STATE), "nothing to commit");
    assert_eq!(script.end(me, false), Err(STATE), "nothing to abort");
    for commit in [true, false] {
        script.add(me).unwrap();
        assert_eq!(script.end(me, commit), Ok(me));
        assert_eq!(script.end(me, commit), Ok(me), "again");
        assert_eq!(script.end(me, !commit), Err(STATE));
    }
    assert_eq!(script.end((100, 1), true), Err(FENCED));
    assert_eq!(script.end((101, 0), true), Err(MAPPING));
}

/// The table above `endTransaction` in Kafka: a repetition names the epoch before the present one.
#[test]
fn the_raising_end_tells_a_repetition_by_its_epoch() {
    let ended = |commit| {
        let mut script = TransactionScript::new(true);
        script.init(None).unwrap();
        script.add((100, 0)).unwrap();
        assert_eq!(script.end((100, 0), commit), Ok((100, 1)));
        script
    };
    let of = |commit, epoch, again| ended(commit).end((100, epoch), again);
    let (committed, aborted) = (true, false);
    assert_eq!(of(committed, 0, true), Ok((100, 1)));
    assert_eq!(of(committed, 0, false), Err(STATE));
    assert_eq!(of(committed, 1, true), Err(STATE));
    assert_eq!(of(committed, 1, false), Ok((100, 2)), "an abort of nothing raises the epoch");
    assert_eq!(of(aborted, 0, false), Ok((100, 1)));
    assert_eq!(of(aborted, 0, true), Err(STATE));
    assert_eq!(of(aborted, 1, true), Err(STATE));
    assert_eq!(of(aborted, 1, false), Ok((100, 2)));
    assert_eq!(of(aborted, 5, false), Err(FENCED));
    let empty = |epoch, commit| {
        let mut script = TransactionScript::new(true);
        script.init(None).unwrap();
        script.init(None).unwrap();
        script.end((100, epoch), commit)
    };
    assert_eq!(empty(1, false), Ok((100, 2)));
    assert_eq!(empty(1, true), Err(STATE));
    assert_eq!((empty(0, false), empty(0, true)), (Err(FENCED), Err(FENCED)));
}

#[test]
fn while_markers_are_written_everyone_waits() {
    for bumps_epoch in [false, true] {
        let mut script = TransactionScript::new(bumps_epoch);
        let me = script.init(None).unwrap();
        script.add(me).unwrap();
        script.delay = Duration::from_millis(20);
        let next = script.end(me, true).unwrap();
        assert_eq!(script.it.state, TransactionState::PrepareCommit);
        assert_eq!(script.end(me, true), Err(CONCURRENT));
        assert_eq!(script.end(me, false), Err(STATE));
        assert_eq!(script.add(next), Err(CONCURRENT));
        assert_eq!(script.it.verify(next, &place()), Err(CONCURRENT));
        assert_eq!(script.init(None), Err(CONCURRENT));
        assert_eq!(script.it.deadline(), Some(script.now.instant + script.delay));
        assert_eq!(script.settle(), None);
        script.now.instant += script.delay;
        assert_eq!(script.settle(), Some((100, next.1, true)));
        assert_eq!(script.add(next), Ok(()));
    }
}

#[test]
fn what_is_open_for_too_long_times_out() {
    let mut script = TransactionScript::new(true);
    let me = script.init(None).unwrap();
    assert_eq!(script.it.deadline(), None);
    script.add(me).unwrap();
    let due = script.now.instant + Duration::from_millis(1000);
    assert_eq!((script.it.deadline(), script.it.timeout()), (Some(due), Some(due)));
    script.now.instant += Duration::from_millis(600);
    script.add(me).unwrap();
    assert_eq!(script.it.timeout(), Some(due), "the first record counts");
    script.it.fence(true, (script.now, script.delay));
    assert_eq!(script.settle(), Some((100, 1, false)));
    assert_eq!(script.add(me), Err(FENCED));
    assert_eq!((script.end(me, true), script.end(me, false)), (Err(STATE), Ok((100, 1))));
}

#[test]
fn only_what_is_in_the_transaction_is_verified() {
    let mut script = TransactionScript::new(false);
    let me = script.init(None).unwrap();
    assert_eq!(script.it.verify(me, &place()), Err(ErrorCode::TRANSACTION_ABORTABLE));
    script.add(me).unwrap();
    assert_eq!(script.it.verify(me, &place()), Ok(()));
    let group = Participant::Group(Str::from_static("t"));
    assert_eq!(script.it.verify(me, &group), Err(ErrorCode::TRANSACTION_ABORTABLE));
    script.end(me, true).unwrap();
    assert_eq!(script.it.verify(me, &place()), Err(ErrorCode::TRANSACTION_ABORTABLE));
}

#[test]
fn only_what_is_not_open_becomes_idle() {
    let mut script = TransactionScript::new(false);
    let me = script.init(None).unwrap();
    let day = Duration::from_secs(86_400);
    let later = script.now.instant + day;
    assert!(script.it.is_idle(later, day));
    assert!(!script.it.is_idle(later - Duration::from_millis(1), day));
    script.add(me).unwrap();
    assert!(!script.it.is_idle(later, day));
}
