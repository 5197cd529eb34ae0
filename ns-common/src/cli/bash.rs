//! Completion for bash.

use crate::cli::live;
use crate::cli::table::{Live, Manual, Offer, Opt, Order, Takes, Tool};
use crate::namespace::Kind;

/// Renders the completion of `tool`, to be installed as `completions/NAME` of bash-completion. It
/// works without that package too.
pub fn render<Id>(tool: &Tool<Id>, manual: &Manual) -> String {
    let name = tool.name;
    let mut words = String::new();
    for option in tool.options {
        words.extend(option.short.map(|letter| format!("-{letter} ")));
        words.extend(["--", &option.long, " "]);
        if is_attached(option) {
            words.extend(["--", &option.long, "= "]);
        }
    }
    let operands = match tool.order {
        Order::StopAtOperand => "mapfile -t COMPREPLY < <(compgen -c -- \"$current\")",
        Order::Permute => "COMPREPLY=()",
    };
    // Falls back to file names for the arguments of the program.
    let fallback = match tool.order {
        Order::StopAtOperand => "-o bashdefault -o default ",
        Order::Permute => "",
    };
    let skip = match tool.order {
        Order::StopAtOperand => stop_at_program(tool),
        Order::Permute => String::new(),
    };
    let separate = cases(
        tool,
        manual,
        |option| matches!(option.takes, Takes::Required(_)),
        |option| spellings(tool, option),
    );
    let attached = cases(
        tool,
        manual,
        |_| true,
        |option| format!("--{}", option.long),
    );
    let joined = joined(tool);
    let live = functions(tool);
    format!(
        "# bash completion for {name}; rendered from the option table.\n\
         {live}\
         _ns_tools_{name}() {{\n\
         \x20   local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}} option=\n\
         \x20   COMPREPLY=()\n\
         {skip}\
         \x20   # `=` breaks words: the option is one or two words back.\n\
         \x20   if [[ $current == '=' ]]; then\n\
         \x20       option=$previous current=\n\
         \x20   elif [[ $previous == '=' ]]; then\n\
         \x20       option=${{COMP_WORDS[COMP_CWORD - 2]}}\n\
         \x20   fi\n\
         \x20   case $option in\n\
         {attached}\
         {joined}\
         \x20   esac\n\
         \x20   case $previous in\n\
         {separate}\
         \x20   esac\n\
         \x20   if [[ $current == -* ]]; then\n\
         \x20       mapfile -t COMPREPLY < <(compgen -W '{words}' -- \"$current\")\n\
         \x20       [[ ${{COMPREPLY[0]}} == *= ]] && compopt -o nospace\n\
         \x20   else\n\
         \x20       {operands}\n\
         \x20   fi\n\
         }}\n\
         complete {fallback}-F _ns_tools_{name} {name}\n",
        words = words.trim_end(),
    )
}

/// Offers the lines of standard input: each value with its description, or a single value without.
/// Where bash inserts each candidate into the command line, descriptions are left out.
const DESCRIBED: &str = r#"_ns_tools_described() {
    local line value
    COMPREPLY=()
    while IFS= read -r line; do
        [[ $line == "$1"* ]] && COMPREPLY+=("$line")
    done
    if ((${#COMPREPLY[@]} == 1)) || [[ ${COMP_TYPE-} == 37 || ${COMP_TYPE-} == 42 ]]; then
        COMPREPLY=("${COMPREPLY[@]%%$'\t'*}")
    else
        COMPREPLY=("${COMPREPLY[@]/$'\t'/  }")
    fi
}
"#;

/// Completes the last word of a comma-separated list.
const LISTED: &str = r#"_ns_tools_listed() {
    local last=${1##*[,+]}
    mapfile -t COMPREPLY < <(compgen -P "${1%"$last"}" -W "$2" -- "${last^^}")
    compopt -o nospace
}
"#;

/// The shell functions that list the values of this tool's options.
fn functions<Id>(tool: &Tool<Id>) -> String {
    let scripts = live::scripts(tool);
    let mut text = String::new();
    if !scripts.is_empty() {
        text.push_str(DESCRIBED);
    }
    let mut offers = tool
        .options
        .iter()
        .filter_map(|option| option.takes.value());
    if offers.any(|value| matches!(value.offer, Offer::Columns)) {
        text.push_str(LISTED);
    }
    for script in scripts {
        text.push_str(&format!(
            "_ns_tools_{}() {{\n\x20   sh -c '{}' sh \"$@\" 2>/dev/null\n}}\n",
            script.name, script.program
        ));
    }
    text
}

fn is_attached<Id>(option: &Opt<Id>) -> bool {
    matches!(option.takes, Takes::Optional(_) | Takes::OptionalLong(_))
}

/// A pattern for the words that end with `option`: its long name, and its letter, alone or after
/// letters that take no value.
fn spellings<Id>(tool: &Tool<Id>, option: &Opt<Id>) -> String {
    let Some(letter) = option.short else {
        return format!("--{}", option.long);
    };
    let is_plain = |option: &&Opt<Id>| matches!(option.takes, Takes::Nothing);
    let plain: String = tool
        .options
        .iter()
        .filter(is_plain)
        .filter_map(|option| option.short)
        .collect();
    format!("-{letter} | -[{plain}]*{letter} | --{}", option.long)
}

/// Once the program has been named, its own completion takes over.
fn stop_at_program<Id>(tool: &Tool<Id>) -> String {
    let with_value: Vec<String> = tool
        .options
        .iter()
        .filter(|option| matches!(option.takes, Takes::Required(_)))
        .map(|option| spellings(tool, option))
        .collect();
    format!(
        "\x20   local word\n\
         \x20   for ((word = 1; word < COMP_CWORD; word++)); do\n\
         \x20       case ${{COMP_WORDS[word]}} in\n\
         \x20       {}) [[ ${{COMP_WORDS[word + 1]}} == '=' ]] || ((word++)) ;;\n\
         \x20       -*) ;;\n\
         \x20       *)\n\
         \x20           declare -F _command_offset >/dev/null && _command_offset \"$word\"\n\
         \x20           return\n\
         \x20           ;;\n\
         \x20       esac\n\
         \x20       while [[ ${{COMP_WORDS[word + 1]}} == '=' ]]; do ((word += 2)); done\n\
         \x20   done\n",
        with_value.join(" | "),
    )
}

/// Offers values from the running system; for a namespace, any file as well.
fn described(live: Live) -> String {
    let script = live::script(live);
    let words = match live {
        Live::Joined => "",
        _ => "${COMP_WORDS[@]}",
    };
    let described = format!(
        "_ns_tools_described \"$current\" < <(_ns_tools_{} \"{words}\")",
        script.name
    );
    match live {
        Live::Namespace(_) => format!(
            "{described}\n\x20       mapfile -t -O ${{#COMPREPLY[@]}} COMPREPLY < <(compgen -f -- \"$current\")"
        ),
        Live::Joined => format!("{described}\n\x20       compopt -o nospace"),
        _ => described,
    }
}

fn words_of(words: &str) -> String {
    format!("mapfile -t COMPREPLY < <(compgen -W '{words}' -- \"$current\")")
}

/// Completes what follows `KIND=`, which bash splits like an option and its value.
fn joined<Id>(tool: &Tool<Id>) -> String {
    let mut values = tool.options.iter().filter_map(|it| it.takes.value());
    if !values.any(|value| matches!(value.offer, Offer::Live(Live::Joined))) {
        return String::new();
    }
    format!(
        "\x20   {})\n\
         \x20       _ns_tools_described \"$current\" < <(_ns_tools_joined \"$option\")\n\
         \x20       mapfile -t -O ${{#COMPREPLY[@]}} COMPREPLY < <(compgen -f -- \"$current\")\n\
         \x20       return\n\
         \x20       ;;\n",
        Kind::ALL.map(live::joined_kind).join(" | "),
    )
}

fn cases<Id>(
    tool: &Tool<Id>,
    manual: &Manual,
    wanted: impl Fn(&Opt<Id>) -> bool,
    pattern: impl Fn(&Opt<Id>) -> String,
) -> String {
    let mut text = String::new();
    for option in tool.options.iter().filter(|option| wanted(option)) {
        let Some(value) = option.takes.value() else {
            continue;
        };
        let action = match value.offer {
            Offer::Nothing => "compopt +o default +o bashdefault".to_owned(),
            Offer::File => "mapfile -t COMPREPLY < <(compgen -f -- \"$current\")".to_owned(),
            Offer::Directory => "mapfile -t COMPREPLY < <(compgen -d -- \"$current\")".to_owned(),
            Offer::User => "mapfile -t COMPREPLY < <(compgen -u -- \"$current\")".to_owned(),
            Offer::Group => "mapfile -t COMPREPLY < <(compgen -g -- \"$current\")".to_owned(),
            Offer::Signal => {
                "mapfile -t COMPREPLY < <(compgen -A signal -- \"SIG${current#SIG}\")".to_owned()
            }
            Offer::Columns => format!(
                "_ns_tools_listed \"$current\" '{}'",
                manual.columns.join(" ")
            ),
            Offer::Live(live) => described(live),
            Offer::Column => words_of(&manual.columns.join(" ")),
            Offer::Words(words) => words_of(&words),
        };
        text.push_str(&format!(
            "\x20   {})\n\x20       {action}\n\x20       return\n\x20       ;;\n",
            pattern(option)
        ));
    }
    if text.is_empty() {
        "\x20   '') ;;\n".to_owned()
    } else {
        text
    }
}
