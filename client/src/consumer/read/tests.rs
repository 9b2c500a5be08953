//! Scripts with a hand-held clock.
