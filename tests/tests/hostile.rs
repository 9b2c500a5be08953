//! Peers that lie or mean harm: each attack against a bound on memory and on time.

mod broker;
<<<<<<< HEAD
mod client;
=======
mod metadata;
>>>>>>> cluster
