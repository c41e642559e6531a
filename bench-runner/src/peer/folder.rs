//! Where the peers are, and which there are.

use std::path::{Path, PathBuf};
use std::time::Duration;

use scenarios::{nearest, read_yaml};

use super::PeerError;
use super::file::{Need, PeerFile, SideFile, VariantFile, VariantSideFile};
use scenarios::units::Nanos;

/// Says where the peers are, instead of `peers/` here or above.
const VARIABLE: &str = "BENCH_RUNNER_PEERS";
/// What a runtime may take that compiles as it starts, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// Where sources of this program are on the machine that built it.
const BUILT_AT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../peers");
/// Names of ours, which no peer may have.
const OURS: [&str; 2] = ["tonic", "raw"];

/// The folder of peers.
#[derive(Clone, Debug)]
pub struct Peers(PathBuf);

/// A stack, or a variant of one.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its name.
    pub name: String,
    /// The name of the stack, whose folder and set-up it shares.
    pub stack: String,
    /// One sentence.
    pub about: String,
    /// Its server.
    pub(super) server: Option<Side>,
    /// Its client.
    pub(super) client: Option<Side>,
    pub(super) needs: Vec<Need>,
    pub(super) setup: Vec<Vec<String>>,
    pub(super) version: Vec<String>,
    /// Its sources.
    pub(super) folder: PathBuf,
    /// What set-up makes.
    pub(super) ready: PathBuf,
    /// The `.proto` files.
    pub(super) protos: PathBuf,
}

/// A program of a peer.
#[derive(Clone, Debug)]
pub struct Side {
    /// The program and its arguments.
    pub(super) words: Vec<String>,
    /// The least warm-up that its runtime needs.
    pub warm_up: Nanos,
    /// Whether it speaks TLS where it is told to.
    pub(super) tls: bool,
    /// How long a server may take to listen, and a client beyond the phases of its case.
    pub patience: Duration,
}

impl Peers {
    /// Finds the folder.
    ///
    /// # Errors
    ///
    /// Where there is none.
    pub fn find() -> Result<Peers, PeerError> {
        if let Some(told) = std::env::var_os(VARIABLE) {
            let told = PathBuf::from(told);
            let path = told.canonicalize();
            return path
                .map(Peers)
                .map_err(|error| PeerError::NoFolder(format!("{}: {error}", told.display())));
        }
        let here = std::env::current_dir().unwrap_or_default();
        let above = here.ancestors().map(|folder| folder.join("peers"));
        above
            .chain([PathBuf::from(BUILT_AT)])
            .find(|folder| !stacks(folder).is_empty())
            .and_then(|folder| folder.canonicalize().ok())
            .map(Peers)
            .ok_or_else(|| PeerError::NoFolder("which is not set".to_owned()))
    }

    /// All stacks with their variants, by name; what is wrong with a stack stands in its place.
    pub fn all(&self) -> Vec<(String, Result<Vec<Peer>, PeerError>)> {
        let stacks = stacks(&self.0).into_iter();
        stacks
            .map(|stack| {
                let peers = self.read(&stack);
                (stack, peers)
            })
            .collect()
    }

    /// The stack or variant of a name.
    ///
    /// # Errors
    ///
    /// Where there is none, or its `peer.yaml` is wrong.
    pub fn get(&self, name: &str) -> Result<Peer, PeerError> {
        let mut known = Vec::new();
        for (stack, peers) in self.all() {
            match peers {
                Ok(peers) => known.extend(peers),
                Err(error) if stack == name => return Err(error),
                // Somebody else's mistake.
                Err(_) => {}
            }
        }
        if let Some(at) = known.iter().position(|peer| peer.name == name) {
            return Ok(known.swap_remove(at));
        }
        let names: Vec<&str> = known.iter().map(|peer| peer.name.as_str()).collect();
        let help = match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", names.join(", ")),
        };
        Err(PeerError::Unknown {
            name: name.to_owned(),
            help,
        })
    }

    fn read(&self, stack: &str) -> Result<Vec<Peer>, PeerError> {
        let folder = self.0.join(stack);
        let path = folder.join("peer.yaml");
        let file: PeerFile = read_yaml(&path)?;
        let wrong = |what: String| Err(PeerError::File(format!("{}: {what}", path.display())));
        if file.name != stack {
            return wrong(format!(
                "expected the name of its folder, `{stack}`, found `{}`",
                file.name
            ));
        }
        let names = file.variants.keys().chain([&file.name]);
        if let Some(name) = names.into_iter().find(|name| OURS.contains(&name.as_str())) {
            return wrong(format!("`{name}` is the runner's own"));
        }
        let is_empty = |words: &Vec<String>| words.is_empty();
        if file.setup.iter().any(is_empty) || is_empty(&file.version) {
            return wrong("expected a program and its arguments, found nothing".to_owned());
        }
        let place = |words: &[String]| -> Vec<String> {
            words.iter().map(|word| self.place(stack, word)).collect()
        };
        let peer = Peer {
            name: file.name.clone(),
            stack: stack.to_owned(),
            about: file.about.clone(),
            server: file.server.as_ref().map(|side| Side::new(side, place)),
            client: file.client.as_ref().map(|side| Side::new(side, place)),
            needs: file.needs.clone(),
            setup: file.setup.iter().map(|words| place(words)).collect(),
            version: place(&file.version),
            ready: self.ready(stack),
            protos: self.protos(),
            folder,
        };
        let variants = file.variants.iter();
        let mut peers: Vec<Peer> = variants
            .map(|(name, file)| peer.variant(name, file))
            .collect();
        peers.insert(0, peer);
        Ok(peers)
    }

    fn ready(&self, stack: &str) -> PathBuf {
        self.0.join(".ready").join(stack)
    }

    fn protos(&self) -> PathBuf {
        self.0.join(".ready").join(".protos")
    }

    fn place(&self, stack: &str, word: &str) -> String {
        word.replace("{ready}", &self.ready(stack).display().to_string())
            .replace("{protos}", &self.protos().display().to_string())
    }
}

impl Peer {
    fn variant(&self, name: &str, file: &VariantFile) -> Peer {
        let side = |side: &Option<Side>, other: &Option<VariantSideFile>| {
            side.as_ref().map(|side| side.variant(other.as_ref()))
        };
        Peer {
            name: name.to_owned(),
            about: file.about.clone().unwrap_or_else(|| self.about.clone()),
            server: side(&self.server, &file.server),
            client: side(&self.client, &file.client),
            ..self.clone()
        }
    }

    /// Its server.
    ///
    /// # Errors
    ///
    /// Where it has none.
    pub fn server(&self) -> Result<&Side, PeerError> {
        self.server.as_ref().ok_or_else(|| self.lacks("server"))
    }

    /// Its client.
    ///
    /// # Errors
    ///
    /// Where it has none.
    pub fn client(&self) -> Result<&Side, PeerError> {
        self.client.as_ref().ok_or_else(|| self.lacks("client"))
    }

    /// What it has: `server, client`.
    pub fn sides(&self) -> String {
        let sides = [
            self.server.as_ref().map(|_| "server"),
            self.client.as_ref().map(|_| "client"),
        ];
        sides.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    fn lacks(&self, side: &'static str) -> PeerError {
        PeerError::NoSuchSide {
            name: self.name.clone(),
            side,
        }
    }

    pub(super) fn io(&self, what: impl Into<String>, source: std::io::Error) -> PeerError {
        PeerError::Io {
            name: self.name.clone(),
            what: what.into(),
            source,
        }
    }
}

impl Side {
    fn new(file: &SideFile, place: impl Fn(&[String]) -> Vec<String>) -> Side {
        Side {
            words: place(&file.run),
            warm_up: file.warm_up,
            tls: file.tls,
            patience: file.patience.map_or(PATIENCE, Duration::from),
        }
    }

    /// That it speaks TLS, where that is asked for.
    pub(super) fn check_tls(
        &self,
        asked: bool,
        name: &str,
        side: &'static str,
    ) -> Result<(), PeerError> {
        match asked && !self.tls {
            true => Err(PeerError::Plaintext {
                name: name.to_owned(),
                side,
            }),
            false => Ok(()),
        }
    }

    fn variant(&self, file: Option<&VariantSideFile>) -> Side {
        let mut side = self.clone();
        if let Some(file) = file {
            side.words.extend(file.args.iter().cloned());
            side.warm_up = file.warm_up.unwrap_or(side.warm_up);
        }
        side
    }
}

/// The folders that have a `peer.yaml`, by name.
fn stacks(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.path().join("peer.yaml").is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}
