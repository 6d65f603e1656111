//! Writing a bundle: everything goes to a folder beside its place first, and gets its name when it is whole.

use crate::disk::{Disk, NewFile, RealDisk};
use crate::manifest::{Cover, ENVELOPE, MANIFEST, Manifest, SALTS, SUMS};
use crate::names::{Limits, Names};
use crate::{Bundle, BundleError, Previous, Recipients, SaltSeed, SigningKey, zip_write};
use annexa_model::{ControlRecord, RuleFiles};
use rand::TryRng;
use serde::Serialize;
use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What makes one bundle out of files: the key, the chain, the salts.
#[derive(Clone, Debug)]
pub struct Seal<'a> {
    /// The key that signs; none: the bundle is not signed, and says so.
    pub key: Option<&'a SigningKey>,
    /// The bundle before this one, which was verified; none: a chain begins.
    pub previous: Option<Previous>,
    /// Where the Merkle salts come from.
    pub salts: SaltSeed,
}

/// A bundle that stands at its place.
#[derive(Clone, Debug)]
pub struct Written {
    /// The place.
    pub path: PathBuf,
    /// Its manifest.
    pub manifest: Manifest,
    /// A folder that could not be removed and should be, by hand.
    pub leftover: Option<PathBuf>,
}

/// A bundle that is being written. Dropped before [`Writer::finish`], it leaves nothing.
pub struct Writer {
    pub(crate) disk: Arc<dyn Disk>,
    destination: PathBuf,
    form: Form,
    /// The folder beside the destination in which the bundle grows.
    pub(crate) staging: Staging,
    names: Names,
    folders: BTreeSet<PathBuf>,
}

/// What stands at the destination in the end.
enum Form {
    Folder,
    Zip,
    Encrypted(Recipients),
}

/// A folder that is removed when nobody needs it any more.
pub(crate) struct Staging(pub(crate) PathBuf);

impl Drop for Staging {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Writer {
    /// Begins a bundle at `destination`: a zip when the name ends in `.zip`, otherwise a folder. An older bundle there is
    /// replaced at the end; anything else is left alone.
    ///
    /// # Errors
    /// Something else is at the destination; its folder can't be written; or its name ends in `.age`, which is for
    /// [`Writer::create_encrypted`].
    pub fn create(destination: &Path) -> Result<Self, BundleError> {
        Self::create_on(Arc::new(RealDisk), destination)
    }

    /// The same on another disk, for tests.
    ///
    /// # Errors
    /// As [`Writer::create`].
    pub fn create_on(disk: Arc<dyn Disk>, destination: &Path) -> Result<Self, BundleError> {
        if ends_in(destination, "age") {
            return Err(BundleError::NoRecipients(destination.to_owned()));
        }
        Self::begin_at(disk, destination, if ends_in(destination, "zip") { Form::Zip } else { Form::Folder })
    }

    /// Begins a bundle that becomes a zip which only the recipients can open. Nothing that stands at `destination` is
    /// replaced. Until the end the clear text is in a hidden folder beside it that only its owner may enter.
    ///
    /// # Errors
    /// Something is at the destination; its folder can't be written; or there is no recipient.
    pub fn create_encrypted(destination: &Path, recipients: Recipients) -> Result<Self, BundleError> {
        Self::create_encrypted_on(Arc::new(RealDisk), destination, recipients)
    }

    /// The same on another disk, for tests.
    ///
    /// # Errors
    /// As [`Writer::create_encrypted`].
    pub fn create_encrypted_on(
        disk: Arc<dyn Disk>,
        destination: &Path,
        recipients: Recipients,
    ) -> Result<Self, BundleError> {
        if recipients.is_empty() {
            return Err(BundleError::NoRecipients(destination.to_owned()));
        }
        Self::begin_at(disk, destination, Form::Encrypted(recipients))
    }

    fn begin_at(disk: Arc<dyn Disk>, destination: &Path, form: Form) -> Result<Self, BundleError> {
        check_replaceable(destination, &form)?;
        let staging = sibling(destination, "partial")?;
        disk.create_dir(&staging).map_err(BundleError::io("create the folder", &staging))?;
        let staging = Staging(staging);
        let evidence = staging.0.join("evidence");
        disk.create_dir(&evidence).map_err(BundleError::io("create the folder", &evidence))?;
        let folders = BTreeSet::from([staging.0.clone(), evidence]);
        Ok(Self { disk, destination: destination.to_owned(), form, staging, names: Names::default(), folders })
    }

    /// The folder for evidence. Whatever is in it when the bundle is finished becomes part of the bundle.
    #[must_use]
    pub fn evidence_folder(&self) -> PathBuf {
        self.staging.0.join("evidence")
    }

    /// Begins a file, for content that comes piece by piece.
    ///
    /// # Errors
    /// The name can't stand in a bundle or occurs twice; or the file can't be created.
    pub fn begin(&mut self, path: &str) -> Result<BundleFile, BundleError> {
        if [MANIFEST, ENVELOPE, SUMS, SALTS].contains(&path) {
            return Err(BundleError::bad_entry(path, "the bundle writes it itself"));
        }
        self.names.add(path, &Limits::default()).map_err(|why| BundleError::bad_entry(path, why))?;
        self.begin_unchecked(path)
    }

    pub(crate) fn begin_unchecked(&mut self, path: &str) -> Result<BundleFile, BundleError> {
        let full = self.staging.0.join(path);
        let parents: Vec<&Path> =
            full.ancestors().skip(1).take_while(|folder| !self.folders.contains(*folder)).collect();
        let parents: Vec<PathBuf> = parents.into_iter().rev().map(Path::to_owned).collect();
        for folder in parents {
            self.disk.create_dir(&folder).map_err(BundleError::io("create the folder", &folder))?;
            self.folders.insert(folder);
        }
        let file = self.disk.create(&full).map_err(BundleError::io("create", &full))?;
        Ok(BundleFile { file: BufWriter::with_capacity(64 * 1024, file), path: full })
    }

    /// Adds a file.
    ///
    /// # Errors
    /// As [`Writer::begin`], or the file can't be written.
    pub fn add(&mut self, path: &str, bytes: &[u8]) -> Result<(), BundleError> {
        let mut file = self.begin(path)?;
        file.write(bytes)?;
        file.close()
    }

    /// Adds a file from a stream.
    ///
    /// # Errors
    /// As [`Writer::add`], or the stream fails.
    pub fn add_from(&mut self, path: &str, from: &mut dyn Read) -> Result<(), BundleError> {
        let mut file = self.begin(path)?;
        io::copy(from, &mut file.file).map_err(BundleError::io("write", &file.path))?;
        file.close()
    }

    /// Adds a JSON Lines file (`findings.jsonl`, `resources.jsonl`, `gaps.jsonl`), its records in the order given.
    ///
    /// # Errors
    /// As [`Writer::add`].
    pub fn add_records<T: Serialize>(
        &mut self,
        path: &str,
        records: impl IntoIterator<Item = impl Borrow<T>>,
    ) -> Result<(), BundleError> {
        let mut file = self.begin(path)?;
        for record in records {
            file.write_record(record.borrow())?;
            file.write(b"\n")?;
        }
        file.close()
    }

    /// Adds controls.json: one JSON array, one record a line.
    ///
    /// # Errors
    /// As [`Writer::add`].
    pub fn add_controls<'a>(
        &mut self,
        controls: impl IntoIterator<Item = &'a ControlRecord>,
    ) -> Result<(), BundleError> {
        let mut file = self.begin("controls.json")?;
        file.write(b"[")?;
        let mut between: &[u8] = b"\n";
        for control in controls {
            file.write(between)?;
            file.write_record(control)?;
            between = b",\n";
        }
        file.write(b"\n]\n")?;
        file.close()
    }

    /// Adds all that decided, below rules/.
    ///
    /// # Errors
    /// As [`Writer::add`].
    pub fn add_rules(&mut self, rules: &RuleFiles) -> Result<(), BundleError> {
        rules.iter().try_for_each(|(path, bytes)| self.add(&format!("rules/{path}"), bytes))
    }

    /// Writes manifest, salts, sums and signature, and puts the bundle in its place.
    ///
    /// # Errors
    /// Something can't be written, or can't stand in a bundle. Then nothing, or the older bundle, is at the destination.
    pub fn finish(mut self, cover: Cover, seal: &Seal<'_>) -> Result<Written, BundleError> {
        let (manifest, files) = crate::seal::seal(&mut self, cover, seal)?;
        // it may have changed since the beginning
        check_replaceable(&self.destination, &self.form)?;
        let path = self.destination.clone();
        let leftover = if matches!(self.form, Form::Folder) { self.place_folder()? } else { self.place_zip(&files)? };
        Ok(Written { path, manifest, leftover })
    }

    fn place_zip(self, files: &[(String, u64)]) -> Result<Option<PathBuf>, BundleError> {
        let Self { disk, destination, form, staging, .. } = self;
        let zip = Unfinished(sibling(&destination, "partial")?);
        let recipients = if let Form::Encrypted(recipients) = &form { Some(recipients) } else { None };
        zip_write::write(&*disk, &staging.0, files, recipients, &zip.0).map_err(BundleError::io("write", &zip.0))?;
        disk.rename(&zip.0, &destination).map_err(BundleError::io("put in place", &destination))?;
        let folder = staging.0.clone();
        drop(staging);
        Ok(folder.exists().then_some(folder))
    }

    fn place_folder(self) -> Result<Option<PathBuf>, BundleError> {
        let Self { disk, destination, staging, .. } = self;
        if destination.symlink_metadata().is_err() {
            disk.rename(&staging.0, &destination).map_err(BundleError::io("put in place", &destination))?;
            return Ok(None);
        }
        let old = sibling(&destination, "old")?;
        disk.rename(&destination, &old).map_err(BundleError::io("move away the older bundle at", &destination))?;
        if let Err(error) = disk.rename(&staging.0, &destination) {
            // not through the seam: a disk that fails once must still get the older bundle back
            std::fs::rename(&old, &destination).map_err(BundleError::io("put back the older bundle from", &old))?;
            return Err(BundleError::io("put in place", &destination)(error));
        }
        let _ = std::fs::remove_dir_all(&old);
        Ok(old.exists().then_some(old))
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("destination", &self.destination).finish_non_exhaustive()
    }
}

/// A file that is removed unless it got another name.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A file of a bundle that is being written.
pub struct BundleFile {
    file: BufWriter<Box<dyn NewFile>>,
    path: PathBuf,
}

impl BundleFile {
    /// Writes more of it.
    ///
    /// # Errors
    /// It can't be written.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), BundleError> {
        self.file.write_all(bytes).map_err(BundleError::io("write", &self.path))
    }

    /// Writes a value as JSON, without a newline.
    ///
    /// # Errors
    /// It can't be written.
    pub fn write_record<T: Serialize>(&mut self, record: &T) -> Result<(), BundleError> {
        serde_json::to_writer(&mut self.file, record)
            .map_err(|error| BundleError::io("write", &self.path)(error.into()))
    }

    /// A place for what writes piece by piece.
    pub fn stream(&mut self) -> &mut dyn Write {
        &mut self.file
    }

    /// The file is whole. A file that is not closed may lack its end.
    ///
    /// # Errors
    /// It can't be written.
    pub fn close(mut self) -> Result<(), BundleError> {
        self.file.flush().map_err(BundleError::io("write", &self.path))
    }

    /// The file is whole, and on the disk.
    pub(crate) fn close_synced(self) -> Result<(), BundleError> {
        let path = self.path;
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error);
        file.and_then(|mut file| file.sync()).map_err(BundleError::io("write", &path))
    }
}

impl std::fmt::Debug for BundleFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BundleFile").field("path", &self.path).finish_non_exhaustive()
    }
}

fn ends_in(path: &Path, what: &str) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(what))
}

/// `evidence` → `.evidence.partial-3f2a…` beside it: on the same disk, out of sight, and never there before.
fn sibling(destination: &Path, what: &str) -> Result<PathBuf, BundleError> {
    let Some(name) = destination.file_name() else {
        let why = "it has no name of its own".to_owned();
        return Err(BundleError::WouldOverwrite { path: destination.to_owned(), why });
    };
    let mut random = [0_u8; 8];
    rand::rngs::SysRng
        .try_fill_bytes(&mut random)
        .map_err(|error| BundleError::io("get randomness for", destination)(io::Error::other(error)))?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{what}-{}", hex::encode(random)));
    Ok(destination.with_file_name(hidden))
}

/// Only nothing, an empty folder, or a bundle with no foreign files is replaced.
fn check_replaceable(destination: &Path, form: &Form) -> Result<(), BundleError> {
    let metadata = match std::fs::symlink_metadata(destination) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(BundleError::io("look at", destination)(error)),
        Ok(metadata) => metadata,
    };
    let refuse = |why: &str| BundleError::WouldOverwrite { path: destination.to_owned(), why: why.to_owned() };
    if metadata.is_symlink() {
        return Err(refuse("it is a symbolic link"));
    }
    if matches!(form, Form::Encrypted(_)) {
        return Err(refuse("it is there already, and nobody can see what an encrypted file holds"));
    }
    if metadata.is_dir() == matches!(form, Form::Zip) {
        return Err(refuse(if metadata.is_dir() { "it is a folder" } else { "it is a file" }));
    }
    if metadata.is_dir() {
        let mut entries = std::fs::read_dir(destination).map_err(BundleError::io("list", destination))?;
        if entries.next().is_none() {
            return Ok(());
        }
    }
    let Ok(bundle) = Bundle::open(destination) else {
        return Err(refuse("it is not a bundle"));
    };
    match crate::verify::foreign_file(&bundle) {
        None => Err(refuse("it is not a bundle")),
        Some(None) => Ok(()),
        Some(Some(name)) => {
            Err(refuse(&format!("it holds `{}`, which is not part of a bundle", crate::path::shown(&name))))
        }
    }
}
