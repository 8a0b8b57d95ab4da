//! Any bytes for the target `stored`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| studium_tests::stored(data));
