//! Peers that lie or mean harm: each attack against a bound on memory and on time.

mod broker;
mod client;
mod metadata;
