//! Links the unwinder into the programs instead of loading `libgcc_s.so.1` at every start.
//!
//! rustc always asks the linker for `-lgcc_s`. A linker script of that name, found first, answers
//! with the static archives that hold the same code. Where the C compiler has no static unwinder
//! nothing is changed and the programs need `libgcc_s.so.1` as any Rust program does.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=CC");
    let gnu = env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|environment| environment == "gnu");
    let native = env::var("HOST") == env::var("TARGET");
    if !gnu || !native || !has_static_unwinder() {
        return;
    }
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(folder.join("libgcc_s.so"), "GROUP ( -lgcc_eh -lgcc )\n")
        .expect("OUT_DIR can be written");
    println!("cargo::rustc-link-search=native={}", folder.display());
}

/// Asks the C compiler, which is what rustc links with; a compiler that lacks the file repeats the bare name.
fn has_static_unwinder() -> bool {
    let compiler = env::var("CC").unwrap_or_else(|_| "cc".into());
    let Ok(output) = Command::new(compiler)
        .arg("-print-file-name=libgcc_eh.a")
        .output()
    else {
        return false;
    };
    let Ok(path) = String::from_utf8(output.stdout) else {
        return false;
    };
    let path = Path::new(path.trim());
    path.is_absolute() && path.exists()
}
