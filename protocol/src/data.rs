//! Messages that lie in logs and files, or inside other messages: coordinators' and controllers' records,
//! control records, the words of classic consumers.
//!
//! A coordinator's key has its type before it (an int16, [`Message::KEY`](crate::Message::KEY)), its value
//! and most other data their version (an int16); a record of the metadata log has frame version, type and
//! version, each a varint. What is read and written here is what comes behind.

pub mod consumer;
pub mod control;
pub mod group;
pub mod metadata;
pub mod raft;
pub mod share;
pub mod storage;
pub mod transaction;
