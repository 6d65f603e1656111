//! Reads our own pages: tags, attributes, text. No parser of ours or others is needed for what we write.
#![allow(dead_code, clippy::unwrap_used, reason = "shared by several tests, which use a part of it each")]

/// The tags of a page, each from `<` to `>`.
pub(crate) fn tags(page: &str) -> impl Iterator<Item = &str> {
    page.match_indices('<').filter_map(|(at, _)| page[at..].find('>').map(|end| &page[at..=at + end]))
}

/// The attributes of a tag as `name="value"`.
pub(crate) fn attribute_list(tag: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = tag.trim_start_matches('<').split_once(' ').map_or("", |(_, rest)| rest);
    while let Some((name, after)) = rest.split_once("=\"") {
        let (value, tail) = after.split_once('"').unwrap();
        out.push(format!("{}=\"{value}\"", name.trim()));
        rest = tail;
    }
    out
}

/// The values of one attribute over a page.
pub(crate) fn attributes(page: &str, name: &str) -> Vec<String> {
    let prefix = format!("{name}=\"");
    let list = tags(page).flat_map(attribute_list);
    list.filter_map(|a| a.strip_prefix(&prefix).map(|value| value.trim_end_matches('"').to_owned())).collect()
}

/// The level of a heading's tag.
pub(crate) fn heading_level(tag: &str) -> Option<u8> {
    let level = tag.strip_prefix("<h")?.chars().next()?.to_digit(10)?;
    u8::try_from(level).ok()
}

/// The path that a link on `page` leads to.
pub(crate) fn resolve(page: &str, href: &str) -> String {
    let mut folders: Vec<&str> = page.split('/').collect();
    folders.pop();
    for segment in href.split('/') {
        if segment == ".." {
            folders.pop().unwrap();
        } else {
            folders.push(segment);
        }
    }
    folders.join("/")
}

/// The text of the element with this `data-question`.
pub(crate) fn question(page: &str, number: u8) -> String {
    let start = page.find(&format!("data-question=\"{number}\"")).unwrap();
    let start = page[..start].rfind('<').unwrap();
    let mut depth = 0;
    let mut at = start;
    loop {
        let open = page[at..].find('<').unwrap() + at;
        if page[open..].starts_with("<section") {
            depth += 1;
        } else if page[open..].starts_with("</section") {
            depth -= 1;
        }
        if depth == 0 {
            return text(&page[start..open]);
        }
        at = open + 1;
    }
}

/// The text of a page, a line for each block, as a person reads it.
pub(crate) fn text(page: &str) -> String {
    let mut out = String::new();
    let mut rest = page.split_once("</head>").map_or(page, |(_, body)| body);
    while let Some(open) = rest.find('<') {
        out.push_str(&rest[..open]);
        let close = rest[open..].find('>').unwrap() + open;
        let tag = &rest[open..=close];
        let breaks = [
            "<p", "</p", "<h", "</h", "<tr", "<li", "<dt", "<pre", "</pre", "<section", "<summary", "<article", "<nav",
            "<br", "<dd", "<footer",
        ];
        if breaks.iter().any(|name| tag.starts_with(name)) {
            out.push('\n');
        } else if tag.starts_with("<td") || tag.starts_with("<th ") {
            out.push_str(" | ");
        }
        rest = &rest[close + 1..];
    }
    out.push_str(rest);
    let out = out
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&");
    let lines = out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}
