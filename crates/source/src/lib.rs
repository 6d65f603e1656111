#![doc = include_str!("../README.md")]

mod diagnostic;
mod nearest;
mod yaml;

pub use diagnostic::{Diagnostic, SourceFile};
pub use nearest::nearest;
pub use serde_saphyr::{Location, Spanned, Tagged};
