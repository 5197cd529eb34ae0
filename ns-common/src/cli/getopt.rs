//! The parsing rules and messages of `getopt_long(3)`, on top of lexopt, which splits the words of
//! the command line into options.

use std::ffi::{CStr, OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::cli::table::{Opt, Order, Takes, Tool};
use crate::error::{Failure, Message};
use crate::words;

/// An option or operand found on the command line.
#[derive(Debug, PartialEq, Eq)]
pub enum Token<Id> {
    /// An option and its value, if it has one.
    Option(Id, Option<OsString>),
    /// A word that is not an option.
    Operand(OsString),
}

/// An attached value without a leading `=`, which some users type by mistake: `-u=FILE`.
pub fn without_equals(value: &OsStr) -> &OsStr {
    let bytes = value.as_bytes();
    OsStr::from_bytes(bytes.strip_prefix(b"=").unwrap_or(bytes))
}

/// Parses a command line against a tool's option table.
#[derive(Debug)]
pub struct Parser<Id: 'static> {
    options: &'static [Opt<Id>],
    stop_at_operand: bool,
    words: Vec<&'static CStr>,
    lexer: lexopt::Parser,
}

/// What lexopt found, copied so that the lexer is no longer borrowed.
enum Met {
    Short(char),
    Long(String),
    Operand(OsString),
}

impl<Id: Copy> Parser<Id> {
    /// A parser for `words`, which must not include `argv[0]`.
    pub fn new(tool: &'static Tool<Id>, words: &[&'static CStr]) -> Self {
        let mut lexer =
            lexopt::Parser::from_args(words.iter().map(|word| OsStr::from_bytes(word.to_bytes())));
        lexer.set_short_equals(false);
        let stop_at_operand =
            tool.order == Order::StopAtOperand || std::env::var_os("POSIXLY_CORRECT").is_some();
        Self {
            options: tool.options,
            stop_at_operand,
            words: words.to_vec(),
            lexer,
        }
    }

    /// The next option or operand; `None` at the end. Parsing stops at the first failure.
    pub fn token(&mut self) -> Result<Option<Token<Id>>, Failure> {
        let met = match self.lexer.next() {
            Ok(None) => return Ok(None),
            Ok(Some(lexopt::Arg::Short(letter))) => Met::Short(letter),
            Ok(Some(lexopt::Arg::Long(name))) => Met::Long(name.to_owned()),
            Ok(Some(lexopt::Arg::Value(word))) => Met::Operand(word),
            Err(error) => return Err(Failure::getopt(words![error.to_string()])),
        };
        match met {
            Met::Short(letter) => self.short(letter).map(Some),
            Met::Long(name) => self.long(&name).map(Some),
            Met::Operand(word) => Ok(Some(Token::Operand(word))),
        }
    }

    /// All words of the command line as in `argv`, without `argv[0]`.
    pub fn words(&self) -> &[&'static CStr] {
        &self.words
    }

    /// Whether the operand just met ends the options.
    pub fn stops_at_operand(&self) -> bool {
        self.stop_at_operand
    }

    /// The operand just met and every word after it, as in `argv`.
    pub fn words_from_operand(&mut self) -> Vec<&'static CStr> {
        let operand = self.position_just_met();
        self.words[operand..].to_vec()
    }

    fn short(&mut self, letter: char) -> Result<Token<Id>, Failure> {
        let Some(option) = self
            .options
            .iter()
            .find(|option| option.short == Some(letter))
        else {
            let byte = self.unknown_letter(letter);
            return Err(Failure::getopt(words![
                "invalid option -- '",
                [byte].as_slice(),
                "'"
            ]));
        };
        let value = match option.takes {
            Takes::Nothing | Takes::OptionalLong(_) => None,
            Takes::Optional(_) => self.lexer.optional_value(),
            Takes::Required(_) => Some(self.lexer.value().map_err(|_| {
                Failure::getopt(words![
                    "option requires an argument -- '",
                    letter.to_string(),
                    "'"
                ])
            })?),
        };
        Ok(Token::Option(option.id, value))
    }

    fn long(&mut self, name: &str) -> Result<Token<Id>, Failure> {
        let attached = self.lexer.optional_value();
        let option = self.by_prefix(name)?;
        let value = match (option.takes, attached) {
            (Takes::Nothing, Some(_)) => {
                return Err(Failure::getopt(words![
                    "option '--",
                    option.long,
                    "' doesn't allow an argument"
                ]));
            }
            (Takes::Required(_), None) => Some(self.lexer.value().map_err(|_| {
                Failure::getopt(words!["option '--", option.long, "' requires an argument"])
            })?),
            (_, attached) => attached,
        };
        Ok(Token::Option(option.id, value))
    }

    /// Finds the option that `name` abbreviates. An exact name wins over longer ones, and a prefix
    /// of a classic option never means an extension.
    fn by_prefix(&mut self, name: &str) -> Result<&'static Opt<Id>, Failure> {
        let options = self.options;
        if let Some(option) = options
            .iter()
            .find(|option| option.long.as_bytes() == name.as_bytes())
        {
            return Ok(option);
        }
        let starts = |option: &&Opt<Id>| option.long.as_bytes().starts_with(name.as_bytes());
        let mut candidates: Vec<_> = options.iter().filter(starts).collect();
        if candidates.iter().any(|option| !option.extension) {
            candidates.retain(|option| !option.extension);
        }
        match candidates.as_slice() {
            [option] => Ok(option),
            [] => Err(Failure::getopt(words![
                "unrecognized option '",
                self.word_just_met(),
                "'"
            ])),
            several => {
                let start = words![
                    "option '",
                    self.word_just_met(),
                    "' is ambiguous; possibilities:"
                ];
                let list = several.iter().fold(start, |list, option| {
                    list.with(" '--").with(&option.long).with("'")
                });
                Err(Failure::getopt(list))
            }
        }
    }

    fn word_just_met(&mut self) -> Message {
        let position = self.position_just_met();
        words![self.words[position]]
    }

    /// The first byte of an unknown option letter: the C library prints one byte, not one
    /// character.
    fn unknown_letter(&mut self, letter: char) -> u8 {
        let after = self
            .lexer
            .optional_value()
            .map_or(0, |rest| rest.into_vec().len());
        let word = self.word_just_met();
        let up_to_letter = &word.as_bytes()[..word.as_bytes().len() - after];
        // lexopt turns one or more bytes that are not UTF-8 into one U+FFFD.
        let last = up_to_letter.utf8_chunks().last();
        match last.and_then(|chunk| chunk.invalid().first()) {
            Some(byte) => *byte,
            None => letter.encode_utf8(&mut [0; 4]).as_bytes()[0],
        }
    }

    /// The index in `words` of the lexer's last word; its value must have been taken.
    fn position_just_met(&mut self) -> usize {
        let left = self
            .lexer
            .try_raw_args()
            .map_or(0, |rest| rest.as_slice().len());
        self.words.len().saturating_sub(left + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::table::{Offer, Value};
    use crate::inline::Inline;

    const FILE: Value = Value::new("file", Offer::File);

    const fn option(short: Option<char>, long: &'static str, takes: Takes) -> Opt<&'static str> {
        Opt {
            id: long,
            short,
            long: Inline::new(long),
            takes,
            summary: Inline::new(""),
            extension: false,
        }
    }

    const fn extension(long: &'static str) -> Opt<&'static str> {
        Opt {
            extension: true,
            ..option(None, long, Takes::Nothing)
        }
    }

    static OPTIONS: &[Opt<&str>] = &[
        option(Some('m'), "mount", Takes::OptionalLong(FILE)),
        option(None, "mount-proc", Takes::Optional(FILE)),
        option(Some('f'), "fork", Takes::Nothing),
        option(Some('w'), "wd", Takes::Optional(FILE)),
        option(Some('R'), "root", Takes::Required(FILE)),
        extension("for"),
        extension("mountain"),
        extension("lower"),
        extension("loopback"),
    ];
    static STOPPING: Tool<&str> = Tool {
        name: "tool",
        purpose: "",
        usage: &[],
        order: Order::StopAtOperand,
        options: OPTIONS,
        headings: &[],
    };

    /// The options before the first operand or failure, as `name` or `name=value`, then how parsing
    /// ended.
    fn read(words: &[&'static CStr]) -> Vec<String> {
        let mut parser = Parser::new(&STOPPING, words);
        let mut seen = Vec::new();
        loop {
            match parser.token() {
                Ok(None) => break,
                Ok(Some(Token::Option(id, None))) => seen.push(id.to_owned()),
                Ok(Some(Token::Option(id, Some(value)))) => {
                    seen.push(format!("{id}={}", value.to_string_lossy()))
                }
                Ok(Some(Token::Operand(_))) => {
                    seen.push(format!("| {}", parser.words_from_operand().len()));
                    break;
                }
                Err(Failure::Getopt(error)) => {
                    seen.push(String::from_utf8_lossy(error.what().as_bytes()).into_owned());
                    break;
                }
                Err(other) => panic!("{other:?}"),
            }
        }
        seen
    }

    #[test]
    fn letters_bundle_and_long_values_attach() {
        assert_eq!(read(&[c"-mf", c"--mount=a"]), ["mount", "fork", "mount=a"]);
        assert_eq!(
            read(&[c"-fw=x", c"-w", c"x"]),
            ["fork", "wd==x", "wd", "| 1"]
        );
        assert_eq!(read(&[c"--wd="]), ["wd="]);
    }

    #[test]
    fn required_value_may_look_like_an_option() {
        assert_eq!(
            read(&[c"-R", c"--", c"--root", c"-f"]),
            ["root=--", "root=-f"]
        );
        assert_eq!(read(&[c"-Rx=y", c"--root="]), ["root=x=y", "root="]);
        assert_eq!(read(&[c"-R"]), ["option requires an argument -- 'R'"]);
        assert_eq!(read(&[c"--ro"]), ["option '--root' requires an argument"]);
    }

    #[test]
    fn names_abbreviate_and_exact_ones_win() {
        assert_eq!(
            read(&[c"--mount", c"--mount-", c"--fo"]),
            ["mount", "mount-proc", "fork"]
        );
        assert_eq!(
            read(&[c"--mo=1"]),
            ["option '--mo=1' is ambiguous; possibilities: '--mount' '--mount-proc'"]
        );
        assert_eq!(
            read(&[c"--fork=1"]),
            ["option '--fork' doesn't allow an argument"]
        );
        assert_eq!(read(&[c"--bogus=1"]), ["unrecognized option '--bogus=1'"]);
    }

    #[test]
    fn extension_never_takes_an_abbreviation_of_a_classic_option() {
        assert_eq!(read(&[c"--f", c"--fo"]), ["fork", "fork"]);
        assert_eq!(read(&[c"--for"]), ["for"], "an exact name wins");
        assert_eq!(
            read(&[c"--mo"]),
            ["option '--mo' is ambiguous; possibilities: '--mount' '--mount-proc'"]
        );
        assert_eq!(
            read(&[c"--mounta", c"--low", c"--lo"]),
            [
                "mountain",
                "lower",
                "option '--lo' is ambiguous; possibilities: '--lower' '--loopback'"
            ]
        );
    }

    #[test]
    fn first_operand_takes_all_that_follows() {
        assert_eq!(read(&[c"-f", c"echo", c"-m", c"--"]), ["fork", "| 3"]);
        assert_eq!(read(&[c"--", c"--", c"x"]), ["| 2"]);
        assert_eq!(read(&[c"-", c"-m"]), ["| 2"]);
    }

    #[test]
    fn unknown_letter_is_named_by_its_first_byte() {
        for (word, byte) in [
            (c"-fZm", b'Z'),
            (c"-m/x", b'/'),
            (c"-m=x", b'='),
            (c"-\xc3\xa9", 0xc3),
            (c"-f\xffm", 0xff),
            (c"-f\xe1\x80", 0xe1),
            (c"-\xe1\x80m", 0xe1),
            (c"-\xef\xbf\xbd", 0xef),
        ] {
            let mut parser = Parser::new(&STOPPING, &[word]);
            let failure = std::iter::from_fn(|| Some(parser.token())).find_map(Result::err);
            assert_eq!(
                failure,
                Some(Failure::getopt(words![
                    "invalid option -- '",
                    [byte].as_slice(),
                    "'"
                ]))
            );
        }
    }
}
