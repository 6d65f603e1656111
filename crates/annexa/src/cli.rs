//! The command line: words and their help. What they do stands in `commands/`.

use annexa_model::{Edition, Severity, Timestamp};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Evidence for ISO/IEC 27001 Annex A, from AWS, Kubernetes, GitHub and your own documents.
#[derive(Debug, Parser)]
#[command(name = "annexa", version, max_term_width = 100, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub output: OutputOptions,
    #[command(subcommand)]
    pub command: Command,
}

/// How much is said, and how.
#[derive(Clone, Debug, Args)]
pub(crate) struct OutputOptions {
    /// Say more on stderr; twice: every call.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub verbose: u8,
    /// Say nothing but errors on stderr.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Write the log as text or as JSON lines.
    #[arg(long, value_name = "FORMAT", default_value = "text", global = true)]
    pub log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the whole pipeline on an embedded, recorded company: no credentials, no network
    #[command(after_help = "Example:\n  annexa demo --out evidence\n  open evidence/index.html")]
    Demo(DemoArgs),
    /// Write a commented annexa.yaml from what can be detected here
    #[command(after_help = "Example:\n  annexa init --dir .")]
    Init(InitArgs),
    /// Ask all targets and write an evidence bundle
    #[command(after_help = "Example:\n  annexa scan -c annexa.yaml --out evidence.zip --fail-on high\n\n\
        Exit status: 0 done; 1 findings at or above --fail-on; 2 usage or configuration; 3 the scan is incomplete.")]
    Scan(ScanArgs),
    /// Check that a bundle is whole and unchanged, and who signed it
    #[command(after_help = "Example:\n  annexa verify evidence.zip --key auditee.pub.pem")]
    Verify(VerifyArgs),
    /// Derive all findings again, offline, from the answers recorded in a bundle
    #[command(after_help = "Example:\n  annexa reperform evidence.zip")]
    Reperform(ReperformArgs),
    /// Write a bundle's findings in another format
    #[command(after_help = "Example:\n  annexa report evidence.zip --format markdown >> \"$GITHUB_STEP_SUMMARY\"\n  \
        annexa report evidence.zip --format sarif --out annexa.sarif")]
    Report(ReportArgs),
    /// Compare two bundles
    #[command(after_help = "Example:\n  annexa diff last-week.zip today.zip --exit-code")]
    Diff(DiffArgs),
    /// List the controls of Annex A, or show one
    #[command(after_help = "Example:\n  annexa controls show A.8.24")]
    Controls(ControlsArgs),
    /// List the checks, show one, or run the examples inside check files
    #[command(after_help = "Example:\n  annexa checks test ./our-checks")]
    Checks(ChecksArgs),
    /// Print the least privilege that a scan needs
    #[command(after_help = "Example:\n  annexa permissions kubernetes | kubectl apply -f -")]
    Permissions(PermissionsArgs),
    /// Make a key pair for signing bundles
    #[command(after_help = "Example:\n  annexa keygen --out annexa.pem")]
    Keygen(KeygenArgs),
}

/// How an encrypted bundle is opened.
#[derive(Clone, Debug, Args)]
pub(crate) struct Opening {
    /// The file with your age key (AGE-SECRET-KEY-1…), for bundles that are encrypted.
    #[arg(long, value_name = "FILE", env = "ANNEXA_AGE_IDENTITY")]
    pub identity: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Where the bundle goes: a folder, or a file that ends in .zip.
    #[arg(long, value_name = "PATH", default_value = "annexa-demo")]
    pub out: PathBuf,
    /// How many calls may be under way at once.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub concurrency: u16,
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The folder that gets annexa.yaml.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ScanArgs {
    /// The configuration.
    #[arg(short, long, value_name = "FILE", default_value = "annexa.yaml")]
    pub config: PathBuf,
    /// Scan only targets whose name matches; may stand several times.
    #[arg(long, value_name = "GLOB")]
    pub target: Vec<String>,
    /// Run only checks whose id matches; may stand several times.
    #[arg(long, value_name = "CHECK-GLOB")]
    pub only: Vec<String>,
    /// Where the bundle goes: a folder, a file that ends in .zip, or s3://bucket/folder/name.zip. Default: evidence-<start of
    /// the scan>.
    #[arg(long, value_name = "PATH")]
    pub out: Option<PathBuf>,
    /// Encrypt the bundle for this age recipient (age1…), or for those that a file lists; may stand several times. The name
    /// of the bundle then ends in .age.
    #[arg(long, value_name = "RECIPIENT")]
    pub encrypt_to: Vec<String>,
    /// The bundle before this one; the new one names its digest.
    #[arg(long, value_name = "BUNDLE")]
    pub previous: Option<PathBuf>,
    /// Take the answers from a bundle's evidence in place of the providers; nothing is asked.
    #[arg(long, value_name = "BUNDLE")]
    pub replay: Option<PathBuf>,
    /// Exit with 1 when a finding of this severity or above fails and no exception covers it.
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    pub fail_on: Option<Severity>,
    /// Exit with 0 or 1 although something could not be read.
    #[arg(long)]
    pub allow_incomplete: bool,
    #[command(flatten)]
    pub opening: Opening,
    /// How many calls may be under way at once, in each target.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub concurrency: u16,
    /// How long one call may wait and be tried again when a provider asks to slow down or has trouble of its own.
    #[arg(long, value_name = "SECONDS", default_value_t = 180, value_parser = clap::value_parser!(u32).range(..=86_400))]
    pub patience: u32,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// A folder, .zip, .zip.age, or s3://bucket/key.
    pub bundle: PathBuf,
    /// The signer's public key, which you got from the signer and not from the bundle.
    #[arg(long, value_name = "PUBLIC.pem")]
    pub key: Option<PathBuf>,
    /// Answer in JSON.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub opening: Opening,
}

#[derive(Debug, Args)]
pub(crate) struct ReperformArgs {
    /// A folder, .zip, .zip.age, or s3://bucket/key.
    pub bundle: PathBuf,
    /// Use this program's own rules in place of the bundle's: what would the old answers have said today?
    #[arg(long)]
    pub with_current_rules: bool,
    /// Judge as of another time (RFC 3339) than the scan's start.
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<Timestamp>,
    /// Answer in JSON.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub opening: Opening,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// A folder, .zip, .zip.age, or s3://bucket/key.
    pub bundle: PathBuf,
    /// The format.
    #[arg(long)]
    pub format: ReportFormat,
    /// Where it goes; a folder for html. Default for the others: stdout.
    #[arg(long, value_name = "PATH")]
    pub out: Option<PathBuf>,
    /// A folder with your own templates for html, by the names of the built-in ones.
    #[arg(long, value_name = "DIR")]
    pub template: Option<PathBuf>,
    #[command(flatten)]
    pub opening: Opening,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// The pages
    Html,
    /// OSCAL assessment results
    Oscal,
    /// SARIF 2.1.0 for code scanning: open fails and unknowns
    Sarif,
    /// JUnit XML: a suite a check; unknown is an error
    Junit,
    /// One finding a row, for spreadsheets
    Csv,
    /// The summary for a CI job
    Markdown,
}

#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// The older bundle.
    pub old: PathBuf,
    /// The newer bundle.
    pub new: PathBuf,
    /// Exit with 1 when they differ.
    #[arg(long)]
    pub exit_code: bool,
    /// Answer in JSON.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub opening: Opening,
}

#[derive(Debug, Args)]
pub(crate) struct ControlsArgs {
    #[command(subcommand)]
    pub verb: ControlsVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ControlsVerb {
    /// List all controls of an edition
    List {
        /// The edition.
        #[arg(long, default_value = "2022", value_parser = edition)]
        edition: Edition,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show one control or clause
    Show {
        /// `A.8.24`, or a clause: `7.5.2`.
        id: String,
        /// The edition.
        #[arg(long, default_value = "2022", value_parser = edition)]
        edition: Edition,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ChecksArgs {
    #[command(subcommand)]
    pub verb: ChecksVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ChecksVerb {
    /// List all checks
    List {
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show one check with its reasons, fix and rule
    Show {
        /// The check's id.
        id: String,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Run the examples inside check files: the library's, and those in your own folders
    Test {
        /// Folders with your own checks.
        dirs: Vec<PathBuf>,
        /// A folder with your own AWS service descriptions, when your checks ask them.
        #[arg(long, value_name = "DIR")]
        services: Vec<PathBuf>,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct PermissionsArgs {
    /// The kind of target.
    pub kind: PermissionKind,
    /// With your own checks and services, from this configuration.
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PermissionKind {
    Aws,
    Kubernetes,
    Github,
}

#[derive(Debug, Args)]
pub(crate) struct KeygenArgs {
    /// The private key's file; the public key goes beside it, with .pub.pem in place of .pem.
    #[arg(long, value_name = "PRIVATE.pem")]
    pub out: PathBuf,
}

fn severity(word: &str) -> Result<Severity, String> {
    let found = Severity::ALL.into_iter().find(|s| s.as_str() == word);
    found.ok_or_else(|| wrong_word(word, Severity::ALL.map(Severity::as_str)))
}

fn edition(word: &str) -> Result<Edition, String> {
    let editions = [Edition::E2022, Edition::E2013];
    editions.into_iter().find(|e| e.as_str() == word).ok_or_else(|| wrong_word(word, editions.map(Edition::as_str)))
}

fn wrong_word<const N: usize>(word: &str, valid: [&str; N]) -> String {
    match annexa_source::nearest(word, valid) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("one of {}", valid.join(", ")),
    }
}
