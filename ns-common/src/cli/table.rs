//! All that describes the command line of a tool: the parser and every text about it read this.

use crate::inline::Inline;
use crate::ipc::{Posix, SystemV};
use crate::namespace::Kind;

/// What the parser, help and completions know of a tool. [`Manual`] has what only the page says.
#[derive(Debug)]
pub struct Tool<Id: 'static> {
    /// The command's name and that of its manual page.
    pub name: &'static str,
    /// One sentence, for `--help`.
    pub purpose: &'static str,
    /// What follows the command's name, one entry for each form of use.
    pub usage: &'static [&'static str],
    /// Whether an operand ends the options.
    pub order: Order,
    /// The options, in the order in which `getopt_long(3)` lists candidates.
    pub options: &'static [Opt<Id>],
    /// The headings that help and manual put over the options; none where the options are few.
    pub headings: &'static [Heading],
}

/// What is done with the words of a command line that are no options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The first operand is a program; it and all that follows are that program's own.
    StopAtOperand,
    /// Options and operands may be mixed, unless the environment has `POSIXLY_CORRECT`.
    Permute,
}

/// A heading over options.
#[derive(Debug, Clone, Copy)]
pub struct Heading {
    /// The words of the heading; the same words again continue what they began.
    pub text: &'static str,
    /// The first option below it: an index into the table.
    pub first: usize,
}

/// An option: how it is written, what it takes, what it does in short.
#[derive(Debug, Clone, Copy)]
pub struct Opt<Id> {
    /// What the parser hands on when it meets the option.
    pub id: Id,
    /// The letter after a single dash.
    pub short: Option<char>,
    /// The name after two dashes.
    pub long: Inline<23>,
    /// Whether a value belongs to it.
    pub takes: Takes,
    /// A line for `--help` and the completions, without a full stop.
    pub summary: Inline<87>,
    /// Whether the reference lacks it. An extension never takes a prefix of a classic option.
    pub extension: bool,
}

/// Whether an option has a value, and how that is attached.
#[derive(Debug, Clone, Copy)]
pub enum Takes {
    /// No value.
    Nothing,
    /// A value, attached or as the next word, whatever that word looks like.
    Required(Value),
    /// A value only when attached: `-oVALUE`, `--option=VALUE`.
    Optional(Value),
    /// A value only as `--option=VALUE`; the letter takes none, so that letters can be bundled.
    OptionalLong(Value),
}

impl Takes {
    /// The value, if the long form has one at all.
    pub fn value(self) -> Option<Value> {
        match self {
            Self::Nothing => None,
            Self::Required(value) | Self::Optional(value) | Self::OptionalLong(value) => {
                Some(value)
            }
        }
    }
}

/// The value of an option, for help and completions.
#[derive(Debug, Clone, Copy)]
pub struct Value {
    /// The word in angle brackets.
    pub name: Inline<15>,
    /// What a shell offers for it.
    pub offer: Offer,
}

impl Value {
    /// A value called `name`, for which shells offer `offer`.
    pub const fn new(name: &str, offer: Offer) -> Self {
        let name = Inline::new(name);
        Self { name, offer }
    }
}

/// What a shell's completion offers for a value.
#[derive(Debug, Clone, Copy)]
pub enum Offer {
    /// Nothing: a number, or text of the user's own.
    Nothing,
    /// Names of files.
    File,
    /// Names of directories.
    Directory,
    /// Numbers of running processes, with their commands.
    Process,
    /// Files, first of all those that a namespace of this kind is bound to.
    Namespace(Kind),
    /// `KIND=`, and behind it processes and files that have a namespace of this kind.
    Joined,
    /// Ids of objects, with owner and size.
    SystemV(SystemV),
    /// Keys of objects, with owner and size.
    Key(SystemV),
    /// Ids of objects of the kind that `--queues`, `--shmems` or `--semaphores` before selects.
    SelectedSystemV,
    /// Names of objects.
    Posix(Posix),
    /// Names of users.
    User,
    /// Names of groups.
    Group,
    /// Names of signals.
    Signal,
    /// These words, with spaces between them.
    Words(Inline<31>),
    /// The name of a column.
    Column,
    /// Names of columns, separated by commas.
    Columns,
}

impl Offer {
    /// These words, with spaces between them.
    pub const fn words(words: &str) -> Self {
        Self::Words(Inline::new(words))
    }
}

/// The texts of a manual page. Words between backticks are set in bold.
#[derive(Debug)]
pub struct Manual {
    /// What the tool does, on one line without a full stop.
    pub summary: &'static str,
    /// Sentences on each option, in the order of the table.
    pub options: &'static [&'static str],
    /// The names of the columns that an option can choose, for the completions.
    pub columns: &'static [&'static str],
    /// The paragraphs before the options.
    pub description: &'static [&'static str],
    /// Further sections: a heading and its paragraphs.
    pub sections: &'static [(&'static str, &'static [&'static str])],
    /// The variables of the environment that it heeds, and how; `NS_HINTS` is added.
    pub environment: &'static [(&'static str, &'static str)],
    /// The files that it looks at, and for what.
    pub files: &'static [(&'static str, &'static str)],
    /// The paragraphs on the exit status.
    pub exit_status: &'static [&'static str],
    /// What a reader who knows util-linux's command would stumble over.
    pub differences: &'static [&'static str],
    /// What a command does, and the command.
    pub examples: &'static [(&'static str, &'static str)],
    /// Names and sections of related pages.
    pub see_also: &'static [(&'static str, u8)],
}

impl<Id> Tool<Id> {
    /// The options by heading, those under one heading together; `--help` and `--version` are last.
    pub fn groups(&self) -> Vec<Group<'_, Id>> {
        let mut groups: Vec<Group<'_, Id>> = Vec::new();
        let mut general = Group {
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
                None => groups.push(Group {
                    heading,
                    options: vec![(place, option)],
                }),
            }
        }
        groups.push(general);
        groups
    }
}

/// Options that stand together in help and manual.
#[derive(Debug)]
pub struct Group<'a, Id> {
    /// The heading; none over `--help` and `--version`.
    pub heading: Option<&'static str>,
    /// The options and their places in the table.
    pub options: Vec<(usize, &'a Opt<Id>)>,
}

/// Writes the table of a tool's options, and the enum of what the parser hands on for each.
///
/// ```
/// # use ns_common::{cli::table::Takes, namespace::Kind, options};
/// options! {
///     /// What the parser hands on.
///     pub enum Id {
///         /// A kind of namespace: several rows share this one.
///         Namespace(Kind), ..
///     }
///     help;
///     version;
///     section "Namespaces";
///     /// What the manual page says of it, in sentences. `--wrapped` like prose,
///     /// and with empty lines between paragraphs.
///     Namespace(Kind::Mount): Some('m'), "mount", Takes::Nothing, "new mount namespace";
///     /// A row without data makes its own variant of the enum.
///     extension Loopback: None, "loopback", Takes::Nothing, "bring the loopback device up";
/// }
/// assert_eq!(OPTIONS[3].id, Id::Loopback);
/// assert_eq!(HEADINGS[0].first, 2);
/// assert!(MANUAL_OF_OPTIONS[2].starts_with(" What the manual page says"));
/// ```
///
/// `help` and `version` stand where the reference has them in its table, for that is the order in
/// which an ambiguous abbreviation lists its candidates. A `section` may be continued further below
/// by naming it again. An `extension` is an option that the reference lacks.
///
/// The table becomes `OPTIONS`, `HEADINGS` and `MANUAL_OF_OPTIONS`. What only the manual page says
/// is a list of its own because no program refers to it, so no program contains it.
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
    // A row without data declares its variant, and is then a row like those with data.
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
