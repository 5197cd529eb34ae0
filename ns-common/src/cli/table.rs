//! One row an option.

/// An option: how it is written, what it takes, what it does in short.
#[derive(Debug, Clone, Copy)]
pub struct Opt<Id> {
    /// What the parser hands on when it meets the option.
    pub id: Id,
    /// The letter after a single dash.
    pub short: Option<char>,
    /// The name after two dashes.
    pub long: &'static str,
    /// Whether a value belongs to it.
    pub takes: Takes,
    /// A line for `--help` and the completions, without a full stop.
    pub summary: &'static str,
}

/// Writes the table of a tool's options, a row an option:
/// `(id, short, long, takes, summary, sentences for the manual page)`.
///
/// It becomes two lists, `OPTIONS` and `MANUAL_OF_OPTIONS`: what only the manual page says is kept out of the
/// programs, which would have the addresses of all its texts relocated at each start.
#[macro_export]
macro_rules! options {
    ($id:ty: $(($name:expr, $short:expr, $long:literal, $takes:expr, $summary:literal, $manual:literal $(,)?)),+ $(,)?) => {
        static OPTIONS: &[$crate::cli::table::Opt<$id>] = &[$($crate::cli::table::Opt {
            id: $name,
            short: $short,
            long: $long,
            takes: $takes,
            summary: $summary,
        }),+];
        static MANUAL_OF_OPTIONS: &[&str] = &[$($manual),+];
    };
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
    pub name: &'static str,
    /// What a shell offers for it.
    pub offer: Offer,
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
    /// Numbers of running processes.
    Process,
    /// Names of users.
    User,
    /// Names of groups.
    Group,
    /// Names of signals.
    Signal,
    /// These words.
    Words(&'static [&'static str]),
}
