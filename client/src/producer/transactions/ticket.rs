//! By what a caller's order is found again.

/// Finds who awaits what becomes of an order.
pub(crate) type Ticket = u64;
