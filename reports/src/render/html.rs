//! `report.html`: one page that holds everything it shows. No script, no network, light and dark.

use askama::Template;

use super::behind::{Extra, extras};
use super::{Artifact, Renderer};
use crate::error::ReportError;
use crate::model::{FEWEST_BEYOND, LimitVerdict, Outcome, Quantile, Says, Shown, Stage, Verdict};
use crate::plot::{self, Drawing, Shape};
use crate::view::facts::{self, Fact};
use crate::view::format::{count, quantile, rate, seconds};
use crate::view::{
    COLUMNS, CaseView, Cell, Column, GATE_HEADINGS, HEADINGS, LimitRow, RATIO_HEADINGS, Row,
    SEARCH_HEADINGS, SearchRow, Time, View, clean, link, yaml,
};

/// Cases beyond so many are folded at first.
const MOST_OPEN: usize = 8;
const STAGE_COLUMNS: [&str; 9] = [
    "stage",
    "from",
    "for",
    "offered",
    "achieved",
    "response p50",
    "response p99",
    "start lag p99",
    "errors",
];
const STYLE: &str = include_str!("../../templates/report.css");

/// The page.
#[derive(Clone, Copy, Debug)]
pub struct Html;

impl Renderer for Html {
    fn name(&self) -> &'static str {
        "html"
    }

    fn render(&self, view: &View<'_>) -> Result<Vec<Artifact>, ReportError> {
        let page = Page::new(view)?.render()?;
        Ok(vec![Artifact::text("report.html", page)])
    }
}

/// What the template is filled with.
#[derive(Template)]
#[template(path = "report.html")]
struct Page<'v, 'a> {
    view: &'v View<'a>,
    style: &'static str,
    verdict: Badge,
    is_invalid: bool,
    meta: String,
    several: bool,
    repeated: bool,
    opened: bool,
    overview: Vec<Column>,
    has_verdicts: bool,
    fewest: u64,
    columns: [(Quantile, &'static str); 5],
    headings: [&'static str; 9],
    gate_headings: [&'static str; 7],
    search_headings: [&'static str; 5],
    ratio_headings: [&'static str; 5],
    stage_columns: [&'static str; 9],
    figures: Vec<PageFigure>,
    measured_times: Vec<Time>,
    setups: Vec<Setup>,
}

/// A word in a colour.
#[derive(Clone, Copy, Debug)]
struct Badge {
    word: &'static str,
    class: &'static str,
}

/// A figure in two shapes, of which the page's width chooses one.
#[derive(Debug)]
struct PageFigure {
    wide: String,
    narrow: String,
    caption: String,
    is_broad: bool,
}

/// What a run was made of.
#[derive(Debug)]
struct Setup {
    label: String,
    facts: Vec<Fact>,
    scenario: String,
}

impl<'v, 'a> Page<'v, 'a> {
    fn new(view: &'v View<'a>) -> Result<Page<'v, 'a>, ReportError> {
        let cases = &view.cases;
        let measured = |time: &Time| cases.iter().any(|case| case.merged.time(*time).is_some());
        Ok(Page {
            style: STYLE,
            verdict: badge(view.verdict),
            is_invalid: view.verdict == Verdict::Invalid,
            meta: meta(view),
            several: view.has_several_cases(),
            repeated: cases.iter().any(|case| case.case.repetitions.len() > 1),
            opened: cases.len() <= MOST_OPEN,
            overview: view.overview(),
            has_verdicts: cases.iter().any(|case| case.verdict != view.verdict),
            fewest: FEWEST_BEYOND,
            columns: COLUMNS,
            headings: HEADINGS,
            gate_headings: GATE_HEADINGS,
            search_headings: SEARCH_HEADINGS,
            ratio_headings: RATIO_HEADINGS,
            stage_columns: STAGE_COLUMNS,
            figures: figures(view)?,
            measured_times: Time::ALL.into_iter().filter(measured).collect(),
            setups: setups(view),
            view,
        })
    }

    fn badge(&self, verdict: &Verdict) -> Badge {
        badge(*verdict)
    }

    fn verdict_of(&self, row: &Row) -> Badge {
        badge(self.view.cases[row.case].verdict)
    }

    fn limit_badge(&self, row: &LimitRow<'_>) -> Badge {
        let (word, class) = match row.outcome.outcome {
            LimitVerdict::Kept => ("kept", "good"),
            LimitVerdict::Broken => ("broken", "bad"),
            LimitVerdict::Inconclusive => ("inconclusive", "doubt"),
        };
        Badge { word, class }
    }

    fn outcome(&self, outcome: &Outcome) -> Badge {
        let class = match outcome {
            Outcome::Pass | Outcome::Improved => "good",
            Outcome::Inconclusive => "doubt",
            Outcome::Regressed | Outcome::Invalid => "bad",
        };
        Badge {
            word: outcome.name(),
            class,
        }
    }

    fn says(&self, row: &SearchRow) -> Badge {
        let class = match row.says {
            Says::Holds => "good",
            Says::Breaks => "bad",
            Says::NotMeasured => "doubt",
        };
        Badge {
            word: row.word(),
            class,
        }
    }

    fn about_case(&self, case: &CaseView<'_>) -> String {
        let measured = facts::measured(case.case.repetitions.len(), case.merged.measured_s);
        let mut parts = vec![case.summary(), format!("measured {measured}")];
        let who = [("client", &case.case.client), ("server", &case.case.server)];
        let who = who.into_iter().filter(|(_, name)| !name.is_empty());
        parts.extend(who.map(|(side, name)| format!("{side} {}", clean(name))));
        parts.retain(|part| !part.is_empty());
        parts.join(" · ")
    }

    fn window_sentence(&self, case: &CaseView<'_>) -> Option<String> {
        link::window_sentence(case)
    }

    fn cell_class(&self, cell: &Cell) -> &'static str {
        match cell.shown {
            Shown::TooFew(_) => "too-few",
            Shown::AtLeast(_) => "bound",
            Shown::Nothing | Shown::Exactly(_) => "exact",
        }
    }

    fn number(&self, n: &u64) -> String {
        count(*n)
    }

    fn stages(&self, case: &CaseView<'_>) -> Vec<Vec<String>> {
        case.merged.stages.iter().map(stage).collect()
    }

    fn extras(&self, case: &CaseView<'_>) -> Vec<Extra> {
        extras(case)
    }
}

const fn badge(verdict: Verdict) -> Badge {
    let (word, class) = match verdict {
        Verdict::Valid => ("valid", "good"),
        Verdict::Tainted => ("tainted", "doubt"),
        Verdict::Invalid => ("invalid", "bad"),
    };
    Badge { word, class }
}

/// When, on what, with what: the line under the name.
fn meta(view: &View<'_>) -> String {
    let [only] = view.results else {
        return format!("{} runs side by side", view.results.len());
    };
    let mut parts = Vec::new();
    parts.extend((!only.started_at.is_empty()).then(|| clean(&only.started_at)));
    parts.extend(only.environment.cpu.model.as_deref().map(clean));
    let software = &only.environment.software;
    parts.push(clean(&format!(
        "bench-runner {} ({})",
        software.bench_runner, software.build_profile
    )));
    parts.join(" · ")
}

fn figures(view: &View<'_>) -> Result<Vec<PageFigure>, ReportError> {
    let mut wide = plot::draw_all(view, Shape::WIDE)?;
    let narrow = plot::draw_all(view, Shape::NARROW)?;
    // Where one would be left alone in its row, the first has a row of its own.
    let has_broad = wide.len() % 2 == 1;
    if has_broad {
        let broad = plot::draw_all(view, Shape::BROAD)?;
        wide.splice(..1, broad.into_iter().take(1));
    }
    let pairs = wide.into_iter().zip(narrow).enumerate();
    Ok(pairs
        .map(|(i, (wide, narrow))| page_figure(&wide, &narrow, has_broad && i == 0))
        .collect())
}

fn page_figure(wide: &Drawing, narrow: &Drawing, is_broad: bool) -> PageFigure {
    PageFigure {
        wide: wide.inline(&format!("{}-wide", wide.name)),
        narrow: narrow.inline(&format!("{}-narrow", narrow.name)),
        caption: wide.caption.clone(),
        is_broad,
    }
}

fn setups(view: &View<'_>) -> Vec<Setup> {
    let runs = view.results.iter().zip(&view.runs);
    runs.map(|(result, label)| Setup {
        label: label.clone(),
        facts: facts::environment(result),
        scenario: yaml::block(&result.scenario),
    })
    .collect()
}

fn stage(stage: &Stage) -> Vec<String> {
    let bad = stage.counts.bad();
    vec![
        clean(&stage.name),
        seconds(stage.start_s),
        seconds(stage.length_s),
        rate(stage.offered_per_s),
        rate(stage.achieved_per_s),
        quantile(stage.response_time.shown(Quantile::P50)),
        quantile(stage.response_time.shown(Quantile::P99)),
        quantile(stage.start_lag.shown(Quantile::P99)),
        count(bad),
    ]
}
