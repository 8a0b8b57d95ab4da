//! Rules as sentences, and laws on random histories.
