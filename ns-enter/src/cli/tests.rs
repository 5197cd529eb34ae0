use std::cell::RefCell;
use std::ffi::CStr;
use std::fs::File;

use super::*;

/// Records what was opened; no file `missing` exists.
#[derive(Default)]
struct Fake(RefCell<Vec<String>>);

impl Fake {
    fn note(&self, what: String) -> Result<OwnedFd, Error> {
        if what == "missing" || what == "ui" {
            return Err(Error::caused_by(
                words!["cannot open ", what],
                Errno::ENOENT,
            ));
        }
        self.0.borrow_mut().push(what);
        Ok(File::open("/dev/null").unwrap().into())
    }
}

impl Opener for Fake {
    fn open(&self, path: &Path) -> Result<OwnedFd, Error> {
        self.note(path.display().to_string())
    }

    fn open_namespace(&self, id: u64) -> Result<OwnedFd, Error> {
        self.note(format!("namespace {id}"))
    }

    fn hold(&self, pid: Pid) -> Target {
        Target::hold(pid)
    }

    fn hold_with_inode(&self, pid: Pid, inode: u64) -> Result<Target, Error> {
        self.note(format!("process {pid} {inode}"))?;
        Ok(Target::hold(pid))
    }
}

fn read(words: &[&'static CStr]) -> (Vec<String>, Result<Request, String>) {
    let fake = Fake::default();
    let outcome = match parse(&mut Parser::new(&TOOL, words), &fake) {
        Ok(Parsed::Request(request)) => Ok(request),
        Ok(other) => panic!("{other:?}"),
        Err(Failure::Step(error)) => Err(String::from_utf8(error.lines(b"nsenter")).unwrap()),
        Err(other) => panic!("{other:?}"),
    };
    (fake.0.take(), outcome)
}

#[track_caller]
fn refused(words: &[&'static CStr], text: &str) {
    assert_eq!(read(words).1.unwrap_err(), format!("nsenter: {text}\n"));
}

#[test]
fn one_equals_sign_is_dropped_where_the_reference_does() {
    let words = [c"-u=f", c"--ipc==g", c"-w=h", c"-r=i", c"-n:7", c"-m./:7"];
    assert_eq!(read(&words).0, ["f", "g", "h", "=i", "namespace 7", "./:7"]);
}

#[test]
fn pids_are_above_zero_and_below_two_to_the_31() {
    let target = read(&[c"-t +07"]).1.unwrap().target.unwrap();
    assert_eq!(target.pid(), Pid::from_raw(7));
    assert_eq!(read(&[c"-t7:9"]).0, ["process 7 9"]);
    for text in [c"abc", c"", c"1x", c"1e3", c"7:", c"7:x"] {
        let expected = format!(
            "failed to parse PID argument '{}': Invalid argument",
            text.to_str().unwrap()
        );
        refused(&[c"-t", text], &expected);
    }
    for text in [
        c"0",
        c"-1",
        c"2147483648",
        c"4294967297",
        c"18446744073709551616",
        c"7:0",
        c"7:-5",
        c"0x1",
    ] {
        let reason = "Numerical result out of range";
        refused(
            &[c"-t", text],
            &format!(
                "failed to parse PID argument '{}': {reason}",
                text.to_str().unwrap()
            ),
        );
    }
    refused(&[c"-t1", c"-t2"], "option --target may be given only once");
}

#[test]
fn working_directories_exclude_each_other_in_the_order_given() {
    refused(
        &[c"--wd=/", c"-W/"],
        "options --wd and --wdns cannot be combined",
    );
    refused(
        &[c"-W", c"-w"],
        "options --wdns and --wd cannot be combined",
    );
    assert!(read(&[c"-w", c"-w/", c"-W"]).1.is_err());
    let last = |words| read(words).1.unwrap().working_directory;
    let undone = last(&[c"-W/a", c"-W"]);
    assert!(matches!(
        undone,
        WorkingDirectory::Outside(Directory::Unchanged)
    ));
    let inside = last(&[c"-W", c"-W=/a"]);
    assert!(matches!(inside, WorkingDirectory::Inside(path) if path == Path::new("/a")));
}

#[test]
fn directory_of_the_target_wins_in_either_order() {
    for words in [&[c"-r", c"-r/a"], &[c"-r/a", c"-r"]] {
        let (opened, request) = read(words);
        assert_eq!(opened, ["/a"], "each that is named must exist");
        assert!(matches!(request.unwrap().root, Directory::OfTarget));
    }
}

#[test]
fn other_numbers_are_checked_as_they_are_met() {
    for text in [c"", c"5x", c"+x", c"-x", c" x"] {
        let quoted = text.to_str().unwrap();
        refused(&[c"-S", text], &format!("failed to parse uid: '{quoted}'"));
    }
    refused(
        &[c"-G", c"4294967296"],
        "failed to parse gid: '4294967296': Numerical result out of range",
    );
    refused(&[c"-N", c"abc"], "failed to parse file descriptor: 'abc'");
    refused(
        &[c"-N", c"-1"],
        "failed to parse file descriptor: '-1': Numerical result out of range",
    );
    refused(&[c"-u:abc"], "failed to parse nsid: abc");
    for words in [&[c"-Sfollow", c"-S5"], &[c"-S5", c"-Sfollow"]] {
        let ids = read(words).1.unwrap().ids;
        assert_eq!(
            (ids.user, ids.group),
            (Credential::Follow, Credential::Unchanged)
        );
    }
}

#[test]
fn missing_file_is_met_before_later_words_and_letters_get_a_hint() {
    refused(
        &[c"-umissing", c"-t", c"abc"],
        "cannot open missing: No such file or directory",
    );
    let error = read(&[c"-uui"]).1.unwrap_err();
    assert!(error.ends_with("is its value; write -u -u -i\n"), "{error}");
}

fn request(words: &[&'static CStr]) -> Request {
    read(words).1.unwrap()
}

#[test]
fn names_of_users_are_left_to_the_inside() {
    let name = |name: &str| Credential::Name(name.into());
    let ids = request(&[c"-Sann", c"-G", c"_apt"]).ids;
    assert_eq!((ids.user, ids.group), (name("ann"), name("_apt")));
    assert_eq!(request(&[c"-Sann", c"-S5"]).ids.user, Credential::Number(5));
    let follow = request(&[c"-Sfollow", c"-Sann"]).ids.user;
    assert_eq!(follow, Credential::Follow);
}

#[test]
fn later_options_say_otherwise_than_like_target() {
    let words = [c"-t1", c"-S5", c"-r/a", c"--like-target"];
    let like = request(&words);
    assert_eq!(like.ids.user, Credential::Like);
    assert!(matches!(like.root, Directory::Like));
    let words = [c"-t1", c"--like-target", c"-S5", c"-r/a", c"-W/b"];
    let other = request(&words);
    assert_eq!(other.ids.user, Credential::Number(5));
    assert_eq!(other.ids.group, Credential::Like);
    assert!(matches!(other.root, Directory::Opened(_)));
    assert!(matches!(
        other.working_directory,
        WorkingDirectory::Inside(_)
    ));
    let kept = request(&[c"-t1", c"--like-target", c"--preserve-credentials"]);
    assert_eq!(kept.ids, Both::default());
}

#[test]
fn contradictions_are_usage_errors() {
    let refused = |words: &[&'static CStr], text: &str| {
        let outcome = parse(&mut Parser::new(&TOOL, words), &Fake::default());
        assert_eq!(outcome.unwrap_err(), Failure::usage(words![text]));
    };
    refused(&[c"--like-target"], "--like-target needs --target");
    refused(
        &[c"-u", c"--outside-program"],
        "--outside-program needs a program",
    );
    refused(&[c"--set-env", c"A"], "--set-env takes NAME=VALUE, not 'A'");
    refused(&[c"--set-env==x"], "--set-env takes NAME=VALUE, not '=x'");
    refused(
        &[c"--unset-env", c"A=b"],
        "--unset-env takes a name, not 'A=b'",
    );
}
