//! Output without a screen, one format a file.
