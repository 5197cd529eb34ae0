//! Completion for zsh.

use crate::cli::table::{Offer, Order, Takes, Tool, Value};

/// Renders the completion of `tool`, to be read as `_NAME` on zsh's `fpath`.
pub fn render<Id>(tool: &Tool<Id>) -> String {
    let mut text = format!(
        "#compdef {}\n# Rendered from the option table.\n\n_arguments -s -S \\\n",
        tool.name
    );
    for option in tool.options {
        let summary = quote(option.summary);
        if let Some(letter) = option.short {
            let value = match option.takes {
                Takes::Nothing | Takes::OptionalLong(_) => String::new(),
                Takes::Required(value) => format!(":{}", action(value)),
                Takes::Optional(value) => format!("::{}", action(value)),
            };
            let glued = if matches!(option.takes, Takes::Optional(_)) {
                "-"
            } else {
                ""
            };
            text.push_str(&format!("  '*-{letter}{glued}[{summary}]{value}' \\\n"));
        }
        let (equals, value) = match option.takes {
            Takes::Nothing => ("", String::new()),
            Takes::Required(value) => ("=", format!(":{}", action(value))),
            Takes::Optional(value) | Takes::OptionalLong(value) => {
                ("=-", format!("::{}", action(value)))
            }
        };
        text.push_str(&format!(
            "  '*--{}{equals}[{summary}]{value}' \\\n",
            option.long
        ));
    }
    text.push_str(match tool.order {
        Order::StopAtOperand => "  '(-)1:program:_command_names -e' \\\n  '*::argument:_normal'\n",
        Order::Permute => "  '*:operand:'\n",
    });
    text
}

fn action(value: Value) -> String {
    let offer = match value.offer {
        Offer::Nothing => " ".to_owned(),
        Offer::File => "_files".to_owned(),
        Offer::Directory => "_files -/".to_owned(),
        Offer::Process => "_pids".to_owned(),
        Offer::User => "_users".to_owned(),
        Offer::Group => "_groups".to_owned(),
        Offer::Signal => "_signals -s".to_owned(),
        Offer::Words(list) => format!("({})", list.join(" ")),
    };
    format!("{}:{offer}", value.name.replace(':', "\\:"))
}

fn quote(text: &str) -> String {
    text.replace('\'', "'\\''")
        .replace('[', "\\[")
        .replace(']', "\\]")
        .replace(':', "\\:")
}
