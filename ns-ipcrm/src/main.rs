//! The `ipcrm` command.
#![no_main]

ns_common::tool_main!(ns_ipcrm::run);
