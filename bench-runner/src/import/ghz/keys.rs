//! The keys of a configuration, and the shorter names that they have had.

/// Every key with its other names: the letters of the command line, which configurations had before ghz 0.10, and
/// older words.
pub(super) const KEYS: &[(&str, &[&str])] = &[
    ("proto", &[]),
    ("protoset", &[]),
    ("call", &[]),
    ("import-paths", &["i"]),
    ("cacert", &[]),
    ("cert", &[]),
    ("key", &[]),
    ("cname", &[]),
    ("skipTLS", &["skip-tls"]),
    ("insecure", &[]),
    ("authority", &[]),
    ("async", &[]),
    ("rps", &["r", "qps", "q"]),
    ("load-schedule", &[]),
    ("load-start", &[]),
    ("load-step", &[]),
    ("load-end", &[]),
    ("load-step-duration", &[]),
    ("load-max-duration", &[]),
    ("concurrency", &["c"]),
    ("concurrency-schedule", &[]),
    ("concurrency-start", &[]),
    ("concurrency-step", &[]),
    ("concurrency-end", &[]),
    ("concurrency-step-duration", &[]),
    ("concurrency-max-duration", &[]),
    ("total", &["n"]),
    ("timeout", &["t"]),
    ("duration", &["z"]),
    ("max-duration", &["x"]),
    ("duration-stop", &[]),
    ("data", &["d"]),
    ("data-file", &["D", "data-path"]),
    ("binary", &["b"]),
    ("binary-file", &["B", "binary-path"]),
    ("metadata", &["m"]),
    ("metadata-file", &["M", "metadata-path"]),
    ("stream-interval", &["si"]),
    ("stream-call-duration", &[]),
    ("stream-call-count", &[]),
    ("stream-dynamic-messages", &[]),
    ("reflect-metadata", &[]),
    ("max-recv-message-size", &[]),
    ("max-send-message-size", &[]),
    ("output", &["o"]),
    ("format", &["O"]),
    ("skipFirst", &["skip-first"]),
    ("count-errors", &[]),
    ("connections", &[]),
    ("connect-timeout", &["dial-timeout", "T"]),
    ("keepalive", &["L"]),
    ("name", &[]),
    ("tags", &[]),
    ("cpus", &[]),
    ("debug", &[]),
    ("enable-compression", &["e"]),
    ("lb-strategy", &[]),
    ("disable-template-functions", &[]),
    ("disable-template-data", &[]),
    ("host", &[]),
];

/// The key that a name stands for. Go reads keys of JSON whatever their case; single letters mean different things in
/// upper and lower case.
pub(super) fn key_of(name: &str) -> Option<&'static str> {
    let exactly = KEYS
        .iter()
        .find(|(key, others)| *key == name || others.contains(&name));
    let nearly = || {
        KEYS.iter()
            .find(|(key, _)| name.len() > 1 && key.eq_ignore_ascii_case(name))
    };
    exactly.or_else(nearly).map(|(key, _)| *key)
}

/// The key that an unknown name was probably meant to be.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    scenarios::nearest(name, KEYS.iter().map(|(key, _)| *key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stands_for_one_key() {
        let mut names: Vec<&str> = KEYS
            .iter()
            .flat_map(|(key, others)| [key].into_iter().chain(others.iter()))
            .copied()
            .collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn case_matters_for_letters_only() {
        assert_eq!(key_of("Host"), Some("host"));
        assert_eq!(key_of("skiptls"), Some("skipTLS"));
        assert_eq!(key_of("CPUs"), Some("cpus"));
        assert_eq!(
            (key_of("d"), key_of("D")),
            (Some("data"), Some("data-file"))
        );
        assert_eq!(key_of("N"), None);
        assert_eq!(nearest("conncurrency"), Some("concurrency"));
    }
}
