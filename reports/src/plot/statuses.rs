//! How calls ended, where not all ended well.

use super::bars::{self, Bar, Reach};
use super::ink::Ink;
use super::{Plan, Plot, Shape};
use crate::model::Counts;
use crate::view::View;
use crate::view::format::{count, share};

/// Calls by status.
pub(super) struct Statuses;

/// More bars than these would be a wall.
const MOST: usize = 14;
const TITLE: &str = "Calls that did not end OK";

impl Plot for Statuses {
    fn name(&self) -> &'static str {
        "statuses"
    }

    fn plan(&self, view: &View<'_>, shape: Shape) -> Option<Plan> {
        let several = view.has_several_cases();
        let mut rows: Vec<(String, u64, f64)> = Vec::new();
        for case in &view.cases {
            let all = case.merged.counts.started.max(1) as f64;
            for (name, n) in endings(&case.merged.counts) {
                let name = if several {
                    format!("{name} · {}", case.label)
                } else {
                    name
                };
                rows.push((name, n, n as f64 / all));
            }
        }
        if rows.is_empty() {
            return None;
        }
        rows.sort_by(|a, b| b.2.total_cmp(&a.2));
        rows.truncate(MOST);
        let most = rows[0].2;
        let bars: Vec<Bar> = rows
            .into_iter()
            .map(|(name, n, part)| Bar {
                value: format!("{} ({})", count(n), share(part)),
                reach: Reach::To(part / most, Ink::Bad),
                whisker: None,
                name,
            })
            .collect();
        let shape = bars::shape(bars.len(), false, shape);
        Some(Plan {
            title: TITLE.to_owned(),
            caption: "How many calls ended otherwise than OK, and their share of the calls that were started. \
                      Shed calls were due but never started."
                .to_owned(),
            shape,
            paint: Box::new(move |canvas| bars::draw(canvas, shape, TITLE, &[], &bars)),
        })
    }
}

/// Every way to end other than OK, with its count.
fn endings(counts: &Counts) -> Vec<(String, u64)> {
    let statuses = counts.by_status.iter();
    let mut endings: Vec<(String, u64)> = statuses
        .filter(|(status, n)| *status != "OK" && **n > 0)
        .map(|(status, n)| (crate::view::clean(status), *n))
        .collect();
    let others = [("unfinished", counts.unfinished), ("shed", counts.shed)];
    endings.extend(
        others
            .into_iter()
            .filter(|(_, n)| *n > 0)
            .map(|(name, n)| (name.to_owned(), n)),
    );
    endings
}
