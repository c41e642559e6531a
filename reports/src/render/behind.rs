//! What stands behind the numbers of a page: both sides' counts, what they cost, what went over the wire.

use crate::model::Repetition;
use crate::view::facts::{self, Fact, Pair};
use crate::view::{CaseView, around, encoding, link};

/// Both sides' counts, settings and costs in one repetition.
#[derive(Debug)]
pub(super) struct Extra {
    pub(super) title: String,
    pub(super) pairs: Vec<Pairs>,
    pub(super) lists: Vec<Facts>,
}

/// Facts under a heading.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) title: &'static str,
    pub(super) facts: Vec<Fact>,
}

/// A table of two sides.
#[derive(Debug)]
pub(super) struct Pairs {
    pub(super) title: &'static str,
    pub(super) rows: Vec<Pair>,
    pub(super) note: Option<&'static str>,
}

/// What stands behind the numbers, repetition by repetition.
pub(super) fn extras(case: &CaseView<'_>) -> Vec<Extra> {
    let repetitions = &case.case.repetitions;
    let mut extras = Vec::new();
    for (i, repetition) in repetitions.iter().enumerate() {
        let mut pairs = Vec::new();
        if let Some(rows) = facts::totals(repetition) {
            pairs.push(Pairs {
                title: "Counted, warm-up and drain included",
                rows,
                note: facts::totals_agree(repetition).map(|agree| match agree {
                    true => "Both sides counted the same.",
                    false => {
                        "The two sides do not agree: look at the failures and at what was cut off."
                    }
                }),
            });
        }
        pairs.push(Pairs {
            title: "Cost",
            rows: facts::costs(repetition),
            note: None,
        });
        if let Some(rows) = encoding::pairs(case, repetition) {
            pairs.push(Pairs {
                title: "Messages, as each side sent them",
                rows,
                note: None,
            });
        }
        if let Some(wire) = &repetition.wire {
            pairs.push(Pairs {
                title: "On the wire, as each side sent it",
                rows: facts::wire_traffic(wire),
                note: None,
            });
            pairs.push(Pairs {
                title: "HTTP/2 settings announced",
                rows: facts::wire_settings(wire),
                note: None,
            });
        }
        let which = match repetitions.len() {
            1 => String::new(),
            _ => format!(" of repetition {}", i + 1),
        };
        extras.push(Extra {
            title: format!("Both sides' counts, cost and wire{which}"),
            pairs,
            lists: lists(case, repetition),
        });
    }
    extras
}

/// Facts under a heading each, where there are any.
fn lists(case: &CaseView<'_>, repetition: &Repetition) -> Vec<Facts> {
    let lists = [
        ("Connections", facts::wire(repetition)),
        ("The emulated network", link::carried(case, repetition)),
        ("Around the calls", around(repetition)),
    ];
    let some = lists.into_iter().filter(|(_, facts)| !facts.is_empty());
    some.map(|(title, facts)| Facts { title, facts }).collect()
}
