//! The rules of it as sentences, and its laws.
