//! The option tables of all tools, for tests that check them all.

/// Calls a generic function with the table and the manual of each tool.
#[macro_export]
macro_rules! with_each_tool {
    ($check:path) => {
        $check(&ns_unshare::TOOL, &ns_unshare::MANUAL);
        $check(&ns_enter::TOOL, &ns_enter::MANUAL);
        $check(&ns_ipcmk::TOOL, &ns_ipcmk::MANUAL);
        $check(&ns_ipcs::TOOL, &ns_ipcs::MANUAL);
        $check(&ns_ipcrm::TOOL, &ns_ipcrm::MANUAL);
    };
}
