//! Id maps, for uids and gids: user_namespaces(7), subuid(5).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::error::{Error, Message};
use crate::number::{self, Radix};
use crate::words;

/// User ids or group ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdKind {
    /// User ids.
    User,
    /// Group ids.
    Group,
}

/// A value for users and one for groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Both<T> {
    /// The one for users.
    pub user: T,
    /// The one for groups.
    pub group: T,
}

impl<T> Both<T> {
    /// Makes both values.
    pub fn try_new<E>(mut make: impl FnMut(IdKind) -> Result<T, E>) -> Result<Self, E> {
        Ok(Self {
            user: make(IdKind::User)?,
            group: make(IdKind::Group)?,
        })
    }

    /// The value for `kind`.
    pub fn get(&self, kind: IdKind) -> &T {
        match kind {
            IdKind::User => &self.user,
            IdKind::Group => &self.group,
        }
    }

    /// The value for `kind`, mutable.
    pub fn get_mut(&mut self, kind: IdKind) -> &mut T {
        match kind {
            IdKind::User => &mut self.user,
            IdKind::Group => &mut self.group,
        }
    }

    /// The value for users, then the one for groups.
    pub fn iter(&self) -> impl Iterator<Item = (IdKind, &T)> {
        [(IdKind::User, &self.user), (IdKind::Group, &self.group)].into_iter()
    }
}

impl IdKind {
    /// Users, then groups.
    pub const ALL: [Self; 2] = [Self::User, Self::Group];

    /// The word for an id of this kind, for messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "uid",
            Self::Group => "gid",
        }
    }

    /// The name of the map's file in `/proc/PID`.
    pub fn map_file(self) -> &'static str {
        match self {
            Self::User => "uid_map",
            Self::Group => "gid_map",
        }
    }

    /// The file of the ranges delegated to users: subuid(5), subgid(5).
    pub fn subid_file(self) -> &'static Path {
        Path::new(match self {
            Self::User => "/etc/subuid",
            Self::Group => "/etc/subgid",
        })
    }

    /// The privileged program that writes the map for a user: newuidmap(1), newgidmap(1).
    pub fn helper(self) -> &'static std::ffi::CStr {
        match self {
            Self::User => c"newuidmap",
            Self::Group => c"newgidmap",
        }
    }
}

/// One line of a map: the `count` ids starting at `inner` inside are those starting at `outer`
/// outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdExtent {
    /// The first id inside.
    pub inner: u32,
    /// The first id outside.
    pub outer: u32,
    /// How many ids.
    pub count: u32,
}

impl IdExtent {
    /// The extent that makes one `outer` id appear as `inner`.
    pub const fn single(inner: u32, outer: u32) -> Self {
        Self {
            inner,
            outer,
            count: 1,
        }
    }

    /// Parses `INNER:OUTER:COUNT`, or the older form `OUTER,INNER,COUNT`. Blanks and a sign may
    /// precede each number. Returns `None` for anything else, including numbers that are negative
    /// or too large for an id.
    pub fn parse(text: &OsStr) -> Option<Self> {
        let (first, separator, rest) = id_and_rest(text.as_bytes())?;
        let (second, same, rest) = id_and_rest(rest)?;
        let (count, end, _) = id_and_rest(rest)?;
        if separator != same || end.is_some() {
            return None;
        }
        match separator? {
            b':' => Some(Self {
                inner: first,
                outer: second,
                count,
            }),
            b',' => Some(Self {
                inner: second,
                outer: first,
                count,
            }),
            _ => None,
        }
    }

    /// Whether `id` is one of the inner ids.
    pub fn has_inner(self, id: u32) -> bool {
        id.checked_sub(self.inner)
            .is_some_and(|position| position < self.count)
    }

    /// Removes the ids of `alone` from both the inner and the outer range, and pairs the remaining
    /// ids in order.
    ///
    /// The result has at most three extents, none of them empty.
    fn around(self, alone: IdExtent) -> Vec<Self> {
        let position = |id: u32, base: u32| id.checked_sub(base);
        let (inner_hole, outer_hole) = (
            position(alone.inner, self.inner),
            position(alone.outer, self.outer),
        );
        let mut ends: Vec<u32> = [inner_hole, outer_hole, Some(self.count)]
            .into_iter()
            .flatten()
            .filter(|end| *end <= self.count)
            .collect();
        ends.sort_unstable();
        let mut start = 0;
        let mut extents = Vec::with_capacity(ends.len());
        for end in ends {
            if end > start {
                let skip = |hole: Option<u32>| u32::from(hole.is_some_and(|hole| hole <= start));
                extents.push(Self {
                    inner: self
                        .inner
                        .wrapping_add(start)
                        .wrapping_add(skip(inner_hole)),
                    outer: self
                        .outer
                        .wrapping_add(start)
                        .wrapping_add(skip(outer_hole)),
                    count: end - start,
                });
            }
            start = end;
        }
        extents
    }

    /// Whether `alone` lies in, or immediately after, the inner or the outer range.
    fn touches(self, alone: IdExtent) -> bool {
        let touches = |base: u32, id: u32| base <= id && id - base <= self.count;
        touches(self.outer, alone.outer) || touches(self.inner, alone.inner)
    }
}

fn id_and_rest(text: &[u8]) -> Option<(u32, Option<u8>, &[u8])> {
    let (number, rest) = number::leading(text, Radix::Decimal)?;
    let id = u32::try_from(number?).ok()?;
    let separator = rest.first().copied();
    Some((id, separator, rest.get(1..).unwrap_or_default()))
}

/// What an extent gives up for the id that is mapped separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hole {
    /// Its highest id, if it touches the separate one.
    CostsOneId,
    /// Nothing; it keeps its count.
    Free,
}

/// An id map, with its extents in the order in which they are written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IdMap(Vec<IdExtent>);

impl IdMap {
    /// A map of one extent.
    pub fn single(extent: IdExtent) -> Self {
        Self(vec![extent])
    }

    /// A map that begins with `alone`, the extent of an id mapped separately, if there is one. The
    /// extents of `ranges` follow, without that id.
    pub fn new(alone: Option<IdExtent>, ranges: &[(IdExtent, Hole)]) -> Self {
        let Some(alone) = alone else {
            return Self(
                ranges
                    .iter()
                    .map(|(range, _)| *range)
                    .filter(|range| range.count > 0)
                    .collect(),
            );
        };
        let mut extents = vec![alone];
        for (range, hole) in ranges {
            let mut range = *range;
            if *hole == Hole::CostsOneId && range.touches(alone) {
                range.count = range.count.saturating_sub(1);
            }
            extents.extend(range.around(alone));
        }
        Self(extents)
    }

    /// The extents, in order.
    pub fn extents(&self) -> &[IdExtent] {
        &self.0
    }

    /// The text for `uid_map` or `gid_map`.
    pub fn to_text(&self) -> Vec<u8> {
        let mut text = Message::new();
        for extent in &self.0 {
            text = text.with(&words![
                extent.inner,
                " ",
                extent.outer,
                " ",
                extent.count,
                "\n"
            ]);
        }
        text.as_bytes().to_vec()
    }
}

/// Finds the range that `/etc/subuid` or `/etc/subgid`, whose text is `table`, delegates to a user.
/// The first line for the user counts.
///
/// A line may name the user by `name` or by `uid`, in `/etc/subgid` too. `None` if no line does.
///
/// # Errors
/// A line for the user has a malformed first id or count.
pub fn delegated(table: &[u8], name: &OsStr, uid: u32) -> Result<Option<IdExtent>, Error> {
    let number = uid.to_string();
    for line in table.split(|byte| *byte == b'\n') {
        let mut fields = line.splitn(3, |byte| *byte == b':');
        let (Some(key), Some(first), Some(count)) = (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        if key == name.as_bytes() || key == number.as_bytes() {
            let outer = delegated_number(first)?;
            return Ok(Some(IdExtent {
                inner: outer,
                outer,
                count: delegated_number(count)?,
            }));
        }
    }
    Ok(None)
}

fn delegated_number(text: &[u8]) -> Result<u32, Error> {
    let text = OsStr::from_bytes(text);
    number::id(text).map_err(|reason| reason.into_error("failed to parse subid map", text))
}

/// Parses a map as the kernel prints it.
pub fn extents(map: &[u8]) -> Vec<IdExtent> {
    map.split(|byte| *byte == b'\n')
        .filter_map(|line| {
            let mut fields = line
                .split(|byte| *byte == b' ')
                .filter(|field| !field.is_empty());
            let mut number = || std::str::from_utf8(fields.next()?).ok()?.parse().ok();
            Some(IdExtent {
                inner: number()?,
                outer: number()?,
                count: number()?,
            })
        })
        .collect()
}

/// Parses a map as the kernel prints it, and maps its inner ids to themselves.
pub fn inner_identity(map: &[u8]) -> Vec<IdExtent> {
    let itself = |extent: IdExtent| IdExtent {
        outer: extent.inner,
        ..extent
    };
    extents(map).into_iter().map(itself).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<(u32, u32, u32)> {
        IdExtent::parse(OsStr::new(text)).map(|extent| (extent.inner, extent.outer, extent.count))
    }

    fn map(alone: (u32, u32), range: (u32, u32, u32), hole: Hole) -> Vec<(u32, u32, u32)> {
        let range = IdExtent {
            inner: range.0,
            outer: range.1,
            count: range.2,
        };
        let map = IdMap::new(Some(IdExtent::single(alone.0, alone.1)), &[(range, hole)]);
        map.extents()
            .iter()
            .map(|extent| (extent.inner, extent.outer, extent.count))
            .collect()
    }

    #[test]
    fn both_spellings_of_a_range_are_read() {
        assert_eq!(parse("0:100000:65536"), Some((0, 100_000, 65536)));
        assert_eq!(parse("100000,0,65536"), Some((0, 100_000, 65536)));
        assert_eq!(parse(" 1: +2: 3"), Some((1, 2, 3)));
        for text in [
            "",
            "1",
            "1:2",
            "1:2:3:4",
            "1:2,3",
            "1:2:3x",
            "1:2:3 ",
            "-1:2:3",
            "4294967296:0:1",
            "a:b:c",
            "1::3",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn single_id_is_cut_out_of_the_ranges() {
        use Hole::{CostsOneId, Free};
        assert_eq!(
            map((0, 1000), (0, 100_000, 65536), Free),
            [(0, 1000, 1), (1, 100_000, 65536)]
        );
        assert_eq!(
            map((1000, 1000), (0, 100_000, 65536), Free),
            [(1000, 1000, 1), (0, 100_000, 1000), (1001, 101_000, 64536)]
        );
        assert_eq!(
            map((1000, 1000), (995, 100_000, 10), CostsOneId),
            [(1000, 1000, 1), (995, 100_000, 5), (1001, 100_005, 4)]
        );
        assert_eq!(
            map((1000, 1000), (0, 100_000, 1000), CostsOneId),
            [(1000, 1000, 1), (0, 100_000, 999)]
        );
        assert_eq!(
            map((100_005, 1000), (100_000, 100_000, 65536), CostsOneId),
            [
                (100_005, 1000, 1),
                (100_000, 100_000, 5),
                (100_006, 100_005, 65530)
            ]
        );
        assert_eq!(
            map((5, 0), (0, 0, u32::MAX), CostsOneId),
            [(5, 0, 1), (0, 1, 5), (6, 6, 4_294_967_289)]
        );
        assert_eq!(map((0, 0), (0, 0, 0), CostsOneId), [(0, 0, 1)]);
    }

    #[test]
    fn ranges_without_a_single_id_are_unchanged() {
        let range = |count| {
            (
                IdExtent {
                    inner: 7,
                    outer: 7,
                    count,
                },
                Hole::CostsOneId,
            )
        };
        assert_eq!(
            IdMap::new(None, &[range(2), range(0)]).to_text(),
            b"7 7 2\n"
        );
    }

    #[test]
    fn delegation_compares_names_exactly() {
        let table = b"short:1\n1000abc:1:2\nann:300000:10\n1000:200000:20\n";
        let found = |name: &str, uid| {
            delegated(table, OsStr::new(name), uid)
                .unwrap()
                .map(|extent| extent.outer)
        };
        assert_eq!(found("ann", 1), Some(300_000));
        assert_eq!(found("bob", 1000), Some(200_000));
        assert_eq!(found("root", 0), None);
        assert!(delegated(b"ann:abc:1\n", OsStr::new("ann"), 1).is_err());
        assert!(delegated(b"ann:1:2 \n", OsStr::new("ann"), 1).is_err());
    }

    #[test]
    fn kernel_map_is_read_as_identity() {
        let map =
            inner_identity(b"         0       1000          1\n      1000     100000      65536\n");
        assert_eq!(
            map[1],
            IdExtent {
                inner: 1000,
                outer: 1000,
                count: 65536
            }
        );
        assert_eq!(map.len(), 2);
    }
}
