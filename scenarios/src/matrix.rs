//! The matrix: the cross product of values at key paths.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::error::Mistake;
use crate::overrides::Override;
use crate::tree::{KeyPath, Kind, Node, Place};

/// The most cases a scenario may have.
const MAX_POINTS: usize = 1000;

/// Key paths, each with its values, in the order of the file; the last one varies fastest.
#[derive(Debug, Default)]
pub(crate) struct Matrix {
    dimensions: Vec<Dimension>,
    place: Option<Place>,
}

#[derive(Debug)]
struct Dimension {
    key: String,
    /// Each value with its short name.
    values: Vec<(Override, String)>,
}

/// One combination.
#[derive(Debug, Default)]
pub(crate) struct Point {
    pub(crate) overrides: Vec<Override>,
    pub(crate) values: Map<String, Value>,
    /// `client.channels=10,call=SayHello`; empty where there is no matrix.
    pub(crate) label: String,
}

impl Matrix {
    /// Takes the matrix out of a document. What `sets` fix varies no more.
    pub(crate) fn take(document: &mut Node, sets: &[Override]) -> Result<Matrix, Box<Mistake>> {
        let Kind::Map(entries) = &mut document.kind else {
            return Ok(Matrix::default());
        };
        let Some(at) = entries.iter().position(|entry| entry.key == "matrix") else {
            return Ok(Matrix::default());
        };
        let matrix = entries.remove(at);
        let place = Some(matrix.key_place.clone());
        let keys = match matrix.value.kind {
            Kind::Map(keys) => keys,
            Kind::Null => return Ok(Matrix::default()),
            _ => {
                return Err(expected(
                    "`matrix`: expected a mapping of key paths to lists",
                    matrix.value.place,
                ));
            }
        };
        let mut dimensions = Vec::with_capacity(keys.len());
        for entry in keys {
            let dimension = dimension(&entry.key, &entry.key_place, entry.value)?;
            let is_fixed = |set: &Override| {
                dimension
                    .values
                    .iter()
                    .any(|(over, _)| over.path() == set.path())
            };
            if !sets.iter().any(is_fixed) {
                dimensions.push(dimension);
            }
        }
        Ok(Matrix { dimensions, place })
    }

    /// Whether nothing varies.
    pub(crate) fn is_empty(&self) -> bool {
        self.dimensions.is_empty()
    }

    /// The matrix as it stands in a file.
    pub(crate) fn to_json(&self) -> Value {
        let values = |d: &Dimension| {
            d.values
                .iter()
                .map(|(over, _)| over.value.to_json())
                .collect()
        };
        self.dimensions
            .iter()
            .map(|d| (d.key.clone(), values(d)))
            .collect::<Map<_, _>>()
            .into()
    }

    /// Two cases are the same work: a value stands there twice, or an override covers what should vary.
    pub(crate) fn same(&self, first: &str, second: &str) -> Box<Mistake> {
        let message =
            format!("`matrix`: expected cases that differ, `{first}` and `{second}` are the same");
        let help = "`repetitions` runs a case again; `--set matrix=` leaves the matrix out";
        Box::new(Mistake {
            help: Some(help.to_owned()),
            ..*expected(&message, self.place())
        })
    }

    fn place(&self) -> Place {
        self.place.clone().unwrap_or(Place {
            source: 0,
            range: 0..0,
        })
    }

    /// Every combination; a single empty one where there is no matrix.
    pub(crate) fn points(&self) -> Result<Vec<Point>, Box<Mistake>> {
        let count = self
            .dimensions
            .iter()
            .try_fold(1, |n: usize, d| n.checked_mul(d.values.len()));
        if count.is_none_or(|count| count > MAX_POINTS) {
            let message = format!("`matrix`: expected at most {MAX_POINTS} combinations");
            return Err(expected(&message, self.place()));
        }
        let mut points = vec![Point::default()];
        for dimension in &self.dimensions {
            points = points
                .iter()
                .flat_map(|point| dimension.values.iter().map(|v| point.with(dimension, v)))
                .collect();
        }
        Ok(points)
    }
}

impl Point {
    fn with(&self, dimension: &Dimension, (over, label): &(Override, String)) -> Point {
        let comma = if self.label.is_empty() { "" } else { "," };
        let mut values = self.values.clone();
        values.insert(dimension.key.clone(), over.value.to_json());
        Point {
            overrides: self.overrides.iter().chain([over]).cloned().collect(),
            values,
            label: format!("{}{comma}{}={label}", self.label, dimension.key),
        }
    }
}

fn dimension(key: &str, key_place: &Place, value: Node) -> Result<Dimension, Box<Mistake>> {
    let path = KeyPath::of(key);
    if ["matrix", "name", "about", "limits"]
        .iter()
        .any(|fixed| path == KeyPath::of(fixed))
    {
        let message = format!("`matrix`: expected a key that cases can differ in, found `{key}`");
        return Err(expected(&message, key_place.clone()));
    }
    let items = match value.kind {
        Kind::List(items) if !items.is_empty() => items,
        Kind::List(_) => {
            return Err(expected(
                &format!("`matrix.{key}`: expected at least one value"),
                value.place,
            ));
        }
        _ => {
            let mistake = expected(
                &format!("`matrix.{key}`: expected a list of values"),
                value.place,
            );
            let help = Some(format!("such as `{key}: [1, 2]`"));
            return Err(Box::new(Mistake { help, ..*mistake }));
        }
    };
    let labels = labels(&items);
    let values = items.into_iter().zip(labels).map(|(item, label)| {
        let over =
            Override::at(key, key_place, item).map_err(|fault| Box::new(Mistake::from(fault)))?;
        Ok((over, label))
    });
    Ok(Dimension {
        key: key.to_owned(),
        values: values.collect::<Result<_, Box<Mistake>>>()?,
    })
}

fn expected(message: &str, place: Place) -> Box<Mistake> {
    Box::new(Mistake::new(message, place))
}

/// Short names for values, each another: the first scalar in them, or all, or those and a number.
fn labels(items: &[Node]) -> Vec<String> {
    let scalars: Vec<Vec<String>> = items.iter().map(scalars).collect();
    let first: Vec<String> = scalars
        .iter()
        .map(|s| s.first().cloned().unwrap_or_default())
        .collect();
    if all_differ(&first) {
        return first;
    }
    let whole: Vec<String> = scalars.iter().map(|s| s.join("+")).collect();
    if all_differ(&whole) {
        return whole;
    }
    whole
        .iter()
        .enumerate()
        .map(|(index, label)| format!("{label}#{}", index + 1))
        .collect()
}

fn all_differ(labels: &[String]) -> bool {
    labels.iter().collect::<HashSet<_>>().len() == labels.len()
        && labels.iter().all(|label| !label.is_empty())
}

/// The scalars in a value, in order, as text.
fn scalars(node: &Node) -> Vec<String> {
    match &node.kind {
        Kind::Null => vec!["none".to_owned()],
        Kind::Bool(flag) => vec![flag.to_string()],
        Kind::Number(number) => vec![number.to_string()],
        Kind::Text(text) => vec![text.clone()],
        Kind::List(items) => items.iter().flat_map(scalars).collect(),
        Kind::Map(entries) if entries.is_empty() => vec!["{}".to_owned()],
        Kind::Map(entries) => entries
            .iter()
            .flat_map(|entry| match entry.value.kind {
                // Of a switch that is on, the name says it.
                Kind::Bool(true) => vec![entry.key.clone()],
                _ => scalars(&entry.value),
            })
            .collect(),
    }
}
