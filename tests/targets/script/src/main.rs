//! Prints the report of the golden script on the machine that builds it.

use std::process::ExitCode;

use qres_golden::golden;

fn main() -> ExitCode {
    let mut report = String::new();
    if golden::report(golden::TICKS, &mut report).is_err() {
        return ExitCode::FAILURE;
    }
    print!("{report}");
    ExitCode::SUCCESS
}
