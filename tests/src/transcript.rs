//! Transcripts in our pages: their commands are run, and the output is compared.
//!
//! A transcript is a fenced block of the language `console`. A line with a prompt is a command,
//! which a backslash at its end continues; the lines after it are the output. What differs from run
//! to run is written like this:
//!
//! - numbers of namespaces (`4026…`), keys (`0x` and eight digits) and PIDs (47xx and 48xx) stand
//!   for those of the run: equal ones for equal ones, different ones for different ones;
//! - `…` at the end of a line stands for the rest of it, in a line of its own for any lines;
//! - how many blanks there are does not count, since columns are as wide as their values.

use std::collections::HashMap;

/// A part of a page: a heading and what follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section<'a> {
    /// The text of the heading.
    pub heading: &'a str,
    /// The text before the first transcript.
    pub prose: String,
    /// The commands of all transcripts.
    pub exchanges: Vec<Exchange>,
}

/// A command and its output.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exchange {
    /// The number of the shell in the prompt; 0 for a plain `$`.
    pub shell: u8,
    /// The host name in the prompt; empty while a shell is being started.
    pub host: String,
    /// The command as typed.
    pub command: String,
    /// Everything printed before the next prompt, each line with its newline.
    pub answer: String,
}

/// The sections of a page.
pub fn sections(page: &str) -> Vec<Section<'_>> {
    let mut sections = Vec::new();
    let mut fence = None;
    for line in page.lines() {
        if let Some(language) = line.strip_prefix("```") {
            fence = fence.is_none().then_some(language);
            continue;
        }
        if let (None, Some((_, heading))) = (fence, heading(line)) {
            sections.push(Section {
                heading,
                prose: String::new(),
                exchanges: Vec::new(),
            });
            continue;
        }
        let Some(section) = sections.last_mut() else {
            continue;
        };
        match fence {
            None if section.exchanges.is_empty() => section.prose.extend([line, "\n"]),
            Some("console") => add(&mut section.exchanges, line),
            _ => {}
        }
    }
    for section in &mut sections {
        section.prose = section.prose.trim().to_owned();
    }
    sections
}

fn heading(line: &str) -> Option<(&str, &str)> {
    let (marks, words) = line.split_once(' ')?;
    (!marks.is_empty() && marks.bytes().all(|mark| mark == b'#')).then_some((marks, words))
}

/// Adds a line of a transcript to the exchange it belongs to.
fn add(exchanges: &mut Vec<Exchange>, line: &str) {
    if let Some(exchange) = prompt(line) {
        exchanges.push(exchange);
        return;
    }
    let last = exchanges
        .last_mut()
        .expect("a transcript begins with a prompt");
    if last.command.ends_with('\\') {
        last.command.extend(["\n", line]);
    } else {
        last.answer.extend([line, "\n"]);
    }
}

fn prompt(line: &str) -> Option<Exchange> {
    let mut exchange = Exchange::default();
    let command = match line.strip_prefix("[shell ") {
        Some(rest) => {
            let (inside, command) = rest.split_once("] ")?;
            let (shell, host) = inside.split_once(" @ ").unwrap_or((inside, ""));
            exchange.shell = shell.parse().ok()?;
            host.clone_into(&mut exchange.host);
            command
        }
        None => line,
    };
    command
        .strip_prefix("$ ")?
        .clone_into(&mut exchange.command);
    Some(exchange)
}

/// Maps the numbers in a page to those of the run.
#[derive(Debug, Default)]
pub struct Numbers {
    seen_for: HashMap<String, String>,
    shown_for: HashMap<String, String>,
}

impl Numbers {
    /// The command, with the numbers of the run.
    pub fn in_command(&self, command: &str) -> String {
        let number = |word: &str| self.seen_for.get(word).cloned();
        words(command)
            .iter()
            .map(|word| number(word).unwrap_or_else(|| (*word).to_owned()))
            .collect()
    }

    /// Compares the output shown in a page with that of the run.
    ///
    /// # Errors
    /// The line that differs, as shown and as seen.
    pub fn compare(&mut self, shown: &str, seen: &str) -> Result<(), String> {
        let mut seen = seen.lines();
        let mut shown = shown.lines().peekable();
        while let Some(line) = shown.next() {
            if line.trim() == "…" {
                let Some(next) = shown.peek() else {
                    return Ok(());
                };
                // Lines are skipped up to the one that matches the next shown line.
                let mut rest = seen.clone();
                while rest.next().is_some_and(|line| !begins_alike(next, line)) {
                    seen.next();
                }
                continue;
            }
            match seen.next() {
                Some(found) if self.same_line(line, found) => {}
                found => {
                    let found = found.unwrap_or("nothing");
                    return Err(format!("shown: {line}\nseen:  {found}"));
                }
            }
        }
        match seen.next() {
            Some(found) => Err(format!("shown: nothing\nseen:  {found}")),
            None => Ok(()),
        }
    }

    fn same_line(&mut self, shown: &str, seen: &str) -> bool {
        let (shown, is_whole) = match shown.strip_suffix('…') {
            Some(beginning) => (beginning, false),
            None => (shown, true),
        };
        let (shown, seen) = (visible(shown), visible(seen));
        (if is_whole {
            seen.len() == shown.len()
        } else {
            seen.len() >= shown.len()
        }) && shown
            .iter()
            .zip(&seen)
            .all(|(shown, seen)| self.same_word(shown, seen))
    }

    fn same_word(&mut self, shown: &str, seen: &str) -> bool {
        if !stands_for_another(shown) {
            return shown == seen;
        }
        if key_digits(shown).is_some() != key_digits(seen).is_some()
            || !seen.bytes().all(|letter| letter.is_ascii_alphanumeric())
            || !seen.starts_with(|letter: char| letter.is_ascii_digit())
        {
            return false;
        }
        let known = self
            .seen_for
            .entry(shown.to_owned())
            .or_insert_with(|| seen.to_owned());
        let back = self
            .shown_for
            .entry(seen.to_owned())
            .or_insert_with(|| shown.to_owned());
        known == seen && back == shown
    }
}

fn begins_alike(shown: &str, seen: &str) -> bool {
    let first = |line| visible(line).first().map(|word| (*word).to_owned());
    first(shown) == first(seen)
}

/// Splits text into words of letters and digits, and single characters between them.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest
            .find(|letter: char| !letter.is_ascii_alphanumeric())
            .filter(|end| *end > 0)
            .unwrap_or(if first.is_ascii_alphanumeric() {
                rest.len()
            } else {
                first.len_utf8()
            });
        let (word, tail) = rest.split_at(end);
        words.push(word);
        rest = tail;
    }
    words
}

fn visible(line: &str) -> Vec<&str> {
    let mut words = words(line);
    words.retain(|word| !word.trim().is_empty());
    words
}

fn key_digits(word: &str) -> Option<&str> {
    word.strip_prefix("0x").filter(|digits| digits.len() == 8)
}

fn stands_for_another(word: &str) -> bool {
    let all_digits = word.bytes().all(|letter| letter.is_ascii_digit());
    let is_namespace = word.len() == 10 && word.starts_with("4026");
    let is_pid = word.len() == 4 && (word.starts_with("47") || word.starts_with("48"));
    key_digits(word).is_some() || all_digits && (is_namespace || is_pid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(pairs: &[(&str, &str)]) -> bool {
        let mut numbers = Numbers::default();
        pairs
            .iter()
            .all(|(shown, seen)| numbers.compare(shown, seen).is_ok())
    }

    #[test]
    fn equal_numbers_stand_for_equal_ones() {
        assert!(compared(&[
            ("pid 4711", "pid 99"),
            ("a 4711,4712", "a 99,7")
        ]));
        assert!(!compared(&[("pid 4711", "pid 99"), ("pid 4711", "pid 98")]));
        assert!(!compared(&[("pid 4711", "pid 99"), ("pid 4712", "pid 99")]));
        assert!(!compared(&[("pid 4711", "pid bash")]));
        assert!(compared(&[("0x00000001 0", "0xabcdef01 0")]));
        assert!(!compared(&[("0x00000001", "17")]));
        assert!(!compared(&[("size 4096", "size 8192")]));
    }

    #[test]
    fn dots_stand_for_the_rest_of_a_line_and_for_lines() {
        assert!(compared(&[("a b …", "a  b c d")]));
        assert!(!compared(&[("a b …", "a c")]));
        assert!(compared(&[("a\n…\nz 1", "a\nb\nc\nz 1")]));
        assert!(!compared(&[("a\n…\nz 1", "a\nb\nz 2")]));
        assert!(compared(&[("a\n…", "a\nb")]));
    }

    #[test]
    fn answers_are_compared_to_their_end() {
        assert!(!compared(&[("a", "a\nb")]));
        assert!(!compared(&[("a\nb", "a")]));
        assert!(!compared(&[("a", "a b")]));
        assert!(compared(&[("", "")]));
    }

    #[test]
    fn sections_have_their_commands() {
        let page = "# A\n\nText.\n\n```console\n[shell 2 @ here] $ a \\\n  b\nc\n[shell 1] $ d\n```\n\
                    ```sh\n$ no\n# no\n```\n## B c\n```console\n$ e\n```\n";
        let found = sections(page);
        assert_eq!((found[0].heading, found[0].prose.as_str()), ("A", "Text."));
        let first = Exchange {
            shell: 2,
            host: "here".to_owned(),
            command: "a \\\n  b".to_owned(),
            answer: "c\n".to_owned(),
        };
        assert_eq!(found[0].exchanges[0], first);
        assert_eq!(
            (
                found[0].exchanges[1].shell,
                found[0].exchanges[1].host.as_str()
            ),
            (1, "")
        );
        assert_eq!(
            (found[1].heading, found[1].exchanges[0].command.as_str()),
            ("B c", "e")
        );
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn commands_get_the_numbers_of_the_run() {
        let mut numbers = Numbers::default();
        assert!(numbers.compare("4711", "31").is_ok());
        assert_eq!(
            numbers.in_command("nsenter -t 4711 -u 47110"),
            "nsenter -t 31 -u 47110"
        );
    }
}
