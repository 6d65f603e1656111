//! Where exchanges go as they arrive.

use super::lines;
use super::name::EvidenceFile;
use super::reader::Evidence;
use annexa_model::Exchange;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many files a writer keeps open at once.
const OPEN_FILES: usize = 64;

/// Where exchanges go as they arrive.
pub trait Sink: Send + Sync {
    /// Keeps an exchange.
    fn keep(&self, exchange: &Exchange) -> io::Result<()>;
}

/// Writes exchanges below `evidence/` as they arrive; [`EvidenceWriter::close`] sorts the files.
#[derive(Debug)]
pub struct EvidenceWriter {
    root: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    closed: bool,
    paths: BTreeSet<String>,
    /// The files in use, the last used one at the end.
    open: Vec<(String, File)>,
}

impl EvidenceWriter {
    /// A writer below a folder, which becomes the bundle's `evidence/`. It is made if it is not there; if it is, it
    /// must be empty: evidence of two scans must not mix.
    pub fn create(root: &Path) -> io::Result<Self> {
        create_folder(root)?;
        if fs::read_dir(root)?.next().is_some() {
            let message = format!("{} is not empty; evidence needs a folder of its own", root.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
        }
        Ok(Self { root: root.to_owned(), state: Mutex::default() })
    }

    /// Sorts every file by [`Exchange::sort_order`] and keeps one line an id (the last complete one wins). Nothing can
    /// be kept after that. Syncing with the disk is left to whoever finishes the bundle: its digests tell if it failed.
    pub fn close(&self) -> io::Result<()> {
        let mut state = self.state();
        state.closed = true;
        state.open.clear();
        lines::same_but_for_case(state.paths.iter()).into_iter().try_for_each(|paths| self.finish(&paths))
    }

    /// Sorts the file of some paths that differ only in case (nearly always: one path).
    fn finish(&self, paths: &[&String]) -> io::Result<()> {
        let Some((path, others)) = paths.split_first() else { return Ok(()) };
        let whole = self.root.join(path);
        let mut file = fs::read(&whole)?;
        for other in others {
            let other = self.root.join(other);
            // where case does not count this is the same file once more, and its lines are repeats
            file.extend(fs::read(&other).or_else(none_if_missing)?);
            fs::remove_file(&other).or_else(none_if_missing)?;
            // goes only if it is empty
            let _ = other.parent().map(fs::remove_dir);
        }
        let sorted = lines::sort(path, &file)?;
        let unfinished = whole.with_extension("unsorted");
        if let Some(folder) = whole.parent() {
            create_folder(folder)?;
        }
        let mut file = private(OpenOptions::new().write(true).create(true).truncate(true)).open(&unfinished)?;
        file.write_all(&sorted)?;
        fs::rename(&unfinished, &whole)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, state: &mut State, path: &str) -> io::Result<File> {
        if let Some(place) = state.open.iter().position(|(open, _)| open == path) {
            return Ok(state.open.remove(place).1);
        }
        if state.open.len() >= OPEN_FILES {
            state.open.remove(0);
        }
        let whole = self.root.join(path);
        if let Some(folder) = whole.parent()
            && state.paths.insert(path.to_owned())
        {
            create_folder(folder)?;
        }
        private(OpenOptions::new().append(true).create(true)).open(whole)
    }
}

impl Sink for EvidenceWriter {
    fn keep(&self, exchange: &Exchange) -> io::Result<()> {
        let line = lines::write(exchange)?;
        let path = EvidenceFile::of(exchange).path;
        let mut state = self.state();
        if state.closed {
            return Err(io::Error::other("the evidence is closed already"));
        }
        let mut file = self.open(&mut state, &path)?;
        file.write_all(&line)?;
        state.open.push((path, file));
        Ok(())
    }
}

fn none_if_missing<T: Default>(error: io::Error) -> io::Result<T> {
    if error.kind() == io::ErrorKind::NotFound { Ok(T::default()) } else { Err(error) }
}

/// Evidence is confidential: for its owner's eyes only.
#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Keeps exchanges in memory: for tests and small tapes.
#[derive(Debug, Default)]
pub struct MemorySink {
    files: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl MemorySink {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The files as [`EvidenceWriter::close`] would leave them.
    pub fn files(&self) -> io::Result<BTreeMap<String, Vec<u8>>> {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let sorted = |paths: Vec<&String>| {
            let whole: Vec<u8> = paths.iter().flat_map(|path| &files[*path]).copied().collect();
            Ok((paths[0].clone(), lines::sort(paths[0], &whole)?))
        };
        lines::same_but_for_case(files.keys()).into_iter().map(sorted).collect()
    }

    /// The evidence so far.
    pub fn evidence(&self) -> io::Result<Evidence> {
        self.files().map(Evidence::from_files)
    }
}

impl Sink for MemorySink {
    fn keep(&self, exchange: &Exchange) -> io::Result<()> {
        let line = lines::write(exchange)?;
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.entry(EvidenceFile::of(exchange).path).or_default().extend(line);
        Ok(())
    }
}
