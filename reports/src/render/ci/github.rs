//! What GitHub Actions takes from a step by other ways than files of a report: annotations, the step's summary and its
//! outputs. Texts only; who prints and writes them is the runner.

use super::figures::sentence;
use super::tests;
use crate::model::{Finding, Gate, GateTest, Outcome};
use crate::view::format::plural;

/// So many annotations of each kind are shown of a step.
const MOST_SHOWN: usize = 10;
/// A step's summary that is longer is dropped whole.
pub const LONGEST_SUMMARY: usize = 1 << 20;

/// Annotations, a line each: the worst ten errors and the worst ten warnings. `file` is the gate file, as the repository
/// knows it.
pub fn annotations(gate: &Gate, file: Option<&str>) -> String {
    let decided = |outcomes: &[Outcome]| -> Vec<&GateTest> {
        let decides = |test: &&GateTest| !test.advisory && outcomes.contains(&test.outcome);
        tests(gate).into_iter().filter(decides).collect()
    };
    let findings = gate
        .findings
        .iter()
        .map(|finding| of_finding(finding, file));
    let failed = decided(&[Outcome::Regressed, Outcome::Invalid]);
    let failed = failed.iter().map(|test| of_test("error", test, file));
    let errors: Vec<String> = findings.chain(failed).collect();
    let open = decided(&[Outcome::Inconclusive]);
    let warnings: Vec<String> = open.iter().map(|t| of_test("warning", t, file)).collect();
    let mut lines: Vec<String> = Vec::new();
    lines.extend(errors.iter().take(MOST_SHOWN).cloned());
    lines.extend(warnings.iter().take(MOST_SHOWN).cloned());
    lines.extend(rest(errors.len(), warnings.len(), file));
    lines.concat()
}

/// The annotation of a gate that came to no result.
pub fn failure(why: &str, file: Option<&str>) -> String {
    annotation("error", "gate: not run to its end", why, file)
}

fn of_finding(finding: &Finding, file: Option<&str>) -> String {
    let text = format!("{}; {}", finding.seen, finding.remedy);
    annotation("error", &format!("gate: {}", finding.rule), &text, file)
}

fn of_test(kind: &str, test: &GateTest, file: Option<&str>) -> String {
    let title = format!("{}: {} of {}", test.outcome, test.metric, test.case);
    annotation(kind, &title, &sentence(test), file)
}

fn rest(errors: usize, warnings: usize, file: Option<&str>) -> Option<String> {
    let [errors, warnings] = [errors, warnings].map(|n| n.saturating_sub(MOST_SHOWN) as u64);
    let text = format!(
        "{} and {} more are in the report",
        plural(errors, "error"),
        plural(warnings, "warning")
    );
    (errors + warnings > 0).then(|| annotation("notice", "gate: not all is shown", &text, file))
}

fn annotation(kind: &str, title: &str, text: &str, file: Option<&str>) -> String {
    let file = file.map_or(String::new(), |file| format!("file={},", property(file)));
    format!("::{kind} {file}title={}::{}\n", property(title), data(text))
}

/// A message. Line breaks are kept, escaped; other control characters would reach the log.
fn data(text: &str) -> String {
    let shown = |c: &char| !c.is_control() || matches!(c, '\n' | '\r');
    let text: String = text.chars().filter(shown).collect();
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A summary that fits into `room` bytes: whole, or its beginning with a word about it; `None` where not even that fits.
pub fn step_summary(summary: &str, room: usize) -> Option<String> {
    if summary.len() <= room {
        return Some(summary.to_owned());
    }
    let note = format!(
        "> [!WARNING]\n> Shortened: the whole summary has {} bytes, more than GitHub takes of a step. It is `summary.md` in the report.\n\n",
        summary.len()
    );
    let room = room.checked_sub(note.len())?;
    Some(note + beginning(summary, room))
}

/// Whole lines, up to a block that would be left open.
fn beginning(text: &str, room: usize) -> &str {
    let mut end = 0;
    let mut closed = 0;
    let mut open = 0_usize;
    for line in text.split_inclusive('\n') {
        end += line.len();
        if end > room {
            break;
        }
        open += line.matches("<details").count();
        open = open.saturating_sub(line.matches("</details>").count());
        if open == 0 {
            closed = end;
        }
    }
    &text[..closed]
}

/// The step's outputs, a line each. A report whose path has a line break is left out: it could be read as another output.
pub fn outputs(outcome: Outcome, exit_code: u8, report: &str) -> String {
    let report = if report.contains(['\n', '\r']) {
        ""
    } else {
        report
    };
    format!("verdict={outcome}\nexit_code={exit_code}\nreport={report}\n")
}
