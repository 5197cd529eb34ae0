//! Why a segment cannot have huge pages: shmget(2), and admin-guide/mm/hugetlbpage in the kernel's
//! documentation.

use std::path::PathBuf;

use super::Failed;
use super::system::System;
use crate::error::Message;
use crate::number::{self, Radix};
use crate::procfs;
use crate::sys::capability;
use crate::sys::ipc::Pages;
use crate::words;

/// The kernel's pool of huge pages of one size.
struct Pool {
    /// The size of a page in bytes.
    page: u64,
    /// Pages that are neither in use nor reserved.
    free: u64,
    /// The setting that enlarges the pool.
    setting: String,
}

impl Pool {
    fn of(pages: Pages, system: &System) -> Option<Self> {
        let usual = Self::usual(system);
        let page = match pages {
            Pages::Ordinary => return None,
            Pages::Huge => return usual,
            Pages::HugeOfPower(power) => 1_u64.checked_shl(power.into())?,
        };
        if usual.as_ref().is_some_and(|usual| usual.page == page) {
            return usual;
        }
        let setting = system.huge_pages(page).join("nr_hugepages");
        let count = |file| leading_number(&procfs::read(&setting.with_file_name(file)).ok()?);
        Some(Self {
            page,
            free: count("free_hugepages")?.saturating_sub(count("resv_hugepages")?),
            setting: setting.to_str()?.to_owned(),
        })
    }

    /// The pool of the default size: proc_meminfo(5).
    fn usual(system: &System) -> Option<Self> {
        let text = system.read("meminfo")?;
        let field = |name: &str| {
            let mut lines = text.split(|byte| *byte == b'\n');
            leading_number(lines.find_map(|line| line.strip_prefix(name.as_bytes()))?)
        };
        Some(Self {
            page: field("Hugepagesize:")?.checked_mul(1024)?,
            free: field("HugePages_Free:")?.saturating_sub(field("HugePages_Rsvd:")?),
            setting: "vm.nr_hugepages".to_owned(),
        })
    }
}

impl System {
    /// The directory in `/sys` of the huge pages of `page` bytes.
    fn huge_pages(&self, page: u64) -> PathBuf {
        let kilobytes = page / 1024;
        self.sys
            .join(format!("kernel/mm/hugepages/hugepages-{kilobytes}kB"))
    }
}

/// The number at the start of a text, after any blanks.
fn leading_number(text: &[u8]) -> Option<u64> {
    let (number, _) = number::leading(text, Radix::Decimal)?;
    number.and_then(|number| u64::try_from(number).ok())
}

pub(super) fn are_short(failed: &Failed<'_>, system: &System) -> Option<Message> {
    let Failed::CreateInHugePages { size, pages } = *failed else {
        return None;
    };
    let pool = Pool::of(pages, system)?;
    let needed = size.div_ceil(pool.page);
    (pool.free < needed).then(|| {
        words![
            "huge pages of ",
            pool.page / 1024,
            " kB: ",
            needed,
            " needed, ",
            pool.free,
            " free; raise ",
            pool.setting
        ]
    })
}

pub(super) fn are_for_a_group(_: &Failed<'_>, system: &System) -> Option<Message> {
    let group = system.setting("vm/hugetlb_shm_group")?;
    let own = [system.status("Gid")?, system.status("Groups")?].join(&b' ');
    let is_member = own
        .split(u8::is_ascii_whitespace)
        .any(|known| known == group);
    let lacks = system.lacks(capability::IPC_LOCK);
    (lacks && !is_member).then(|| {
        words![
            "huge pages take CAP_IPC_LOCK or membership in group ",
            *group,
            " (vm.hugetlb_shm_group)"
        ]
    })
}

pub(super) fn have_other_sizes(failed: &Failed<'_>, system: &System) -> Option<Message> {
    let Failed::CreateInHugePages {
        pages: Pages::HugeOfPower(power),
        ..
    } = *failed
    else {
        return None;
    };
    let page = 1_u64.checked_shl(power.into())?;
    let wanted = system.huge_pages(page);
    let listed = std::fs::read_dir(wanted.parent()?).ok()?;
    let mut sizes: Vec<String> = listed
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|name| Some(name.strip_prefix("hugepages-")?.to_owned()))
        .collect();
    sizes.sort_by_key(|size| (size.len(), size.clone()));
    let offered = !sizes.is_empty() && !wanted.exists();
    offered.then(|| words!["the sizes of huge pages here are ", sizes.join(", ")])
}

#[cfg(test)]
mod tests {
    use nix::errno::Errno;

    use super::super::fake::Fake;
    use super::*;

    fn hint(fake: &Fake, errno: Errno, size: u64, pages: Pages) -> Option<String> {
        fake.hint(&Failed::CreateInHugePages { size, pages }, errno)
    }

    #[test]
    fn pool_that_is_too_small_is_named_with_its_setting() {
        let big = "sys/kernel/mm/hugepages/hugepages-1048576kB";
        let fake = Fake::new(&[
            (
                "proc/meminfo",
                "HugePages_Free:  7\nHugePages_Rsvd:  4\nHugepagesize:  2048 kB\n",
            ),
            (&format!("{big}/free_hugepages"), "1\n"),
            (&format!("{big}/resv_hugepages"), "1\n"),
        ]);
        let short = |size, pages| hint(&fake, Errno::ENOMEM, size, pages);
        assert_eq!(short(3 << 21, Pages::Huge), None);
        let expected = "huge pages of 2048 kB: 4 needed, 3 free; raise vm.nr_hugepages";
        assert_eq!(short((3 << 21) + 1, Pages::Huge).unwrap(), expected);
        assert_eq!(short(4 << 21, Pages::HugeOfPower(21)).unwrap(), expected);
        let setting = fake.path(big).join("nr_hugepages");
        assert_eq!(
            short(1, Pages::HugeOfPower(30)).unwrap(),
            format!(
                "huge pages of 1048576 kB: 1 needed, 0 free; raise {}",
                setting.display()
            )
        );
        assert_eq!(short(1, Pages::HugeOfPower(24)), None);
    }

    #[test]
    fn group_is_named_only_where_it_and_the_capability_are_missing() {
        let status = |capabilities, groups| {
            format!("Gid:\t5\t5\t5\t5\nGroups:\t{groups}\nCapEff:\t{capabilities}\n")
        };
        let hint_for = |status: String| {
            let files = [
                ("proc/self/status", status.as_str()),
                ("proc/sys/vm/hugetlb_shm_group", "70\n"),
            ];
            hint(&Fake::new(&files), Errno::EPERM, 1, Pages::Huge)
        };
        assert_eq!(
            hint_for(status("0000000000000000", "7 8")).unwrap(),
            "huge pages take CAP_IPC_LOCK or membership in group 70 (vm.hugetlb_shm_group)"
        );
        assert_eq!(hint_for(status("0000000000000000", "7 70")), None);
        assert_eq!(hint_for(status("0000000000004000", "7")), None);
    }

    #[test]
    fn sizes_are_listed_where_the_wanted_one_is_missing() {
        let fake = Fake::new(&[
            (
                "sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages",
                "0",
            ),
            ("sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "0"),
        ]);
        let other = |pages| hint(&fake, Errno::EINVAL, 0, pages);
        assert_eq!(
            other(Pages::HugeOfPower(16)).unwrap(),
            "the sizes of huge pages here are 2048kB, 1048576kB"
        );
        assert_eq!(other(Pages::HugeOfPower(21)), None);
        assert_eq!(other(Pages::Huge), None);
    }
}
