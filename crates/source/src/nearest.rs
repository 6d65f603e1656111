//! The nearest valid word to a misspelt one.

/// The candidate that most resembles a word, if any is close enough to be meant.
///
/// "Close" is at most a third of the longer word in edits (transpositions count once), or one word holding the other.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| {
            let other = candidate.to_lowercase();
            let distance = strsim::damerau_levenshtein(&lower, &other);
            let longest = lower.chars().count().max(other.chars().count());
            let contained = lower.len() >= 3 && (other.contains(&lower) || lower.contains(&other));
            (distance, candidate, distance * 3 <= longest || contained)
        })
        .filter(|(_, _, close)| *close)
        .min_by_key(|(distance, candidate, _)| {
            (*distance, std::cmp::Reverse(common_prefix(word, candidate)), *candidate)
        })
        .map(|(_, candidate, _)| candidate)
}

/// Among equally near words the one that begins alike was meant.
fn common_prefix(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(x, y)| x == y).count()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_the_word_that_was_meant() {
        let words = ["organization", "targets", "signing"];
        assert_eq!(nearest("organisation", words), Some("organization"));
        assert_eq!(nearest("target", words), Some("targets"));
        assert_eq!(nearest("colour", words), None);
    }
}
