//! Any bytes for the target `credential`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| studium_tests::credential(data));
