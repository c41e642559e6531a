//! `junit.xml`: a gate as test cases, which Jenkins, GitLab and most others show.
//!
//! The subset is Jenkins' junit-10. Properties belong to suites there, so each case of the gate is a suite of its own;
//! GitLab does not read them, so the figures are in the output of the test cases too. What did not pass is a failure or
//! an error, never skipped, because skipped is shown in green.

use super::figures::{figures, lines, sentence};
use super::{gate, tests};
use crate::error::ReportError;
use crate::model::{Gate, GateTest, Outcome};
use crate::render::{Artifact, Renderer};
use crate::view::{View, clean};

/// One test case for each metric of each case, and one for the job.
#[derive(Clone, Copy, Debug)]
pub struct Junit;

impl Renderer for Junit {
    fn name(&self) -> &'static str {
        "junit"
    }

    fn render(&self, view: &View<'_>) -> Result<Vec<Artifact>, ReportError> {
        let files = gate(view).map(|gate| Artifact::text("junit.xml", document(gate)));
        Ok(files.into_iter().collect())
    }
}

struct Suite<'a> {
    name: &'a str,
    properties: String,
    cases: Vec<TestCase<'a>>,
}

struct TestCase<'a> {
    name: &'a str,
    problem: Option<Problem<'a>>,
    output: String,
}

struct Problem<'a> {
    /// `failure` or `error`.
    element: &'static str,
    kind: &'a str,
    message: String,
}

fn document(gate: &Gate) -> String {
    let mut suites = vec![of_job(gate)];
    let mut rest = tests(gate);
    while let Some(first) = rest.first().copied() {
        let (own, others): (Vec<_>, Vec<_>) =
            rest.into_iter().partition(|test| test.case == first.case);
        suites.push(of_case(&first.case, &own));
        rest = others;
    }
    let cases: Vec<_> = suites.iter().flat_map(|suite| &suite.cases).collect();
    let name = attribute(&gate.name);
    let sums = sums(&cases);
    let suites: String = suites.iter().map(|suite| suite.xml(&gate.name)).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"{name}\" {sums}>\n{suites}</testsuites>\n"
    )
}

/// The job itself: what forbids a verdict is its error.
fn of_job(gate: &Gate) -> Suite<'_> {
    let findings = gate.findings.iter();
    let findings =
        findings.map(|f| format!("{}: {}; {}\n", f.rule, clean(&f.seen), clean(&f.remedy)));
    let first = gate.findings.first();
    let problem = Problem {
        element: "error",
        kind: first.map_or(Outcome::Invalid.name(), |finding| &finding.rule),
        message: first.map_or("no verdict".to_owned(), |finding| clean(&finding.seen)),
    };
    Suite {
        name: "gate",
        properties: String::new(),
        cases: vec![TestCase {
            name: "gate",
            problem: (gate.outcome == Outcome::Invalid).then_some(problem),
            output: format!(
                "verdict: {}\n{}",
                gate.outcome,
                findings.collect::<String>()
            ),
        }],
    }
}

fn of_case<'a>(name: &'a str, tests: &[&'a GateTest]) -> Suite<'a> {
    let case = |test: &&'a GateTest| TestCase {
        name: &test.metric,
        problem: problem(test),
        output: lines(test),
    };
    Suite {
        name,
        properties: tests.iter().map(|test| properties(test)).collect(),
        cases: tests.iter().map(case).collect(),
    }
}

/// What is advisory decides nothing, here neither.
fn problem(test: &GateTest) -> Option<Problem<'_>> {
    let (element, kind) = match test.outcome {
        _ if test.advisory => return None,
        Outcome::Pass | Outcome::Improved => return None,
        Outcome::Regressed => ("failure", "regression"),
        Outcome::Inconclusive | Outcome::Invalid => ("error", test.outcome.name()),
    };
    Some(Problem {
        element,
        kind,
        message: format!("{}: {}", test.metric, sentence(test)),
    })
}

/// The figures in base units.
fn properties(test: &GateTest) -> String {
    let property = |name: &str, value: &str| {
        format!(
            "      <property name=\"{}.{name}\" value=\"{value}\"/>\n",
            attribute(&test.metric)
        )
    };
    let figures = figures(test);
    let figures = figures
        .iter()
        .map(|figure| property(figure.name, &figure.number.to_string()));
    figures.collect::<String>() + &property("verdict", test.outcome.name())
}

/// The attributes that count test cases.
fn sums(cases: &[&TestCase<'_>]) -> String {
    let many = |element| {
        let problems = cases.iter().filter_map(|case| case.problem.as_ref());
        problems
            .filter(|problem| problem.element == element)
            .count()
    };
    format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\"",
        cases.len(),
        many("failure"),
        many("error")
    )
}

// === XML ===

impl Suite<'_> {
    fn xml(&self, gate: &str) -> String {
        let (name, sums) = (
            attribute(self.name),
            sums(&self.cases.iter().collect::<Vec<_>>()),
        );
        let properties = match self.properties.as_str() {
            "" => String::new(),
            properties => format!("    <properties>\n{properties}    </properties>\n"),
        };
        let class = attribute(&format!("{gate}.{}", self.name));
        let cases: String = self.cases.iter().map(|case| case.xml(&class)).collect();
        format!(
            "  <testsuite name=\"{name}\" {sums} skipped=\"0\">\n{properties}{cases}  </testsuite>\n"
        )
    }
}

impl TestCase<'_> {
    fn xml(&self, class: &str) -> String {
        let (name, output) = (attribute(self.name), text(&self.output));
        let problem = self.problem.as_ref().map_or(String::new(), |problem| {
            let (element, kind) = (problem.element, attribute(problem.kind));
            let message = attribute(&problem.message);
            // GitLab shows this text, and the output only where there is none.
            format!("      <{element} type=\"{kind}\" message=\"{message}\">{output}</{element}>\n")
        });
        format!(
            "    <testcase classname=\"{class}\" name=\"{name}\">\n{problem}      <system-out>{output}</system-out>\n    \
             </testcase>\n"
        )
    }
}

/// A text between tags. XML has no way to write most control characters, not even escaped, so they are dropped.
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push('\n'),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

/// A text between quotes, where a reader would take a line break for a space.
fn attribute(value: &str) -> String {
    text(value).replace('\n', "&#10;")
}
