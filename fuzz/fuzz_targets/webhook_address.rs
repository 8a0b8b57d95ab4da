//! Any bytes for the target `webhook_address`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| studium_tests::webhook_address(data));
