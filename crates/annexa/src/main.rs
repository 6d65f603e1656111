//! annexa
fn main() {}
