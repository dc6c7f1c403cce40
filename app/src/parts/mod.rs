//! Pieces that know our nouns and serve several pages.
