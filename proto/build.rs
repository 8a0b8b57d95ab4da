//! Compiles the contract.

fn main() -> studium_build::Result {
    studium_build::platform()
}
