#![doc = include_str!("../README.md")]

mod catalogue;
mod exceptions;
mod manual;
mod rollup;
mod sentence;
mod statement;

pub use catalogue::{Catalogue, Entry, Level, rules};
pub use exceptions::{Exception, ExceptionUse, Exceptions};
pub use manual::{ManualEvidence, ManualItem};
pub use rollup::{RollUp, roll_up};
pub use statement::{Statement, StatementEntry};
