//! error_queue
