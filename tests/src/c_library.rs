//! What the C library itself says: the judge of our own readers.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr;
use std::sync::{Mutex, PoisonError};

/// How `strtoll` or `strtoull` has read a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scanned<T> {
    /// The number; at the end of its range if it was out of range.
    pub number: T,
    /// Whether it was out of range.
    pub out_of_range: bool,
    /// How many bytes were read; 0 if there was no number.
    pub length: usize,
}

/// `strtoll(3)`
pub fn signed(text: &CStr, base: c_int) -> Scanned<i64> {
    scan(text, |start, end| {
        // SAFETY: the text is a C string, and the pointer to its end is valid.
        unsafe { libc::strtoll(start, end, base) }
    })
}

/// `strtoull(3)`
pub fn unsigned(text: &CStr, base: c_int) -> Scanned<u64> {
    scan(text, |start, end| {
        // SAFETY: the text is a C string, and the pointer to its end is valid.
        unsafe { libc::strtoull(start, end, base) }
    })
}

fn scan<T>(text: &CStr, read: impl Fn(*const c_char, *mut *mut c_char) -> T) -> Scanned<T> {
    let start = text.as_ptr();
    let mut end = ptr::null_mut::<c_char>();
    nix::errno::Errno::clear();
    let number = read(start, &raw mut end);
    let out_of_range = nix::errno::Errno::last() == nix::errno::Errno::ERANGE;
    Scanned {
        number,
        out_of_range,
        length: end.addr() - start.addr(),
    }
}

/// An account, as `fgetpwent(3)` or `fgetgrent(3)` reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub name: CString,
    /// Its number.
    pub number: u32,
    /// The shell of a user; empty for a group.
    pub shell: CString,
}

/// A file in memory that the C library reads.
struct Stream(*mut libc::FILE);

impl Stream {
    /// There must be at least one byte.
    fn new(bytes: &[u8]) -> Self {
        assert!(!bytes.is_empty(), "fmemopen takes no empty buffer");
        // SAFETY: the buffer is as long as it says. The mode is for reading, so that nothing is
        // written to it; it lives longer than the stream in each function of this module.
        let stream =
            unsafe { libc::fmemopen(bytes.as_ptr().cast_mut().cast(), bytes.len(), c"r".as_ptr()) };
        assert!(!stream.is_null(), "there is memory for a stream");
        Self(stream)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: the stream is open, and nobody uses it afterwards.
        unsafe { libc::fclose(self.0) };
    }
}

/// The first user in the text of a file of the form of passwd(5).
pub fn first_user(text: &[u8]) -> Option<Account> {
    first(text, libc::fgetpwent_r, |entry: &libc::passwd| Account {
        name: owned(entry.pw_name),
        number: entry.pw_uid,
        shell: owned(entry.pw_shell),
    })
}

/// The first group in the text of a file of the form of group(5).
pub fn first_group(text: &[u8]) -> Option<Account> {
    first(text, libc::fgetgrent_r, |entry: &libc::group| Account {
        name: owned(entry.gr_name),
        number: entry.gr_gid,
        shell: CString::default(),
    })
}

/// A function that reads the next entry `T` of a stream.
type Next<T> =
    unsafe extern "C" fn(*mut libc::FILE, *mut T, *mut c_char, usize, *mut *mut T) -> c_int;

fn first<T>(text: &[u8], next: Next<T>, account: impl Fn(&T) -> Account) -> Option<Account> {
    let stream = Stream::new(text);
    let mut entry = std::mem::MaybeUninit::<T>::uninit();
    let mut buffer = vec![0; 1 << 16];
    let mut found = ptr::null_mut();
    // SAFETY: all pointers are valid, and the length is that of the buffer.
    let result = unsafe {
        next(
            stream.0,
            entry.as_mut_ptr(),
            buffer.as_mut_ptr(),
            buffer.len(),
            &raw mut found,
        )
    };
    if result != 0 || found.is_null() {
        return None;
    }
    // SAFETY: the call has filled the entry in, and says so by `found`.
    Some(account(unsafe { &*found }))
}

fn owned(text: *const c_char) -> CString {
    if text.is_null() {
        return CString::default();
    }
    // SAFETY: the texts of an entry are C strings in the buffer that its reader still has.
    unsafe { CStr::from_ptr(text) }.to_owned()
}

/// A long option, as `getopt_long(3)` wants it.
#[derive(Debug, Clone)]
pub struct LongOption {
    /// Its name.
    pub name: CString,
    /// 0, 1 or 2: no value, one, or one that may be left out.
    pub has_value: c_int,
    /// What the function returns for it: no letter.
    pub code: c_int,
}

/// What `getopt_long(3)` has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// An option, by its letter or code, and its value.
    Option(c_int, Option<CString>),
    /// An error, and what was printed about it.
    Error(Vec<u8>),
    /// There are no more options: the operands, in the order in which they stand now.
    End(Vec<CString>),
}

#[repr(C)]
struct CLongOption {
    name: *const c_char,
    has_value: c_int,
    flag: *mut c_int,
    code: c_int,
}

unsafe extern "C" {
    static mut optarg: *mut c_char;
    static mut optind: c_int;
    static mut stderr: *mut libc::FILE;
    fn getopt_long(
        count: c_int,
        words: *const *mut c_char,
        letters: *const c_char,
        options: *const CLongOption,
        index: *mut c_int,
    ) -> c_int;
}

/// The function keeps its place in global variables.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Reads a command line with `getopt_long(3)`, up to its end or to the first error.
///
/// `options` gives the long options for the words that have not been read yet: the C library knows
/// one list of them, we know names that only count where no other fits.
///
/// # Panics
/// If there is no memory.
pub fn getopt(
    words: &[CString],
    letters: &CStr,
    options: &dyn Fn(&[&CStr]) -> Vec<LongOption>,
) -> Vec<Found> {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let mut pointers: Vec<*mut c_char> =
        words.iter().map(|word| word.as_ptr().cast_mut()).collect();
    let count = c_int::try_from(pointers.len()).expect("a command line is short");
    pointers.push(ptr::null_mut());
    // SAFETY: nobody else is in this function. 0 has the C library begin anew.
    unsafe { optind = 0 };
    let mut found = Vec::new();
    loop {
        // SAFETY: as above.
        let next = unsafe { optind };
        let next = usize::try_from(next).unwrap_or_default().max(1);
        let rest: Vec<&CStr> = pointers[next.min(words.len())..words.len()]
            .iter()
            // SAFETY: they are the words, perhaps in another order.
            .map(|word| unsafe { CStr::from_ptr(*word) })
            .collect();
        let options = options(&rest);
        let mut table: Vec<CLongOption> = options.iter().map(c_option).collect();
        table.push(CLongOption {
            name: ptr::null(),
            has_value: 0,
            flag: ptr::null_mut(),
            code: 0,
        });
        let (code, printed) = printed_by(|| {
            // SAFETY: words and options are C strings and their lists end with a null; the words
            // are not written to, only their pointers are put in another order.
            unsafe {
                getopt_long(
                    count,
                    pointers.as_ptr(),
                    letters.as_ptr(),
                    table.as_ptr(),
                    ptr::null_mut(),
                )
            }
        });
        match code {
            -1 => {
                // SAFETY: as above.
                let next = usize::try_from(unsafe { optind }).unwrap_or_default();
                let operands = &pointers[next.min(words.len())..words.len()];
                found.push(Found::End(
                    operands.iter().map(|word| owned(*word)).collect(),
                ));
                return found;
            }
            // The letter of an unknown option is this one too.
            63 => {
                found.push(Found::Error(printed));
                return found;
            }
            code => {
                // SAFETY: as above; it points to the value, a part of one of the words.
                let value = unsafe { optarg };
                let value = (!value.is_null()).then(|| owned(value));
                found.push(Found::Option(code, value));
            }
        }
    }
}

fn c_option(option: &LongOption) -> CLongOption {
    CLongOption {
        name: option.name.as_ptr(),
        has_value: option.has_value,
        flag: ptr::null_mut(),
        code: option.code,
    }
}

/// Does something, and what the C library prints to standard error meanwhile.
fn printed_by<T>(act: impl FnOnce() -> T) -> (T, Vec<u8>) {
    let (mut text, mut length) = (ptr::null_mut::<c_char>(), 0_usize);
    // SAFETY: both pointers are valid until the stream is closed, below.
    let stream = unsafe { libc::open_memstream(&raw mut text, &raw mut length) };
    assert!(!stream.is_null(), "there is memory for a stream");
    // SAFETY: Rust does not use this variable, and of our own callers one at a time is here.
    let former = unsafe { stderr };
    // SAFETY: as above.
    unsafe { stderr = stream };
    let result = act();
    // SAFETY: as above.
    unsafe { stderr = former };
    // SAFETY: the stream is open, and nobody uses it afterwards.
    unsafe { libc::fclose(stream) };
    // SAFETY: closing has written a buffer of this length, which is ours now.
    let printed = unsafe { std::slice::from_raw_parts(text.cast::<u8>(), length) }.to_vec();
    // SAFETY: it came from the C library's allocation, and nothing points to it any more.
    unsafe { libc::free(text.cast()) };
    (result, printed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_up_to_their_end() {
        let scanned = signed(c" -12x", 10);
        assert_eq!((scanned.number, scanned.length), (-12, 4));
        assert!(unsigned(c"18446744073709551616", 0).out_of_range);
        assert_eq!(signed(c"x", 10).length, 0);
    }

    #[test]
    fn accounts_are_read_from_a_text() {
        let user = first_user(b"# nobody\nann:x:7:8::/:/bin/ann\n").unwrap();
        assert_eq!((user.name.as_c_str(), user.number), (c"ann", 7));
        assert_eq!(first_group(b"ann\n"), None);
    }

    #[test]
    fn options_operands_and_errors_are_found() {
        let words = [c"tool", c"-a", c"x", c"--wor=5", c"-z"].map(CStr::to_owned);
        let options = |_: &[&CStr]| {
            vec![LongOption {
                name: c"word".to_owned(),
                has_value: 1,
                code: 300,
            }]
        };
        let found = getopt(&words, c"a", &options);
        assert_eq!(
            found,
            [
                Found::Option(97, None),
                Found::Option(300, Some(c"5".to_owned())),
                Found::Error(b"tool: invalid option -- 'z'\n".to_vec()),
            ]
        );
    }
}
