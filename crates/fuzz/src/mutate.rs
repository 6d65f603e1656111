//! Random changes of inputs, the same ones for the same number.

/// Changes inputs at random.
#[derive(Clone, Debug)]
pub struct Mutator {
    state: u64,
}

impl Mutator {
    /// Changes that depend on nothing but this number.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// SplitMix64: any state is a good one.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 when there is none.
    pub fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { usize::try_from(self.next() % end as u64).unwrap_or(0) }
    }

    /// Changes an input some times. `other` is another input to take pieces from.
    pub fn change(&mut self, input: &mut Vec<u8>, other: &[u8], words: &[&str]) {
        for _ in 0..=self.below(6) {
            self.change_once(input, other, words);
        }
    }

    fn change_once(&mut self, input: &mut Vec<u8>, other: &[u8], words: &[&str]) {
        let at = self.below(input.len() + 1);
        let end = (at + 1 + self.below(32)).min(input.len());
        match self.below(8) {
            0 => {
                let bit = self.below(8);
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << bit;
                }
            }
            1 => drop(input.drain(at..end)),
            2 => {
                let bytes: Vec<u8> = (0..=self.below(8)).map(|_| self.next().to_le_bytes()[0]).collect();
                drop(input.splice(at..at, bytes));
            }
            3 => {
                let piece = input[at..end].to_vec();
                let times = 1 + self.below(200);
                drop(input.splice(at..at, piece.repeat(times)));
            }
            4 => {
                let from = self.below(other.len() + 1);
                let to = (from + self.below(200)).min(other.len());
                drop(input.splice(at..end, other[from..to].iter().copied()));
            }
            5 => input.truncate(at),
            _ if words.is_empty() => {}
            _ => {
                let word = words.get(self.below(words.len())).copied().unwrap_or_default();
                drop(input.splice(at..at, word.bytes()));
            }
        }
    }
}
