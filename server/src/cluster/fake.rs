//! A cluster for tests, which does what the test says.
