//! Text in aligned columns for a terminal, with colour where it is wanted.

use anstyle::{AnsiColor, Style};

/// What a text is, which decides how it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Strong,
    Faint,
    Good,
    Doubtful,
    Bad,
}

impl Tone {
    fn style(self) -> Style {
        let color = |color: AnsiColor| Style::new().fg_color(Some(color.into()));
        match self {
            Tone::Plain => Style::new(),
            Tone::Strong => Style::new().bold(),
            Tone::Faint => Style::new().dimmed(),
            Tone::Good => color(AnsiColor::Green),
            Tone::Doubtful => color(AnsiColor::Yellow),
            Tone::Bad => color(AnsiColor::Red).bold(),
        }
    }

    /// The text in this tone.
    pub(super) fn paint(self, text: &str, color: bool) -> String {
        if !color || self == Tone::Plain || text.is_empty() {
            return text.to_owned();
        }
        let style = self.style();
        format!("{style}{text}{style:#}")
    }
}

/// A text in a column.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) text: String,
    pub(super) tone: Tone,
}

impl Entry {
    pub(super) fn new(text: impl Into<String>, tone: Tone) -> Entry {
        Entry {
            text: text.into(),
            tone,
        }
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

/// Rows of entries. The first `left` columns stand to the left, the others to the right.
#[derive(Debug)]
pub(super) struct Grid {
    pub(super) left: usize,
    pub(super) rows: Vec<Vec<Entry>>,
}

impl Grid {
    /// The rows as lines, indented by two.
    pub(super) fn lines(&self, color: bool) -> Vec<String> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |i: usize| {
            let entries = self.rows.iter().filter_map(|row| row.get(i));
            entries.map(Entry::width).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let line = |row: &Vec<Entry>| self.line(row, &widths, color);
        self.rows.iter().map(line).collect()
    }

    fn line(&self, row: &[Entry], widths: &[usize], color: bool) -> String {
        let mut line = String::new();
        for (i, (entry, width)) in row.iter().zip(widths).enumerate() {
            let pad = " ".repeat(width - entry.width());
            let text = entry.tone.paint(&entry.text, color);
            line.push_str("  ");
            line.push_str(&if i < self.left {
                text + &pad
            } else {
                pad + &text
            });
        }
        line.truncate(line.trim_end().len());
        line
    }
}

/// Breaks a text into lines of at most `width` characters.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

/// The beginning of a text, with an ellipsis where something is left out.
pub(super) fn shorten(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width - 1).chain(['…']).collect()
}

/// Both ends of a text, with an ellipsis between them: names of one matrix differ at their ends.
pub(super) fn shorten_middle(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_owned();
    }
    let head = (width - 1) / 3;
    let tail = width - 1 - head;
    let (start, end) = (text.chars().take(head), text.chars().skip(length - tail));
    start.chain(['…']).chain(end).collect()
}
