//! Every way into a cluster: each protocol, mechanism and store, against a real Kafka and against the embedded broker, and
//! beside each the one that must not get in.

mod harness; // the real Kafka's listeners let Apache's own client in, and keep it out
mod logins; // users and passwords: let in, kept out, and again on a connection in use
mod sessions; // sessions that end, in virtual time, against the embedded broker
mod tokens; // OAUTHBEARER by a token endpoint against the embedded broker: the whole way, from properties to records
mod ways; // not tests: the ways, by the properties people have
