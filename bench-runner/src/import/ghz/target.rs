//! What is called, and how it is trusted.

use scenarios::ScenarioError;
use serde_json::{Map, Value};

use super::config::Config;
use super::{entry, host};

/// Where a configuration names no host that can be called: ghz takes it from its command line as often as not.
const NOWHERE: &str = "localhost:50051";

/// The target; what belongs to the client goes there.
pub(super) fn target(
    config: &mut Config<'_>,
    client: &mut Map<String, Value>,
) -> Result<Value, ScenarioError> {
    let insecure = config.flag("insecure")?;
    tls(config, insecure, client)?;
    let address = match config.text("host")? {
        Some(host) => host::address(&host, !insecure),
        None => Err("the file names none".to_owned()),
    };
    let address = address.unwrap_or_else(|why| {
        let scheme = if insecure { "http" } else { "https" };
        let address = format!("{scheme}://{NOWHERE}");
        let remedy = "write the address there, or use `run --target`";
        config.leave(
            "host",
            format!("{why}; `{address}` stands in its place: {remedy}"),
        );
        address
    });
    Ok(entry("address", address))
}

fn tls(
    config: &mut Config<'_>,
    insecure: bool,
    client: &mut Map<String, Value>,
) -> Result<(), ScenarioError> {
    let mut tls = Map::new();
    for (key, ours) in [
        ("cacert", "ca"),
        ("cert", "cert"),
        ("key", "key"),
        ("cname", "server_name"),
    ] {
        match config.text(key)? {
            Some(_) if insecure => config.leave(key, "`insecure` is set: ghz does not look at it"),
            Some(text) if key == "cname" && !text.chars().all(is_of_a_name) => {
                config.leave(key, format!("`{text}` is no host name"));
            }
            Some(text) => drop(tls.insert(ours.into(), text.into())),
            None => {}
        }
    }
    if tls.contains_key("cert") != tls.contains_key("key") {
        let (key, other) = match tls.contains_key("cert") {
            true => ("cert", "key"),
            false => ("key", "cert"),
        };
        return Err(config.refuse(key, format!("expected `{other}` beside it, as ghz does")));
    }
    if config.flag("skipTLS")? && !insecure {
        tls.insert("insecure_skip_verify".into(), true.into());
    }
    if !tls.is_empty() {
        client.insert("tls".into(), tls.into());
    }
    Ok(())
}

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._:".contains(c)
}
