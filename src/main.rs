//! The `qres` binary: hands the command line to the library and turns the outcome into an exit
//! code. 0: done; 1: the checked thing does not hold; 2: bad usage or input; 130: stopped.

use std::process::ExitCode;

fn main() -> ExitCode {
    qres::cli::main()
}
