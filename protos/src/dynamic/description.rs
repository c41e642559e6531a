//! Services and their methods, as .proto files, encoded descriptors or a server describe them.

use std::path::{Path, PathBuf};

use prost::Message as _;
use prost_reflect::{DescriptorPool, MethodDescriptor, ServiceDescriptor};
use prost_types::{FileDescriptorProto, FileDescriptorSet};

/// Why there is no description of a method.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DescriptionError {
    /// A .proto file cannot be compiled.
    #[error("{0}")]
    Proto(String),
    /// The bytes are no FileDescriptorSet, or one that lacks what it imports.
    #[error("{0}")]
    Descriptors(String),
    /// There is no such service.
    #[error("unknown service `{service}`")]
    Service {
        /// The name that was asked for.
        service: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// The service has no such method.
    #[error("`{service}` has no method `{method}`")]
    Method {
        /// The service.
        service: String,
        /// The name that was asked for.
        method: String,
        /// Those it has.
        known: Vec<String>,
    },
}

/// Compiles .proto files; imports are found in `import_paths`, in the folders of the files, and among protobuf's own.
///
/// # Errors
///
/// The first mistake in a file, with the file and its line.
pub fn compile(
    files: &[PathBuf],
    import_paths: &[PathBuf],
) -> Result<DescriptorPool, DescriptionError> {
    let folders = files.iter().filter_map(|file| file.parent());
    let mut includes: Vec<&Path> = import_paths.iter().map(PathBuf::as_path).collect();
    for folder in folders {
        let folder = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        if !includes.contains(&folder) {
            includes.push(folder);
        }
    }
    let compile = || -> Result<DescriptorPool, protox::Error> {
        let mut compiler = protox::Compiler::new(&includes)?;
        compiler.include_imports(true);
        for file in files {
            compiler.open_file(name_below(file, &includes))?;
        }
        Ok(compiler.descriptor_pool())
    };
    compile().map_err(|error| DescriptionError::Proto(told(&error)))
}

/// A file as its include folder knows it: protox takes a path below one for the name that imports have for it.
fn name_below(file: &Path, includes: &[&Path]) -> PathBuf {
    let found = includes
        .iter()
        .find_map(|folder| file.strip_prefix(folder).ok());
    found.unwrap_or(file).to_owned()
}

/// The error with its file, and the reasons below it.
fn told(error: &protox::Error) -> String {
    let mut text = error.to_string();
    if let Some(file) = error.file().filter(|file| !text.contains(*file)) {
        text = format!("{file}: {text}");
    }
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// Reads an encoded `google.protobuf.FileDescriptorSet`.
///
/// # Errors
///
/// Where the bytes are none, or lack a file that others import.
pub fn decode(bytes: &[u8]) -> Result<DescriptorPool, DescriptionError> {
    let set = FileDescriptorSet::decode(bytes)
        .map_err(|error| DescriptionError::Descriptors(error.to_string()))?;
    assemble(set.file)
}

/// The description in files as a server tells of them; those of protobuf itself may be missing.
///
/// # Errors
///
/// Where they lack a file that others import.
pub fn assemble(mut files: Vec<FileDescriptorProto>) -> Result<DescriptorPool, DescriptionError> {
    let own = DescriptorPool::global();
    for file in own.file_descriptor_protos() {
        if files.iter().all(|other| other.name() != file.name()) {
            files.push(file.clone());
        }
    }
    let mut pool = DescriptorPool::new();
    pool.add_file_descriptor_protos(files)
        .map_err(|error| DescriptionError::Descriptors(error.to_string()))?;
    Ok(pool)
}

/// A method of a service, by their names.
///
/// # Errors
///
/// Where there is no such service or method, with those there are.
pub fn method(
    pool: &DescriptorPool,
    service: &str,
    method: &str,
) -> Result<MethodDescriptor, DescriptionError> {
    let found = self::service(pool, service)?;
    let known = || found.methods().map(|m| m.name().to_owned()).collect();
    let one = found.methods().find(|one| one.name() == method);
    one.ok_or_else(|| DescriptionError::Method {
        service: service.to_owned(),
        method: method.to_owned(),
        known: known(),
    })
}

/// A service, by its full name.
///
/// # Errors
///
/// Where there is none, with those there are.
pub fn service(
    pool: &DescriptorPool,
    service: &str,
) -> Result<ServiceDescriptor, DescriptionError> {
    pool.get_service_by_name(service)
        .ok_or_else(|| DescriptionError::Service {
            service: service.to_owned(),
            known: pool.services().map(|s| s.full_name().to_owned()).collect(),
        })
}
