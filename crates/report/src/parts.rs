//! Long lists in parts, so that no page grows beyond what a browser opens at once.

use std::ops::Range;

/// Items of a list on one page.
pub(crate) const ITEMS: usize = 200;

/// Bytes that the items of one page may take; with the rest of a page it stays below 500 KB.
pub(crate) const BYTES: usize = 400_000;

/// Cuts a list into parts by the number of items and by their sizes. At least one part, which may be empty.
pub(crate) fn split(sizes: impl IntoIterator<Item = usize>) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let (mut start, mut end, mut bytes) = (0, 0, 0);
    for size in sizes {
        if end > start && (end - start == ITEMS || bytes + size > BYTES) {
            parts.push(start..end);
            (start, bytes) = (end, 0);
        }
        end += 1;
        bytes += size;
    }
    parts.push(start..end);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_bounded_by_items_and_bytes() {
        assert_eq!(split([]), std::iter::once(0..0).collect::<Vec<_>>());
        assert_eq!(split([1; 401]), [0..200, 200..400, 400..401]);
        assert_eq!(split([BYTES, 1, BYTES + 1, 1]), [0..1, 1..2, 2..3, 3..4]);
    }
}
