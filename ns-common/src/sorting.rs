//! Sorting elements of any type with a single copy of the algorithm, which takes some 8 kB per
//! element type otherwise.

use std::cmp::Ordering;

/// Sorts `elements`; equal ones keep their order.
pub fn sort_by<T>(elements: &mut Vec<T>, compare: impl Fn(&T, &T) -> Ordering) {
    let order = order(elements.len(), &|one, other| {
        compare(&elements[one], &elements[other])
    });
    let mut before: Vec<Option<T>> = elements.drain(..).map(Some).collect();
    elements.extend(order.into_iter().filter_map(|place| before[place].take()));
}

/// The positions of `count` elements, in the order of the elements there.
fn order(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count).collect();
    places.sort_by(|one, other| compare(*one, *other));
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_elements_keep_their_order() {
        let mut elements: Vec<(u32, usize)> = (0..200).map(|place| (7, place)).collect();
        elements.extend([(3, 200), (9, 201), (3, 202)]);
        let mut expected = elements.clone();
        expected.sort_by_key(|(key, _)| *key);
        sort_by(&mut elements, |(one, _), (other, _)| one.cmp(other));
        assert_eq!(elements, expected);
        sort_by(&mut Vec::<u8>::new(), u8::cmp);
    }
}
