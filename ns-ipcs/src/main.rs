//! The `ipcs` command.
#![no_main]

ns_common::tool_main!(ns_ipcs::run);
