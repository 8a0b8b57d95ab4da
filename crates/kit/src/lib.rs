//! studium-kit.
