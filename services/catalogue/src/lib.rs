//! studium-catalogue.
