//! The `nsenter` command.
#![no_main]

ns_common::tool_main!(ns_enter::run);
