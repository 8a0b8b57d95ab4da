//! studium-testkit.
