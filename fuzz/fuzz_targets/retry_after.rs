//! Any bytes for the target `retry_after`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| studium_tests::retry_after(data));
