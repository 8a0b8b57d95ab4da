//! Any bytes for the target `csv`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| studium_tests::csv(data));
