//! Which ids are mapped, and which process writes the maps.

use ns_common::error::Error;
use ns_common::idmap::{Both, Hole, IdExtent, IdKind, IdMap};

use super::{MapperJob, Writer};
use crate::caller::Caller;
use crate::request::{Range, Request, SingleId};

/// The maps, by the process that writes them.
pub(super) struct Maps {
    pub(super) mapper: Option<MapperJob>,
    /// The extents that the process itself writes.
    pub(super) single: Both<Option<IdExtent>>,
}

impl Maps {
    pub(super) fn new(request: &Request, caller: &dyn Caller) -> Result<Self, Error> {
        let written = Both::try_new(|kind| written(kind, request, caller))?;
        let Both { user, group } = written;
        let maps = Both {
            user: user.0,
            group: group.0,
        };
        let mapper = (maps != Both::default()).then(|| MapperJob {
            maps,
            writer: match caller.effective_id(IdKind::User) {
                0 => Writer::Mapper,
                _ => Writer::SetuidPrograms,
            },
        });
        let single = Both {
            user: user.1,
            group: group.1,
        };
        Ok(Self { mapper, single })
    }
}

/// The map for the mapper, or else the single extent that the process itself writes.
///
/// The mapper also writes a single extent if there are ranges too, or if the process gives up the
/// privilege to write it.
fn written(
    kind: IdKind,
    request: &Request,
    caller: &dyn Caller,
) -> Result<(Option<IdMap>, Option<IdExtent>), Error> {
    let privilege_leaves = request.owner.is_some_and(|owner| owner.get(kind).is_some());
    let single = request.single.get(kind).map(|id| {
        let outer = caller.effective_id(kind);
        match id {
            SingleId::Id(inner) => IdExtent::single(inner, outer),
            SingleId::Same => IdExtent::single(outer, outer),
        }
    });
    let ranges = request.ranges.get(kind);
    if ranges.is_empty() {
        return Ok(match single {
            Some(extent) if privilege_leaves => (Some(IdMap::single(extent)), None),
            single => (None, single),
        });
    }
    let mut extents = Vec::new();
    for range in ranges {
        match range {
            Range::Extent(extent) => extents.push((*extent, Hole::CostsOneId)),
            Range::Auto(block) => extents.push((IdExtent { inner: 0, ..*block }, Hole::Free)),
            Range::Subids(block) => extents.push((*block, Hole::CostsOneId)),
            Range::All => {
                let all = caller.all_ids(kind)?.into_iter();
                extents.extend(all.map(|extent| (extent, Hole::CostsOneId)));
            }
        }
    }
    Ok((Some(IdMap::new(single, &extents)), None))
}
