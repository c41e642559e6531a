//! Paths of fields as users write them: `items[0].price.units`.

use scenarios::Step;
use serde_json::{Map, Value, json};

/// The longest list that a path can ask for.
const MOST_ITEMS: usize = 1000;

/// The steps of a path; `None` where it is none.
pub(super) fn steps(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (name, indices) = part
            .split_once('[')
            .map_or((part, None), |(name, rest)| (name, Some(rest)));
        if name.is_empty() {
            return None;
        }
        steps.push(Step::Key(name.to_owned()));
        for index in indices.into_iter().flat_map(|rest| rest.split('[')) {
            let index: usize = index.strip_suffix(']')?.parse().ok()?;
            steps.push(Step::Index(
                Some(index).filter(|index| *index < MOST_ITEMS)?,
            ));
        }
    }
    Some(steps)
}

/// A message that has a value at a path, and before it in a list the same.
pub(super) fn around(steps: &[Step], value: &Value) -> Value {
    steps
        .iter()
        .rev()
        .fold(value.clone(), |inner, step| match step {
            Step::Key(name) => json!({ name: inner }),
            Step::Index(index) => vec![inner; index + 1].into(),
        })
}

/// Puts a value at a path of a message that is made column by column; `None` where something else stands there, or
/// where a list would have a hole.
pub(super) fn put(into: &mut Value, steps: &[Step], value: Value) -> Option<()> {
    let mut place = into;
    for step in steps {
        place = match step {
            Step::Key(name) => {
                if place.is_null() {
                    *place = Value::Object(Map::new());
                }
                place.as_object_mut()?.entry(name).or_insert(Value::Null)
            }
            Step::Index(index) => {
                if place.is_null() {
                    *place = Value::Array(Vec::new());
                }
                let items = place.as_array_mut()?;
                if *index == items.len() {
                    items.push(Value::Null);
                }
                items.get_mut(*index)?
            }
        };
    }
    let is_free = place.is_null();
    *place = value;
    is_free.then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_goes_through_fields_and_lists() {
        let path = steps("items[1].price.units").unwrap();
        assert_eq!(
            around(&path, &json!(7)),
            json!({ "items": [{ "price": { "units": 7 } }, { "price": { "units": 7 } }] })
        );
        for wrong in [
            "", ".a", "a.", "a[", "a[x]", "a[1", "a[-1]", "a[1000]", "[0]",
        ] {
            assert_eq!(steps(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn columns_make_one_message() {
        let mut message = Value::Null;
        for path in ["id", "items[0].name", "items[0].count", "items[1].name"] {
            put(&mut message, &steps(path).unwrap(), json!(path)).unwrap();
        }
        let items = json!([{ "name": "items[0].name", "count": "items[0].count" }, { "name": "items[1].name" }]);
        assert_eq!(message, json!({ "id": "id", "items": items }));
        for wrong in ["id", "id.more", "items[3].name", "items.name"] {
            assert_eq!(
                put(&mut message.clone(), &steps(wrong).unwrap(), json!(1)),
                None,
                "{wrong}"
            );
        }
    }
}
