//! Just enough of a parser to know whether every tag of a document is closed where it should be.

const VOID: [&str; 4] = ["meta", "br", "hr", "img"];

/// What is wrong with the tags of a document, if anything is.
pub(crate) fn fault(text: &str) -> Option<String> {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        if rest.starts_with('!') {
            continue;
        }
        let Some(end) = rest.find('>') else {
            return Some(format!(
                "a tag without an end: <{}",
                &rest[..rest.len().min(40)]
            ));
        };
        let tag = &rest[..end];
        rest = &rest[end + 1..];
        if tag.matches('"').count() % 2 == 1 {
            return Some(format!("an attribute without its quote: <{tag}>"));
        }
        let name = tag
            .trim_start_matches('/')
            .split([' ', '\n', '/'])
            .next()
            .unwrap_or_default();
        if tag.starts_with('/') {
            match open.pop() {
                Some(opened) if opened == name => {}
                other => return Some(format!("</{name}> closes {other:?}")),
            }
        } else if !tag.ends_with('/') && !VOID.contains(&name) {
            open.push(name);
        }
    }
    (!open.is_empty()).then(|| format!("never closed: {open:?}"))
}
