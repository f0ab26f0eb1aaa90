//! The program: parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    hopwatch::run::main(std::env::args_os()).into()
}
