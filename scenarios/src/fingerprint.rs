//! Fingerprints: the same work has the same one, whatever it is called.

use serde_json::Value;

use crate::scenario::Scenario;

/// 16 hex digits of everything that a case does: not its name, its sentence, or what is asked or kept of the result.
pub(crate) fn fingerprint(scenario: &Scenario) -> String {
    // A scenario has text keys and finite numbers only, so printing cannot fail; nothing would be as good a value.
    let mut value = serde_json::to_value(scenario).unwrap_or_default();
    if let Value::Object(keys) = &mut value {
        keys.retain(|key, _| !matches!(key.as_str(), "name" | "about" | "limits" | "record"));
    }
    value.sort_all_objects();
    format!("{:016x}", fnv1a(value.to_string().as_bytes()))
}

/// The 64-bit FNV-1a hash: short, and the same on every machine and with every compiler.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::fnv1a;

    #[test]
    fn the_hash_is_fnv1a() {
        // Test vectors of the reference implementation.
        assert_eq!(fnv1a(b""), 0xcbf29ce484222325);
        assert_eq!(fnv1a(b"a"), 0xaf63dc4c8601ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x85944171f73967e8);
    }
}
