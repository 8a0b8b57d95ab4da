//! The feedback service as a program of its own.

fn main() -> std::process::ExitCode {
    studium_kit::main(studium_feedback::service())
}
