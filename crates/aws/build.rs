//! A new data file is noticed only when cargo is told to look.

fn main() {
    println!("cargo::rerun-if-changed=services");
    println!("cargo::rerun-if-changed=shapes");
}
