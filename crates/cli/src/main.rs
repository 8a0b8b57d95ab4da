//! The program `studium`: reads what was typed, does it, and says in one sentence what went wrong.

fn main() -> std::process::ExitCode {
    studium_cli::main()
}
