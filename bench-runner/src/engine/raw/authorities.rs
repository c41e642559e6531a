//! What calls name as their authority, where channels go to several targets.

/// What calls name as where they go.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// `http` or `https`.
    pub(super) scheme: &'static str,
    pub(super) authority: String,
}

/// The authorities, and which of them each channel's calls name.
#[derive(Clone, Debug)]
pub(super) struct Authorities {
    names: Vec<Origin>,
    /// By channel; empty where there is one authority only.
    of: Vec<u32>,
}

impl Authorities {
    /// These names; `of` is the name of each channel.
    pub(super) fn new(names: Vec<Origin>, of: Vec<usize>) -> Authorities {
        let of = match names.len() {
            1 => Vec::new(),
            _ => of.into_iter().map(|name| name as u32).collect(),
        };
        Authorities { names, of }
    }

    /// All of them.
    pub(super) fn names(&self) -> &[Origin] {
        &self.names
    }

    /// The number of the name of a channel's calls.
    #[inline]
    pub(super) fn of(&self, channel: usize) -> usize {
        self.of.get(channel).map_or(0, |name| *name as usize)
    }
}
