//! Completion for fish.

use crate::cli::live;
use crate::cli::table::{Live, Manual, Offer, Order, Takes, Tool};

/// Renders the completion of `tool`, to be installed as `NAME.fish` on fish's completion path.
pub fn render<Id>(tool: &Tool<Id>, manual: &Manual) -> String {
    let name = tool.name;
    let mut text = format!("# fish completion for {name}; rendered from the option table.\n");
    for script in live::scripts(tool) {
        text.push_str(&format!(
            "function __ns_tools_{}\n    sh -c '{}' sh (commandline -opc) $argv 2>/dev/null\nend\n",
            script.name, script.program
        ));
    }
    text.push_str(&match tool.order {
        Order::StopAtOperand => {
            format!("complete -c {name} -x -a '(__fish_complete_subcommand)'\n")
        }
        Order::Permute => format!("complete -c {name} -f\n"),
    });
    let offer = |value| offer(value, manual);
    for option in tool.options {
        let summary = option.summary.replace('\\', "\\\\").replace('\'', "\\'");
        let short = option
            .short
            .map_or(String::new(), |letter| format!(" -s {letter}"));
        let value = match option.takes {
            Takes::Nothing => String::new(),
            Takes::Required(value) => match value.offer {
                Offer::File => " -rF".to_owned(),
                Offer::Live(Live::Namespace(_)) => format!(" -r{}", offer(value.offer)),
                _ => format!(" -x{}", offer(value.offer)),
            },
            Takes::Optional(value) | Takes::OptionalLong(value) => offer(value.offer),
        };
        text.push_str(&format!(
            "complete -c {name}{short} -l {}{value} -d '{summary}'\n",
            option.long
        ));
    }
    text
}

/// Completes file names, after the `=` of an option or in a word of their own.
const FILES: &str =
    "(__fish_complete_path (commandline -ct | string replace -r \"^--?[^=]*=\" \"\"))";

fn offer(offer: Offer, manual: &Manual) -> String {
    match offer {
        Offer::Nothing => String::new(),
        Offer::File => format!(" -a '{FILES}'"),
        Offer::Directory => " -a '(__fish_complete_directories)'".to_owned(),
        Offer::User => " -a '(__fish_complete_users)'".to_owned(),
        Offer::Group => " -a '(__fish_complete_groups)'".to_owned(),
        Offer::Signal => " -a '(kill -l | string split \" \")'".to_owned(),
        Offer::Columns => format!(" -a '(__fish_append , {})'", manual.columns.join(" ")),
        Offer::Live(live) => live_offer(live),
        Offer::Column => format!(" -a '{}'", manual.columns.join(" ")),
        Offer::Words(words) => format!(" -a '{words}'"),
    }
}

fn live_offer(live: Live) -> String {
    let script = live::script(live);
    let argument = match live {
        Live::Joined => " (commandline -ct | string match \"*=*\")",
        _ => "",
    };
    let listed = format!("(__ns_tools_{}{argument})", script.name);
    match live {
        Live::Namespace(_) => format!(" -a '{listed} {FILES}'"),
        _ => format!(" -a '{listed}'"),
    }
}
