//! What is called: one call, or several in the shares of their weights.

use serde::Serialize;

use crate::scenario::Call;
use crate::tree::KeyPath;

/// What is called.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Calls {
    /// Every call is this one.
    Call(Box<Call>),
    /// Each call is one of these.
    Calls(Vec<MixedCall>),
}

/// One of several calls.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MixedCall {
    /// Its name in reports and limits, unlike those of the others.
    pub name: String,
    /// So many parts of all calls are this one, against the weights of the others.
    pub weight: u32,
    /// What it is.
    #[serde(flatten)]
    pub call: Call,
}

impl Calls {
    /// All calls, in the order of the file; there is at least one.
    pub fn iter(&self) -> impl Iterator<Item = &Call> + Clone {
        let (one, several): (Option<&Call>, &[MixedCall]) = match self {
            Calls::Call(call) => (Some(call), &[]),
            Calls::Calls(mix) => (None, mix),
        };
        one.into_iter()
            .chain(several.iter().map(|mixed| &mixed.call))
    }

    /// All calls, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Call> {
        let (one, several): (Option<&mut Call>, &mut [MixedCall]) = match self {
            Calls::Call(call) => (Some(call), &mut []),
            Calls::Calls(mix) => (None, mix),
        };
        let several = several.iter_mut().map(|mixed| &mut mixed.call);
        one.into_iter().chain(several)
    }

    /// What all calls name as their authority, where it is not the target's own.
    pub fn authority(&self) -> Option<&String> {
        self.first().authority.as_ref()
    }

    /// Where a call stands in the file, by its number.
    pub fn path(&self, number: usize) -> KeyPath {
        match self {
            Calls::Call(_) => KeyPath::of("call"),
            Calls::Calls(_) => KeyPath::of("calls").index(number),
        }
    }

    /// The first call.
    pub fn first(&self) -> &Call {
        match self {
            Calls::Call(call) => call,
            // Checked when the scenario was read: a mix has calls.
            Calls::Calls(mix) => &mix[0].call,
        }
    }

    /// The only call; `None` of a mix.
    pub fn only(&self) -> Option<&Call> {
        match self {
            Calls::Call(call) => Some(call),
            Calls::Calls(_) => None,
        }
    }

    /// The calls of a mix; none where there is one call only.
    pub fn mix(&self) -> &[MixedCall] {
        match self {
            Calls::Call(_) => &[],
            Calls::Calls(mix) => mix,
        }
    }
}
