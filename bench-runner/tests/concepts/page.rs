//! The page: for each concept what it is, how to see it, and what was seen.

use crate::claims::Concept;

const HEAD: &str = "# gRPC's ideas, each one you can run

Each section is one idea of gRPC, or of the HTTP/2 below it: what it is, a scenario that shows it, the command that runs it, and
what came of it. The page is made by a test (`UPDATE=1 cargo test -p bench-runner --test concepts`) from real runs on one small
machine, and the same test holds every claim against the result on every change: look at what differs, not at how fast it is.

";
const BEGIN: &str = "<!-- measured -->\n";
const END: &str = "<!-- end -->\n";

/// A table: its header, and its rows.
pub(crate) struct Table {
    pub(crate) header: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<String>>,
}

/// The page so far.
pub(crate) struct Page(String);

impl Page {
    pub(crate) fn new() -> Page {
        Page(HEAD.to_owned())
    }

    pub(crate) fn add(&mut self, concept: &Concept, table: &Table) {
        let Concept {
            title, text, see, ..
        } = concept;
        let (scenario, commands) = (concept.scenario(), concept.commands());
        self.0 += &format!(
            "## {title}\n\n{text}\n\n```yaml\n{scenario}```\n\n```sh\n{commands}```\n\n{BEGIN}{}{END}\n{see}\n\n",
            table.markdown()
        );
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl Table {
    fn markdown(&self) -> String {
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let mut text = line(self.header.iter().map(|name| (*name).to_owned()).collect());
        let rule = (0..self.header.len()).map(|i| if i == 0 { ":--" } else { "--:" });
        text += &line(rule.map(str::to_owned).collect());
        self.rows.iter().for_each(|row| text += &line(row.clone()));
        text
    }
}

/// A page without what was measured.
pub(crate) fn without_figures(page: &str) -> String {
    let mut text = String::new();
    let mut rest = page;
    while let Some((before, measured)) = rest.split_once(BEGIN) {
        text += before;
        rest = measured.split_once(END).map_or("", |(_, after)| after);
    }
    text + rest
}
