//! A map from kinds of namespaces to values.

use super::{Kind, KindSet};

/// At most one value per kind, in the order of [`Kind::ALL`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByKind<T>(Vec<(Kind, T)>);

impl<T> Default for ByKind<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> ByKind<T> {
    fn place(&self, kind: Kind) -> Result<usize, usize> {
        self.0.binary_search_by_key(&kind, |(kind, _)| *kind)
    }

    /// The value for `kind`.
    pub fn get(&self, kind: Kind) -> Option<&T> {
        let (_, value) = self.0.get(self.place(kind).ok()?)?;
        Some(value)
    }

    /// Sets the value for `kind`, and returns the previous one.
    pub fn insert(&mut self, kind: Kind, value: T) -> Option<T> {
        let old = self.remove(kind);
        let place = self.place(kind).unwrap_or_else(|place| place);
        self.0.insert(place, (kind, value));
        old
    }

    /// Removes and returns the value for `kind`.
    pub fn remove(&mut self, kind: Kind) -> Option<T> {
        let place = self.place(kind).ok()?;
        Some(self.0.remove(place).1)
    }

    /// Removes all values.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The kinds that have a value.
    pub fn kinds(&self) -> KindSet {
        self.0.iter().map(|(kind, _)| *kind).collect()
    }

    /// Whether `kind` has a value.
    pub fn contains(&self, kind: Kind) -> bool {
        self.place(kind).is_ok()
    }

    /// Whether no kind has a value.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The kinds and their values.
    pub fn iter(&self) -> impl Iterator<Item = (Kind, &T)> {
        self.0.iter().map(|(kind, value)| (*kind, value))
    }
}

impl<T> IntoIterator for ByKind<T> {
    type Item = (Kind, T);
    type IntoIter = std::vec::IntoIter<(Kind, T)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<T> FromIterator<(Kind, T)> for ByKind<T> {
    fn from_iter<I: IntoIterator<Item = (Kind, T)>>(pairs: I) -> Self {
        let mut values = Self::default();
        for (kind, value) in pairs {
            values.insert(kind, value);
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_in_the_order_of_kinds_and_once() {
        let mut values = ByKind::from_iter([(Kind::Uts, 1), (Kind::User, 2), (Kind::Uts, 3)]);
        assert_eq!(
            Vec::from_iter(values.iter()),
            [(Kind::User, &2), (Kind::Uts, &3)]
        );
        assert_eq!(values.get(Kind::Uts), Some(&3));
        assert_eq!(values.remove(Kind::User), Some(2));
        assert_eq!(values.remove(Kind::User), None);
        assert_eq!(values.kinds(), KindSet::EMPTY.with(Kind::Uts));
    }
}
