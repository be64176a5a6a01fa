//! "Did you mean ...?"

/// The candidate nearest to what was typed, if one is near enough to be what was meant.
pub(super) fn nearest<'a>(typed: &str, candidates: &[&'a str]) -> Option<&'a str> {
    // A third of the letters wrong is a slip; more is another word.
    let tolerance = (typed.chars().count() / 3).max(1);
    candidates
        .iter()
        .map(|candidate| (distance(typed, candidate), *candidate))
        .filter(|(distance, _)| *distance <= tolerance)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters must be inserted, removed, replaced or swapped with their neighbour to get from one word to the
/// other (the "optimal string alignment" distance), regardless of case.
fn distance(from: &str, to: &str) -> usize {
    let from: Vec<char> = from.to_lowercase().chars().collect();
    let to: Vec<char> = to.to_lowercase().chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (i, &a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &b) in to.iter().enumerate() {
            let replaced = at(&last, j) + usize::from(a != b);
            let mut best = replaced.min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            if is_swap(&from, i, &to, j) {
                best = best.min(at(&before_last, j - 1) + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    at(&last, to.len())
}

/// Whether the two letters that end at `i` and `j` are each other's reverse.
fn is_swap(from: &[char], i: usize, to: &[char], j: usize) -> bool {
    i > 0 && j > 0 && from.get(i) == to.get(j - 1) && from.get(i - 1) == to.get(j)
}

fn at(row: &[usize], index: usize) -> usize {
    row.get(index).copied().unwrap_or(usize::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_slips() {
        for (from, to, expected) in
            [("type", "type", 0), ("tpye", "type", 1), ("Type", "type", 0), ("typ", "type", 1), ("", "abc", 3)]
        {
            assert_eq!(distance(from, to), expected, "{from} {to}");
            assert_eq!(distance(to, from), expected, "{to} {from}");
        }
    }

    #[test]
    fn only_near_words_are_suggested() {
        let keys = ["address", "addresses", "password", "password_file"];
        assert_eq!(nearest("adress", &keys), Some("address"));
        assert_eq!(nearest("adresses", &keys), Some("addresses"));
        assert_eq!(nearest("pasword_file", &keys), Some("password_file"));
        assert_eq!(nearest("sentinel", &keys), None);
        assert_eq!(nearest("", &keys), None);
    }
}
