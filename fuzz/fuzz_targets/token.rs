//! Any bytes for the target `token`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| studium_tests::token(data));
