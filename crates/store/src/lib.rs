//! studium-store.
