//! What the tests of ns-tools share: sandboxes, the programs under test, cases in text files,
//! transcripts in our pages, the walkthrough, the plot of the measurements.

#[cfg(target_env = "gnu")]
pub mod c_library;
pub mod case;
pub mod counts;
pub mod enclosure;
pub mod folder;
pub mod fuzz;
pub mod hints;
pub mod plot;
pub mod process;
pub mod random;
pub mod sandbox;
pub mod skip;
pub mod tables;
pub mod tool;
pub mod transcript;
pub mod walkthrough;
pub mod wording;
