//! Where a foreign method is described: files of the scenario, or the server itself.

use std::fs;
use std::path::PathBuf;

use prost_reflect::{DescriptorPool, MethodDescriptor};
use protos::dynamic::description::{self, DescriptionError as Unknown};
use scenarios::service::{Description, Foreign};

use super::given::suggestion;
use super::{CallError, Known, Mistake};
use crate::reflection;

/// The method, with the types of its messages.
pub(super) fn method(foreign: &Foreign, known: &Known<'_>) -> Result<MethodDescriptor, CallError> {
    let pool = pool(foreign, known)?;
    Ok(description::method(&pool, &foreign.service, &foreign.method).map_err(mistake)?)
}

fn pool(foreign: &Foreign, known: &Known<'_>) -> Result<DescriptorPool, CallError> {
    match foreign.description() {
        Description::Proto {
            files,
            import_paths,
        } => {
            let find = |names: &[String]| -> Vec<PathBuf> {
                names.iter().map(|name| known.find(name)).collect()
            };
            let files = find(files);
            if let Some(missing) = files.iter().position(|file| !file.is_file()) {
                let name = &foreign.proto[missing];
                let message =
                    format!("there is no file `{name}`, beside the scenario or from where you are");
                return Err(Mistake::at("proto", message).focus(name).into());
            }
            Ok(description::compile(&files, &find(import_paths)).map_err(mistake)?)
        }
        Description::Protoset(file) => {
            let bytes = fs::read(known.find(file))
                .map_err(|error| Mistake::at("protoset", format!("`{file}`: {error}")))?;
            Ok(description::decode(&bytes).map_err(|error| {
                let message = format!("`{file}`: expected an encoded FileDescriptorSet: {error}");
                Mistake::at("protoset", message)
                    .help("write one with `protoc --include_imports --descriptor_set_out=FILE`")
            })?)
        }
        Description::Reflection => match known.server {
            Some(server) => reflection::describe(server, &foreign.service),
            None => {
                Err(Mistake::at("reflection", "there is no server yet that could be asked").into())
            }
        },
    }
}

/// What a description lacks, at the key that asks for it.
pub(crate) fn mistake(error: Unknown) -> Mistake {
    let text = error.to_string();
    let (key, name, known) = match error {
        Unknown::Proto(text) => return Mistake::at("proto", text),
        Unknown::Descriptors(text) => {
            return Mistake::at("service", format!("its description is not whole: {text}"));
        }
        Unknown::Service { service, known } => ("service", service, known),
        Unknown::Method { method, known, .. } => ("method", method, known),
    };
    let mistake = Mistake::at(key, text);
    match suggestion(&name, &known) {
        Some(help) => mistake.help(help),
        None => mistake.help("the description has no services at all; is it the right one?"),
    }
}
