//! The word that was most likely meant.

use alloc::vec::Vec;

/// Words longer than this are not compared: the work is their product.
const LONGEST: usize = 64;

/// The word of `known` that is nearest to `word`, if one is near: at most a third of the letters
/// differ, and at least one agrees.
pub fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    if word.len() > LONGEST {
        return None;
    }
    known
        .filter(|candidate| candidate.len() <= LONGEST)
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, candidate)| {
            let letters = word.chars().count().max(candidate.chars().count());
            *distance < letters && *distance <= (letters / 3).max(1)
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Letters to insert, remove, replace, or swap with their neighbour (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous_letter = None;
    for (row, letter) in a.chars().enumerate() {
        let mut current = Vec::with_capacity(last.len());
        current.push(row + 1);
        for (column, other) in b.iter().enumerate() {
            let at = |list: &[usize], index| list.get(index).copied().unwrap_or(usize::MAX / 2);
            let replaced = at(&last, column) + usize::from(letter != *other);
            let inserted = at(&current, column) + 1;
            let removed = at(&last, column + 1) + 1;
            let other_before = column.checked_sub(1).and_then(|index| b.get(index));
            let swapped = match column.checked_sub(1) {
                Some(index) if previous_letter == Some(*other) && other_before == Some(&letter) => {
                    at(&before_last, index) + 1
                }
                _ => usize::MAX,
            };
            current.push(replaced.min(inserted).min(removed).min(swapped));
        }
        before_last = core::mem::replace(&mut last, current);
        previous_letter = Some(letter);
    }
    last.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_of_the_keyboard_and_nothing_far() {
        let known = ["name", "participants", "files", "pipeline"];
        let nearest = |word| nearest(word, known.into_iter());
        assert_eq!(nearest("nmae"), Some("name"));
        assert_eq!(nearest("partcipants"), Some("participants"));
        assert_eq!(nearest("file"), Some("files"));
        assert_eq!(nearest("Pipeline"), Some("pipeline"));
        assert_eq!(nearest("x"), None);
        assert_eq!(nearest(""), None);
        assert_eq!(nearest("something else"), None);
    }

    #[test]
    fn counts_a_swap_as_one() {
        assert_eq!(distance("nmae", "name"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
