//! A source text of which only as much of a line is shown as can be read.

use miette::{MietteError, MietteSpanContents, NamedSource, SourceCode, SourceSpan, SpanContents};

/// What is shown at most of the lines around a mistake: files without line breaks exist.
const MAX_SHOWN: usize = 2_000;
/// What is shown of a longer line on both sides of the mistake.
const AROUND: usize = 60;

/// A text and its name.
#[derive(Debug)]
pub(crate) struct Source {
    name: String,
    text: NamedSource<String>,
}

impl Source {
    pub(crate) fn new(name: &str, text: &str) -> Source {
        Source {
            name: name.to_owned(),
            text: NamedSource::new(name, text.to_owned()),
        }
    }
}

impl SourceCode for Source {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let whole = self.text.read_span(span, lines_before, lines_after)?;
        if whole.data().len() <= MAX_SHOWN {
            return Ok(whole);
        }
        let spot = self.text.read_span(span, 0, 0)?;
        let text = self.text.inner();
        let line = text[..span.offset()].rfind('\n').map_or(0, |at| at + 1);
        let start = floor(text, span.offset().saturating_sub(AROUND)).max(line);
        let end = floor(text, span.offset() + span.len().min(AROUND) + AROUND);
        let cut = text[start..end].find('\n').map_or(end, |at| start + at);
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            &text.as_bytes()[start..cut],
            (start, cut - start).into(),
            spot.line(),
            spot.column(),
            1,
        )))
    }
}

/// The last boundary of a character at or before `at`.
pub(crate) fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}
