//! Writes the report of the made-up company of the tests into a folder, to look at it in a browser:
//! `cargo run -p annexa-report --example pages -- /tmp/pages`; with a number behind it, one of that many findings.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a tool for people who work on the templates"
)]

#[path = "../tests/sample/mod.rs"]
mod sample;

fn main() {
    let folder = std::path::PathBuf::from(std::env::args().nth(1).unwrap());
    let many = std::env::args().nth(2).map(|n| n.parse().unwrap());
    let sample = many.map_or_else(sample::sample, sample::big);
    let templates = annexa_report::Templates::built_in().unwrap();
    let start = std::time::Instant::now();
    let (mut pages, mut size) = (0, 0);
    let report = annexa_report::render(&sample.input(), templates);
    println!("planned in {:?}", start.elapsed());
    for page in report {
        let (path, bytes) = page.unwrap();
        size += bytes.len();
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        pages += 1;
    }
    println!("{pages} pages, {size} bytes in {:?}", start.elapsed());
}
