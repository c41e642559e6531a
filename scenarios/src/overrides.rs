//! Overrides: values put onto a document at a key path, from `--set KEY=VALUE` or from a point of the matrix.

use std::ops::Range;

use crate::document::{self, Fault};
use crate::tree::{Entry, KeyPath, Kind, Node, Place, Step};

/// A value, where it goes, and where its author wrote that.
#[derive(Clone, Debug)]
pub(crate) struct Override {
    steps: Vec<(Step, Place)>,
    pub(crate) value: Node,
}

impl Override {
    /// Reads `KEY=VALUE`, which is the source number `source`; the value is YAML.
    pub(crate) fn parse(text: &str, source: usize) -> Result<Override, Fault> {
        let Some(sign) = text.find('=') else {
            let help = Some("such as `--set client.channels=10`".to_owned());
            let place = Place {
                source,
                range: 0..text.len(),
            };
            return Err(Fault {
                message: format!("expected KEY=VALUE, found `{text}`"),
                help,
                place,
                also: None,
            });
        };
        let steps = steps(&text[..sign], |range| Place { source, range })?;
        Ok(Override {
            steps,
            value: document::parse(&text[sign + 1..], source, sign + 1)?,
        })
    }

    /// An override of a matrix: `key` as it stands at `place`. Only where it stands there letter for letter can its
    /// parts be pointed at.
    pub(crate) fn at(key: &str, place: &Place, value: Node) -> Result<Override, Fault> {
        let letter_for_letter = place.range.len() == key.len();
        let steps = steps(key, |part| {
            let range = place.range.start + part.start..place.range.start + part.end;
            Place {
                source: place.source,
                range: if letter_for_letter {
                    range
                } else {
                    place.range.clone()
                },
            }
        })?;
        Ok(Override { steps, value })
    }

    /// Where the value goes.
    pub(crate) fn path(&self) -> KeyPath {
        KeyPath(self.steps.iter().map(|(step, _)| step.clone()).collect())
    }

    /// Puts the value onto `root`: mappings are merged, everything else is replaced, what is missing is made.
    pub(crate) fn apply(&self, root: &mut Node) -> Result<(), Fault> {
        put(root, &self.steps, &self.value, None)
    }
}

/// Splits a key path into its steps.
fn steps(path: &str, place: impl Fn(Range<usize>) -> Place) -> Result<Vec<(Step, Place)>, Fault> {
    let mut steps = Vec::new();
    let mut start = 0;
    for part in path.split('.') {
        let whole = start..start + part.len();
        start = whole.end + 1;
        let wrong = |message: &str| Fault {
            message: message.to_owned(),
            help: Some("such as `client.channels` or `load.stages[0].duration`".to_owned()),
            place: place(if whole.is_empty() {
                0..path.len()
            } else {
                whole.clone()
            }),
            also: None,
        };
        let (key, indices) = part
            .split_once('[')
            .map_or((part, None), |(key, rest)| (key, Some(rest)));
        if key.trim().is_empty() {
            return Err(wrong("expected a key path, found an empty key"));
        }
        steps.push((
            Step::Key(key.trim().to_owned()),
            place(whole.start..whole.start + key.len()),
        ));
        let Some(indices) = indices else { continue };
        let list = indices
            .strip_suffix(']')
            .ok_or_else(|| wrong("expected `]` at the end of an index"))?;
        for index in list.split("][") {
            let index = index
                .parse()
                .map_err(|_| wrong("expected an index, a whole number, in the brackets"))?;
            steps.push((Step::Index(index), place(whole.clone())));
        }
    }
    Ok(steps)
}

fn put(
    node: &mut Node,
    steps: &[(Step, Place)],
    value: &Node,
    parent: Option<&Step>,
) -> Result<(), Fault> {
    let Some(((step, place), rest)) = steps.split_first() else {
        merge(node, value, parent);
        return Ok(());
    };
    match step {
        Step::Key(key) => put(
            &mut slot(node, key, place, parent).value,
            rest,
            value,
            Some(step),
        ),
        Step::Index(index) => {
            let length = if let Kind::List(items) = &node.kind {
                items.len()
            } else {
                0
            };
            match &mut node.kind {
                Kind::List(items) if *index < length => {
                    put(&mut items[*index], rest, value, Some(step))
                }
                _ => Err(Fault {
                    message: format!("there is no item {index}: the list has {length}"),
                    help: Some(
                        "items are counted from 0; set the whole list to make it longer".to_owned(),
                    ),
                    place: place.clone(),
                    also: None,
                }),
            }
        }
    }
}

fn merge(node: &mut Node, value: &Node, parent: Option<&Step>) {
    let Kind::Map(entries) = &value.kind else {
        *node = value.clone();
        return;
    };
    if !matches!(node.kind, Kind::Map(_)) {
        *node = Node {
            kind: Kind::Map(Vec::new()),
            place: value.place.clone(),
        };
    }
    for entry in entries {
        let step = Step::Key(entry.key.clone());
        let slot = slot(node, &entry.key, &entry.key_place, parent);
        merge(&mut slot.value, &entry.value, Some(&step));
    }
}

/// The entry of `key` in `node`, made where it is missing. Its key is then the override's: a mistake in it is theirs.
fn slot<'n>(node: &'n mut Node, key: &str, place: &Place, parent: Option<&Step>) -> &'n mut Entry {
    if !matches!(node.kind, Kind::Map(_)) {
        node.kind = Kind::Map(Vec::new());
        node.place = place.clone();
    }
    let Kind::Map(entries) = &mut node.kind else {
        unreachable!("made a mapping just above")
    };
    entries.retain(|entry| entry.key == key || !excludes(parent, key, &entry.key));
    let found = entries.iter().position(|entry| entry.key == key);
    let at = found.unwrap_or_else(|| {
        let value = Node {
            kind: Kind::Null,
            place: place.clone(),
        };
        entries.push(Entry {
            key: key.to_owned(),
            key_place: place.clone(),
            value,
        });
        entries.len() - 1
    });
    entries[at].key_place = place.clone();
    &mut entries[at]
}

/// Whether below `parent` the new key takes the place of the old one: of a load, a target or a law there is only one, and
/// a mix takes the place of the only call.
fn excludes(parent: Option<&Step>, new: &str, old: &str) -> bool {
    const LOADS: [&str; 3] = ["closed", "open", "ramp"];
    match parent {
        Some(Step::Key(key)) => matches!(key.as_str(), "load" | "target" | "size" | "delay"),
        Some(Step::Index(_)) => LOADS.contains(&new) && LOADS.contains(&old),
        None => new == "calls" && old == "call",
    }
}
