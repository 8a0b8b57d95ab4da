//! Any bytes for the target `event`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| studium_tests::event(data));
