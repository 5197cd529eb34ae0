//! The description of a tool's command line, from which the parser, help, manual page and
//! completions are derived.

use crate::inline::Inline;
use crate::ipc::{Posix, SystemV};
use crate::namespace::Kind;

/// What the parser, help and completions need. [`Manual`] holds what only the manual page says.
#[derive(Debug)]
pub struct Tool<Id: 'static> {
    /// The name of the command and of its manual page.
    pub name: &'static str,
    /// One sentence, for `--help`.
    pub purpose: &'static str,
    /// What follows the command's name, one entry for each form of use.
    pub usage: &'static [&'static str],
    /// Whether an operand ends the options.
    pub order: Order,
    /// The options, in the order in which `getopt_long(3)` lists candidates.
    pub options: &'static [Opt<Id>],
    /// The headings above groups of options in help and manual; empty for tools with few options.
    pub headings: &'static [Heading],
}

/// How operands on a command line are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The first operand names a program; every word after it belongs to that program.
    StopAtOperand,
    /// Options and operands may be mixed, unless `POSIXLY_CORRECT` is set in the environment.
    Permute,
}

/// A heading above a group of options.
#[derive(Debug, Clone, Copy)]
pub struct Heading {
    /// The text of the heading; repeating it continues the earlier group.
    pub text: &'static str,
    /// The index in the table of the first option below it.
    pub first: usize,
}

/// One option.
#[derive(Debug, Clone, Copy)]
pub struct Opt<Id> {
    /// What the parser returns for the option.
    pub id: Id,
    /// The letter after a single dash.
    pub short: Option<char>,
    /// The name after two dashes.
    pub long: Inline<23>,
    /// Whether it takes a value.
    pub takes: Takes,
    /// A one-line summary for `--help` and the completions, without a full stop.
    pub summary: Inline<87>,
    /// Whether the reference lacks it. A prefix of a classic option never means an extension.
    pub extension: bool,
}

/// Whether an option takes a value, and how the value is attached.
#[derive(Debug, Clone, Copy)]
pub enum Takes {
    /// No value.
    Nothing,
    /// A value, attached or as the next word, even if that word looks like an option.
    Required(Value),
    /// An optional value, which must be attached: `-oVALUE`, `--option=VALUE`.
    Optional(Value),
    /// An optional value, only as `--option=VALUE`; the letter takes none, so that letters can be
    /// bundled.
    OptionalLong(Value),
}

impl Takes {
    /// The value of the long form, if it takes one.
    pub fn value(self) -> Option<Value> {
        match self {
            Self::Nothing => None,
            Self::Required(value) | Self::Optional(value) | Self::OptionalLong(value) => {
                Some(value)
            }
        }
    }
}

/// How an option's value is shown in help and completed.
#[derive(Debug, Clone, Copy)]
pub struct Value {
    /// The word that stands for it in angle brackets.
    pub name: Inline<15>,
    /// What completion offers for it.
    pub offer: Offer,
}

impl Value {
    /// A value shown as `name`, for which completion offers `offer`.
    pub const fn new(name: &str, offer: Offer) -> Self {
        let name = Inline::new(name);
        Self { name, offer }
    }
}

/// What completion offers for a value.
#[derive(Debug, Clone, Copy)]
pub enum Offer {
    /// Nothing: a number, or free text.
    Nothing,
    /// Names of files.
    File,
    /// Names of directories.
    Directory,
    /// Values from the running system.
    Live(Live),
    /// Names of users.
    User,
    /// Names of groups.
    Group,
    /// Names of signals.
    Signal,
    /// These words, separated by spaces.
    Words(Inline<31>),
    /// The name of a column.
    Column,
    /// Names of columns, separated by commas.
    Columns,
}

/// Values that a shell's completion looks up in the running system.
#[derive(Debug, Clone, Copy)]
pub enum Live {
    /// PIDs of running processes, with their commands.
    Process,
    /// Files, and first of all those to which a namespace of this kind is bound.
    Namespace(Kind),
    /// `KIND=`, and after it the processes and files with a namespace of that kind.
    Joined,
    /// Ids of System V objects, with owner and size.
    SystemV(SystemV),
    /// Keys of System V objects, with owner and size.
    Key(SystemV),
    /// Ids of System V objects of the kind selected by an earlier `--queues`, `--shmems` or
    /// `--semaphores`.
    SelectedSystemV,
    /// Names of POSIX objects.
    Posix(Posix),
}

impl Offer {
    /// These words, separated by spaces.
    pub const fn words(words: &str) -> Self {
        Self::Words(Inline::new(words))
    }
}

/// The texts that only the manual page contains. Words between backticks are set in bold.
#[derive(Debug)]
pub struct Manual {
    /// What the tool does, in one line without a full stop.
    pub summary: &'static str,
    /// The text for each option, in the order of the table.
    pub options: &'static [&'static str],
    /// The names of the columns that an option can select, for the completions.
    pub columns: &'static [&'static str],
    /// The paragraphs before the options.
    pub description: &'static [&'static str],
    /// Further sections, each a heading and its paragraphs.
    pub sections: &'static [(&'static str, &'static [&'static str])],
    /// The environment variables that the tool honours, and how; `NS_HINTS` is added to each page.
    pub environment: &'static [(&'static str, &'static str)],
    /// The files that the tool reads, and what for.
    pub files: &'static [(&'static str, &'static str)],
    /// The paragraphs about the exit status.
    pub exit_status: &'static [&'static str],
    /// Differences that would surprise somebody who knows util-linux's command.
    pub differences: &'static [&'static str],
    /// Example commands, each after a sentence that says what it does.
    pub examples: &'static [(&'static str, &'static str)],
    /// Names and sections of related pages.
    pub see_also: &'static [(&'static str, u8)],
}

impl<Id> Tool<Id> {
    /// The options grouped by heading; `--help` and `--version` come last.
    pub fn groups(&self) -> Vec<OptionGroup<'_, Id>> {
        let mut groups: Vec<OptionGroup<'_, Id>> = Vec::new();
        let mut general = OptionGroup {
            heading: None,
            options: Vec::new(),
        };
        for (place, option) in self.options.iter().enumerate() {
            if matches!(&*option.long, "help" | "version") {
                general.options.push((place, option));
                continue;
            }
            let above = self.headings.iter().rfind(|heading| heading.first <= place);
            let heading = Some(above.map_or("Options", |heading| heading.text));
            match groups.iter_mut().find(|group| group.heading == heading) {
                Some(group) => group.options.push((place, option)),
                None => groups.push(OptionGroup {
                    heading,
                    options: vec![(place, option)],
                }),
            }
        }
        groups.push(general);
        groups
    }
}

/// A group of options in help and manual.
#[derive(Debug)]
pub struct OptionGroup<'a, Id> {
    /// The heading; `None` above `--help` and `--version`.
    pub heading: Option<&'static str>,
    /// The options, each with its index in the table.
    pub options: Vec<(usize, &'a Opt<Id>)>,
}

/// Defines a tool's option table, and the enum of what the parser returns for each option.
///
/// ```
/// # use ns_common::{cli::table::Takes, namespace::Kind, options};
/// options! {
///     /// What the parser returns.
///     pub enum Id {
///         /// A kind of namespace: several rows share this one.
///         Namespace(Kind), ..
///     }
///     help;
///     version;
///     section "Namespaces";
///     /// The manual page's text about it: full sentences, `--wrapped` like prose,
///     /// with empty lines between paragraphs.
///     Namespace(Kind::Mount): Some('m'), "mount", Takes::Nothing, "new mount namespace";
///     /// A row without data makes its own variant of the enum.
///     extension Loopback: None, "loopback", Takes::Nothing, "bring the loopback device up";
/// }
/// assert_eq!(OPTIONS[3].id, Id::Loopback);
/// assert_eq!(HEADINGS[0].first, 2);
/// assert!(MANUAL_OF_OPTIONS[2].starts_with(" The manual page's text"));
/// ```
///
/// `help` and `version` go where the reference has them in its table, because an ambiguous
/// abbreviation lists its candidates in that order. A `section` can be continued further down by
/// naming it again. An `extension` is an option that the reference lacks.
///
/// The table expands to `OPTIONS`, `HEADINGS` and `MANUAL_OF_OPTIONS`. The texts of the manual page
/// are a separate list because no program refers to it, so the linker leaves it out.
#[macro_export]
macro_rules! options {
    ($(#[$meta:meta])* $vis:vis enum $id:ident {
        $($(#[$doc:meta])* $variant:ident($data:ty),)* ..
    } $($rows:tt)+) => {
        $crate::options!(@rows
            { $(#[$meta])* $vis $id $($(#[$doc])* $variant($data),)* }
            [] [] [] [] (0);
            $($rows)+
        );
    };
    (@rows $enum:tt $variants:tt $options:tt $manual:tt [$($headings:tt)*] $count:tt;
        section $heading:literal; $($rest:tt)*
    ) => {
        $crate::options!(@rows $enum $variants $options $manual
            [$($headings)* $crate::cli::table::Heading { text: $heading, first: $count },]
            $count;
            $($rest)*
        );
    };
    (@rows $enum:tt $variants:tt $options:tt $manual:tt $headings:tt $count:tt;
        help; $($rest:tt)*
    ) => {
        $crate::options!(@rows $enum $variants $options $manual $headings $count;
            /// Displays a summary of the options and exits.
            Help: Some('h'), "help", $crate::cli::table::Takes::Nothing,
                "display this help and exit";
            $($rest)*
        );
    };
    (@rows $enum:tt $variants:tt $options:tt $manual:tt $headings:tt $count:tt;
        version; $($rest:tt)*
    ) => {
        $crate::options!(@rows $enum $variants $options $manual $headings $count;
            /// Displays the version and exits.
            Version: Some('V'), "version", $crate::cli::table::Takes::Nothing,
                "display version and exit";
            $($rest)*
        );
    };
    (@rows $enum:tt $variants:tt $options:tt $manual:tt $headings:tt $count:tt;
        $(#[doc = $text:literal])+ extension $name:ident $($rest:tt)+
    ) => {
        $crate::options!(@row $enum $variants $options $manual $headings $count;
            true [$($text)+] $name $($rest)+
        );
    };
    (@rows $enum:tt $variants:tt $options:tt $manual:tt $headings:tt $count:tt;
        $(#[doc = $text:literal])+ $name:ident $($rest:tt)+
    ) => {
        $crate::options!(@row $enum $variants $options $manual $headings $count;
            false [$($text)+] $name $($rest)+
        );
    };
    // A row without data declares its own variant, then continues like a row with data.
    (@row $enum:tt [$($variants:tt)*] $options:tt $manual:tt $headings:tt $count:tt;
        $extension:literal [$($text:literal)+] $name:ident: $($rest:tt)+
    ) => {
        $crate::options!(@row $enum
            [$($variants)* $(#[doc = $text])+ $name,]
            $options $manual $headings $count;
            $extension [$($text)+] ($name) $($rest)+
        );
    };
    (@row $enum:tt $variants:tt $options:tt $manual:tt $headings:tt $count:tt;
        $extension:literal $text:tt $name:ident($data:expr): $($rest:tt)+
    ) => {
        $crate::options!(@row $enum $variants $options $manual $headings $count;
            $extension $text ($name($data)) $($rest)+
        );
    };
    (@row { $(#[$meta:meta])* $vis:vis $id:ident $($declared:tt)* }
        $variants:tt [$($options:tt)*] [$($manual:tt)*] $headings:tt ($($count:tt)+);
        $extension:literal [$($text:literal)+] ($($name:tt)+)
        $short:expr, $long:literal, $takes:expr, $summary:literal; $($rest:tt)*
    ) => {
        $crate::options!(@rows { $(#[$meta])* $vis $id $($declared)* }
            $variants
            [$($options)* $crate::cli::table::Opt {
                id: $id::$($name)+,
                short: $short,
                long: $crate::inline::Inline::new($long),
                takes: $takes,
                summary: $crate::inline::Inline::new($summary),
                extension: $extension,
            },]
            [$($manual)* concat!($($text, "\n"),+),]
            $headings
            ($($count)+ + 1);
            $($rest)*
        );
    };
    (@rows { $(#[$meta:meta])* $vis:vis $id:ident $($declared:tt)* }
        [$($variants:tt)*] [$($options:tt)*] [$($manual:tt)*] [$($headings:tt)*] $count:tt;
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $vis enum $id {
            $($declared)*
            $($variants)*
        }

        static OPTIONS: &[$crate::cli::table::Opt<$id>] = &[$($options)*];
        static HEADINGS: &[$crate::cli::table::Heading] = &[$($headings)*];
        static MANUAL_OF_OPTIONS: &[&str] = &[$($manual)*];
    };
}
