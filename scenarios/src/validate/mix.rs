//! What is called, checked: one call, or a mix of several.

use crate::file::CallFile;
use crate::limits::Limit;
use crate::nearest::nearest;
use crate::scenario::{Calls, MixedCall};
use crate::tree::KeyPath;

use super::call::call;
use super::{Problem, within};

const MOST_CALLS: usize = 64;
const MAX_WEIGHT: u32 = 1000;
const MAX_NAME: usize = 40;

pub(super) fn calls(one: Option<CallFile>, mix: Option<Vec<CallFile>>) -> Result<Calls, Problem> {
    match (one, mix) {
        (None, Some(mix)) => mixed(mix).map(Calls::Calls),
        (Some(_), Some(_)) => {
            let message = "expected `call` or `calls`, found both";
            let help = "`call` is every call; of several each is an item of `calls`";
            Err(Problem::new(KeyPath::of("calls"), message)
                .help(help)
                .in_key())
        }
        (one, None) => only(one.unwrap_or_default()).map(|call| Calls::Call(Box::new(call))),
    }
}

fn only(file: CallFile) -> Result<crate::scenario::Call, Problem> {
    let at = KeyPath::of("call");
    let of_mixes = [
        ("name", file.name.is_some()),
        ("weight", file.weight.is_some()),
    ];
    if let Some((key, _)) = of_mixes.iter().find(|(_, is_there)| *is_there) {
        let message = format!("expected no `{key}` of the only call");
        let help = "several calls, with names and weights, are items of `calls`";
        return Err(Problem::new(at.key(key), message).help(help).in_key());
    }
    call(file, &at)
}

fn mixed(files: Vec<CallFile>) -> Result<Vec<MixedCall>, Problem> {
    let at = KeyPath::of("calls");
    if !(1..=MOST_CALLS).contains(&files.len()) {
        let message = format!("expected 1 to {MOST_CALLS} calls, found {}", files.len());
        return Err(Problem::new(at, message));
    }
    let mut calls: Vec<MixedCall> = Vec::with_capacity(files.len());
    for (index, mut file) in files.into_iter().enumerate() {
        let at = at.index(index);
        let (name, weight) = (file.name.take(), file.weight.take().unwrap_or(1));
        let weight = within(&at.key("weight"), weight, 1..=MAX_WEIGHT)?;
        let call = call(file, &at)?;
        if let Some(first) = calls.first()
            && first.call.authority != call.authority
        {
            let message = "expected the same `authority` for all calls, which share their channels";
            return Err(Problem::new(at.key("authority"), message));
        }
        let is_given = name.is_some();
        let name = name.unwrap_or_else(|| call.method.name().to_owned());
        check_name(&name, &at.key("name"))?;
        if calls.iter().any(|other| other.name == name) {
            let message = format!("expected a name of its own, found `{name}` a second time");
            let at = if is_given { at.key("name") } else { at };
            return Err(Problem::new(at, message).help("give each call a `name`"));
        }
        calls.push(MixedCall { name, weight, call });
    }
    Ok(calls)
}

/// A name stands between dots in limits, and in file names.
fn check_name(name: &str, at: &KeyPath) -> Result<(), Problem> {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if (1..=MAX_NAME).contains(&name.len()) && name.chars().all(harmless) {
        return Ok(());
    }
    let message =
        format!("expected a name of 1 to {MAX_NAME} letters, digits, `-` and `_`, found `{name}`");
    Err(Problem::new(at.clone(), message))
}

/// A limit on one call must name one of the mix.
pub(super) fn check_limits(limits: &[Limit], calls: &Calls) -> Result<(), Problem> {
    for (index, limit) in limits.iter().enumerate() {
        let Some(name) = &limit.call else { continue };
        let names = || calls.mix().iter().map(|call| call.name.as_str());
        if names().any(|known| known == name) {
            continue;
        }
        let at = KeyPath::of("limits").index(index);
        let known: Vec<String> = names().map(|name| format!("`{name}`")).collect();
        let (message, help) = match known.is_empty() {
            true => (
                format!("there is no call `{name}`: the scenario has no `calls`"),
                Some("leave out `calls.NAME.`: there is one call only".to_owned()),
            ),
            false => (
                format!(
                    "there is no call `{name}`, expected one of {}",
                    known.join(", ")
                ),
                nearest(name, names()).map(|near| format!("did you mean `{near}`?")),
            ),
        };
        let problem = Problem::new(at, message);
        return Err(match help {
            Some(help) => problem.help(help),
            None => problem,
        });
    }
    Ok(())
}
