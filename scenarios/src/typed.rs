//! A tree as serde's input.
//!
//! Stricter than serde's usual formats, which read a struct from a list and take what they can of a mapping that names
//! two variants; and it knows the variants when it must say what was expected.

use std::iter::once;

use serde::de::value::{Error, MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{self, Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use crate::tree::{Kind, Node};

impl<'de> IntoDeserializer<'de, Error> for &'de Node {
    type Deserializer = &'de Node;

    fn into_deserializer(self) -> &'de Node {
        self
    }
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.kind {
            Kind::Null => visitor.visit_unit(),
            Kind::Bool(flag) => visitor.visit_bool(*flag),
            Kind::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), _, _) => visitor.visit_u64(number),
                (None, Some(number), _) => visitor.visit_i64(number),
                (None, None, Some(number)) => visitor.visit_f64(number),
                (None, None, None) => Err(Error::custom("expected a number of 64 bits")),
            },
            Kind::Text(text) => visitor.visit_borrowed_str(text),
            Kind::List(items) => {
                let mut list = SeqDeserializer::new(items.iter());
                let value = visitor.visit_seq(&mut list)?;
                list.end().map(|()| value)
            }
            Kind::Map(entries) => {
                let mut map = MapDeserializer::new(
                    entries
                        .iter()
                        .map(|entry| (entry.key.as_str(), &entry.value)),
                );
                let value = visitor.visit_map(&mut map)?;
                map.end().map(|()| value)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.kind {
            Kind::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    /// A struct is a mapping and nothing else.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match &self.kind {
            Kind::Map(_) => self.deserialize_any(visitor),
            _ => Err(de::Error::custom(format!(
                "expected a mapping, found {}",
                self.describe()
            ))),
        }
    }

    /// A name alone, or a mapping whose one key is the name.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let names = || {
            variants
                .iter()
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let found = match &self.kind {
            Kind::Text(name) => return visitor.visit_enum(name.as_str().into_deserializer()),
            Kind::Map(entries) => match entries.as_slice() {
                [entry] => {
                    let map = MapDeserializer::new(once((entry.key.as_str(), &entry.value)));
                    return visitor.visit_enum(MapAccessDeserializer::new(map));
                }
                [] => "none".to_owned(),
                several => {
                    let keys: Vec<String> = several
                        .iter()
                        .map(|entry| format!("`{}`", entry.key))
                        .collect();
                    format!("{} together", keys.join(" and "))
                }
            },
            _ => self.describe(),
        };
        Err(Error::custom(format!(
            "expected one of {}, found {found}",
            names()
        )))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}
