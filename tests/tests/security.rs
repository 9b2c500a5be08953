//! Every way into a cluster: each protocol, mechanism and store, against a real Kafka and against the embedded broker, and
//! beside each the one that must not get in.

mod acls; // principals, and refusals that name the resource
mod clocks; // `doctor` compares this machine's clock with that of the server which a login asked
mod delegation; // delegation tokens
mod dialogue; // the embedded broker refuses a login, and what ACLs deny, as a real Kafka does
mod embedded; // not tests: the embedded broker with the same listeners
mod empty_root; // the same ways where there is nothing but the binary and the files that its properties name
mod harness; // the real Kafka's listeners let Apache's own client in, and keep it out
mod kerberos; // GSSAPI: tickets from everywhere, and what is refused
mod load; // not tests: a producer whose records are numbered, connections that are counted
mod logins; // users and passwords: let in, kept out, and again on a connection in use
mod matrix; // our client by every way
mod msk_iam; // AWS_MSK_IAM, and its form as OAUTHBEARER, at the embedded broker
mod reauthentication; // sessions that a real Kafka ends: again in band, under load, by each mechanism
mod rotation; // stores replaced while a producer runs
mod round_trip; // not tests: a record there and back
mod secrecy; // logins by Kerberos and by tokens that fail tell no secret, in the most talkative log either
mod sessions; // sessions that end, in virtual time, against the embedded broker
mod token_server; // not tests: a token endpoint
mod tokens; // OAUTHBEARER by a token endpoint against the embedded broker: the whole way, from properties to records
mod ways; // not tests: the ways, by the properties people have
