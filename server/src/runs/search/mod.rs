//! MLflow's search grammar: text to conditions that are checked.
//!
//! [`lexer`] makes words, [`syntax`] clauses that know nothing of fields, [`runs`] and [`experiments`] check them against what there is to
//! ask for. Other nouns with a search of the same grammar build on [`syntax`].

pub mod experiments;
pub mod lexer;
pub mod runs;
pub mod syntax;

#[cfg(test)]
mod tests;
