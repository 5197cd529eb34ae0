//! Plays the walkthrough for somebody who has just cloned the project.

use std::io::{self, Write};
use std::process::ExitCode;

use ns_tests::{tool, walkthrough};

fn main() -> ExitCode {
    match walkthrough::play(tool::folder(), &mut io::stdout().lock()) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            // It does not matter if standard error is gone.
            let _ = writeln!(io::stderr(), "\nThe walkthrough ended early: {error}");
            ExitCode::FAILURE
        }
    }
}
