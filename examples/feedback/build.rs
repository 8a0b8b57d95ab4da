//! Compiles the contract in `proto/`, which may import the platform's.

fn main() -> studium_build::Result {
    studium_build::extension()
}
