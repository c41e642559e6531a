//! What a call is of: a method of the Greeter, or one of any other service.

use std::fmt;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::method::{Method, Pattern};

/// The method that a call is of.
#[derive(Clone, Debug, PartialEq)]
pub enum Called {
    /// A method of the Greeter.
    Greeter(Method),
    /// A method of another service.
    Foreign(Box<Foreign>),
}

/// A method of a service that the runner knows nothing of before it has read its description, and what it is sent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Foreign {
    /// The service's full name: `my.pkg.Service`.
    pub service: String,
    /// The method's name.
    pub method: String,
    /// The .proto files that describe it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub proto: Vec<String>,
    /// Where what they import is found, beside their own folders.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub import_paths: Vec<String>,
    /// An encoded `google.protobuf.FileDescriptorSet` that describes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protoset: Option<String>,
    /// Whether the server is asked to describe it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reflection: bool,
    /// The message of each call, as protobuf JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Value>,
    /// The messages of one call of a method that streams requests; else those of calls in turn.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Value>,
    /// A file of messages, or of what templates are filled with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages_file: Option<String>,
    /// Whether each call's messages are encoded when it starts, rather than before the load.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub fresh: bool,
}

/// Where the description of a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Description<'a> {
    /// In .proto files.
    Proto {
        /// The files.
        files: &'a [String],
        /// Where what they import is found.
        import_paths: &'a [String],
    },
    /// In a file of encoded descriptors.
    Protoset(&'a str),
    /// With the server.
    Reflection,
}

impl Called {
    /// The Greeter's method, where it is one of the Greeter.
    pub fn greeter(&self) -> Option<Method> {
        match self {
            Called::Greeter(method) => Some(*method),
            Called::Foreign(_) => None,
        }
    }

    /// The other service's method, where it is one of another service.
    pub fn foreign(&self) -> Option<&Foreign> {
        match self {
            Called::Greeter(_) => None,
            Called::Foreign(foreign) => Some(foreign),
        }
    }

    /// The method's name.
    pub fn name(&self) -> &str {
        match self {
            Called::Greeter(method) => method.name(),
            Called::Foreign(foreign) => &foreign.method,
        }
    }

    /// Its call pattern; `None` until the service's description has been read.
    pub fn pattern(&self) -> Option<Pattern> {
        self.greeter().map(Method::pattern)
    }
}

impl Foreign {
    /// Where the service is described.
    pub fn description(&self) -> Description<'_> {
        match &self.protoset {
            Some(file) => Description::Protoset(file),
            None if self.reflection => Description::Reflection,
            None => Description::Proto {
                files: &self.proto,
                import_paths: &self.import_paths,
            },
        }
    }
}

impl From<Method> for Called {
    fn from(method: Method) -> Called {
        Called::Greeter(method)
    }
}

impl PartialEq<Method> for Called {
    fn eq(&self, method: &Method) -> bool {
        self.greeter() == Some(*method)
    }
}

impl fmt::Display for Called {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Called::Greeter(method) => method.fmt(f),
            Called::Foreign(foreign) => write!(f, "{}/{}", foreign.service, foreign.method),
        }
    }
}

/// The keys of `call` that say what is called.
impl Serialize for Called {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Called::Greeter(method) => {
                let mut keys = serializer.serialize_map(Some(1))?;
                keys.serialize_entry("method", method)?;
                keys.end()
            }
            Called::Foreign(foreign) => foreign.serialize(serializer),
        }
    }
}
