//! A new file in the demo's tape or company is noticed only when cargo is told to look.

fn main() {
    println!("cargo::rerun-if-changed=../../fixtures/demo/tape");
    println!("cargo::rerun-if-changed=../../fixtures/demo/company");
}
