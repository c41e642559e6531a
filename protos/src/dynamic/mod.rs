//! Messages of services that are known only at run time: their descriptions, protobuf JSON with errors that name the
//! field, and templates that are compiled once.
//!
//! # Layout
//!
//! - [`description`]: services and methods, from .proto files, from encoded descriptors, or as a server told them.
//! - [`Draft`]: protobuf JSON against a message type, compiled; [`Draft::encode`] makes bytes of it, call by call.
//! - [`template`]: what `{{...}}` in a text stands for; a [`Draw`] is what it is filled from.
//! - [`sample`]: a message with a value in every field.
//!
//! # Example
//!
//! ```
//! use protos::dynamic::{Columns, Draft, Draw, description};
//! use serde_json::json;
//!
//! let pool = description::decode(protos::DESCRIPTORS)?;
//! let method = description::method(&pool, "helloworld.Greeter", "SayHello")?;
//! let draft = Draft::compile(&method.input(), &json!({ "name": "n{{seq}}" }), &Columns::default())?;
//! let mut bytes = Vec::new();
//! draft.encode(&mut Draw::first(42), &mut bytes);
//! assert_eq!(bytes, b"\x0a\x02n0");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod description;
mod draft;
mod draw;
mod encode;
#[doc(hidden)]
pub mod fuzzing;
mod mistake;
pub mod sample;
pub mod template;
mod value;

pub use self::draft::{Columns, Draft};
pub use self::draw::Draw;
pub use self::mistake::{Mistake, Step};
