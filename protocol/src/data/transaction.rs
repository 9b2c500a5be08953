//! The log `__transaction_state`, where the transaction coordinator keeps transactions.

pub mod transaction_log;

pub use transaction_log::{TransactionLogKey, TransactionLogValue};
