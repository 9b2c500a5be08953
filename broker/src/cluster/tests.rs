//! Dialogues with the core.
