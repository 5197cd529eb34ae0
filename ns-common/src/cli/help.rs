//! The text of `--help`.

use crate::cli::table::{Opt, Takes, Tool};

const WIDTH: usize = 80;
/// The summary of a form longer than this goes on the next line.
const LONGEST_FORM: usize = 25;

/// Renders the help of `tool`, run under `name`; no line is wider than 80 columns.
pub fn render<Id>(tool: &Tool<Id>, name: &[u8]) -> Vec<u8> {
    let forms: Vec<String> = tool.options.iter().map(form).collect();
    let widest = forms
        .iter()
        .map(String::len)
        .filter(|width| *width <= LONGEST_FORM)
        .max()
        .unwrap_or(0);
    let mut usage = b"\nUsage:\n".to_vec();
    for form in tool.usage {
        usage.extend([b" ", name, b" ", form.as_bytes(), b"\n"].concat());
    }
    let mut text = format!("\n{}\n", tool.purpose);
    for group in tool.groups() {
        text.push('\n');
        if let Some(heading) = group.heading {
            text.extend([heading, ":\n"]);
        }
        for (place, option) in group.options {
            push_row(&mut text, &forms[place], &option.summary, widest);
        }
    }
    text.extend(["\nFor more details see ", tool.name, "(1).\n"]);
    [usage, text.into_bytes()].concat()
}

/// `-m, --mount[=<file>]`
fn form<Id>(option: &Opt<Id>) -> String {
    let short = option
        .short
        .map_or("    ".to_owned(), |letter| format!("-{letter}, "));
    let value = match option.takes {
        Takes::Nothing => String::new(),
        Takes::Required(value) => format!(" <{}>", value.name),
        Takes::Optional(value) | Takes::OptionalLong(value) => format!("[=<{}>]", value.name),
    };
    format!("{short}--{}{value}", option.long)
}

fn push_row(text: &mut String, form: &str, summary: &str, widest: usize) {
    let indent = widest + 3;
    text.extend([" ", form]);
    let mut column = form.len() + 1;
    if form.len() > widest {
        text.push('\n');
        column = 0;
    }
    for word in summary.split(' ') {
        if column > indent && column + 1 + word.len() > WIDTH {
            text.push('\n');
            column = 0;
        }
        let gap = if column > indent { 1 } else { indent - column };
        text.push_str(&" ".repeat(gap));
        text.push_str(word);
        column += gap + word.len();
    }
    text.push('\n');
}
