//! Evidence to read.

use super::index::Index;
use super::lines::{self, invalid};
use super::name;
use super::writer::{MemorySink, Sink};
use annexa_model::{Exchange, ExchangeHead, Kind};
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Exchanges to read: a folder on disk or files in memory. Cheap to clone; a folder is read when asked, a file at a time.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    files: Files,
    /// Made at the first look-up by id.
    index: Mutex<Option<Arc<Index>>>,
}

#[derive(Debug)]
enum Files {
    Folder { root: PathBuf, paths: Vec<String> },
    Memory(BTreeMap<String, Vec<u8>>),
}

impl Default for Files {
    fn default() -> Self {
        Self::Memory(BTreeMap::new())
    }
}

impl Evidence {
    /// Opens a folder with the layout of `evidence/`. Only plain `.jsonl` files in their places count.
    pub fn open(root: &Path) -> io::Result<Self> {
        let mut paths = Vec::new();
        for kind in Kind::ALL {
            for target in entries(&root.join(kind.as_str()))? {
                for file in entries(&root.join(kind.as_str()).join(&target))? {
                    if file.ends_with(".jsonl") {
                        paths.push(format!("{kind}/{target}/{file}"));
                    }
                }
            }
        }
        paths.retain(|path| fs::symlink_metadata(root.join(path)).is_ok_and(|data| data.is_file()));
        paths.sort();
        Ok(Self::new(Files::Folder { root: root.to_owned(), paths }))
    }

    /// Evidence from files in memory, by path below `evidence/`.
    #[must_use]
    pub fn from_files(files: BTreeMap<String, Vec<u8>>) -> Self {
        Self::new(Files::Memory(files))
    }

    /// The evidence of exchanges in memory (tests, small tapes).
    #[must_use]
    pub fn from_exchanges(exchanges: Vec<Exchange>) -> Self {
        let sink = MemorySink::new();
        // an exchange is always JSON and memory can't fail, so nothing is lost here
        exchanges.iter().for_each(|exchange| sink.keep(exchange).unwrap_or_default());
        sink.evidence().unwrap_or_default()
    }

    fn new(files: Files) -> Self {
        Self { inner: Arc::new(Inner { files, index: Mutex::new(None) }) }
    }

    /// The paths of all files below `evidence/`, sorted.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        let (listed, in_memory) = match &self.inner.files {
            Files::Folder { paths, .. } => (paths.as_slice(), None),
            Files::Memory(files) => (&[][..], Some(files.keys())),
        };
        listed.iter().chain(in_memory.into_iter().flatten()).map(String::as_str)
    }

    /// The paths that begin with some text, sorted; a large estate has thousands, and each target asks for its own.
    fn paths_from<'e>(&'e self, start: &'e str) -> impl Iterator<Item = &'e str> {
        let (listed, in_memory) = match &self.inner.files {
            Files::Folder { paths, .. } => (&paths[paths.partition_point(|path| path.as_str() < start)..], None),
            Files::Memory(files) => {
                (&[][..], Some(files.range::<str, _>((Bound::Included(start), Bound::Unbounded)).map(|(path, _)| path)))
            }
        };
        let paths = listed.iter().chain(in_memory.into_iter().flatten()).map(String::as_str);
        paths.take_while(move |path| path.starts_with(start))
    }

    /// The bytes of a file.
    pub fn read(&self, path: &str) -> io::Result<Cow<'_, [u8]>> {
        let missing = || io::Error::new(io::ErrorKind::NotFound, format!("there is no evidence file {path}"));
        match &self.inner.files {
            Files::Folder { root, paths } => {
                known(paths, path).ok_or_else(missing)?;
                Ok(Cow::Owned(fs::read(root.join(path))?))
            }
            Files::Memory(files) => Ok(Cow::Borrowed(files.get(path).ok_or_else(missing)?)),
        }
    }

    /// The exchanges of a file, in its order.
    pub fn of_file(&self, path: &str) -> io::Result<Vec<Exchange>> {
        self.records(path)
    }

    fn records<T: DeserializeOwned>(&self, path: &str) -> io::Result<Vec<T>> {
        let file = self.read(path)?;
        lines::split(&file).map(|line| lines::parse(path, line)).collect()
    }

    /// All exchanges, file by file; a file that can't be read is one error.
    pub fn exchanges(&self) -> impl Iterator<Item = io::Result<Exchange>> + '_ {
        self.paths().flat_map(|path| match self.of_file(path) {
            Ok(exchanges) => exchanges.into_iter().map(Ok).collect::<Vec<_>>(),
            Err(error) => vec![Err(error)],
        })
    }

    /// The exchanges of one target, sorted by file and [`Exchange::sort_order`].
    pub fn of_target(&self, kind: Kind, target: &str) -> io::Result<Vec<Exchange>> {
        let folder = name::folder(kind, target);
        self.select(&folder, |_| true, |exchange: &Exchange| exchange.kind == kind && exchange.target == target)
    }

    /// The same without their bodies.
    pub fn heads_of_target(&self, kind: Kind, target: &str) -> io::Result<Vec<ExchangeHead>> {
        let folder = name::folder(kind, target);
        self.select(&folder, |_| true, |head: &ExchangeHead| head.kind == kind && head.target == target)
    }

    /// The exchanges of one operation of a target (all regions), in the same order.
    pub fn of_operation(&self, kind: Kind, target: &str, operation: &str) -> io::Result<Vec<Exchange>> {
        let start = format!("{}{}.", name::folder(kind, target), name::operation_name(operation));
        // what follows is the ending, or a region (which has no dots) and the ending
        let may_hold = |path: &str| path.strip_prefix(&start).is_some_and(|rest| rest.matches('.').count() <= 1);
        self.select(&start, may_hold, |exchange: &Exchange| {
            exchange.kind == kind && exchange.target == target && exchange.operation == operation
        })
    }

    fn select<T: DeserializeOwned>(
        &self,
        start: &str,
        file: impl Fn(&str) -> bool,
        wanted: impl Fn(&T) -> bool,
    ) -> io::Result<Vec<T>> {
        let mut found = Vec::new();
        for path in self.paths_from(start).filter(|path| file(path)) {
            found.extend(self.records(path)?.into_iter().filter(&wanted));
        }
        Ok(found)
    }

    /// The exchange with an id. Of several (the same identity behind two targets) the first.
    pub fn get(&self, id: &str) -> io::Result<Option<Exchange>> {
        self.look_up(id, |_| true)
    }

    /// The exchange of a target with an id.
    pub fn find(&self, target: &str, id: &str) -> io::Result<Option<Exchange>> {
        self.look_up(id, |exchange| exchange.target == target)
    }

    fn look_up(&self, id: &str, wanted: impl Fn(&Exchange) -> bool) -> io::Result<Option<Exchange>> {
        let index = self.index()?;
        for place in index.places(id) {
            let (path, line) = (index.path(place), self.slice(index.path(place), place.offset, place.length)?);
            let exchange: Exchange = serde_json::from_slice(&line)
                .map_err(|error| invalid(format!("evidence file {path}: changed while it was read: {error}")))?;
            if exchange.id == id && wanted(&exchange) {
                return Ok(Some(exchange));
            }
        }
        Ok(None)
    }

    fn index(&self) -> io::Result<Arc<Index>> {
        let mut slot = self.inner.index.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = &*slot {
            return Ok(Arc::clone(index));
        }
        let mut index = Index::default();
        for path in self.paths() {
            index.add(path, &self.read(path)?)?;
        }
        let index = Arc::new(index.finish());
        *slot = Some(Arc::clone(&index));
        Ok(index)
    }

    /// Some bytes of a file: a line whose place is known.
    pub fn slice(&self, path: &str, offset: usize, length: usize) -> io::Result<Cow<'_, [u8]>> {
        match &self.inner.files {
            Files::Folder { root, paths } => {
                let path = known(paths, path).ok_or(io::ErrorKind::NotFound)?;
                let mut file = File::open(root.join(path))?;
                file.seek(SeekFrom::Start(offset as u64))?;
                let mut line = vec![0; length];
                file.read_exact(&mut line)?;
                Ok(Cow::Owned(line))
            }
            Files::Memory(files) => {
                let line = files.get(path).and_then(|file| file.get(offset..offset + length));
                line.map(Cow::Borrowed).ok_or_else(|| invalid(format!("evidence file {path} has changed")))
            }
        }
    }
}

/// A path that was listed: nothing else of a folder is read.
fn known<'p>(paths: &'p [String], path: &str) -> Option<&'p String> {
    paths.binary_search_by(|known| known.as_str().cmp(path)).ok().and_then(|place| paths.get(place))
}

/// The names in a folder; none if there is no such folder. A link is no folder.
fn entries(folder: &Path) -> io::Result<Vec<String>> {
    if !fs::symlink_metadata(folder).is_ok_and(|data| data.is_dir()) {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.extend(entry?.file_name().into_string().ok());
    }
    Ok(names)
}
