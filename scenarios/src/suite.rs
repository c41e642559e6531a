//! A scenario file as the cases that it stands for.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::string::FromUtf8Error;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::document::{self, MAX_TEXT};
use crate::error::{Mistake, ScenarioError, Sources};
use crate::explain::{problem, typed};
use crate::file::{ReferenceServerFile, ScenarioFile};
use crate::fingerprint::fingerprint;
use crate::matrix::{Matrix, Point};
use crate::nearest::nearest;
use crate::origin::Origin;
use crate::overrides::Override;
use crate::scenario::{ReferenceServer, Scenario};
use crate::tree::{KeyPath, Kind, Node, Place};
use crate::units::Bytes;
use crate::validate;

/// All cases of a scenario file.
#[derive(Clone, Debug, PartialEq)]
pub struct Suite {
    /// The scenario's name.
    pub name: String,
    /// One sentence for readers of the report.
    pub about: String,
    /// The scenario with its matrix, for the result: as meant, or as written where it has a meaning only together with
    /// its matrix.
    pub scenario: Value,
    /// The points of the matrix, or the one case where there is none.
    pub cases: Vec<Case>,
}

/// One point of the matrix, fully resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The scenario's name, and the values of this point: `sweep/client.channels=10`.
    pub name: String,
    /// The values of this point, by key path.
    pub point: Map<String, Value>,
    /// 16 hex digits that are the same for the same work: of all settings but the name, the sentence and the limits.
    pub fingerprint: String,
    /// What to run.
    pub scenario: Scenario,
    /// Where it was written.
    pub origin: Origin,
}

impl Case {
    /// The same case with other settings, under the fingerprint of those.
    pub fn with(&self, scenario: Scenario) -> Case {
        Case {
            name: self.name.clone(),
            point: self.point.clone(),
            fingerprint: fingerprint(&scenario),
            scenario,
            origin: self.origin.clone(),
        }
    }
}

/// Reads a YAML file of another kind than a scenario, with the same care for mistakes.
///
/// # Errors
///
/// The first mistake, with its place in the file.
pub fn read_yaml<T: DeserializeOwned>(path: &Path) -> Result<T, ScenarioError> {
    let text = read(path)?;
    let sources = Sources::new(&path.display().to_string(), &text, &[]);
    let tree = document::parse(&text, 0, 0).map_err(boxed);
    tree.and_then(|tree| typed(&tree))
        .map_err(|mistake| sources.error(*mistake))
}

/// Reads any YAML text as plain values; `name` is what a mistake calls it.
///
/// # Errors
///
/// The first mistake, with its place in the text.
pub fn yaml_value(name: &str, text: &str) -> Result<Value, ScenarioError> {
    let sources = Sources::new(name, text, &[]);
    let tree = document::parse(text, 0, 0).map_err(boxed);
    tree.map(|tree| tree.to_json())
        .map_err(|mistake| sources.error(*mistake))
}

impl Suite {
    /// Reads a file, and puts `sets`, each `KEY=VALUE`, over it.
    ///
    /// # Errors
    ///
    /// The first mistake, with its place in the file or in the `KEY=VALUE`.
    pub fn load(path: &Path, sets: &[String]) -> Result<Suite, ScenarioError> {
        Suite::parse(&path.display().to_string(), &read(path)?, sets)
    }

    /// Reads the text of a file, and puts `sets`, each `KEY=VALUE`, over it.
    ///
    /// # Errors
    ///
    /// As [`load`](Suite::load).
    pub fn parse(file_name: &str, text: &str, sets: &[String]) -> Result<Suite, ScenarioError> {
        if text.len() > MAX_TEXT {
            return Err(too_large(file_name, text.len() as u64));
        }
        let sources = Arc::new(Sources::new(file_name, text, sets));
        expand(text, sets, &sources).map_err(|mistake| sources.error(*mistake))
    }
}

/// The settings of the reference server from `KEY=VALUE`s whose keys are those of `target.reference_server`.
///
/// # Errors
///
/// The first mistake, with its place in the `KEY=VALUE`.
pub fn reference_server(sets: &[String]) -> Result<ReferenceServer, ScenarioError> {
    let sources = Sources::new("reference server", "", sets);
    let build = || {
        let mut tree = Node {
            kind: Kind::Map(Vec::new()),
            place: Place {
                source: 0,
                range: 0..0,
            },
        };
        for set in parse_sets(sets)? {
            set.apply(&mut tree).map_err(boxed)?;
        }
        server(&tree)
    };
    build().map_err(|mistake| sources.error(*mistake))
}

impl ReferenceServer {
    /// Reads the JSON that serde prints of it.
    ///
    /// # Errors
    ///
    /// Where the text is no such thing.
    pub fn from_json(text: &str) -> Result<ReferenceServer, ScenarioError> {
        let sources = Sources::new("reference server", text, &[]);
        let tree = document::parse(text, 0, 0).map_err(boxed);
        tree.and_then(|tree| server(&tree))
            .map_err(|mistake| sources.error(*mistake))
    }
}

type Outcome<T> = Result<T, Box<Mistake>>;

fn boxed(mistake: impl Into<Mistake>) -> Box<Mistake> {
    Box::new(mistake.into())
}

fn server(tree: &Node) -> Outcome<ReferenceServer> {
    let file: ReferenceServerFile = typed(tree)?;
    validate::reference_server(file, &KeyPath::default()).map_err(|fault| problem(tree, fault))
}

fn parse_sets(sets: &[String]) -> Outcome<Vec<Override>> {
    sets.iter()
        .enumerate()
        .map(|(index, set)| Override::parse(set, index + 1).map_err(boxed))
        .collect()
}

fn expand(text: &str, sets: &[String], sources: &Arc<Sources>) -> Outcome<Suite> {
    let mut written = document::parse(text, 0, 0).map_err(boxed)?;
    if matches!(written.kind, Kind::Null) {
        return Err(empty(written.place));
    }
    let sets = parse_sets(sets)?;
    let mut matrix = Matrix::take(&mut written, &sets)?;
    for set in &sets {
        set.apply(&mut written).map_err(boxed)?;
    }
    // A `--set matrix=...` has put a whole new one there.
    if written.entry("matrix").is_some() {
        matrix = Matrix::take(&mut written, &[])?;
    }
    let cases = cases(&written, &matrix, &sets, sources)?;
    let (name, about) = cases.first().map_or_else(Default::default, |case| {
        (case.scenario.name.clone(), case.scenario.about.clone())
    });
    Ok(Suite {
        name,
        about,
        scenario: echo(&written, &matrix),
        cases,
    })
}

fn cases(
    written: &Node,
    matrix: &Matrix,
    sets: &[Override],
    sources: &Arc<Sources>,
) -> Outcome<Vec<Case>> {
    let mut cases: Vec<Case> = Vec::new();
    for point in matrix.points()? {
        let mut tree = written.clone();
        for over in point.overrides.iter().chain(sets) {
            over.apply(&mut tree).map_err(boxed)?;
        }
        let scenario = meaning(&tree)?;
        let case = case(point, scenario, Origin::new(Arc::clone(sources), tree));
        if let Some(same) = cases
            .iter()
            .find(|other| other.fingerprint == case.fingerprint)
        {
            return Err(matrix.same(&same.name, &case.name));
        }
        cases.push(case);
    }
    Ok(cases)
}

fn case(point: Point, scenario: Scenario, origin: Origin) -> Case {
    let slash = if point.label.is_empty() { "" } else { "/" };
    let name = format!("{}{slash}{}", scenario.name, point.label);
    Case {
        name,
        point: point.values,
        fingerprint: fingerprint(&scenario),
        scenario,
        origin,
    }
}

fn meaning(tree: &Node) -> Outcome<Scenario> {
    validate::scenario(typed::<ScenarioFile>(tree)?).map_err(|fault| problem(tree, fault))
}

/// The scenario as the result repeats it.
fn echo(written: &Node, matrix: &Matrix) -> Value {
    let meant = meaning(written)
        .ok()
        .and_then(|scenario| serde_json::to_value(scenario).ok());
    let mut scenario = meant.unwrap_or_else(|| written.to_json());
    if let (Value::Object(scenario), false) = (&mut scenario, matrix.is_empty()) {
        scenario.insert("matrix".to_owned(), matrix.to_json());
    }
    scenario
}

fn empty(place: Place) -> Box<Mistake> {
    let help = Some("the smallest is `name: my-first`, everything else has a default".to_owned());
    Box::new(Mistake {
        help,
        ..Mistake::new("expected a scenario, found an empty file", place)
    })
}

fn too_large(file_name: &str, size: u64) -> ScenarioError {
    let message = format!(
        "expected a scenario of at most {}, `{file_name}` has {}",
        Bytes(MAX_TEXT as u64),
        Bytes(size)
    );
    ScenarioError::whole(message, Some("is it the right file?".to_owned()))
}

pub(crate) fn read(path: &Path) -> Result<String, ScenarioError> {
    let name = path.display().to_string();
    // One byte more than is allowed: a device has no length to ask for, and no end either.
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_TEXT as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| {
            ScenarioError::whole(format!("cannot read `{name}`: {error}"), nearest_file(path))
        })?;
    if bytes.len() > MAX_TEXT {
        let size = std::fs::metadata(path).map_or(0, |file| file.len());
        return Err(too_large(&name, size.max(bytes.len() as u64)));
    }
    String::from_utf8(bytes).map_err(|error| not_text(&name, &error))
}

fn not_text(name: &str, error: &FromUtf8Error) -> ScenarioError {
    let at = error.utf8_error().valid_up_to();
    // What is valid ends before a byte that is not, so there is one.
    let byte = error.as_bytes()[at];
    // The replacement of what is not text begins where that begins.
    let text = String::from_utf8_lossy(error.as_bytes());
    let message = format!("expected UTF-8 text, found the byte 0x{byte:02x}");
    Sources::new(name, &text, &[]).error(Mistake {
        help: Some("save the file as UTF-8".to_owned()),
        ..Mistake::new(
            message,
            Place {
                source: 0,
                range: at..at,
            },
        )
    })
}

/// A file beside `path` whose name is nearly its.
fn nearest_file(path: &Path) -> Option<String> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let files: Vec<String> = std::fs::read_dir(folder)
        .ok()?
        .flatten()
        .filter_map(|file| file.file_name().into_string().ok())
        .collect();
    let near = nearest(
        path.file_name()?.to_str()?,
        files.iter().map(String::as_str),
    )?;
    Some(format!(
        "did you mean `{}`?",
        path.with_file_name(near).display()
    ))
}
