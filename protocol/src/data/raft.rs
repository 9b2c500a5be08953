//! What controllers keep and hand on.

pub mod default_principal_data;
pub mod quorum_state_data;

pub use default_principal_data::DefaultPrincipalData;
pub use quorum_state_data::QuorumStateData;
