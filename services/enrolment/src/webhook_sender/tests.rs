//! Sending (tests follow).
