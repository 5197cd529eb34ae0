//! Inputs made up by chance, and those that once broke something, which are kept as files.
//!
//! An input is a list of byte strings: words of a command line, or one text. A kept one is a file
//! in `tests/regressions/TARGET`, with a byte string in each line, escaped as in Rust.

use std::fmt::Debug;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use proptest::prelude::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

/// Byte strings.
pub type Input = Vec<Vec<u8>>;
/// What a check of one input says.
pub type Verdict = Result<(), TestCaseError>;

/// How long to look.
#[derive(Debug, Clone, Copy)]
struct Effort {
    seed: u64,
    count: u32,
    time: Option<Duration>,
}

impl Effort {
    /// What `NS_FUZZ_SEED`, `NS_FUZZ_COUNT` and `NS_FUZZ_SECONDS` say; without them, `usual` inputs
    /// that are always the same.
    fn wanted(usual: u32) -> Self {
        let number = |name: &str| {
            let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
            Some(
                text.parse::<u64>()
                    .unwrap_or_else(|_| panic!("{name} is no number: {text}")),
            )
        };
        let count = number("NS_FUZZ_COUNT").map(|count| u32::try_from(count).unwrap_or(u32::MAX));
        Self {
            seed: number("NS_FUZZ_SEED").unwrap_or_default(),
            count: count.unwrap_or(usual),
            time: number("NS_FUZZ_SECONDS").map(Duration::from_secs),
        }
    }
}

/// Checks the kept inputs of a target, and then those that a strategy makes up: `usual` of them,
/// unless the environment asks for others. The smallest that fails is kept as a file.
///
/// # Panics
/// If an input fails.
pub fn check(
    target: &str,
    usual: u32,
    strategy: impl Strategy<Value = Input>,
    check: impl Fn(&Input) -> Verdict,
) {
    for path in kept(target) {
        let text = fs::read(&path).expect("a kept input can be read");
        if let Err(error) = check(&read(&text)) {
            panic!("{}: {error}", path.display());
        }
    }
    let effort = Effort::wanted(usual);
    let begin = Instant::now();
    let mut round = 0;
    loop {
        let mut runner = runner(effort.seed.wrapping_add(round), effort.count);
        match runner.run(&strategy, |input| check(&input)) {
            Ok(()) => {}
            Err(TestError::Fail(reason, input)) => {
                panic!(
                    "{reason}\nkept as {}: {:?}",
                    keep(target, &input).display(),
                    Shown(&input)
                );
            }
            Err(TestError::Abort(reason)) => panic!("{target}: {reason}"),
        }
        round += 1;
        if effort.time.is_none_or(|time| begin.elapsed() >= time) {
            return;
        }
    }
}

fn runner(seed: u64, count: u32) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        cases: count,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

fn folder(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("regressions")
        .join(target)
}

/// The kept inputs of a target, for a test that makes up others in its own way.
///
/// # Panics
/// If one cannot be read.
pub fn kept_inputs(target: &str) -> Vec<Input> {
    let text = |path: &PathBuf| fs::read(path).expect("a kept input can be read");
    kept(target).iter().map(|path| read(&text(path))).collect()
}

/// The files of a target; the tests of an ordinary user may have no source tree.
fn kept(target: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder(target)).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// Writes an input to a file of its own.
pub fn keep(target: &str, input: &Input) -> PathBuf {
    let text = written(input);
    let folder = folder(target);
    let number = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let path = folder.join(format!("{number:016x}"));
    // Where nothing can be written, the message has the input too.
    let _ = fs::create_dir_all(&folder).and_then(|()| fs::write(&path, text));
    path
}

fn written(input: &Input) -> String {
    let mut text = String::new();
    for piece in input {
        text.push_str(&piece.escape_ascii().to_string());
        text.push('\n');
    }
    text
}

/// Reads a kept input.
///
/// # Panics
/// If it is not in the form in which they are written.
fn read(text: &[u8]) -> Input {
    let lines = text.strip_suffix(b"\n").unwrap_or(text);
    if text.is_empty() {
        return Input::new();
    }
    lines.split(|byte| *byte == b'\n').map(unescaped).collect()
}

fn unescaped(line: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = line;
    loop {
        rest = match rest {
            [] => return bytes,
            [b'\\', b'x', high, low, rest @ ..] => {
                let digit = |byte: &u8| {
                    char::from(*byte)
                        .to_digit(16)
                        .and_then(|digit| u8::try_from(digit).ok())
                };
                let (high, low) = (digit(high), digit(low));
                bytes.push(
                    high.zip(low)
                        .map(|(high, low)| (high << 4) | low)
                        .expect("two digits"),
                );
                rest
            }
            [b'\\', letter, rest @ ..] => {
                bytes.push(match letter {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    other => *other,
                });
                rest
            }
            [byte, rest @ ..] => {
                bytes.push(*byte);
                rest
            }
        };
    }
}

/// An input as a reader can make something of it.
struct Shown<'a>(&'a Input);

impl Debug for Shown<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pieces = self.0.iter().map(|piece| piece.escape_ascii().to_string());
        formatter.debug_list().entries(pieces).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        for input in [
            vec![],
            vec![vec![]],
            vec![b"--wd=\xff\n\\x".to_vec(), vec![], b"'\" \t".to_vec()],
        ] {
            assert_eq!(read(written(&input).as_bytes()), input);
        }
    }
}
