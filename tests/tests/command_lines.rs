//! Made-up command lines of all tools, read by our parser and by the C library's `getopt_long`, in
//! one process: the same options, values, operands and messages.

#![cfg(target_env = "gnu")]
#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::fmt::Debug;
use std::process::Command;
use std::sync::{LazyLock, Mutex};

use ns_common::cli::getopt::{Parser, Token};
use ns_common::cli::table::{Manual, Opt, Order, Takes, Tool};
use ns_common::error::Failure;
use ns_tests::c_library::{Found, LongOption, getopt};
use ns_tests::fuzz::{self, Input, Verdict};
use ns_tests::with_each_tool;
use proptest::prelude::*;
use proptest::sample::select;

/// Codes of options; letters have smaller numbers.
const FIRST_CODE: usize = 1000;

/// The code of an option whose row has this id.
fn code_of<Id: Debug>(tool: &Tool<Id>, id: &Id) -> i32 {
    let wanted = format!("{id:?}");
    let is_wanted = |option: &Opt<Id>| format!("{:?}", option.id) == wanted;
    let row = tool.options.iter().position(is_wanted).unwrap();
    i32::try_from(FIRST_CODE + row).unwrap()
}

fn ours<Id: Debug + Copy>(tool: &'static Tool<Id>, words: &[&'static CStr]) -> Vec<Found> {
    let mut parser = Parser::new(tool, words);
    let mut found = Vec::new();
    let mut operands: Vec<CString> = Vec::new();
    loop {
        match parser.token() {
            Ok(Some(Token::Option(id, value))) => {
                let value = value.map(|value| CString::new(value.into_encoded_bytes()).unwrap());
                found.push(Found::Option(code_of(tool, &id), value));
            }
            Ok(Some(Token::Operand(_))) if parser.stops_at_operand() => {
                let rest = parser.words_from_operand();
                operands.extend(rest.into_iter().map(CStr::to_owned));
                found.push(Found::End(operands));
                return found;
            }
            Ok(Some(Token::Operand(operand))) => {
                operands.push(CString::new(operand.into_encoded_bytes()).unwrap());
            }
            Ok(None) => {
                found.push(Found::End(operands));
                return found;
            }
            Err(Failure::Getopt(error)) => {
                let line = [b"tool: ", error.what().as_bytes(), b"\n"].concat();
                found.push(Found::Error(line));
                return found;
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}

fn c_library<Id: Debug>(tool: &'static Tool<Id>, words: &[&CStr]) -> Vec<Found> {
    let mut letters = String::from(if tool.order == Order::StopAtOperand {
        "+"
    } else {
        ""
    });
    for option in tool.options {
        letters.extend(option.short);
        letters.push_str(match (option.short, option.takes) {
            (None, _) | (_, Takes::Nothing | Takes::OptionalLong(_)) => "",
            (_, Takes::Required(_)) => ":",
            (_, Takes::Optional(_)) => "::",
        });
    }
    let words: Vec<CString> = [c"tool"]
        .iter()
        .chain(words)
        .map(|word| (*word).to_owned())
        .collect();
    let letters = CString::new(letters).unwrap();
    let mut found = getopt(&words, &letters, &|rest| long_options(tool, rest));
    for option in &mut found {
        if let Found::Option(code, _) = option {
            let letter = u32::try_from(*code).ok().and_then(char::from_u32);
            let row = tool
                .options
                .iter()
                .find(|row| row.short.is_some() && row.short == letter);
            *code = row.map_or(*code, |row| code_of(tool, &row.id));
        }
    }
    found
}

/// The options that count for the next word: what abbreviates a classic option never means an
/// extension.
fn long_options<Id>(tool: &Tool<Id>, rest: &[&CStr]) -> Vec<LongOption> {
    let next = rest.iter().map(|word| word.to_bytes());
    let mut next = next.filter(|word| word.starts_with(b"-") && word.len() > 1);
    let name = next
        .next()
        .and_then(|word| word.strip_prefix(b"--"))
        .unwrap_or_default();
    let name = name.split(|byte| *byte == b'=').next().unwrap_or_default();
    let begins = |option: &Opt<Id>| option.long.as_bytes().starts_with(name);
    let is_exact = tool
        .options
        .iter()
        .any(|option| option.long.as_bytes() == name);
    let abbreviates = tool
        .options
        .iter()
        .any(|option| !option.extension && begins(option));
    let rows = tool.options.iter().enumerate();
    let rows = rows.filter(|(_, option)| is_exact || !abbreviates || !option.extension);
    let option = |(row, option): (usize, &Opt<Id>)| LongOption {
        name: CString::new(option.long.as_bytes()).unwrap(),
        has_value: match option.takes {
            Takes::Nothing => 0,
            Takes::Required(_) => 1,
            Takes::Optional(_) | Takes::OptionalLong(_) => 2,
        },
        code: i32::try_from(FIRST_CODE + row).unwrap(),
    };
    rows.map(option).collect()
}

/// A word that lives as long as the command line of a program does: for ever, but once.
fn lasting(word: &[u8]) -> &'static CStr {
    static KNOWN: LazyLock<Mutex<HashMap<Vec<u8>, &'static CStr>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap();
    known
        .entry(word.to_vec())
        .or_insert_with(|| Box::leak(CString::new(word).unwrap().into_boxed_c_str()))
}

fn compare<Id: Debug + Copy>(tool: &'static Tool<Id>, input: &Input) -> Verdict {
    let words: Vec<&'static CStr> = input.iter().map(|word| lasting(word)).collect();
    let (ours, theirs) = (ours(tool, &words), c_library(tool, &words));
    prop_assert_eq!(ours, theirs, "{} {:?}", tool.name, words);
    Ok(())
}

/// Words that mean something to the tool, or nearly do, or nothing.
fn word<Id>(tool: &'static Tool<Id>) -> impl Strategy<Value = Vec<u8>> + use<Id> {
    let names: Vec<&str> = tool.options.iter().map(|option| &*option.long).collect();
    let letters: Vec<char> = tool
        .options
        .iter()
        .filter_map(|option| option.short)
        .collect();
    let value = select(vec!["", "x", "-m", "--", "=", "a=b", "\u{e9}"]);
    let long = (
        select(names),
        0_usize..30,
        any::<bool>(),
        any::<bool>(),
        value,
    )
        .prop_map(|(name, length, whole, has_value, value)| {
            let end = if whole {
                name.len()
            } else {
                length.min(name.len())
            };
            let value = if has_value {
                format!("={value}")
            } else {
                String::new()
            };
            format!("--{}{value}", &name[..end]).into_bytes()
        });
    let letter = prop_oneof![8 => select(letters), 1 => any::<char>(), 1 => select(vec!['=', ':', '-', 'W', ';', '?', '+'])];
    let bundle = proptest::collection::vec(letter, 0..5).prop_map(|letters| {
        let letters = letters.into_iter().filter(|letter| *letter != '\0');
        format!("-{}", letters.collect::<String>()).into_bytes()
    });
    let fixed = select(vec![
        "--", "-", "", "operand", "---", "--=", "--=x", "-=", "5",
    ]);
    let bytes = proptest::collection::vec(1_u8.., 0..6);
    let dashed = bytes
        .clone()
        .prop_map(|bytes| [b"-", bytes.as_slice()].concat());
    prop_oneof![
        6 => long,
        5 => bundle,
        2 => fixed.prop_map(|word| word.as_bytes().to_vec()),
        1 => bytes,
        1 => dashed,
    ]
}

fn check<Id: Debug + Copy>(tool: &'static Tool<Id>, _: &Manual) {
    let words = proptest::collection::vec(word(tool), 0..7);
    let target = format!("command_lines_of_{}", tool.name);
    fuzz::check(&target, 2000, words, |input| compare(tool, input));
}

/// The name of the only test here: nothing else looks at the environment meanwhile.
const NAME: &str = "made_up_command_lines_are_read_as_the_c_library_reads_them";

#[test]
fn made_up_command_lines_are_read_as_the_c_library_reads_them() {
    with_each_tool!(check);
    if std::env::var_os("POSIXLY_CORRECT").is_some() {
        return;
    }
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args([NAME, "--exact"]).env("POSIXLY_CORRECT", "1");
    let output = again.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "with POSIXLY_CORRECT: {text}"
    );
}
