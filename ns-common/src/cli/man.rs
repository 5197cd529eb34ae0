//! The manual page, in mdoc(7).

use crate::cli::table::{Manual, Opt, Takes, Tool};

/// Renders the manual page of `tool`; `date` is the date of the release, as in "November 24, 2026".
pub fn render<Id>(tool: &Tool<Id>, manual: &Manual, date: &str) -> String {
    let mut page = Page(String::new());
    let title = tool.name.to_uppercase();
    page.0.push_str(".\\\" Rendered from the option table; `NS_BLESS=1 cargo test --test docs` writes it anew.\n");
    page.line(&["Dd ", date]);
    page.line(&["Dt ", &title, " 1"]);
    page.line(&["Os ns-tools ", env!("CARGO_PKG_VERSION")]);
    page.line(&["Sh NAME"]);
    page.line(&["Nm ", tool.name]);
    page.line(&["Nd ", &escape(manual.summary)]);
    page.line(&["Sh SYNOPSIS"]);
    for usage in tool.usage {
        page.line(&["Nm"]);
        page.text(usage);
    }
    page.line(&["Sh DESCRIPTION"]);
    page.paragraphs(manual.description);
    page.line(&["Sh OPTIONS"]);
    if tool.headings.is_empty() {
        let all = tool.options.iter().enumerate();
        page.options(all, manual.options);
    } else {
        for group in tool.groups() {
            page.line(&["Ss ", group.heading.unwrap_or("General")]);
            page.options(group.options.into_iter(), manual.options);
        }
    }
    for (heading, paragraphs) in manual.sections {
        page.line(&["Sh ", heading]);
        page.paragraphs(paragraphs);
    }
    page.list("ENVIRONMENT", "Ev", &[manual.environment, HINTS].concat());
    page.list("FILES", "Pa", manual.files);
    page.line(&["Sh EXIT STATUS"]);
    page.paragraphs(manual.exit_status);
    page.examples(manual.examples);
    page.line(&["Sh DIFFERENCES FROM UTIL-LINUX"]);
    page.paragraphs(&[manual.differences, DIFFERENCES].concat());
    page.line(&["Sh SEE ALSO"]);
    let mut pages = [manual.see_also, &[("ns-tools", 7)]].concat();
    pages.sort_by_key(|(name, section)| (*section, *name));
    for (position, (name, section)) in pages.iter().enumerate() {
        let comma = if position + 1 < pages.len() { " ," } else { "" };
        page.line(&["Xr ", name, " ", &section.to_string(), comma]);
    }
    page.0
}

/// The environment variable that every tool honours.
const HINTS: &[(&str, &str)] = &[("NS_HINTS", "If set to 0, no hint follows an error message.")];
/// The differences that all tools share.
const DIFFERENCES: &[&str] = &[
    "After some errors the command looks for the cause in the system. If it finds one, a second line \
     tells it, beginning with the command's name and `hint:`; the first line is that of util-linux.",
    "The full list is in `compatibility.md` in the documentation of ns-tools.",
];

struct Page(String);

impl Page {
    fn line(&mut self, parts: &[&str]) {
        self.0.push('.');
        self.0.extend(parts.iter().copied());
        self.0.push('\n');
    }

    /// Writes each sentence on a line of its own, as mdoc(7) asks.
    fn text(&mut self, text: &str) {
        for sentence in text.split_inclusive(". ") {
            let sentence = escape(sentence.trim_end());
            if sentence.starts_with(['.', '\'']) {
                self.0.push_str("\\&");
            }
            self.0.extend([&sentence, "\n"]);
        }
    }

    fn paragraphs(&mut self, paragraphs: &[impl AsRef<str>]) {
        for (position, paragraph) in paragraphs.iter().enumerate() {
            if position > 0 {
                self.line(&["Pp"]);
            }
            self.text(paragraph.as_ref());
        }
    }

    fn options<'a, Id: 'a>(
        &mut self,
        options: impl Iterator<Item = (usize, &'a Opt<Id>)>,
        texts: &[&str],
    ) {
        self.line(&["Bl -tag -width Ds"]);
        for (place, option) in options {
            self.option(option, texts[place]);
        }
        self.line(&["El"]);
    }

    fn option<Id>(&mut self, option: &Opt<Id>, text: &str) {
        let mut forms = Vec::new();
        if let Some(letter) = option.short {
            let value = match option.takes {
                Takes::Nothing | Takes::OptionalLong(_) => String::new(),
                Takes::Required(value) => format!(" Ar {}", value.name),
                Takes::Optional(value) => format!(" Ns Oo Ar {} Oc", value.name),
            };
            forms.push(format!("Fl {letter}{value}"));
        }
        let value = match option.takes {
            Takes::Nothing => String::new(),
            Takes::Required(value) => format!(" Ar {}", value.name),
            Takes::Optional(value) | Takes::OptionalLong(value) => {
                format!(" Ns Oo = Ns Ar {} Oc", value.name)
            }
        };
        forms.push(format!("Fl -{}{value}", option.long.replace('-', "\\-")));
        self.line(&["It ", &forms.join(" , ")]);
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let paragraphs: Vec<String> = lines
            .split(|line| line.is_empty())
            .map(|lines| lines.join(" "))
            .collect();
        self.paragraphs(&paragraphs);
        if option.extension {
            self.text("An extension: util-linux has no such option.");
        }
    }

    fn list(&mut self, heading: &str, mark: &str, entries: &[(&str, &str)]) {
        self.line(&["Sh ", heading]);
        self.line(&["Bl -tag -width Ds"]);
        for (name, text) in entries {
            self.line(&["It ", mark, " ", &escape(name)]);
            self.text(text);
        }
        self.line(&["El"]);
    }

    fn examples(&mut self, examples: &[(&str, &str)]) {
        if examples.is_empty() {
            return;
        }
        self.line(&["Sh EXAMPLES"]);
        for (purpose, command) in examples {
            self.text(purpose);
            self.line(&["Bd -literal -offset indent"]);
            self.0.extend([&escape(command), "\n"]);
            self.line(&["Ed"]);
        }
    }
}

/// Escapes text for roff and sets words between backticks in bold.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut bold = false;
    for letter in text.chars() {
        match letter {
            '\\' => escaped.push_str("\\e"),
            '-' => escaped.push_str("\\-"),
            '`' => {
                bold = !bold;
                escaped.push_str(if bold { "\\fB" } else { "\\fP" });
            }
            other => escaped.push(other),
        }
    }
    escaped
}
