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
    if variable("CARGO_CFG_TARGET_ENV") != "gnu" || !has_static_unwinder() {
        return;
    }
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(folder.join("libgcc_s.so"), "GROUP ( -lgcc_eh -lgcc )\n")
        .expect("OUT_DIR can be written");
    println!("cargo::rustc-link-search=native={}", folder.display());
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

/// Asks the C compiler that links for the target; one that lacks the file repeats the bare name.
fn has_static_unwinder() -> bool {
    // Cargo sets it where a configuration names a linker for the target; without, rustc calls `cc`.
    let compiler = env::var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into());
    // What rustc adds where one compiler serves several targets.
    let width = match (
        variable("CARGO_CFG_TARGET_ARCH").as_str(),
        variable("CARGO_CFG_TARGET_POINTER_WIDTH").as_str(),
    ) {
        ("x86", _) => "-m32",
        ("x86_64", "32") => "-mx32",
        ("x86_64", _) => "-m64",
        _ => "",
    };
    let Ok(output) = Command::new(compiler)
        .args(Some(width).filter(|width| !width.is_empty()))
        .arg("-print-file-name=libgcc_eh.a")
        .output()
    else {
        return false;
    };
    let Ok(path) = String::from_utf8(output.stdout) else {
        return false;
    };
    let path = Path::new(path.trim());
    output.status.success() && path.is_absolute() && path.exists()
}
