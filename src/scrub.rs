//! Untrusted text, made fit for a terminal, a report or a file.
