//! The `ipcmk` command.
#![no_main]

ns_common::tool_main!(ns_ipcmk::run);
