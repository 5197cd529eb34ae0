//! The `unshare` command.
#![no_main]

ns_common::tool_main!(ns_unshare::run);
