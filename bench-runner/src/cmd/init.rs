//! `bench-runner init`: what a server offers, and a first scenario for it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use prost_reflect::{DescriptorPool, MethodDescriptor, ServiceDescriptor};
use protos::dynamic::{description, sample};
use scenarios::{Case, KeyPath, Suite};

use super::call::Described;
use super::secured::Secured;
use crate::call::{CallError, unknown};
use crate::engine::Endpoint;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::reflection;
use crate::tls::Tls;

/// Asks a server what it offers, and writes a first scenario with a sample message.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The server: `http://host:port`, `https://host:port` or `unix:/path`.
    address: String,
    #[command(flatten)]
    about: Described,
    #[command(flatten)]
    secured: Secured,
    /// The method; without one, the service's first.
    #[arg(long, value_name = "NAME")]
    method: Option<String>,
    /// Where the scenario goes; without it, to standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A service that is offered, with all others.
struct Offer {
    services: Vec<ServiceDescriptor>,
    method: MethodDescriptor,
}

/// Writes the scenario; nothing is called but reflection.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    if let Some(file) = args.out.as_ref().filter(|file| file.exists()) {
        return Err(Failure::usage(format!(
            "{} exists already; give another --out",
            file.display()
        )));
    }
    let case = case(args)?;
    let offer = offer(args, &case)?;
    let scenario = scenario(args, &offer);
    let Some(file) = &args.out else {
        output::print(&scenario)?;
        return Ok(Exit::Good);
    };
    output::write(file, scenario.as_bytes())?;
    output::print(&told(&offer, file))?;
    Ok(Exit::Good)
}

/// A scenario of the address and the description alone, which is read and checked as any other.
fn case(args: &Args) -> Result<Case, Failure> {
    let mut sets = vec![format!("target.address={}", args.address)];
    sets.extend(args.secured.sets());
    let suite = Suite::parse("init", "name: init", &sets)?;
    Ok(suite.cases.into_iter().next().context("there is no case")?)
}

fn offer(args: &Args, case: &Case) -> Result<Offer, Failure> {
    let scenario = &case.scenario;
    let scenarios::scenario::Target::Address(address) = &scenario.target else {
        return Err(Failure::usage("expected the address of a server"));
    };
    let settings = scenario.client.tls.clone().unwrap_or_default();
    let tls = Tls::to(address, &settings).map_err(|error| Failure::usage(error.to_string()))?;
    let server = Endpoint::of(scenario, address.clone(), tls);
    let told = |error: CallError| Failure::from(error.in_case(case, &KeyPath::of("call")));
    let found = if args.about.is_by_server() {
        by_reflection(&server, args.about.service.as_deref()).map_err(told)
    } else {
        by_files(&args.about).map_err(told)
    };
    let services = found?;
    let lacks = |error| Failure::usage(unknown(error).in_words());
    let service = match &args.about.service {
        Some(name) => named(&services, name).map_err(lacks)?,
        None => services
            .first()
            .context("there are no services but those of gRPC itself")?,
    };
    let method = match &args.method {
        Some(name) => {
            description::method(service.parent_pool(), service.full_name(), name).map_err(lacks)?
        }
        None => service
            .methods()
            .next()
            .with_context(|| format!("the service `{}` has no methods", service.full_name()))?,
    };
    Ok(Offer { services, method })
}

fn named<'a>(
    services: &'a [ServiceDescriptor],
    name: &str,
) -> Result<&'a ServiceDescriptor, description::DescriptionError> {
    let found = services.iter().find(|service| service.full_name() == name);
    found.ok_or_else(|| description::DescriptionError::Service {
        service: name.to_owned(),
        known: services
            .iter()
            .map(|service| service.full_name().to_owned())
            .collect(),
    })
}

fn by_files(about: &Described) -> Result<Vec<ServiceDescriptor>, CallError> {
    let paths = |names: &[String]| -> Vec<PathBuf> { names.iter().map(PathBuf::from).collect() };
    let pool = match &about.protoset {
        None => description::compile(&paths(&about.proto), &paths(&about.import_path))
            .map_err(unknown)?,
        Some(file) => {
            let bytes = std::fs::read(file).map_err(|error| {
                crate::call::Mistake::at("protoset", format!("`{file}`: {error}"))
            })?;
            description::decode(&bytes).map_err(unknown)?
        }
    };
    let mut services: Vec<ServiceDescriptor> = pool.services().collect();
    // Those of the files that were named come before those of what they import.
    let is_named = |service: &ServiceDescriptor| {
        about
            .proto
            .iter()
            .any(|file| Path::new(file).ends_with(service.parent_file().name()))
    };
    services.sort_by_key(|service| !is_named(service));
    Ok(services)
}

/// All services of a server but those of gRPC itself; of one that cannot be described, the others.
fn by_reflection(
    server: &Endpoint,
    wanted: Option<&str>,
) -> Result<Vec<ServiceDescriptor>, CallError> {
    let names = reflection::services(server)?;
    let is_own = |name: &str| name.starts_with("grpc.") && wanted != Some(name);
    let mut services = Vec::new();
    for name in names.iter().filter(|name| !is_own(name)) {
        let pool: DescriptorPool = reflection::describe(server, name)?;
        services.extend(pool.get_service_by_name(name));
    }
    Ok(services)
}

/// The scenario's text.
fn scenario(args: &Args, offer: &Offer) -> String {
    let method = &offer.method;
    let service = method.parent_service();
    let mut text = format!(
        "# What {} offers, as `bench-runner init` found it:\n",
        args.address
    );
    for line in listing(&offer.services).lines() {
        let _ = writeln!(text, "#   {line}");
    }
    let name = format!("{}-{}", service.name(), method.name()).to_lowercase();
    let _ = write!(
        text,
        "name: {name}\n\
         about: A first look at {}/{}.\n\
         target:\n  address: {}\n{}\
         call:\n  service: {}\n  method: {}\n{}{}\
         load:\n  closed: {{ in_flight: 1 }}  # one call after the other; for a rate, open: {{ rate: 100/s }}\n\
         phases: {{ warm_up: 1s, measure: 5s }}\n\
         limits: [ \"failed == 0\" ]\n",
        service.full_name(),
        method.name(),
        args.address,
        args.secured.yaml(),
        service.full_name(),
        method.name(),
        described(&args.about),
        message(method),
    );
    text
}

fn described(about: &Described) -> String {
    let list = |names: &[String]| serde_json::json!(names).to_string();
    if let Some(file) = &about.protoset {
        return format!("  protoset: {}\n", serde_json::json!(file));
    }
    if about.proto.is_empty() {
        return "  reflection: true  # the server is asked for its description before the load\n"
            .to_owned();
    }
    let mut text = format!("  proto: {}\n", list(&about.proto));
    if !about.import_path.is_empty() {
        let _ = writeln!(text, "  import_paths: {}", list(&about.import_path));
    }
    text
}

/// A sample of what the method is sent.
fn message(method: &MethodDescriptor) -> String {
    let input = method.input();
    let sample = sample::yaml(&input, 4);
    let is_said = |line: &str| !line.trim_start().starts_with('#');
    let streams = if method.is_client_streaming() {
        "  request: { messages: 1 }\n"
    } else {
        ""
    };
    if sample.lines().any(is_said) {
        format!(
            "  message:  # a `{}`; text may hold templates such as \"{{{{seq}}}}\"\n{sample}{streams}",
            input.full_name()
        )
    } else {
        format!(
            "  message: {{}}  # a `{}`\n{sample}{streams}",
            input.full_name()
        )
    }
}

/// Services and methods, a line each.
fn listing(services: &[ServiceDescriptor]) -> String {
    let mut text = String::new();
    for service in services {
        let _ = writeln!(text, "{}", service.full_name());
        for method in service.methods() {
            let stream = |is: bool| if is { "stream " } else { "" };
            let _ = writeln!(
                text,
                "  {}: {}{} -> {}{}",
                method.name(),
                stream(method.is_client_streaming()),
                method.input().full_name(),
                stream(method.is_server_streaming()),
                method.output().full_name()
            );
        }
    }
    text
}

fn told(offer: &Offer, file: &Path) -> String {
    format!(
        "{}\nwritten: {file}\nnext:\n  bench-runner call {file}   # one call, and all that comes back\n  \
         bench-runner run {file}    # the load\n",
        listing(&offer.services),
        file = file.display()
    )
}
