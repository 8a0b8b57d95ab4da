//! Any bytes for the target `status_list`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| studium_tests::status_list(data));
