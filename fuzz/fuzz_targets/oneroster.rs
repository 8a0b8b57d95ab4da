//! Any bytes for the target `oneroster`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| studium_tests::oneroster(data));
