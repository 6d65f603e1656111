//! Names of pages and anchors. Whatever a bundle holds, a path stays inside the report and is plain ASCII.

use annexa_model::{Edition, short_hash};

/// A file name made of an id: the id itself where it is harmless, otherwise a hash.
///
/// An id that looks like a later part of another page (`tls-2`) gets a mark, so that no two pages share a name.
pub(crate) fn slug(id: &str) -> String {
    let plain = !id.is_empty()
        && id.len() <= 120
        && !id.starts_with(['.', '-'])
        && !id.contains("..")
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
    if !plain {
        return format!("x{}", short_hash(&[id]));
    }
    let ends_like_a_part = id.rsplit_once('-').is_some_and(|(_, tail)| tail.bytes().all(|b| b.is_ascii_digit()));
    if ends_like_a_part { format!("{id}_") } else { id.to_owned() }
}

/// The page of a control or clause.
pub(crate) fn control(edition: Edition, id: &str) -> String {
    let known = !id.is_empty()
        && id.len() <= 20
        && id
            .strip_prefix("A.")
            .unwrap_or(id)
            .split('.')
            .all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    let name = if known { id.to_owned() } else { format!("x{}", short_hash(&[id])) };
    match edition {
        Edition::E2022 => format!("controls/{name}.html"),
        Edition::E2013 => format!("controls/2013/{name}.html"),
    }
}

/// The list of controls of an edition.
pub(crate) fn control_list(edition: Edition) -> &'static str {
    match edition {
        Edition::E2022 => "controls.html",
        Edition::E2013 => "controls-2013.html",
    }
}

/// The page of a recorded file, without its ending: `exchanges/aws/prod/s3.ListBuckets`.
pub(crate) fn exchanges(file: &str) -> String {
    let file = file.strip_prefix("evidence/").unwrap_or(file);
    let file = file.strip_suffix(".jsonl").unwrap_or(file);
    let segments: Vec<String> = file.split('/').map(slug).collect();
    format!("exchanges/{}", segments.join("/"))
}

/// A part of a long list: `gaps.html`, `gaps-2.html`. `part` counts from 0.
pub(crate) fn part(base: &str, part: usize) -> String {
    if part == 0 { format!("{base}.html") } else { format!("{base}-{}.html", part + 1) }
}

/// An anchor made of an id.
pub(crate) fn anchor(prefix: char, id: &str) -> String {
    let plain = !id.is_empty() && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_hexdigit());
    if plain { format!("{prefix}-{id}") } else { format!("{prefix}-{}", short_hash(&[id])) }
}

/// The way from a page up to the report's root: `../` for each folder.
pub(crate) fn root(page: &str) -> String {
    "../".repeat(page.matches('/').count())
}

/// A bundle file's path as it stands in a link: whatever is not plain is percent-encoded, and it can't leave the bundle.
pub(crate) fn link(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for (i, segment) in path.split('/').filter(|s| !matches!(*s, "" | "." | "..")).enumerate() {
        if i > 0 {
            out.push('/');
        }
        for byte in segment.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
                out.push(char::from(byte));
            } else {
                out.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_become_names() {
        assert_eq!(slug("aws.s3.bucket-blocks-public-access"), "aws.s3.bucket-blocks-public-access");
        assert_eq!(slug("aws.elb.tls-2"), "aws.elb.tls-2_");
        assert_eq!(control(Edition::E2013, "A.10.1.1"), "controls/2013/A.10.1.1.html");
        assert_eq!(exchanges("evidence/aws/fleet/1/s3.ListBuckets.jsonl"), "exchanges/aws/fleet/1/s3.ListBuckets");
        assert_eq!(root("exchanges/aws/prod/x.html"), "../../../");
        assert_eq!(link("evidence/documents/isms/a b#.jsonl"), "evidence/documents/isms/a%20b%23.jsonl");
        assert_eq!(part("gaps", 1), "gaps-2.html");
    }

    proptest! {
        #[test]
        fn nothing_leaves_the_report(id in any::<String>()) {
            for path in [slug(&id), control(Edition::E2022, &id), exchanges(&id), link(&id), anchor('f', &id)] {
                prop_assert!(path.bytes().all(|b| b.is_ascii_graphic()), "{path}");
                prop_assert!(!path.contains("..") || link(&id) == path);
                prop_assert!(!path.split('/').any(|s| s == ".." || s == "."), "{path}");
                prop_assert!(!path.starts_with('/'));
                prop_assert!(!path.contains(['<', '"', '\\', ':']));
            }
        }
    }
}
