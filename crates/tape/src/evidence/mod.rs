//! Evidence files: JSON Lines of exchanges, one file an API operation (and region).

mod index;
mod lines;
mod name;
mod reader;
mod writer;

pub use name::EvidenceFile;
pub use reader::Evidence;
pub use writer::{EvidenceWriter, MemorySink, Sink};

#[cfg(test)]
mod tests;
