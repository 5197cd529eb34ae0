//! What the tools do to the kernel's state, beyond what a case in a text file can show.
