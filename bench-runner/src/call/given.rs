//! What is given to be sent: `message`, `messages` or a file, compiled against the method's type of request.

use prost_reflect::MessageDescriptor;
use protos::dynamic::{Columns, Draft};
use scenarios::service::Foreign;
use scenarios::{Step, nearest};
use serde_json::{Value, json};

use super::{Known, Mistake, messages_file};

/// The messages that are given, compiled; there is at least one.
pub(super) struct Given {
    pub(super) drafts: Vec<Draft>,
    rows: usize,
}

impl Given {
    pub(super) fn compile(
        foreign: &Foreign,
        request: &MessageDescriptor,
        known: &Known<'_>,
    ) -> Result<Given, Mistake> {
        let mut columns = Columns::default();
        if let Some(file) = &foreign.messages_file {
            match messages_file::read(&known.find(file), file, request)? {
                messages_file::Content::Messages(drafts) => {
                    no_message_beside(foreign, file)?;
                    return Ok(Given { drafts, rows: 0 });
                }
                messages_file::Content::Table(table) => columns = table,
            }
        }
        let compile = |json: &Value, at: Vec<Step>| {
            Draft::compile(request, json, &columns).map_err(|mistake| at_field(mistake, at))
        };
        let key = |key: &str| Step::Key(key.to_owned());
        let drafts = if let Some(message) = &foreign.message {
            vec![compile(message, vec![key("message")])?]
        } else if !foreign.messages.is_empty() {
            let listed = foreign.messages.iter().enumerate();
            let each = |(index, json)| compile(json, vec![key("messages"), Step::Index(index)]);
            listed.map(each).collect::<Result<_, _>>()?
        } else if let Some(file) = &foreign.messages_file {
            let json = messages_file::message_of(&columns)?;
            let draft = Draft::compile(request, &json, &columns);
            vec![draft.map_err(|mistake| in_file(file, &mistake))?]
        } else {
            vec![compile(&json!({}), vec![key("method")])?]
        };
        let takes_rows = drafts.iter().any(Draft::takes_rows);
        let rows = if takes_rows { columns.rows.len() } else { 0 };
        Ok(Given { drafts, rows })
    }

    /// Whether every encoding of each message is like the first.
    pub(super) fn is_fixed(&self) -> bool {
        self.drafts.iter().all(Draft::is_fixed)
    }

    /// How many different calls of one message there are to be: every message with every row, and where something else
    /// is filled in, about so many as `usual`; never more than `most`.
    pub(super) fn variants(&self, usual: usize, most: usize) -> usize {
        if self.is_fixed() {
            return self.drafts.len();
        }
        rounded(self.different(false), usual, most)
    }

    /// How many different calls are given: of all messages each with a row, or of one message, with every row.
    pub(super) fn different(&self, streams: bool) -> usize {
        match (streams, self.rows) {
            (true, rows) => rows.max(1),
            (false, 0) => self.drafts.len(),
            (false, rows) => common_multiple(self.drafts.len(), rows),
        }
    }

    /// How many different calls of all messages there are to be.
    pub(super) fn rounds(&self, usual: usize, most: usize) -> usize {
        rounded(self.different(true), usual, most)
    }
}

/// About `usual`, but so that each of `once` comes equally often.
fn rounded(once: usize, usual: usize, most: usize) -> usize {
    (once * (usual / once).max(1)).min(most)
}

fn common_multiple(a: usize, b: usize) -> usize {
    let (mut x, mut y) = (a, b);
    while y > 0 {
        (x, y) = (y, x % y);
    }
    (a / x).saturating_mul(b)
}

fn no_message_beside(foreign: &Foreign, file: &str) -> Result<(), Mistake> {
    if foreign.message.is_none() {
        return Ok(());
    }
    let message = format!("expected either `message` or the messages of `{file}`, found both");
    Err(Mistake::at("message", message)
        .help("keep one of the two; only a `.csv` fills a `message`"))
}

/// A mistake in a message of the scenario.
fn at_field(mistake: protos::dynamic::Mistake, mut at: Vec<Step>) -> Mistake {
    at.extend(mistake.path.iter().map(step));
    let help = help(&mistake);
    Mistake {
        path: at,
        message: mistake.message,
        help,
        focus: mistake.focus,
        in_key: mistake.in_key,
    }
}

/// A mistake in a message of a file.
pub(super) fn in_file(file: &str, mistake: &protos::dynamic::Mistake) -> Mistake {
    let message = Mistake::at("messages_file", format!("`{file}`: {mistake}"));
    match help(mistake) {
        Some(help) => message.help(help),
        None => message,
    }
}

fn step(step: &protos::dynamic::Step) -> Step {
    match step {
        protos::dynamic::Step::Key(key) => Step::Key(key.clone()),
        protos::dynamic::Step::Index(index) => Step::Index(*index),
    }
}

/// What may help against a mistake.
pub(super) fn help(mistake: &protos::dynamic::Mistake) -> Option<String> {
    let Some(unknown) = &mistake.unknown else {
        return mistake.help.clone();
    };
    suggestion(&unknown.0, &unknown.1)
}

/// What a name was probably meant to be, and what it could have been.
pub(super) fn suggestion(name: &str, known: &[String]) -> Option<String> {
    const MANY: usize = 20;
    let near = nearest(name, known.iter().map(String::as_str));
    let near = near
        .map(|near| format!("did you mean `{near}`?\n"))
        .unwrap_or_default();
    let shown: Vec<&str> = known.iter().take(MANY).map(String::as_str).collect();
    let more = if known.len() > MANY {
        format!(" or another of {}", known.len())
    } else {
        String::new()
    };
    (!known.is_empty()).then(|| format!("{near}expected one of `{}`{more}", shown.join("`, `")))
}
