//! Nothing: its build script is the point.
