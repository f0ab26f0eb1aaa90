//! The network side against a real kernel: the binary over made-up paths and over real Linux routers, in
//! namespaces that need no root. Where those are not allowed the tests say `SKIPPED`; `HOPWATCH_LAB=required`
//! forbids that.

#[path = "../support/support.rs"]
mod support;

mod answers;
mod asker;
mod bare;
mod changes;
mod echo;
mod egress;
mod faults;
mod hostile;
mod laboratory;
mod long;
mod origins;
mod pace;
mod raw;
mod report;
mod routers;
mod serve;
mod tcp;
mod timing;
mod verdicts;
mod ways;
