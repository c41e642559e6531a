//! Stacks side by side: every client against every server, what each pair achieved and cost, and against the first pair.

use super::format::{self, DASH, quantile, rate, size};
use super::{CaseView, Figure, Metric, Time, clean};
use crate::model::{CaseResult, Quantile, Refused, Repetition, RunResult};
use crate::stats::{self, Interval};

/// The keys of a comparison's points.
pub(super) const SIDES: [&str; 2] = ["client", "server"];

/// The pairs of a comparison, case by case.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// A group for each case of the scenario.
    pub groups: Vec<Group>,
    /// The pairs that could not be measured, or not to the end.
    pub refused: Vec<Refused>,
    /// What a reader may not conclude.
    pub cautions: Vec<String>,
    /// The other stacks with their versions.
    pub peers: Vec<(String, String)>,
}

/// All pairs of one case.
#[derive(Clone, Debug)]
pub struct Group {
    /// What the case is; empty where there is one only.
    pub label: String,
    /// The pair that the others are held against: the first that was measured.
    pub reference: String,
    /// Who calls, in the order of the command line.
    pub clients: Vec<String>,
    /// Who is called.
    pub servers: Vec<String>,
    /// The pairs, client by client.
    pub rows: Vec<Row>,
}

/// One pair.
#[derive(Clone, Debug)]
pub struct Row {
    /// Who calls.
    pub client: String,
    /// Who is called.
    pub server: String,
    /// Which of the view's cases it is.
    pub case: usize,
    /// Calls that ended OK, a second: the number itself.
    pub per_s: f64,
    /// The figures, one for each of [`HEADINGS`].
    pub figures: Vec<Figure>,
}

/// What stands over the figures of a row.
pub const HEADINGS: [&str; 9] = [
    "calls OK",
    "× reference",
    "server CPU/call",
    "client CPU/call",
    "p50",
    "p99",
    "p99.9",
    "server memory",
    "client memory",
];

impl Comparison {
    /// Finds the comparison in one result; `None` where it is none.
    pub(super) fn find(results: &[RunResult], cases: &[CaseView<'_>]) -> Option<Comparison> {
        let [result] = results else { return None };
        let is_pair = |case: &CaseResult| SIDES.iter().all(|side| case.point.contains_key(*side));
        if result.cases.is_empty() || !result.cases.iter().all(is_pair) {
            return None;
        }
        Some(Comparison {
            groups: groups(cases),
            refused: result.refused.iter().map(cleaned).collect(),
            cautions: cautions(result),
            peers: result
                .peers
                .iter()
                .map(|(name, version)| (clean(name), clean(version)))
                .collect(),
        })
    }
}

fn cleaned(refused: &Refused) -> Refused {
    let lines: Vec<String> = refused.why.lines().map(clean).collect();
    Refused {
        case: clean(&refused.case),
        client: clean(&refused.client),
        server: clean(&refused.server),
        why: lines.join("\n"),
    }
}

impl Row {
    /// `tonic → grpcio`.
    pub fn pair(&self) -> String {
        format!("{} → {}", self.client, self.server)
    }
}

fn groups(cases: &[CaseView<'_>]) -> Vec<Group> {
    let mut groups: Vec<(String, Vec<usize>)> = Vec::new();
    for (index, view) in cases.iter().enumerate() {
        let label = super::names::case_of_pair(view.case);
        match groups.iter_mut().find(|(known, _)| *known == label) {
            Some((_, indices)) => indices.push(index),
            None => groups.push((label, vec![index])),
        }
    }
    let several = groups.len() > 1;
    let group = |(label, indices): (String, Vec<usize>)| {
        let label = if several { label } else { String::new() };
        group(label, &indices, cases)
    };
    groups.into_iter().map(group).collect()
}

fn group(label: String, indices: &[usize], cases: &[CaseView<'_>]) -> Group {
    let reference = &cases[indices[0]];
    let rows: Vec<Row> = indices
        .iter()
        .map(|index| row(*index, &cases[*index], reference))
        .collect();
    let each_once = |name: fn(&Row) -> &String| {
        let mut names: Vec<String> = Vec::new();
        for row in &rows {
            if !names.contains(name(row)) {
                names.push(name(row).clone());
            }
        }
        names
    };
    Group {
        label,
        reference: rows[0].pair(),
        clients: each_once(|row| &row.client),
        servers: each_once(|row| &row.server),
        rows,
    }
}

fn row(index: usize, view: &CaseView<'_>, reference: &CaseView<'_>) -> Row {
    let repetitions = &view.case.repetitions;
    let h = &view.headline;
    let or_dash = |figure: &Option<Figure>| figure.clone().unwrap_or_else(|| plain(DASH));
    let memory = |of: fn(&Repetition) -> Option<u64>| {
        let most = repetitions.iter().filter_map(of).max();
        plain(format::or_dash(most, size))
    };
    let p999 = view.merged.time(Time::Response);
    let p999 = p999.map_or_else(
        || DASH.to_owned(),
        |time| quantile(time.shown(Quantile::P999)),
    );
    Row {
        client: clean(&view.case.client),
        server: clean(&view.case.server),
        case: index,
        per_s: view.merged.achieved_per_s,
        figures: vec![
            h.achieved.clone(),
            ratio(view, reference),
            or_dash(&h.server_cpu),
            or_dash(&h.client_cpu),
            h.p50.clone(),
            h.p99.clone(),
            plain(p999),
            memory(|r| r.server.as_ref()?.peak_rss_bytes),
            memory(|r| r.client.peak_rss_bytes),
        ],
    }
}

/// What was achieved against the reference. Pairs take turns, so each round gives a ratio of its own, and those are the
/// sample: what drifts from round to round cancels.
fn ratio(view: &CaseView<'_>, reference: &CaseView<'_>) -> Figure {
    let of_whole = view.merged.achieved_per_s / reference.merged.achieved_per_s;
    let value = if of_whole.is_finite() {
        times(of_whole)
    } else {
        DASH.to_owned()
    };
    let (mine, theirs) = (&view.case.repetitions, &reference.case.repetitions);
    let is_itself = std::ptr::eq(view.case, reference.case);
    let ratios: Option<Vec<f64>> = (mine.len() == theirs.len() && !is_itself)
        .then(|| {
            let pairs = mine.iter().zip(theirs);
            pairs
                .map(|(a, b)| Some(Metric::Achieved.of(a)? / Metric::Achieved.of(b)?))
                .collect()
        })
        .flatten();
    let ci95 = ratios.and_then(|ratios| stats::ci95(&ratios));
    Figure {
        ci95: ci95.map(|Interval { low, high }| format!("{} to {}", times(low), times(high))),
        ..plain(value)
    }
}

/// `0.42`, `3.10`, `12.4`.
fn times(ratio: f64) -> String {
    match ratio {
        r if r < 0.1 => format!("{r:.3}"),
        r if r < 10.0 => format!("{r:.2}"),
        r => format!("{r:.1}"),
    }
}

fn plain(value: impl Into<String>) -> Figure {
    Figure {
        label: "",
        value: value.into(),
        ci95: None,
        note: None,
    }
}

/// What a reader may not conclude from these numbers; the first sentences concern everybody.
fn cautions(result: &RunResult) -> Vec<String> {
    let mut cautions = vec![
        "A row is a pair: the slower side sets the pace. Compare servers under one fast client, and clients on one fast \
         server, not the diagonal."
            .to_owned(),
    ];
    let settings = || result.cases.iter().map(|case| &case.case);
    if settings().any(|case| case.pointer("/load/closed").is_some()) {
        cautions.push(
            "Closed loop: at saturation the response time is queueing. It says how many calls were in flight, not how \
             fast a stack answers one; that takes an open loop at a rate that all of them can serve."
                .to_owned(),
        );
    }
    let cores = |case: &serde_json::Value| {
        let of = |pointer: &str| {
            case.pointer(pointer)
                .and_then(|cpus| cpus.as_array())
                .map(Vec::len)
        };
        let server = of("/target/peer/cpus").or_else(|| of("/target/reference_server/cpus"));
        (of("/client/cpus"), server) == (Some(1), Some(1))
    };
    if settings().all(cores) {
        cautions.push(
            "One core for each side: nothing here says how a stack uses more of them.".to_owned(),
        );
    }
    if result
        .peers
        .values()
        .any(|version| version.contains("CPython"))
    {
        cautions.push(
            "CPython runs Python code on one thread at a time (the GIL): more threads do not use more cores there; more \
             processes do, which nobody started here."
                .to_owned(),
        );
    }
    cautions.push(
        "Peers' clients time their own calls, by the same monotonic clock; what a stack cannot tell is a dash.".to_owned(),
    );
    cautions.push(
        "`tonic` and `raw` are this project's own, written by people who know them best; the peers are small programs \
         in the manner of their examples, untuned."
            .to_owned(),
    );
    if result
        .cases
        .iter()
        .any(|case| case.repetitions.len() < stats::FEWEST)
    {
        cautions.push(format!(
            "Fewer than {} repetitions: no confidence intervals; `--set repetitions=5` gives some.",
            stats::FEWEST
        ));
    }
    cautions
}

/// A figure's number for a heat map: `12,345/s`.
pub(crate) fn heat(row: &Row) -> String {
    rate(row.per_s)
}
