//! Against a peer in the test that speaks frames.
