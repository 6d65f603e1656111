//! A new data file is noticed only when cargo is told to look.

fn main() {
    println!("cargo::rerun-if-changed=kinds");
    println!("cargo::rerun-if-changed=types");
}
