//! The design kit: none of our nouns.
