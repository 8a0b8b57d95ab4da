//! studium-cli.
