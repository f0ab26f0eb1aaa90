//! Which front end a run gets.
