//! studium-enrolment.
