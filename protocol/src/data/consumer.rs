//! What members of a classic group say to each other through its coordinator.

pub mod consumer_protocol_assignment;
pub mod consumer_protocol_subscription;

pub use consumer_protocol_assignment::ConsumerProtocolAssignment;
pub use consumer_protocol_subscription::ConsumerProtocolSubscription;
