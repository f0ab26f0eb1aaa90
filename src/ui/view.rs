//! What is drawn, one part of the screen a file. Views read the state and write cells, nothing else.

pub mod detail;
pub mod evidence;
pub mod faults;
pub mod footer;
pub mod header;
pub mod help;
pub mod journal;
pub mod table;
pub mod timeline;
pub mod verdict;
