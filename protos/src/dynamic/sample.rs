//! A message with a value in every field, as YAML with comments: what somebody who has never seen the service begins with.
//! What would make a server of ours do something out of the ordinary is there as a comment.

use std::fmt::Write as _;

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};

use super::value::is_wrapper;

/// The fields of a message, a line each, indented by so many blanks; empty where it has none.
pub fn yaml(message: &MessageDescriptor, indent: usize) -> String {
    let mut sample = Sample {
        out: String::new(),
        within: vec![message.clone()],
    };
    sample.fields(message, indent);
    sample.out
}

/// What the reference server is asked to do, of which every value would be obeyed: a status, for one, ends the call with it.
const BEHAVIOUR: &str = "helloworld.ReplyShape";

/// What is written of a value.
enum Shape {
    /// On the line of its name, with a remark.
    Line(String, String),
    /// Below its name.
    Block(MessageDescriptor),
    /// As a remark: it cannot be made up.
    Remark(String),
}

struct Sample {
    out: String,
    /// The messages that are being written; one of these is not begun again.
    within: Vec<MessageDescriptor>,
}

impl Sample {
    fn fields(&mut self, message: &MessageDescriptor, indent: usize) {
        let mut chosen: Vec<String> = Vec::new();
        for field in message.fields() {
            let begun = self.out.len();
            let oneof = field
                .containing_oneof()
                .filter(|oneof| !oneof.is_synthetic());
            match oneof.map(|oneof| oneof.name().to_owned()) {
                Some(oneof) if chosen.contains(&oneof) => self.other_choice(&field, &oneof, indent),
                Some(oneof) => {
                    self.field(
                        &field,
                        indent,
                        &format!("of the oneof `{oneof}`: one of its fields at most"),
                    );
                    chosen.push(oneof);
                }
                None => self.field(&field, indent, ""),
            }
            if message.full_name() == BEHAVIOUR && field.name() != "size" {
                self.comment_out(begun, indent);
            }
        }
    }

    /// Makes a comment of the line that began there.
    fn comment_out(&mut self, begun: usize, indent: usize) {
        self.out.insert_str(begun + indent, "# ");
    }

    /// A field of a oneof of which another is set.
    fn other_choice(&mut self, field: &FieldDescriptor, oneof: &str, indent: usize) {
        let value = match self.shape(&field.kind(), field.name()) {
            Shape::Line(value, _) => value,
            Shape::Block(message) => format!("{{}}  ({})", message.full_name()),
            Shape::Remark(what) => what,
        };
        let _ = writeln!(
            self.out,
            "{:indent$}# {}: {value}  or this, of `{oneof}`",
            "",
            field.name()
        );
    }

    fn field(&mut self, field: &FieldDescriptor, indent: usize, remark: &str) {
        let name = field.name();
        if field.is_map() {
            return self.map(field, indent);
        }
        match self.shape(&field.kind(), name) {
            Shape::Line(value, also) => {
                let value = if field.is_list() {
                    format!("[{value}]")
                } else {
                    value
                };
                let remarks: Vec<&str> = [also.as_str(), remark]
                    .into_iter()
                    .filter(|r| !r.is_empty())
                    .collect();
                let remark = if remarks.is_empty() {
                    String::new()
                } else {
                    format!("  # {}", remarks.join("; "))
                };
                let _ = writeln!(self.out, "{:indent$}{name}: {value}{remark}", "");
            }
            Shape::Block(message) => {
                let remark = if remark.is_empty() {
                    String::new()
                } else {
                    format!("  # {remark}")
                };
                let _ = writeln!(self.out, "{:indent$}{name}:{remark}", "");
                if field.is_list() {
                    let item = indent + 2;
                    let _ = writeln!(self.out, "{:item$}-", "");
                    self.below(&message, indent + 4);
                } else {
                    self.below(&message, indent + 2);
                }
            }
            Shape::Remark(what) => {
                let _ = writeln!(self.out, "{:indent$}# {name}: {what}", "");
            }
        }
    }

    fn map(&mut self, field: &FieldDescriptor, indent: usize) {
        let Kind::Message(entry) = field.kind() else {
            return;
        };
        let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
        let key = match key.kind() {
            Kind::String => "key",
            Kind::Bool => "true",
            _ => "1",
        };
        let name = field.name();
        match self.shape(&value.kind(), "value") {
            Shape::Line(value, remark) => {
                let remark = if remark.is_empty() {
                    remark
                } else {
                    format!("  # {remark}")
                };
                let _ = writeln!(
                    self.out,
                    "{:indent$}{name}: {{ {key}: {value} }}{remark}",
                    ""
                );
            }
            Shape::Block(message) => {
                let item = indent + 2;
                let _ = writeln!(self.out, "{:indent$}{name}:\n{:item$}{key}:", "", "");
                self.below(&message, indent + 4);
            }
            Shape::Remark(what) => {
                let _ = writeln!(self.out, "{:indent$}# {name}: {{ {key}: {what} }}", "");
            }
        }
    }

    fn below(&mut self, message: &MessageDescriptor, indent: usize) {
        self.within.push(message.clone());
        self.fields(message, indent);
        self.within.pop();
    }

    fn shape(&self, kind: &Kind, name: &str) -> Shape {
        let line = |value: &str| Shape::Line(value.to_owned(), String::new());
        match kind {
            Kind::Double | Kind::Float => line("1.5"),
            Kind::Bool => line("true"),
            Kind::String => Shape::Line(format!("\"{name}\""), String::new()),
            Kind::Bytes => Shape::Line("\"AQID\"".to_owned(), "bytes, as base64".to_owned()),
            Kind::Enum(names) => enumerator(names),
            Kind::Message(message) => self.message(message),
            _ => line("1"),
        }
    }

    fn message(&self, message: &MessageDescriptor) -> Shape {
        let line = |value: &str| Shape::Line(value.to_owned(), String::new());
        match message.full_name() {
            "google.protobuf.Timestamp" => line("\"2026-01-31T12:00:00Z\""),
            "google.protobuf.Duration" => line("\"1.5s\""),
            "google.protobuf.Struct" => line("{ key: value }"),
            "google.protobuf.Value" => line("\"any value\""),
            "google.protobuf.ListValue" => line("[1, two]"),
            "google.protobuf.FieldMask" => Shape::Remark("\"names,of.fields\"".to_owned()),
            "google.protobuf.Any" => Shape::Remark(
                "{ \"@type\": type.googleapis.com/my.pkg.Message, and its fields }".to_owned(),
            ),
            _ if is_wrapper(message) => match message.get_field_by_name("value") {
                Some(value) => self.shape(&value.kind(), "value"),
                None => line("{}"),
            },
            name if self.within.contains(message) => {
                Shape::Remark(format!("{{ another `{name}` }}"))
            }
            _ if message.fields().all(|field| self.is_remark(&field)) => line("{}"),
            _ => Shape::Block(message.clone()),
        }
    }

    /// Whether nothing is written of a field but a remark.
    fn is_remark(&self, field: &FieldDescriptor) -> bool {
        let kind = match field.kind() {
            Kind::Message(entry) if field.is_map() => entry.map_entry_value_field().kind(),
            kind => kind,
        };
        let Kind::Message(message) = kind else {
            return false;
        };
        matches!(
            message.full_name(),
            "google.protobuf.FieldMask" | "google.protobuf.Any"
        ) || self.within.contains(&message)
    }
}

/// The first name that is not the default's, and all of them.
fn enumerator(names: &EnumDescriptor) -> Shape {
    let all: Vec<String> = names
        .values()
        .map(|value| value.name().to_owned())
        .collect();
    let first = names.values().find(|value| value.number() != 0);
    let name = first.map_or_else(
        || names.default_value().name().to_owned(),
        |value| value.name().to_owned(),
    );
    Shape::Line(name, format!("one of {}", all.join(", ")))
}
