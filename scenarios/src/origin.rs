//! Where a case was written, for mistakes that are found only when it is bound to a target.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Mistake, ScenarioError, Sources};
use crate::tree::{KeyPath, Node};

/// The text that a case comes from: its file, its matrix and each `--set`.
#[derive(Clone)]
pub struct Origin {
    sources: Arc<Sources>,
    tree: Arc<Node>,
}

impl Origin {
    pub(crate) fn new(sources: Arc<Sources>, tree: Node) -> Origin {
        Origin {
            sources,
            tree: Arc::new(tree),
        }
    }

    /// A mistake in the value at `path`, or in what stands nearest to it; `focus` is the part of its text that is wrong.
    pub fn error(
        &self,
        path: &KeyPath,
        message: &str,
        help: Option<String>,
        focus: Option<String>,
    ) -> ScenarioError {
        let place = self.tree.locate(path).clone();
        self.sources.error(Mistake {
            help,
            focus,
            ..Mistake::new(message, place)
        })
    }

    /// A mistake in the key that `path` ends with.
    pub fn error_in_key(
        &self,
        path: &KeyPath,
        message: &str,
        help: Option<String>,
    ) -> ScenarioError {
        let place = self.tree.locate_key(path).clone();
        self.sources.error(Mistake {
            help,
            ..Mistake::new(message, place)
        })
    }

    /// A file that the case names: beside its own file, or from where we are.
    pub fn find(&self, file: impl AsRef<Path>) -> PathBuf {
        let file = file.as_ref();
        let beside = Path::new(self.sources.file()).with_file_name("").join(file);
        if beside.exists() {
            beside
        } else {
            file.to_owned()
        }
    }
}

/// Where it was written is no part of what a case is.
impl PartialEq for Origin {
    fn eq(&self, _: &Origin) -> bool {
        true
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Origin({})", self.sources.file())
    }
}
