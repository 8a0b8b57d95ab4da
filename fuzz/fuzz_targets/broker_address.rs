//! Any bytes for the target `broker_address`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| studium_tests::broker_address(data));
