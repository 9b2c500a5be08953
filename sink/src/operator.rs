//! Operators: what stands between a table's rows and the INSERTs that read them, where the rows are not enough.

use upsert_kafka_client::TopicPartition;

use crate::error::Error;
use crate::expr::function::Moment;
use crate::message::Message;
use crate::row::{Row, RowKind};
use crate::state::StateSize;

/// Takes a table's rows with their kinds, and gives other rows with kinds, which every INSERT of the table then sees.
///
/// It is a core, and its state is its own: no clock, no I/O; what it keeps of a row it copies. There is one for each
/// table of each task. The task's partitions change with time, so the message is there to say which of them a row is of.
///
/// [`Normalize`](crate::normalize::Normalize) is one: it keeps the last row of each key and makes of an upsert table's
/// rows (INSERT or DELETE, the old row unknown) a changelog that says what was there before.
pub(crate) trait Operator: Send {
    /// Takes one row of a message and hands out what it gives: no row, one or several. They borrow from the row and
    /// from the moment's arena, so what comes out of the state is copied into that. An error of `each` ends it.
    ///
    /// A message that fails fails its task, which is then over: rows before that in the message may have changed the
    /// state.
    ///
    /// # Errors
    /// The state cannot take the row; or `each` failed.
    fn process<'a>(
        &mut self,
        message: &Message<'_>,
        kind: RowKind,
        row: Row<'a>,
        moment: &Moment<'a>,
        each: &mut dyn FnMut(RowKind, Row<'a>) -> Result<(), Error>,
    ) -> Result<(), Error>;

    /// What it keeps of these partitions is of no use any more: another task has them.
    fn forget(&mut self, partitions: &[TopicPartition]);

    /// What time it is from now on, in milliseconds: for what is kept for some time only.
    fn set_time(&mut self, now_ms: i64);

    /// How much it keeps.
    fn state_size(&self) -> StateSize;
}
