//! Completion for zsh.

use crate::cli::live;
use crate::cli::table::{Live, Manual, Offer, Order, Takes, Tool, Value};

/// Renders the completion of `tool`, to be installed as `_NAME` on zsh's `fpath`.
pub fn render<Id>(tool: &Tool<Id>, manual: &Manual) -> String {
    let mut text = format!(
        "#compdef {}\n# Rendered from the option table.\n\n",
        tool.name
    );
    for script in live::scripts(tool) {
        text.push_str(&function(&script));
    }
    text.push_str("_arguments -s -S \\\n");
    let action = |value| action(value, manual);
    for option in tool.options {
        let summary = quote(&option.summary);
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

/// A shell function that offers the values a script lists, with their descriptions.
fn function(script: &live::Script) -> String {
    format!(
        "_ns_tools_{}() {{\n\
         \x20 local -a found\n\
         \x20 found=(${{(f)\"$(sh -c '{}' sh \"${{words[@]}}\" \"$@\" 2>/dev/null)\"}})\n\
         \x20 found=(${{found//:/\\:}})\n\
         \x20 found=(${{found/$'\\t'/:}})\n\
         \x20 _describe value found\n\
         }}\n\n",
        script.name, script.program
    )
}

fn action(value: Value, manual: &Manual) -> String {
    let offer = match value.offer {
        Offer::Nothing => " ".to_owned(),
        Offer::File => "_files".to_owned(),
        Offer::Directory => "_files -/".to_owned(),
        Offer::User => "_users".to_owned(),
        Offer::Group => "_groups".to_owned(),
        Offer::Signal => "_signals -s".to_owned(),
        Offer::Columns => format!(
            "{{compset -P \"+\"; _values -s , column {}}}",
            manual.columns.join(" ")
        ),
        Offer::Live(live) => live_action(live),
        Offer::Column => format!("({})", manual.columns.join(" ")),
        Offer::Words(words) => format!("({words})"),
    };
    format!("{}:{offer}", value.name.replace(':', "\\:"))
}

fn live_action(live: Live) -> String {
    let script = live::script(live);
    match live {
        // Namespaces and files are not offered together: they would share no prefix, and zsh would
        // then delete what has been typed.
        Live::Namespace(_) => format!("{{_ns_tools_{} || _files}}", script.name),
        Live::Joined => format!(
            "{{if compset -P \"*=\"; then {0} ${{${{IPREFIX%=}}##*=}} || _files; else {0} \"\"; fi}}",
            format_args!("_ns_tools_{}", script.name)
        ),
        _ => format!("_ns_tools_{}", script.name),
    }
}

fn quote(text: &str) -> String {
    text.replace('\'', "'\\''")
        .replace('[', "\\[")
        .replace(']', "\\]")
        .replace(':', "\\:")
}
