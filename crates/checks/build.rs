//! A new check is one new file: the library that is embedded must notice it.

fn main() {
    println!("cargo::rerun-if-changed=library");
}
