//! The command line as a library, so that tests can carry a binary of their own.
