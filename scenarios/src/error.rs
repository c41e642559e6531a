//! What is wrong with a scenario, shown at the place where it was written.

use std::fmt::Display;
use std::ops::Range;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode, ThemeCharacters,
    ThemeStyles,
};

use crate::document::Fault;
use crate::source::{Source, floor};
use crate::tree::Place;

/// A mistake in a scenario file or in a `--set`: what was expected, where, and what was probably meant.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.message)]
pub struct ScenarioError(Box<Report>);

#[derive(Debug)]
struct Report {
    message: String,
    source_code: Option<Source>,
    labels: Vec<LabeledSpan>,
    help: Option<String>,
}

impl Diagnostic for ScenarioError {
    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        self.0
            .help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.0
            .source_code
            .as_ref()
            .map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.0.labels.iter().cloned()))
    }
}

/// The texts that a scenario is made of: the file first, then each `--set`.
#[derive(Debug)]
pub(crate) struct Sources(Vec<(String, String)>);

/// One mistake, before its place is looked up in the sources.
#[derive(Debug)]
pub(crate) struct Mistake {
    pub(crate) message: String,
    pub(crate) label: Option<&'static str>,
    pub(crate) help: Option<String>,
    pub(crate) place: Place,
    /// The part of the place's text that is wrong, where it can be found there.
    pub(crate) focus: Option<String>,
    /// A second place, with what it has to do with the first.
    pub(crate) also: Option<(Place, &'static str)>,
}

impl Mistake {
    /// A mistake without further advice.
    pub(crate) fn new(message: impl Into<String>, place: Place) -> Mistake {
        Mistake {
            message: message.into(),
            label: None,
            help: None,
            place,
            focus: None,
            also: None,
        }
    }
}

impl From<Fault> for Mistake {
    fn from(fault: Fault) -> Mistake {
        let also = fault.also.map(|place| (place, "it stands here already"));
        Mistake {
            help: fault.help,
            also,
            ..Mistake::new(fault.message, fault.place)
        }
    }
}

impl Sources {
    /// A file, and the `--set` arguments beside it.
    pub(crate) fn new(file_name: &str, text: &str, sets: &[String]) -> Sources {
        let file = (file_name.to_owned(), text.to_owned());
        let sets = sets.iter().map(|set| ("--set".to_owned(), set.clone()));
        Sources([file].into_iter().chain(sets).collect())
    }

    /// The name of the file.
    pub(crate) fn file(&self) -> &str {
        &self.0[0].0
    }

    /// A mistake as its author will see it.
    pub(crate) fn error(&self, mistake: Mistake) -> ScenarioError {
        let Mistake {
            message,
            label,
            help,
            mut place,
            focus,
            also,
        } = mistake;
        let (name, text) = &self.0[place.source.min(self.0.len() - 1)];
        let found = focus.and_then(|focus| {
            let at = text
                .get(place.range.clone())?
                .rfind(&focus)
                .filter(|_| !focus.is_empty())?;
            Some(place.range.start + at..place.range.start + at + focus.len())
        });
        place.range = found.unwrap_or(place.range);
        let (start, length) = first_line(text, &place);
        let mut labels = vec![LabeledSpan::new_primary_with_span(
            label.map(str::to_owned),
            (start, length),
        )];
        labels.extend(
            also.filter(|(second, _)| second.source == place.source)
                .map(|(second, why)| {
                    let (start, length) = first_line(text, &second);
                    LabeledSpan::new(Some(why.to_owned()), start, length)
                }),
        );
        let source_code = Some(Source::new(name, text));
        ScenarioError(Box::new(Report {
            message,
            source_code,
            labels,
            help,
        }))
    }
}

/// The part of `place` that lies on its first line: where it begins, and its length.
fn first_line(text: &str, place: &Place) -> (usize, usize) {
    let start = floor(text, place.range.start);
    let end = floor(text, place.range.end).max(start);
    let line = text[start..end]
        .lines()
        .next()
        .map_or(0, |line| line.trim_end().len());
    (start, line)
}

impl ScenarioError {
    /// A mistake in a text of another kind, such as a file that is imported: `range` are the bytes that are wrong.
    pub fn at(
        name: &str,
        text: &str,
        range: Range<usize>,
        message: impl Into<String>,
        help: Option<String>,
    ) -> ScenarioError {
        let place = Place { source: 0, range };
        Sources::new(name, text, &[]).error(Mistake {
            help,
            ..Mistake::new(message, place)
        })
    }

    /// A mistake that has no place in a text, such as a file that is not there.
    pub(crate) fn whole(message: String, help: Option<String>) -> ScenarioError {
        ScenarioError(Box::new(Report {
            message,
            source_code: None,
            labels: Vec::new(),
            help,
        }))
    }

    /// The mistake as it is shown: what, file, line, the line itself with a mark below it, and help.
    pub fn render(&self, color: bool) -> String {
        let styles = if color {
            ThemeStyles::ansi()
        } else {
            ThemeStyles::none()
        };
        let theme = GraphicalTheme {
            characters: ThemeCharacters::unicode(),
            styles,
        };
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_width(100)
            .with_links(false)
            .with_context_lines(1);
        let mut text = String::new();
        match handler.render_report(&mut text, self) {
            Ok(()) => text,
            Err(_) => self.to_string(),
        }
    }
}
