//! Completion values from the running system: `sh` scripts that print one value a line, followed by
//! a tab and a description. All shells use the same scripts, in single quotes.

use crate::cli::table::{Live, Offer, Tool};
use crate::ipc::{Posix, SystemV};
use crate::namespace::Kind;

/// A script for `sh`, and the name of the shell function that runs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Script {
    pub(crate) name: String,
    pub(crate) program: String,
}

/// The scripts that list the values of `tool`'s options, each once.
pub(crate) fn scripts<Id>(tool: &Tool<Id>) -> Vec<Script> {
    let mut scripts: Vec<Script> = Vec::new();
    for value in tool.options.iter().filter_map(|it| it.takes.value()) {
        let Offer::Live(live) = value.offer else {
            continue;
        };
        let found = script(live);
        if !scripts.contains(&found) {
            scripts.push(found);
        }
    }
    scripts
}

/// The script that lists the values.
pub(crate) fn script(live: Live) -> Script {
    let (name, program) = match live {
        Live::Process => ("processes".to_owned(), PROCESSES.to_owned()),
        Live::Namespace(kind) => (format!("{}_namespaces", kind.file()), bound(kind.file())),
        Live::Joined => ("joined".to_owned(), joined()),
        Live::SystemV(kind) => (format!("{}_ids", table(kind)), objects(kind, "\\$2")),
        Live::Key(kind) => (format!("{}_keys", table(kind)), objects(kind, KEY)),
        Live::SelectedSystemV => ("selected_ids".to_owned(), selected()),
        Live::Posix(kind) => posix(kind),
    };
    Script { name, program }
}

/// A process chooses its own name, so only printable characters are let through to the terminal.
const PROCESSES: &str = "\
for process in /proc/[0-9]*; do
    read -r command < \"$process/comm\" && printf \"%s\\t%s\\n\" \"${process#/proc/}\" \"$command\"
done | LC_ALL=C tr -c \"\\n\\t -~\" \"?\"";

/// A script that lists the files to which namespaces of this kind are bound.
fn bound(kind: &str) -> String {
    format!(
        "\
while read -r id parent device root place rest; do
    case $root in {kind}:*) printf \"%s\\t%s\\n\" \"$place\" \"$root\" ;; esac
done < /proc/self/mountinfo"
    )
}

/// The name of a kind before `=`, which is that of its option.
pub(crate) fn joined_kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Mount => "mount",
        _ => kind.file(),
    }
}

/// A script that lists the processes and files with a namespace of the kind given as its last
/// argument, or all kinds if that is not a kind. Each value repeats what came before it, such as
/// `KIND=`.
fn joined() -> String {
    let kinds = Kind::ALL.map(joined_kind).join(" | ");
    let named = Kind::ALL.map(|kind| format!("{} {}", joined_kind(kind), kind.name()));
    let named = named.join(" ");
    let mount = Kind::Mount.file();
    format!(
        "\
for last; do :; done
case $last in -*=*) last=${{last#*=}} ;; esac
case $last in *=*) before=${{last%%=*}}= ;; *) before= ;; esac
kind=${{last%%=*}}
case $kind in
{kinds}) ;;
*) printf \"%s=\\t%s namespace\\n\" {named}; exit ;;
esac
{PROCESSES} | while read -r line; do printf \"%s\\n\" \"$before$line\"; done
[ \"$kind\" != mount ] || kind={mount}
while read -r id parent device root place rest; do
    case $root in $kind:*) printf \"%s\\t%s\\n\" \"$before$place\" \"$root\" ;; esac
done < /proc/self/mountinfo"
    )
}

/// The name of the table in `/proc/sysvipc`.
fn table(kind: SystemV) -> &'static str {
    match kind {
        SystemV::Queue => "msg",
        SystemV::Segment => "shm",
        SystemV::SemaphoreSet => "sem",
    }
}

/// An awk expression for a key, which `/proc/sysvipc` prints as a signed number.
const KEY: &str = "sprintf(\\\"0x%08x\\\", \\$1 < 0 ? \\$1 + 4294967296 : \\$1)";

/// A script that lists the objects of a kind, each with its owner and size.
fn objects(kind: SystemV, value: &str) -> String {
    let (owner, size, unit) = match kind {
        SystemV::Queue => (8, 5, "messages"),
        SystemV::Segment => (8, 4, "bytes"),
        SystemV::SemaphoreSet => (5, 4, "semaphores"),
    };
    let table = table(kind);
    format!(
        "\
getent passwd | awk -F : \"
FILENAME !~ /sysvipc/ {{ name[\\$3] = \\$1; next }}
FNR > 1 {{ print {value} \\\"\\t\\\" (\\${owner} in name ? name[\\${owner}] : \\${owner}) \\\", \\\" \\${size} \\\" {unit}\\\" }}
\" - FS=\" \" /proc/sysvipc/{table}"
    )
}

/// A script that lists the objects of the kind selected by the preceding words, read as `ipcs`
/// would read them.
fn selected() -> String {
    let mut program = "\
kind=
for word; do
    case $word in
    --queues) kind=q ;;
    --shmems) kind=m ;;
    --semaphores) kind=s ;;
    -[!-]*q* | -q*) kind=q ;;
    -[!-]*m* | -m*) kind=m ;;
    -[!-]*s* | -s*) kind=s ;;
    esac
done
case $kind in
"
    .to_owned();
    for (letter, kind) in [
        ("q", SystemV::Queue),
        ("m", SystemV::Segment),
        ("s", SystemV::SemaphoreSet),
    ] {
        program.extend([letter, ")\n", &objects(kind, "\\$2"), " ;;\n"]);
    }
    program + "esac"
}

fn posix(kind: Posix) -> (String, String) {
    let (name, start, others) = match kind {
        Posix::Queue => ("posix_queues", "/dev/mqueue/", ""),
        Posix::Memory => ("posix_memory", "/dev/shm/", " | /dev/shm/sem.*"),
        Posix::Semaphore => ("posix_semaphores", "/dev/shm/sem.", ""),
    };
    let program = format!(
        "\
for file in {start}*; do
    case $file in
    *[![:print:]]*{others}) ;;
    *) [ -f \"$file\" ] && printf \"%s\\n\" \"${{file#{start}}}\" ;;
    esac
done"
    );
    (name.to_owned(), program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_can_stand_between_single_quotes() {
        let offers = [
            Live::Process,
            Live::SelectedSystemV,
            Live::Namespace(Kind::Ipc),
            Live::Joined,
            Live::Key(SystemV::Segment),
            Live::Posix(Posix::Memory),
        ];
        for script in offers.into_iter().map(script) {
            assert!(!script.program.contains('\''), "{script:?}");
            // fish would drop one of two backslashes.
            assert!(!script.program.contains("\\\\"), "{script:?}");
        }
    }
}
