//! Strings in JSON.

use ns_common::output::json;
use ns_tests::fuzz::{self, Input, Verdict};
use proptest::prelude::*;

fn check(input: &Input) -> Verdict {
    for text in input {
        let mut written = Vec::new();
        json::string(text, &mut written);
        let read: String = serde_json::from_slice(&written)
            .map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(read, String::from_utf8_lossy(text));
        prop_assert!(
            !written.iter().any(u8::is_ascii_control),
            "nothing reaches a terminal"
        );
    }
    Ok(())
}

#[test]
fn string_is_what_a_parser_reads() {
    let text = prop_oneof![
        any::<Vec<u8>>(),
        any::<String>().prop_map(String::into_bytes),
        "[\\x00-\\x9f\"\\\\]{0,12}".prop_map(String::into_bytes),
    ];
    fuzz::check(
        "json_strings",
        10_000,
        text.prop_map(|text| vec![text]),
        check,
    );
}
