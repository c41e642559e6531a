//! The scenarios that come with the runner, built in, so that an installed program needs no folder beside it.

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../", $name, ".yaml")))),*]
    };
}

/// Name and text of each, the one to begin with first.
pub static ALL: &[(&str, &str)] = built_in![
    "quickstart",
    "unary-latency",
    "unary-throughput",
    "open-loop-poisson",
    "ramp",
    "channels-sweep",
    "payload-sweep",
    "compression",
    "codec",
    "window-sweep",
    "server-streaming",
    "client-streaming",
    "bidi-ping-pong",
    "bidi-independent",
    "paced-streams",
    "mixed-calls",
    "deadlines",
    "flaky-network",
    "tls",
];

/// The text of a built-in scenario.
pub fn find(name: &str) -> Option<&'static str> {
    ALL.iter()
        .find(|(known, _)| *known == name)
        .map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_built_in_under_its_name() {
        let folder = std::fs::read_dir(env!("CARGO_MANIFEST_DIR")).unwrap();
        let paths = folder.map(|entry| entry.unwrap().path());
        let yaml = paths.filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        });
        let mut files: Vec<String> = yaml
            .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        let mut names: Vec<String> = ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
        files.sort();
        names.sort();
        assert_eq!(files, names);
        for (name, text) in ALL {
            assert!(
                text.contains(&format!("name: {name}\n")),
                "{name}.yaml names itself otherwise"
            );
        }
    }
}
