//! The Merkle tree of RFC 6962, section 2.1, with salted leaves.
//!
//! A leaf is SHA-256(0x00 ‖ salt ‖ line); the salt keeps anyone who sees a proof from guessing its neighbours. With an
//! empty salt this is exactly the RFC's tree.

use sha2::{Digest, Sha256};

/// A SHA-256 digest.
pub type Hash = [u8; 32];

/// The hash of one leaf.
#[must_use]
pub fn leaf_hash(salt: &[u8], line: &[u8]) -> Hash {
    let mut leaf = LeafHasher::new(salt);
    leaf.update(line);
    leaf.finish()
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([0x01]);
    hasher.update(left);
    hasher.update(right);
    hasher.finalize().into()
}

/// Hashes a leaf piece by piece, for lines that need not fit into memory.
pub(crate) struct LeafHasher(Sha256);

impl LeafHasher {
    pub(crate) fn new(salt: &[u8]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update([0x00]);
        hasher.update(salt);
        Self(hasher)
    }

    pub(crate) fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    pub(crate) fn finish(self) -> Hash {
        self.0.finalize().into()
    }
}

/// Takes leaves one after the other and gives the root; keeps one hash for each bit of the count.
#[derive(Clone, Debug, Default)]
pub struct MerkleRoot {
    leaves: u64,
    /// Roots of the full subtrees so far, the largest first.
    peaks: Vec<Hash>,
}

impl MerkleRoot {
    /// Adds the next leaf, by its hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        // each trailing one bit of the count is a full subtree of the size that we just completed
        for _ in 0..self.leaves.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.peaks.push(hash);
        self.leaves += 1;
    }

    /// How many leaves there are.
    #[must_use]
    pub fn leaves(&self) -> u64 {
        self.leaves
    }

    /// The root over the leaves so far; of none the SHA-256 of nothing.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        match peaks.next() {
            None => Sha256::digest([]).into(),
            Some(last) => peaks.fold(*last, |right, left| node_hash(left, &right)),
        }
    }
}

/// The root over some leaf hashes.
#[must_use]
pub fn root_of(leaves: &[Hash]) -> Hash {
    let mut tree = MerkleRoot::default();
    leaves.iter().for_each(|leaf| tree.push(*leaf));
    tree.root()
}

/// The audit path of a leaf (RFC 6962, section 2.1.1): its neighbours' hashes from the leaf up. None when there is no
/// such leaf.
#[must_use]
pub fn inclusion_proof(leaves: &[Hash], index: u64) -> Option<Vec<Hash>> {
    let mut index = usize::try_from(index).ok().filter(|index| *index < leaves.len())?;
    let mut leaves = leaves;
    let mut path = Vec::new();
    while leaves.len() > 1 {
        // the largest power of two below the count
        let split = leaves.len().next_power_of_two() / 2;
        let (left, right) = leaves.split_at(split);
        if index < split {
            path.push(root_of(right));
            leaves = left;
        } else {
            path.push(root_of(left));
            leaves = right;
            index -= split;
        }
    }
    path.reverse();
    Some(path)
}

/// Whether a leaf is number `index` (from 0) of the tree with so many leaves and this root (the algorithm of RFC 9162,
/// section 2.1.3.2).
#[must_use]
pub fn verify_inclusion(leaf: &Hash, index: u64, leaves: u64, path: &[Hash], root: &Hash) -> bool {
    if index >= leaves {
        return false;
    }
    let (mut node, mut last, mut hash) = (index, leaves - 1, *leaf);
    for neighbour in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(neighbour, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, neighbour);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The inputs and roots of the reference implementations of RFC 6962 (certificate-transparency, `merkle_tree_test`).
    const INPUTS: [&str; 8] =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    fn leaves() -> Vec<Hash> {
        INPUTS.iter().map(|input| leaf_hash(b"", &hex::decode(input).unwrap())).collect()
    }

    #[test]
    fn the_published_roots() {
        for (count, root) in ROOTS.iter().enumerate() {
            assert_eq!(hex::encode(root_of(&leaves()[..count])), *root, "{count} leaves");
        }
    }

    #[test]
    fn the_published_audit_paths() {
        // the same implementations: (leaf from 0, leaves, path)
        let published: [(u64, usize, &[&str]); 4] = [
            (0, 1, &[]),
            (
                0,
                8,
                &[
                    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
                ],
            ),
            (
                5,
                8,
                &[
                    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                ],
            ),
            (2, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
        ];
        for (index, count, path) in published {
            let proof = inclusion_proof(&leaves()[..count], index).unwrap();
            assert_eq!(proof.iter().map(hex::encode).collect::<Vec<_>>(), path, "leaf {index} of {count}");
        }
    }

    #[test]
    fn a_salt_changes_the_leaf() {
        assert_ne!(leaf_hash(b"salt", b"line"), leaf_hash(b"", b"line"));
        assert_eq!(leaf_hash(b"salt", b"line"), leaf_hash(b"", b"saltline"));
    }

    proptest! {
        #[test]
        fn every_proof_holds_for_its_leaf_and_for_no_other(count in 1_u64..70, index in 0_u64..70, other in 0_u64..70, flip in 0_usize..256) {
            let index = index % count;
            let all: Vec<Hash> = (0..count).map(|n| leaf_hash(b"s", &n.to_be_bytes())).collect();
            let (root, proof) = (root_of(&all), inclusion_proof(&all, index).unwrap());
            let leaf = all[usize::try_from(index).unwrap()];
            prop_assert!(verify_inclusion(&leaf, index, count, &proof, &root));
            if other != index {
                prop_assert!(!verify_inclusion(&leaf, other, count, &proof, &root));
            }
            let mut wrong = root;
            wrong[flip / 8] ^= 1 << (flip % 8);
            prop_assert!(!verify_inclusion(&leaf, index, count, &proof, &wrong));
            if let Some((_, shorter)) = proof.split_last() {
                prop_assert!(!verify_inclusion(&leaf, index, count, shorter, &root));
            }
            let mut longer = proof.clone();
            longer.push(root);
            prop_assert!(!verify_inclusion(&leaf, index, count, &longer, &root));
        }

        #[test]
        fn a_proof_of_garbage_never_panics(index: u64, leaves: u64, path in proptest::collection::vec(any::<[u8; 32]>(), 0..70)) {
            let _ = verify_inclusion(&[0; 32], index, leaves, &path, &[1; 32]);
        }
    }
}
