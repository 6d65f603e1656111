#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests"))]

mod error;
mod get;
mod locker;
mod put;
mod retention;
mod url;

pub use error::{LockerError, Trouble};
pub use locker::{Locker, LockerSettings, Stored};
pub use retention::{Retain, RetainMode, Retention};
pub use url::{S3Url, S3UrlError};
