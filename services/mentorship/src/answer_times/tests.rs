//! What answer times say, and what they must not hide.
