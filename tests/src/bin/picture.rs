//! Plays the walkthrough and draws its two terminals, side by side, as an SVG on standard output.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::process::ExitCode;

use ns_tests::transcript::Exchange;
use ns_tests::{tool, walkthrough};

const COLUMN: usize = 540;
const LINE: usize = 17;
/// The picture ends at this command; the rest is for readers of the tutorial.
const LAST: &str = "exit";

fn main() -> ExitCode {
    match walkthrough::play(tool::folder(), &mut io::sink()) {
        Ok(played) => match io::stdout().write_all(picture(&played).as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&error),
        },
        Err(error) => failed(&*error),
    }
}

fn failed(error: &dyn std::error::Error) -> ExitCode {
    // It does not matter if standard error is gone.
    let _ = writeln!(io::stderr(), "no picture: {error}");
    ExitCode::FAILURE
}

fn picture(played: &[Exchange]) -> String {
    let mut texts = String::new();
    let mut row = 3;
    for exchange in played.iter().take_while(|it| it.command != LAST) {
        let left = if exchange.shell == 1 { 20 } else { COLUMN + 40 };
        let host = &exchange.host;
        let command = escaped(&exchange.command);
        let prompt = format!(
            "<tspan class=\"host\">{host}$</tspan> <tspan class=\"command\">{command}</tspan>"
        );
        line(&mut texts, left, row, &prompt);
        row += 1;
        for text in exchange.answer.lines().filter(|text| !text.is_empty()) {
            line(&mut texts, left, row, &escaped(text.trim_end()));
            row += 1;
        }
    }
    let (width, height) = (2 * COLUMN + 60, row * LINE + 20);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" xml:space=\"preserve\" role=\"img\">\n\
         <title>Two shells: a shared queue, unshare -iu, and nsenter into it</title>\n\
         <style>text {{ font: 12px monospace; fill: #c9d1d9; white-space: pre }} .host {{ fill: #7ee787 }} \
         .command {{ fill: #ffffff; font-weight: bold }} .name {{ fill: #8b949e }}</style>\n\
         {}{}{texts}</svg>\n",
        terminal(10, height, "shell 1"),
        terminal(COLUMN + 30, height, "shell 2"),
    )
}

fn terminal(left: usize, height: usize, name: &str) -> String {
    format!(
        "<rect x=\"{left}\" y=\"10\" width=\"{}\" height=\"{}\" rx=\"8\" fill=\"#0d1117\"/>\n\
         <text x=\"{}\" y=\"30\" class=\"name\">{name}</text>\n",
        COLUMN + 10,
        height - 20,
        left + 10,
    )
}

fn line(texts: &mut String, left: usize, row: usize, content: &str) {
    writeln!(
        texts,
        "<text x=\"{left}\" y=\"{}\">{content}</text>",
        row * LINE
    )
    .expect("a string takes all");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
