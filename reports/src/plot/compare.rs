//! Stacks side by side: a heat map of clients and servers, and bars of what a call cost on each side.

use super::bars::{self, Bar, Reach};
use super::canvas::{Anchor, Canvas, DrawResult, Type};
use super::chart::header;
use super::ink::Ink;
use super::{Plan, Plot, Shape, shorten};
use crate::view::format::duration;
use crate::view::{Comparison, Group, Metric, View, heat, whisker};

/// Calls that ended OK, a second: a row for each client, a column for each server.
pub(super) struct Heat;

/// CPU time of the server for each call.
pub(super) struct ServerCpu;

/// CPU time of the client for each call.
pub(super) struct ClientCpu;

const HEAT: &str = "Calls OK a second, clients by servers";
/// More groups, or more bars, would be a wall.
const MOST_GROUPS: usize = 8;
const MOST_BARS: usize = 36;
const EDGE: f64 = 14.0;
const ROW: f64 = 34.0;
const LABEL: f64 = 26.0;

impl Plot for Heat {
    fn name(&self) -> &'static str {
        "compare-heat"
    }

    fn plan(&self, view: &View<'_>, shape: Shape) -> Option<Plan> {
        let comparison = view.comparison.as_ref()?;
        let groups: Vec<Group> = comparison
            .groups
            .iter()
            .take(MOST_GROUPS)
            .cloned()
            .collect();
        let height: f64 = groups.iter().map(height).sum();
        let shape = Shape {
            height: 34 + height as u32,
            ..shape
        };
        Some(Plan {
            title: HEAT.to_owned(),
            caption: "Each field is a pair: its client on the left, its server above. The darker, the more calls a \
                      second; shades are within a case."
                .to_owned(),
            shape,
            paint: Box::new(move |canvas| draw(canvas, shape, &groups)),
        })
    }
}

fn height(group: &Group) -> f64 {
    let title = if group.label.is_empty() { 0.0 } else { LABEL };
    title + LABEL + ROW * group.clients.len() as f64 + 8.0
}

fn draw(canvas: &Canvas<'_>, shape: Shape, groups: &[Group]) -> DrawResult {
    let width = f64::from(shape.width);
    let mut top = header(canvas, HEAT, &[], width)? + 4.0;
    for group in groups {
        map(canvas, width, top, group)?;
        top += height(group);
    }
    Ok(())
}

/// One heat map.
fn map(canvas: &Canvas<'_>, width: f64, top: f64, group: &Group) -> DrawResult {
    let mut top = top;
    if !group.label.is_empty() {
        let label = shorten(&group.label, (width / Type::VALUE.width("n")) as usize - 4);
        canvas.text(&label, (EDGE, top + 12.0), Anchor::Start, Type::VALUE)?;
        top += LABEL;
    }
    let left = EDGE + (width * 0.22).min(130.0);
    let column = (width - EDGE - left) / group.servers.len() as f64;
    let fits = |room: f64| ((room - 6.0) / Type::LABEL.width("n")) as usize;
    for (i, server) in group.servers.iter().enumerate() {
        let at = (left + column * (i as f64 + 0.5), top + 12.0);
        canvas.text(
            &shorten(server, fits(column)),
            at,
            Anchor::Middle,
            Type::LABEL,
        )?;
    }
    top += LABEL;
    let most = group.rows.iter().map(|row| row.per_s).fold(0.0, f64::max);
    for (j, client) in group.clients.iter().enumerate() {
        let y = top + ROW * j as f64;
        let name = shorten(client, fits(left - EDGE));
        canvas.text(&name, (EDGE, y + ROW / 2.0), Anchor::Start, Type::LABEL)?;
        for (i, server) in group.servers.iter().enumerate() {
            let x = left + column * i as f64;
            let field = [(x + 1.5, y + 1.5), (x + column - 1.5, y + ROW - 1.5)];
            canvas.bar(field, Ink::Grid, 0.5)?;
            let of = |row: &&crate::view::Row| row.client == *client && row.server == *server;
            let found = group.rows.iter().find(of);
            let text = found.map_or_else(|| "–".to_owned(), heat);
            if let Some(row) = found.filter(|row| most > 0.0 && row.per_s.is_finite()) {
                canvas.bar(field, Ink::Series(0), 0.08 + 0.52 * row.per_s / most)?;
            }
            let middle = (x + column / 2.0, y + ROW / 2.0);
            canvas.text(
                &shorten(&text, fits(column)),
                middle,
                Anchor::Middle,
                Type::VALUE,
            )?;
        }
    }
    Ok(())
}

impl Plot for ServerCpu {
    fn name(&self) -> &'static str {
        "compare-server-cpu"
    }

    fn plan(&self, view: &View<'_>, shape: Shape) -> Option<Plan> {
        let comparison = view.comparison.as_ref()?;
        cpu(
            view,
            comparison,
            shape,
            "Server CPU per call",
            Metric::ServerCpu,
        )
    }
}

impl Plot for ClientCpu {
    fn name(&self) -> &'static str {
        "compare-client-cpu"
    }

    fn plan(&self, view: &View<'_>, shape: Shape) -> Option<Plan> {
        let comparison = view.comparison.as_ref()?;
        cpu(
            view,
            comparison,
            shape,
            "Client CPU per call",
            Metric::ClientCpu,
        )
    }
}

/// The mean of what a call cost, and where its whiskers end.
type Cost = (f64, Option<(f64, f64)>);

/// A bar for each pair with the cost of one side.
fn cpu(
    view: &View<'_>,
    comparison: &Comparison,
    shape: Shape,
    title: &'static str,
    metric: Metric,
) -> Option<Plan> {
    let rows = comparison.groups.iter().flat_map(|group| &group.rows);
    let cost = |index: usize| {
        let repetitions = &view.cases[index].case.repetitions;
        let known: Vec<f64> = repetitions.iter().filter_map(|r| metric.of(r)).collect();
        let mean = known.iter().sum::<f64>() / known.len() as f64;
        (!known.is_empty()).then(|| (mean, whisker(repetitions, metric)))
    };
    let costs: Vec<_> = rows
        .take(MOST_BARS)
        .map(|row| (view.cases[row.case].label.clone(), cost(row.case)))
        .collect();
    let most = costs
        .iter()
        .filter_map(|(_, cost)| cost.as_ref())
        .map(|(mean, whisker)| whisker.map_or(*mean, |(_, high)| high.max(*mean)))
        .fold(0.0, f64::max);
    if most == 0.0 {
        return None;
    }
    let bar = |(name, cost): &(String, Option<Cost>)| Bar {
        name: name.clone(),
        value: cost.map_or_else(|| "–".to_owned(), |(mean, _)| duration(mean)),
        reach: cost.map_or(Reach::Nothing, |(mean, _)| {
            Reach::To(mean / most, Ink::Series(1))
        }),
        whisker: cost.and_then(|(_, ends)| ends.map(|(low, high)| (low / most, high / most))),
    };
    let bars: Vec<Bar> = costs.iter().map(bar).collect();
    let shape = bars::shape(bars.len(), false, shape);
    Some(Plan {
        title: title.to_owned(),
        caption: "User and system time of the measured phase, by the calls that ended in it. Whiskers are 95 % \
                  confidence intervals over the repetitions, or with two of them both values."
            .to_owned(),
        shape,
        paint: Box::new(move |canvas| bars::draw(canvas, shape, title, &[], &bars)),
    })
}
